/**
 * Rounds of the market: has the agents' orders posted, closes the round, has it solved, and hands the
 * contracts to the lease desk.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import { fillsOf } from '../../core/agents/own-trades.ts';
import { HOUR_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Contract } from '../../core/market/contracts.ts';
import type { Mechanism } from '../../core/market/mechanism.ts';
import type { MarketConfiguration } from '../../core/market/protocol.ts';
import type { Ask, Bid, Clearing, ClassPrice, MarketRound } from '../../core/market/orders.ts';
import type { MarketEffect, SolveRound } from '../../core/market/protocol.ts';
import { epochJitterMs } from '../../core/market/safeguards/jitter.ts';
import { isWorthClosing } from '../../core/market/worth-closing.ts';
import { leakedCells } from '../../core/market/sealing/publication.ts';
import type { RoundOutcome } from '../../core/metrics/outcome.ts';
import { horizonIndex, roundIdOf } from '../../core/market/horizons.ts';
import { mechanisms } from '../../core/market/mechanisms/registry.ts';
import { recordClearing } from '../../core/market/service.ts';
import { lossesOf } from './round-trades.ts';
import { ownersOf, splitMoney } from './identities.ts';
import { FirstCome } from './first-come.ts';
import { horizonClocks } from './horizons.ts';
import type { HorizonClock } from './horizons.ts';
import type { Member } from './member.ts';
import { MoneyOfMembers } from './money-of-members.ts';
import { OrderDesk } from './order-desk.ts';
import type { OrderDeskPorts } from './order-desk.ts';
import { measuredWindow, nodeHoursAtCostMillicredits } from './setup.ts';
import type { RunSetup } from './setup.ts';
import { classTerms, marketTerms } from './market-terms.ts';
import type { ClassTerms } from './market-terms.ts';
import { sealedEvents } from './sealed-posting.ts';
import { SafetyTally } from './safety-tally.ts';
import type { LeaseOverhead } from './site.ts';

export interface MarketDeskPorts extends OrderDeskPorts {
  /** Those that trade here. */
  readonly members: readonly Member[];
  readonly configuration: MarketConfiguration;
  /** Does all that is in line at this instant. */
  drain(): void;
  openLeases(contracts: readonly Contract[], nowMs: TimeMs): void;
  /** The same for windows that have not begun. */
  makePromises(contracts: readonly Contract[], nowMs: TimeMs): void;
  /** The exchange gives a lease's nodes to somebody else. */
  preemptLease(contractId: string, nowMs: TimeMs): void;
  /** The market has settled a contract, whoever asked for it. */
  contractEnded(contractId: string, nowMs: TimeMs): void;
}

export class MarketDesk {
  readonly #setup: RunSetup;
  readonly #ports: MarketDeskPorts;
  readonly #overhead: LeaseOverhead;
  readonly #configuration: MarketConfiguration;
  readonly #sampled: ReadonlySet<number>;
  /** Name of a member of the market → organisation behind it. */
  readonly #owners: ReadonlyMap<string, string>;
  readonly #classes: ClassTerms;
  readonly rounds: RoundOutcome[] = [];
  readonly money: MoneyOfMembers;
  readonly #orders: OrderDesk;
  readonly #live = new Map<string, Contract>();
  individualRationalityViolations = 0;
  surplusMillicredits = 0;
  defaults = 0;
  preemptions = 0;
  readonly safety = new SafetyTally();
  readonly clocks: readonly HorizonClock[];
  /** The horizon whose round is being held. */
  #horizon = 0;
  #roundId = 0;
  /** By horizon: rounds held, and what they published last. */
  readonly #held: number[] = [];
  readonly #prices: (readonly ClassPrice[])[] = [];
  #contracts: Contract[] = [];
  #preempted: string[] = [];
  #solved: { round: MarketRound; clearing: Clearing; bound: number | null } | null = null;
  readonly #demand: FirstCome;
  /** Rounds held on all horizons before this one. */
  #sequence = -1;

