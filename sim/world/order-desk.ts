/**
 * What an organisation's agent posts in a round: what its cluster could buy and sell, what the agent
 * sees of it, and what is counted of its offers.
 */
import { HONEST } from '../../core/agents/agent.ts';
import type { Orders, OwnFills } from '../../core/agents/agent.ts';
import { SPOT_HORIZON } from '../../core/agents/orders-from-view.ts';
import type { ClusterView, HoardedNodes, MarketTerms, Spare } from '../../core/agents/view.ts';
import { invariant } from '../../core/kernel/errors.ts';
import type { StreamName } from '../../core/kernel/random.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Mechanism } from '../../core/market/mechanism.ts';
import type { MarketEvent } from '../../core/market/protocol.ts';
import { MOVED } from '../clusters/batch-spares.ts';
import type { Cluster } from '../clusters/cluster.ts';
import type { HorizonClock } from './horizons.ts';
import type { Member } from './member.ts';
import { isBusy } from './round-trades.ts';
import { goesByIdleness, idleByClass } from './safety-tally.ts';
import type { RunSetup } from './setup.ts';

export interface OrderDeskPorts {
  /** Null where there is no other. */
  readonly exchange: string | null;
  /** The isolation service of an organisation's provider. */
  isolationOf(organisation: string): string;
  post(event: MarketEvent): void;
  balanceMillicredits(organisation: string): number;
  /** Nodes that the member has bought to sell them on. */
  hoardOf(organisation: string, nowMs: TimeMs): readonly HoardedNodes[];
}

/** The round that orders are for. */
export interface OrderFrame {
  readonly roundId: number;
  /** Index of its horizon; 0: the epoch call. */
  readonly horizon: number;
  readonly clock: HorizonClock;
  readonly mechanism: Mechanism;
  readonly terms: MarketTerms;
}

const NO_FILLS: OwnFills = { bidIds: [], askIds: [], trades: [] };

export class OrderDesk {
  readonly #setup: RunSetup;
  /** Name of a member of the market → organisation behind it. */
  readonly #owners: ReadonlyMap<string, string>;
  readonly #ports: OrderDeskPorts;

  constructor(setup: RunSetup, owners: ReadonlyMap<string, string>, ports: OrderDeskPorts) {
    this.#setup = setup;
    this.#owners = owners;
    this.#ports = ports;
  }

  /** What a member's agent posts in the round; how it will keep its contracts is noted on the member. */
  of(member: Member, frame: OrderFrame): Orders {
    const { terms, horizon } = frame;
    const { cluster, organisation } = member;
    const { exchange } = this.#ports;
    const nowMs = terms.roundStartMs;
    cluster.advance(nowMs);
    const untilMs = nowMs + terms.horizonSlots * terms.slotMs;
    const isFirst = exchange === null || organisation.exchanges[0] === exchange;
    const { wants, spares: own } = this.#tradable(cluster, frame, untilMs);
    // Whoever cheats offers on the next exchange what it had before the first one's round.
    const mayCheat = horizon === 0;
    if (isFirst && mayCheat) member.offered = own;
    const spares = organisation.policy.sellsTwice && mayCheat ? member.offered : own;
    this.#countOffers(member, spares, frame, isFirst);
    const view: ClusterView = {
      organisation: member.name,
      kind: cluster.kind,
      nowMs,
      wants,
      spares,
      ownNodes: member.ownedNodes,
      balanceMillicredits: member.identities.reduce(
        (sum, name) => sum + this.#ports.balanceMillicredits(name),
        0,
      ),
      givenNodeMs: member.lent.total(nowMs),
      receivedNodeMs: member.borrowed.total(nowMs),
      draws: this.#draws(member.name, frame.roundId),
      hoard: this.#ports.hoardOf(member.name, nowMs),
      aliases: member.identities.slice(1),
      ...(organisation.constraints ? { constraints: organisation.constraints } : {}),
    };
    const { strategy, fills, memories } = member;
    const decision = strategy.decide(
      view,
      terms,
      fills[horizon] ?? { bidIds: [], askIds: [] },
      memories[horizon] ?? {},
      organisation.strategyParameters,
    );
    memories[horizon] = decision.memory;
    fills[horizon] = NO_FILLS;
    member.conduct = decision.conduct ?? HONEST;
    for (const order of [...decision.orders.bids, ...decision.orders.asks]) {
      invariant(this.#owners.get(order.organisation) === member.name, 'orders in own names');
    }
    return decision.orders;
  }

  /** What a cluster could buy and sell on the horizon whose round is being held. */
  #tradable(cluster: Cluster, frame: OrderFrame, untilMs: TimeMs) {
    const { roundStartMs: nowMs, firstStartMs } = frame.terms;
    if (frame.clock.horizon.option) {
      const { options } = cluster;
      const spares = options?.optionSpares(nowMs, untilMs) ?? [];
      return { wants: options?.optionWants(nowMs, untilMs) ?? [], spares };
    }
    if (firstStartMs !== undefined) {
      const spares = offered(frame, cluster.futureSpares(nowMs, firstStartMs, untilMs));
      return { wants: cluster.futureWants(nowMs, firstStartMs, untilMs), spares };
    }
    const spares = offered(frame, cluster.spares(nowMs, untilMs));
    return { wants: cluster.wants(nowMs), spares };
  }

