/**
 * One exchange: a market service with its own ledger and rounds, and the organisations that trade
 * on it. What it has sold is a ticket; the lease is made by the owner's isolation service.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { HoardedNodes } from '../../core/agents/view.ts';
import type { Contract, LeaseReportKind } from '../../core/market/contracts.ts';
import { checkMarketInvariants, marketService } from '../../core/market/service.ts';
import { reconfigured } from '../../core/market/reconfiguration.ts';
import type { MarketConfiguration, MarketEffect } from '../../core/market/protocol.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { ServiceRunner } from './bus.ts';
import type { Bus } from './bus.ts';
import { performanceOf } from './hardware-quality.ts';
import { MarketDesk } from './market-desk.ts';
import { marketConfiguration } from './market-configuration.ts';
import type { Member } from './member.ts';
import type { ExchangeNames } from './names.ts';
import { OptionDesk } from './option-desk.ts';
import { measuredWindow } from './setup.ts';
import type { RunSetup } from './setup.ts';
import { overlapMs } from '../clusters/window.ts';
import type { LeaseOverhead } from './site.ts';

export interface ExchangePorts {
  readonly bus: Bus;
  readonly members: readonly Member[];
  readonly overhead: LeaseOverhead;
  /** Rounds whose upper bound is computed. */
  readonly sampled: ReadonlySet<number>;
  /** The isolation service of an organisation's provider. */
  isolationOf(organisation: string): string;
  openLeases(contracts: readonly Contract[], nowMs: TimeMs): void;
  /** The market has ended a contract before its time. */
  callOff(ticketId: string, nowMs: TimeMs): void;
  /** The same for windows that have not begun. */
  makePromises(contracts: readonly Contract[], nowMs: TimeMs): void;
  /** The exchange gives a lease's nodes to somebody else. */
  preemptLease(leaseId: string, nowMs: TimeMs): void;
  /** What an organisation holds to sell it on. */
  hoardOf(organisation: string, nowMs: TimeMs): readonly HoardedNodes[];
}

/** Between the exchange and its own number of a contract, where there are several exchanges. */
const SEPARATOR = ':';

export class Exchange {
  readonly names: ExchangeNames;
  readonly rounds: MarketDesk;
  readonly options: OptionDesk;
  readonly #setup: RunSetup;
  readonly #configuration: MarketConfiguration;
  readonly #market;
  /** Before the numbers of its contracts; empty where there is no other exchange. */
  readonly #prefix: string;

  constructor(setup: RunSetup, names: ExchangeNames, isOnly: boolean, ports: ExchangePorts) {
    this.names = names;
    this.#setup = setup;
    this.#prefix = isOnly ? '' : `${names.exchange}${SEPARATOR}`;
    const configuration = marketConfiguration(setup, names);
    this.#configuration = configuration;
    this.#market = new ServiceRunner(
      names.service,
      marketService,
      configuration,
      ports.bus,
      (effect: MarketEffect, nowMs) => {
        this.options.onEffect(effect, nowMs);
        this.rounds.onEffect(effect, nowMs);
      },
    );
    this.options = new OptionDesk({
      members: new Map(ports.members.map((member) => [member.name, member])),
      post: (event) => this.#market.post(event),
      drain: () => ports.bus.drain(),
      isMeasured: (atMs) => overlapMs(measuredWindow(setup.scenario), atMs, atMs + 1) > 0,
    });
    const trading = new Set(names.organisations.map(({ name }) => name));
    this.rounds = new MarketDesk(setup, ports.overhead, ports.sampled, {
      exchange: isOnly ? null : names.exchange,
      members: ports.members.filter(({ name }) => trading.has(name)),
      isolationOf: ports.isolationOf,
      configuration,
      post: (event) => this.#market.post(event),
      drain: () => ports.bus.drain(),
      openLeases: (contracts, nowMs) => ports.openLeases(this.#ticketsOf(contracts), nowMs),
      makePromises: (contracts, nowMs) => ports.makePromises(this.#ticketsOf(contracts), nowMs),
      contractEnded: (contractId, nowMs) => ports.callOff(this.#prefix + contractId, nowMs),
      preemptLease: (contractId, nowMs) => ports.preemptLease(this.#prefix + contractId, nowMs),
      hoardOf: ports.hoardOf,
      balanceMillicredits: (name) => this.balanceMillicredits(name),
    });
  }

  /** Two exchanges number their contracts alike; a ticket's id is the whole site's. */
  #ticketsOf(contracts: readonly Contract[]): readonly Contract[] {
    if (this.#prefix === '') return contracts;
    return contracts.map((contract) => ({
      ...contract,
      contractId: this.#prefix + contract.contractId,
      ...(contract.takesOver === undefined ? {} : { takesOver: this.#prefix + contract.takesOver }),
    }));
  }

  /** All nodes of a ticket are ready. */
  complete(ticket: Contract, nowMs: TimeMs): void {
    const contractId = ticket.contractId.slice(this.#prefix.length);
    this.options.complete({ ...ticket, contractId }, nowMs);
  }

  /** Whether it has sold the ticket. */
  sold(ticketId: string): boolean {
    return ticketId.startsWith(this.#prefix);
  }

  /** What became of a ticket, told by the isolation service of its seller's provider. */
  report(
    ticketId: string,
    isolation: string,
    what: LeaseReportKind,
    deliveredNodeMs: number,
    nowMs: TimeMs,
  ): void {
    this.#market.post({
      kind: 'LeaseReported',
      timeMs: nowMs,
      from: { role: 'service', name: isolation },
      contractId: ticketId.slice(this.#prefix.length),
      what,
      deliveredNodeMs,
    });
  }

  /** Where sellers answer for their hardware, their isolation service says how it did. */
  judge(ticket: Contract, isolation: string, givenClass: string, nowMs: TimeMs): void {
    const { scenario } = this.#setup;
    if (scenario.market.safeguards.warrantyBondShare === 0) return;
    this.#market.post({
      kind: 'HardwareReported',
      timeMs: nowMs,
      from: { role: 'service', name: isolation },
      contractId: ticket.contractId.slice(this.#prefix.length),
      performancePartsPerMillion: performanceOf(scenario, givenClass, ticket.nodeClass),
    });
  }

  violations(): readonly string[] {
    return checkMarketInvariants(this.#market.state);
  }

  /** Free credits of an organisation. */
  balanceMillicredits(name: string): number {
    return this.#market.state.ledger.balances.get(name) ?? 0;
  }

  ledgerImbalance(): number {
    let sum = 0;
    for (const balance of this.#market.state.ledger.balances.values()) sum += balance;
    return sum;
  }

  carry(carrier: Carrier): void {
    carrier.parts({ market: this.#market, options: this.options, rounds: this.rounds });
    // Rules come with the world, and may be others than those of the world that was saved.
    if (!carrier.restores) return;
    this.#market.state = reconfigured(this.#market.state, this.#configuration);
  }
}