  constructor(
    setup: RunSetup,
    overhead: LeaseOverhead,
    sampled: ReadonlySet<number>,
    ports: MarketDeskPorts,
  ) {
    this.#setup = setup;
    this.#owners = ownersOf(setup.scenario);
    this.#classes = classTerms(setup.scenario);
    this.money = new MoneyOfMembers(this.#owners, measuredWindow(setup.scenario));
    const names = ports.members.map(({ name }) => name);
    this.#demand = new FirstCome(names, this.#owners);
    this.clocks = horizonClocks(setup.scenario);
    this.#overhead = overhead;
    this.#configuration = ports.configuration;
    this.#sampled = sampled;
    this.#ports = ports;
    this.#orders = new OrderDesk(setup, this.#owners, ports);
  }

  /** One round, from the agents' views to the leases. */
  hold(nowMs: TimeMs, horizon = 0): void {
    const n = this.#held[horizon] ?? 0;
    this.#horizon = horizon;
    this.#roundId = roundIdOf(this.#configuration, horizon, n);
    this.#held[horizon] = n + 1;
    this.#sequence += 1;
    const terms = marketTerms(this.#setup, nowMs, {
      clock: this.#clock,
      mechanism: this.#mechanism(),
      overhead: this.#overhead,
      lastPrices: this.#prices[this.#horizon] ?? [],
      classes: this.#classes,
    });
    const bids: Bid[] = [];
    const asks: Ask[] = [];
    const frame = {
      roundId: this.#roundId,
      horizon,
      clock: this.#clock,
      mechanism: this.#mechanism(),
      terms,
    };
    for (const member of this.#ports.members) {
      const orders = this.#orders.of(member, frame);
      bids.push(...orders.bids);
      asks.push(...orders.asks);
    }
    const isWorthIt = isWorthClosing(this.#configuration, this.#roundId, bids.length, asks.length);
    if (isWorthIt) this.#clear(bids, asks, nowMs);
    else this.#note(nowMs, bids, asks, null);
  }

  /** By how much the epoch after the round that was just held is lengthened. */
  jitterMs(epochMs: TimeMs): TimeMs {
    const { scenario, replication } = this.#setup;
    const epochPartsPerMillion = Math.round(scenario.market.safeguards.jitterShare * 1e6);
    if (epochPartsPerMillion === 0) return 0;
    const seed = `${scenario.seed}/${replication}`;
    const roundId = roundIdOf(this.#configuration, 0, this.#held[0] ?? 0);
    return epochJitterMs({ epochPartsPerMillion }, seed, roundId, epochMs);
  }

  #clear(bids: Bid[], asks: Ask[], nowMs: TimeMs): void {
    const roundId = this.#roundId;
    if (this.#setup.scenario.market.sealing.enabled) this.#postSealed(bids, asks, nowMs);
    else this.#postOpen(bids, asks, nowMs);
    const from = { role: 'admin', name: 'clock' } as const;
    const commandId = `close/${roundId}`;
    this.#ports.post({ kind: 'CloseRound', timeMs: nowMs, commandId, from, roundId });
    this.#contracts = [];
    this.#preempted = [];
    this.#solved = null;
    this.#ports.drain();
    this.#note(nowMs, bids, asks, this.#solved);
    this.#tellFills();
    for (const contractId of this.#preempted) this.#ports.preemptLease(contractId, nowMs);
    // A margin call may have ended one before its lease was made.
    const formed = this.#contracts.filter(({ contractId }) => this.#live.has(contractId));
    if (this.#clock.leadMs > 0) this.#ports.makePromises(formed, nowMs);
    else this.#ports.openLeases(formed, nowMs);
  }

  #postOpen(bids: readonly Bid[], asks: readonly Ask[], nowMs: TimeMs): void {
    const roundId = this.#roundId;
    const byOrganisation = new Map<string, Ask[]>();
    for (const ask of asks) {
      const mine = byOrganisation.get(ask.organisation);
      if (mine) mine.push(ask);
      else byOrganisation.set(ask.organisation, [ask]);
    }
    for (const name of this.#ports.members.flatMap(({ identities }) => identities)) {
      const from = { role: 'organisation', name } as const;
      const mine = byOrganisation.get(name);
      if (!mine) continue;
      const orders = { bids: [], asks: mine };
      const commandId = `${name}/asks/${roundId}`;
      this.#ports.post({ kind: 'PostOrders', timeMs: nowMs, commandId, from, roundId, ...orders });
    }
    for (const bid of this.#demand.order(bids, this.#sequence)) {
      const from = { role: 'organisation', name: bid.organisation } as const;
      const commandId = `${bid.bidId}/${roundId}`;
      this.#ports.post({ kind: 'PostBid', timeMs: nowMs, commandId, from, roundId, bid });
    }
  }

  #postSealed(bids: readonly Bid[], asks: readonly Ask[], nowMs: TimeMs): void {
    const { scenario, replication } = this.#setup;
    const posting = {
      roundId: this.#roundId,
      nowMs,
      seed: `${scenario.seed}/${replication}`,
      members: this.#ports.members.flatMap(({ identities }) => identities),
      bids: this.#demand.order(bids, this.#sequence),
      asks,
      silent: this.#ports.members.flatMap(({ silentNames }) => silentNames),
    };
    for (const event of sealedEvents(posting)) this.#ports.post(event);
  }

  /** Name of the horizon that a round belongs to; undefined for the epoch call. */
  horizonName(roundId: number): string | undefined {
    const index = horizonIndex(this.#configuration, roundId);
    return index > 0 ? this.clocks[index]!.horizon.name : undefined;
  }

  get #clock(): HorizonClock {
    return this.clocks[this.#horizon]!;
  }

  /** The epoch call's is the variant's own. */
  #mechanism(): Mechanism {
    if (this.#horizon === 0) return this.#setup.ports.mechanism;
    return mechanisms.get(this.#clock.horizon.mechanism)!;
  }

  /** Effects of the market service, but for replies and its own bookkeeping. */
  onEffect(effect: MarketEffect, nowMs: TimeMs): void {
    this.money.note(effect, nowMs);
    switch (effect.kind) {
      case 'SolveRound':
        this.#solve(effect, nowMs);
        return;
      case 'ContractFormed':
        this.#live.set(effect.contract.contractId, effect.contract);
        // What an option calls is not traded in a round: it is leased at once.
        if (effect.contract.optionId === undefined) this.#contracts.push(effect.contract);
        else this.#ports.openLeases([effect.contract], nowMs);
        return;
      case 'ContractPreempted':
        this.#preempted.push(effect.contractId);
        this.preemptions += 1;
        return;
      case 'PricesPublished':
        this.#prices[this.#horizon] = effect.prices;
        this.surplusMillicredits += effect.surplusMillicredits;
        return;
      case 'ContractSettled':
        if (effect.outcome.startsWith('defaulted')) this.defaults += 1;
        this.money.settled(this.#live.get(effect.contractId)!, effect);
        this.#live.delete(effect.contractId);
        this.#ports.contractEnded(effect.contractId, nowMs);
        return;
      default:
        this.safety.note(effect);
    }
  }

  /** Every week each owner gets what its nodes cost for so long: its budget for the site. */
  payIncome(nowMs: TimeMs): void {
    const { scenario, hardware } = this.#setup;
    let pool = 0;
    for (const { organisation } of this.#ports.members) {
      const hours = scenario.market.weeklyIncomeHours / organisation.exchanges.length;
      const income = nodeHoursAtCostMillicredits(scenario, hardware[organisation.name]!, hours);
      pool += income;
      if (scenario.market.income === 'contributed') continue;
      for (const [name, amountMillicredits] of splitMoney(organisation, income)) {
        const transferId = `income/${name}/${nowMs}`;
        this.#ports.post({
          kind: 'Endow',
          timeMs: nowMs,
          commandId: transferId,
          from: { role: 'admin', name: 'clock' },
          transferId,
          organisation: name,
          amountMillicredits,
        });
      }
    }
    if (scenario.market.income === 'contributed') this.#shareOut(pool, nowMs);
  }

  #shareOut(poolMillicredits: number, nowMs: TimeMs): void {
    const transferId = `income/${nowMs}`;
    this.#ports.post({
      kind: 'ShareOut',
      timeMs: nowMs,
      commandId: transferId,
      from: { role: 'admin', name: 'clock' },
      transferId,
      poolMillicredits,
    });
  }