  #attestIdle(
    organisation: string,
    spares: readonly Spare[],
    roundId: number,
    nowMs: TimeMs,
  ): void {
    if (!goesByIdleness(this.#setup.scenario)) return;
    const from = { role: 'service', name: this.#ports.isolationOf(organisation) } as const;
    for (const [nodeClass, nodes] of idleByClass(
      spares.filter(({ spareId }) => !isBusy(spareId)),
      nowMs,
    )) {
      const event = { timeMs: nowMs, from, roundId, organisation, nodeClass, nodes };
      this.#ports.post({ kind: 'IdleAttested', ...event });
    }
  }

  /** For the measures of willingness: what is idle, what of it is offered, what is moved for it. */
  #countOffers(
    member: Member,
    spares: readonly Spare[],
    { terms, horizon, clock, roundId }: OrderFrame,
    isFirst: boolean,
  ): void {
    const nowMs = terms.roundStartMs;
    if (horizon === 0) this.#attestIdle(member.name, spares, roundId, nowMs);
    // Offered is offered, on however many exchanges: it is counted on the first.
    if (!isFirst || clock.horizon.option) return;
    let nodesOffered = 0;
    for (const { spareId, nodes, fromMs, untilMs } of spares) {
      if (isBusy(spareId)) continue;
      nodesOffered += nodes;
      member.countOffer(nowMs, nodes * (untilMs - fromMs), spareId.startsWith(MOVED));
    }
    if (terms.firstStartMs !== undefined) return;
    const idle = member.cluster.idleNodes();
    member.timeToOffer.idle(idle, nowMs);
    member.timeToOffer.offer(Math.min(idle, nodesOffered), nowMs);
    if (horizon === 0) member.countRound(nowMs, idle, nodesOffered);
  }

  /** Every agent draws from a stream of its own in every round, the same one in every variant. */
  #draws(entity: string, roundId: number): StreamName {
    const { scenario, replication } = this.#setup;
    const { exchange } = this.#ports;
    const where = exchange === null ? '' : ` on ${exchange}`;
    const purpose = `orders of round ${roundId}${where}`;
    return { seed: scenario.seed, replication, entity, purpose };
  }
}

/**
 * Nobody gives up nodes in use where nothing is paid for them, unless the mechanism weighs what they
 * are worth to their owner, as the optimum does; and spot trades what is idle.
 */
function offered({ mechanism, clock }: OrderFrame, spares: readonly Spare[]): readonly Spare[] {
  const { budgetBalance, efficiency } = mechanism.properties;
  const isSpot = clock.horizon.name === SPOT_HORIZON;
  if (!isSpot && (budgetBalance !== 'no-money' || efficiency !== 'never')) return spares;
  return spares.filter(({ spareId }) => !isBusy(spareId));
}
