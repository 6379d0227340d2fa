/** One organisation in the world: its cluster, its agent, and what it has lent and borrowed. */
import type { Carrier } from '../../core/kernel/carried.ts';
import { HONEST } from '../../core/agents/agent.ts';
import type { AgentMemory, Conduct, OwnFills, Strategy } from '../../core/agents/agent.ts';
import type { Spare } from '../../core/agents/view.ts';
import type { NodeMs, TimeMs } from '../../core/kernel/units.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { HourlyNodeTime, overlapMs } from '../clusters/window.ts';
import type { MeasuredWindow } from '../clusters/window.ts';
import { identitiesOf } from '../scenario/aliases.ts';
import type { Organisation } from '../scenario/schema.ts';
import { TimeToOffer } from './time-to-offer.ts';

/** A number of nodes that changes over time, added up by the hour. */
class Stock {
  readonly hours: HourlyNodeTime;
  #nodes = 0;
  #sinceMs = 0;
  #total = 0;

  constructor(window: MeasuredWindow) {
    this.hours = new HourlyNodeTime(window);
  }

  change(by: number, nowMs: TimeMs): void {
    this.hours.add(this.#sinceMs, nowMs, this.#nodes);
    this.#total += this.#nodes * (nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
    this.#nodes += by;
  }

  /** Node-time since the start of the run, warm-up included. */
  total(nowMs: TimeMs): NodeMs {
    return this.#total + this.#nodes * (nowMs - this.#sinceMs);
  }

  carry(carrier: Carrier): void {
    carrier.part('hours', this.hours);
    this.#nodes = carrier.value('nodes', this.#nodes);
    this.#sinceMs = carrier.value('sinceMs', this.#sinceMs);
    this.#total = carrier.value('total', this.#total);
  }
}

export class Member {
  readonly organisation: Organisation;
  readonly cluster: Cluster;
  readonly strategy: Strategy;
  readonly lent: Stock;
  /** Borrowed nodes that are ready. */
  readonly borrowed: Stock;
  /** Own nodes that no borrower has, lowest id last. */
  readonly freeNodes = new Map<string, string[]>();
  /** By horizon: what its agent remembers, and what became of its last orders. */
  readonly memories: AgentMemory[] = [];
  readonly fills: OwnFills[] = [];
  /** How it keeps its contracts, as its agent last decided. */
  conduct: Conduct = HONEST;
  /** What it offered on its first exchange in this epoch. */
  offered: readonly Spare[] = [];
  /** Nodes under recall that are not back yet. */
  recalled = 0;
  readonly ownedNodes: number;
  readonly timeToOffer: TimeToOffer;
  idleNodeRounds = 0;
  offeredNodeMs = 0;
  movedNodeMs = 0;
  offeredNodeRounds = 0;
  readonly #window: MeasuredWindow;
  readonly #identities: readonly string[];

  constructor(
    organisation: Organisation,
    cluster: Cluster,
    strategy: Strategy,
    window: MeasuredWindow,
    nodeIds: ReadonlyMap<string, readonly string[]>,
  ) {
    this.organisation = organisation;
    this.cluster = cluster;
    this.strategy = strategy;
    this.#window = window;
    this.#identities = identitiesOf(organisation);
    this.timeToOffer = new TimeToOffer(window);
    this.lent = new Stock(window);
    this.borrowed = new Stock(window);
    let owned = 0;
    for (const [nodeClass, ids] of nodeIds) {
      this.freeNodes.set(nodeClass, [...ids].reverse());
      owned += ids.length;
    }
    this.ownedNodes = owned;
  }

  /** Names under which it is a member of the market, its own first. */
  get identities(): readonly string[] {
    return this.#identities;
  }

  /** Names that do not reveal what they have committed to in this round. */
  get silentNames(): readonly string[] {
    return this.conduct.reveals ? [] : this.#identities;
  }

  get name(): string {
    return this.organisation.name;
  }

  /** The free nodes of a class with the lowest ids; fewer where there are not as many. */
  takeNodes(nodeClass: string, count: number): string[] {
    const free = this.freeNodes.get(nodeClass);
    return free ? free.splice(Math.max(0, free.length - count)).reverse() : [];
  }

  giveBackNode(nodeClass: string, nodeId: string): void {
    const free = this.freeNodes.get(nodeClass)!;
    let at = free.length;
    while (at > 0 && free[at - 1]! < nodeId) at -= 1;
    free.splice(at, 0, nodeId);
  }

  /** Offers of any horizon; `moved`: own jobs wait longer for it. */
  countOffer(nowMs: TimeMs, nodeMs: NodeMs, moved: boolean): void {
    if (overlapMs(this.#window, nowMs, nowMs + 1) === 0) return;
    this.offeredNodeMs += nodeMs;
    if (moved) this.movedNodeMs += nodeMs;
  }

  countRound(nowMs: TimeMs, idleNodes: number, offeredNodes: number): void {
    if (overlapMs(this.#window, nowMs, nowMs + 1) === 0) return;
    this.idleNodeRounds += idleNodes;
    this.offeredNodeRounds += Math.min(idleNodes, offeredNodes);
  }

  carry(carrier: Carrier): void {
    const strategy = carrier.value('strategy', this.strategy.name);
    carrier.parts({ lent: this.lent, borrowed: this.borrowed });
    carrier.fills({ freeNodes: this.freeNodes, memories: this.memories, fills: this.fills });
    this.conduct = carrier.value('conduct', this.conduct);
    this.offered = carrier.value('offered', this.offered);
    this.recalled = carrier.value('recalled', this.recalled);
    carrier.part('timeToOffer', this.timeToOffer);
    this.idleNodeRounds = carrier.value('idleNodeRounds', this.idleNodeRounds);
    this.offeredNodeMs = carrier.value('offeredNodeMs', this.offeredNodeMs);
    this.movedNodeMs = carrier.value('movedNodeMs', this.movedNodeMs);
    this.offeredNodeRounds = carrier.value('offeredNodeRounds', this.offeredNodeRounds);
    carrier.part('cluster', this.cluster);
    // Another strategy would not understand what this one remembers.
    if (carrier.restores && strategy !== this.strategy.name) this.memories.length = 0;
  }
}