  /** In the simulation a solver answers at once; live, the round waits for it. */
  #solve(effect: SolveRound, nowMs: TimeMs): void {
    const { bound } = this.#setup.ports;
    const mechanism = this.#mechanism();
    const { round, parameters, mechanismState } = effect;
    // Rounds are held with orders; a halt takes them away.
    if (round.bids.length + round.asks.length === 0) this.safety.haltedRounds += 1;
    const { clearing, state } = mechanism.clear(round, parameters, mechanismState);
    const isSampled =
      bound !== null && this.#horizon === 0 && this.#sampled.has(this.#held[0]! - 1);
    this.#solved = { round, clearing, bound: isSampled ? bound(round) : null };
    this.individualRationalityViolations += lossesOf(round, clearing);
    this.#ports.post({
      kind: 'RoundSolved',
      timeMs: nowMs,
      roundId: effect.roundId,
      clearing: recordClearing(clearing),
      state,
      solverVersion: `${mechanism.name}/${mechanism.version}`,
    });
  }

  #tellFills(): void {
    const bought = this.#byOwner(({ buyer }) => buyer);
    const sold = this.#byOwner(({ seller }) => seller);
    const { slotMs } = this.#clock.horizon;
    for (const member of this.#ports.members) {
      const own = bought.get(member.name) ?? [];
      member.fills[this.#horizon] = fillsOf(own, sold.get(member.name) ?? [], slotMs);
      for (const { wantRef } of own) this.#demand.served(wantRef);
    }
  }

  /** Contracts of the round by the organisation behind one of their sides. */
  #byOwner(sideOf: (contract: Contract) => string): Map<string, Contract[]> {
    const byOwner = new Map<string, Contract[]>();
    for (const contract of this.#contracts) {
      const owner = this.#owners.get(sideOf(contract));
      if (owner === undefined) continue;
      const own = byOwner.get(owner);
      if (own) own.push(contract);
      else byOwner.set(owner, [contract]);
    }
    return byOwner;
  }

  #note(
    nowMs: TimeMs,
    bids: readonly Bid[],
    asks: readonly Ask[],
    solved: { round: MarketRound; clearing: Clearing; bound: number | null } | null,
  ): void {
    const perHour = HOUR_MS / this.#clock.horizon.slotMs;
    const price = (nodeClass: string) => {
      const found = solved?.clearing.prices.find((entry) => entry.nodeClass === nodeClass);
      const value = found?.millicreditsPerNodeSlot ?? null;
      return value === null ? null : value * perHour;
    };
    const { name } = this.#clock.horizon;
    this.rounds.push({
      ...(this.#horizon > 0 ? { horizon: name } : {}),
      atMs: nowMs,
      ...(solved ? {} : { unsolved: true as const }),
      bids: bids.length,
      asks: asks.length,
      fills: solved?.clearing.fills.length ?? 0,
      offeredNodes: asks.reduce((sum, { nodes }) => sum + nodes, 0),
      wantedNodes: bids.reduce((sum, { options }) => sum + (options[0]?.nodes ?? 0), 0),
      welfareMillicredits: solved?.clearing.welfareMillicredits ?? 0,
      boundMillicredits: solved?.bound ?? null,
      leak: solved && solved.bound !== null ? leakedCells(solved.round, solved.clearing) : null,
      prices: this.#setup.scenario.nodeClass.map(({ name }) => price(name)),
    });
  }

  carry(carrier: Carrier): void {
    carrier.fill('rounds', this.rounds);
    carrier.part('money', this.money);
    carrier.fill('live', this.#live);
    this.individualRationalityViolations = carrier.value(
      'individualRationalityViolations',
      this.individualRationalityViolations,
    );
    this.surplusMillicredits = carrier.value('surplusMillicredits', this.surplusMillicredits);
    this.defaults = carrier.value('defaults', this.defaults);
    this.preemptions = carrier.value('preemptions', this.preemptions);
    carrier.part('safety', this.safety);
    this.#horizon = carrier.value('horizon', this.#horizon);
    this.#roundId = carrier.value('roundId', this.#roundId);
    carrier.fills({ held: this.#held, prices: this.#prices });
    this.#contracts = carrier.value('contracts', this.#contracts);
    this.#preempted = carrier.value('preempted', this.#preempted);
    carrier.part('demand', this.#demand);
    this.#sequence = carrier.value('sequence', this.#sequence);
  }
}
