/**
 * A cloud: load that must be served now or is lost. It keeps head-room above the load, scales up
 * with a delay, earns for what it serves and pays a penalty for what it loses.
 *
 * It forecasts from nothing but its own past (`load-history.ts`): it keeps what the peak of the same
 * hours may need, and buys a further node for what such hours would have used of it.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { NodeNeedSeries } from '../../core/demand/demand.ts';
import type { ClusterKind, Spare, Want } from '../../core/agents/view.ts';
import type { SecurityLevel } from '../../core/market/orders.ts';
import { HOUR_MS, MINUTE_MS, WEEK_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Policy, Valuation } from '../scenario/schema.ts';
import type { BorrowedLot, Cluster, ClusterOutcome } from './cluster.ts';
import { Promises } from './forward-trader.ts';
import type { NodePromise } from './forward-trader.ts';
import { Holdings } from './holdings.ts';
import { WrittenOptions } from './option-trader.ts';
import { LoadHistory } from './load-history.ts';
import { hourlyDemand, HourlyNodeTime } from './window.ts';
import type { MeasuredWindow } from './window.ts';

export interface CloudSetup {
  readonly organisation: string;
  readonly needs: NodeNeedSeries;
  readonly nodes: Readonly<Record<string, number>>;
  /** Classes it may run on, cheapest first. */
  readonly nodeClasses: readonly string[];
  readonly classCostPerHour: Readonly<Record<string, number>>;
  readonly securityLevel: SecurityLevel;
  readonly valuation: Valuation;
  readonly policy: Policy;
  readonly window: MeasuredWindow;
}

/** Lease lengths that idle nodes are offered for, longest first. */
const OFFER_HOURS: readonly number[] = [24, 12, 6, 2];

/** Time before the end of a lot at which its nodes are wanted anew. */
const RENEWAL_LEAD_MS = 90 * MINUTE_MS;

export class CloudCluster implements Cluster {
  readonly kind: ClusterKind = 'cloud';
  readonly organisation: string;
  readonly #setup: CloudSetup;
  readonly #holdings: Holdings;
  readonly #promises = new Promises();
  readonly options: WrittenOptions;
  readonly #history = new LoadHistory();
  readonly #served: HourlyNodeTime;
  readonly #demand: HourlyNodeTime;
  #nowMs = 0;
  #next = 0;
  #load = 0;
  /** Nodes that serve; follows the target up with a delay, down at once. */
  #active = 0;
  #scaleUps: { atMs: TimeMs; nodes: number }[] = [];

  constructor(setup: CloudSetup) {
    this.organisation = setup.organisation;
    this.#setup = setup;
    this.#holdings = new Holdings(setup.nodes);
    this.options = new WrittenOptions(
      setup.nodeClasses,
      setup.valuation.nodeHour + setup.valuation.penaltyNodeHour,
      (nodeClass) =>
        (this.#holdings.own.get(nodeClass) ?? 0) -
        this.#promises.nodesIn(this.#nowMs, Infinity, nodeClass),
    );
    this.#served = new HourlyNodeTime(setup.window);
    this.#demand = new HourlyNodeTime(setup.window);
  }

  advance(nowMs: TimeMs): void {
    const { timeMs, nodes } = this.#setup.needs;
    for (;;) {
      const change = this.#next < timeMs.length ? timeMs[this.#next]! : Infinity;
      const scaleUp = this.#scaleUps[0]?.atMs ?? Infinity;
      const at = Math.min(change, scaleUp, this.#holdings.nextEndMs());
      if (at > nowMs) break;
      this.#count(at);
      if (at === change) this.#load = nodes[this.#next++]!;
      while ((this.#scaleUps[0]?.atMs ?? Infinity) <= at) {
        this.#active = Math.max(this.#active, this.#scaleUps.shift()!.nodes);
      }
      this.#endLots(at);
      this.#rescale(at);
    }
    this.#count(nowMs);
  }

  nextEventMs(): TimeMs {
    const { timeMs } = this.#setup.needs;
    return Math.min(
      this.#next < timeMs.length ? timeMs[this.#next]! : Infinity,
      this.#scaleUps[0]?.atMs ?? Infinity,
      this.#holdings.nextEndMs(),
    );
  }

  wants(nowMs: TimeMs): readonly Want[] {
    if (nowMs >= this.#setup.window.endMs) return [];
    const { policy, valuation, nodeClasses } = this.#setup;
    const durationMs = Math.round(policy.leaseHours * HOUR_MS);
    const untilMs = nowMs + durationMs;
    // A lot that ends later than this is renewed by a later round, before it goes.
    const covered = this.#holdings.nodesAt(nowMs + RENEWAL_LEAD_MS);
    const nodeHour = (valuation.nodeHour + valuation.penaltyNodeHour) * 1000;
    const wants: Want[] = [];
    for (const { nodes, share } of this.#history.tiers(nowMs, untilMs, this.#load, covered)) {
      wants.push({
        wantId: `${wants.length}@${nowMs}`,
        nodes,
        minimumNodes: 1,
        nodeClasses,
        durationMs,
        earliestStartMs: nowMs,
        latestEndMs: untilMs + HOUR_MS,
        valueMillicredits: Math.round((nodes * nodeHour * durationMs) / HOUR_MS),
        certainty: share,
        securityLevel: this.#setup.securityLevel,
        acceptsRecall: policy.acceptsRecall,
      });
    }
    return wants;
  }

  spares(nowMs: TimeMs, untilMs: TimeMs): readonly Spare[] {
    const { policy, valuation, nodeClasses, classCostPerHour } = this.#setup;
    const spares: Spare[] = [];
    const left = new Map(this.#holdings.own);
    // What stands ready for an emergency is not lent to anybody else.
    for (const [nodeClass, own] of left) left.set(nodeClass, own - this.options.nodes(nodeClass));
    const offer = (spareId: string, count: number, endMs: TimeMs, extraPerHour: number) => {
      // Best classes are kept for last: the borrower of a plain node pays less.
      for (const nodeClass of nodeClasses) {
        const nodes = Math.min(count, left.get(nodeClass) ?? 0);
        if (nodes <= 0) continue;
        left.set(nodeClass, left.get(nodeClass)! - nodes);
        count -= nodes;
        const cost = (classCostPerHour[nodeClass] ?? 0) + extraPerHour;
        spares.push({
          spareId: `${spareId}/${nodeClass}`,
          nodeClass,
          nodes,
          fromMs: nowMs,
          untilMs: endMs,
          costMillicreditsPerNodeHour: Math.round(cost * 1000),
          recallNoticeMs: null,
        });
      }
    };
    let offered = 0;
    for (const hours of OFFER_HOURS) {
      const endMs = Math.min(untilMs, nowMs + hours * HOUR_MS);
      const need = this.#target(Math.max(this.#load, this.#history.peak(nowMs, endMs)));
      const idle = this.#ownIdle(need) - this.#promises.nodesIn(nowMs, endMs) - offered;
      if (idle <= 0) continue;
      offered += idle;
      offer(`idle-${hours}h`, idle, endMs, 0);
    }
    const busy = this.#holdings.ownNodes() - this.#promises.nodesIn(nowMs, untilMs) - offered;
    if (policy.sellsBusyNodes && busy > 0) {
      const lost = valuation.nodeHour + valuation.penaltyNodeHour;
      offer('busy', busy, untilMs, lost);
    }
    return spares;
  }

  /** Windows of one lease each in which the forecast is above what it will have. */
  futureWants(nowMs: TimeMs, fromMs: TimeMs, untilMs: TimeMs): readonly Want[] {
    const { policy, valuation, nodeClasses, window } = this.#setup;
    const nodeHour = (valuation.nodeHour + valuation.penaltyNodeHour) * 1000;
    const wants: Want[] = [];
    for (const [startMs, endMs] of this.#blocks(fromMs, Math.min(untilMs, window.endMs))) {
      const own = this.#holdings.nodesAt((startMs + endMs) / 2);
      const covered = own - this.#promises.nodesIn(startMs, endMs);
      const durationMs = endMs - startMs;
      let tier = 0;
      for (const { nodes, share } of this.#history.tiersAhead(nowMs, startMs, endMs, covered)) {
        wants.push({
          wantId: `${tier++}-ahead@${startMs}`,
          nodes,
          minimumNodes: 1,
          nodeClasses,
          durationMs,
          earliestStartMs: startMs,
          latestEndMs: endMs + HOUR_MS,
          valueMillicredits: Math.round((nodes * nodeHour * durationMs) / HOUR_MS),
          certainty: share,
          securityLevel: this.#setup.securityLevel,
          acceptsRecall: policy.acceptsRecall,
        });
      }
    }
    return wants;
  }

  /** Windows in which even the forecast with its head-room leaves nodes over. */
  futureSpares(nowMs: TimeMs, fromMs: TimeMs, untilMs: TimeMs): readonly Spare[] {
    // Without a past nothing can be foreseen.
    if (nowMs < WEEK_MS) return [];
    const spares: Spare[] = [];
    for (const [startMs, endMs] of this.#blocks(fromMs, untilMs)) {
      const need = this.#target(this.#history.peakAhead(nowMs, startMs, endMs));
      let idle = this.#holdings.ownNodes() - need - this.#promises.nodesIn(startMs, endMs);
      for (const nodeClass of this.#setup.nodeClasses) {
        const own = this.#holdings.own.get(nodeClass) ?? 0;
        const promised = this.#promises.nodesIn(startMs, endMs, nodeClass);
        const left = own - promised - this.options.nodes(nodeClass);
        const nodes = Math.min(idle, left);
        if (nodes <= 0) continue;
        idle -= nodes;
        const cost = this.#setup.classCostPerHour[nodeClass] ?? 0;
        spares.push({
          spareId: `trough@${startMs}/${nodeClass}`,
          nodeClass,
          nodes,
          fromMs: startMs,
          untilMs: endMs,
          costMillicreditsPerNodeHour: Math.round(cost * 1000),
          recallNoticeMs: null,
        });
      }
    }
    return spares;
  }

  /** Whole leases within [from, until), on the hours of the day that they always begin at. */
  #blocks(fromMs: TimeMs, untilMs: TimeMs): [startMs: TimeMs, endMs: TimeMs][] {
    const lengthMs = Math.max(HOUR_MS, Math.round(this.#setup.policy.leaseHours) * HOUR_MS);
    const blocks: [number, number][] = [];
    for (let at = Math.ceil(fromMs / lengthMs) * lengthMs; at + lengthMs <= untilMs;) {
      blocks.push([at, at + lengthMs]);
      at += lengthMs;
    }
    return blocks;
  }

  promise(promise: NodePromise): void {
    this.#promises.add(promise);
  }

  keepPromise(promiseId: string, nowMs: TimeMs): boolean {
    const { nodeClass, nodes, spareId } = this.#promises.take(promiseId)!;
    if ((this.#holdings.own.get(nodeClass) ?? 0) < nodes) return false;
    this.lend(nodeClass, nodes, spareId, nowMs);
    return true;
  }

  dropPromise(promiseId: string): void {
    this.#promises.take(promiseId);
  }

  lend(nodeClass: string, nodes: number, _spareId: string, nowMs: TimeMs): void {
    this.#holdings.lend(nodeClass, nodes);
    this.#rescale(nowMs);
  }

  restore(nodeClass: string, nodes: number, nowMs: TimeMs): void {
    this.#holdings.restore(nodeClass, nodes);
    this.#rescale(nowMs);
  }

  expect(lot: BorrowedLot): void {
    this.#holdings.expect(lot);
  }

  addReady(leaseId: string, nodes: number, nowMs: TimeMs): void {
    this.#holdings.addReady(leaseId, nodes);
    this.#rescale(nowMs);
  }

  loseExpected(leaseId: string, nodes: number): void {
    this.#holdings.loseExpected(leaseId, nodes);
  }

  endLot(leaseId: string, atMs: TimeMs): void {
    const held = this.#holdings.lots.get(leaseId);
    if (held) held.usableUntilMs = Math.min(held.usableUntilMs, atMs);
  }

  loseReady(leaseId: string, nodes: number, nowMs: TimeMs): void {
    this.#holdings.loseReady(leaseId, nodes);
    this.#rescale(nowMs);
  }

  lotsToReturn(): readonly string[] {
    return [];
  }

  nodesToRecall(): number {
    return 0;
  }

  ownNodes(): number {
    return this.#holdings.ownNodes();
  }

  idleNodes(): number {
    return this.#ownIdle(this.#load);
  }

  isResolved(): boolean {
    return this.#nowMs >= this.#setup.window.endMs;
  }

  outcome(): ClusterOutcome {
    const demandNodeMs = this.#demand.total();
    const metNodeMs = this.#served.total();
    const lost = demandNodeMs - metNodeMs;
    const { nodeHour, penaltyNodeHour } = this.#setup.valuation;
    const value = (metNodeMs * nodeHour - lost * penaltyNodeHour) / HOUR_MS;
    return {
      demandNodeMs,
      metNodeMs,
      valueMillicredits: Math.round(value * 1000),
      lostNodeMs: 0,
      demandHours: this.#demand.hours,
      busyHours: this.#served.hours,
      demand: hourlyDemand(this.#demand.hours, this.#setup.window),
      met: hourlyDemand(this.#served.hours, this.#setup.window),
      ownMeasures: {
        lostLoadShare: demandNodeMs > 0 ? lost / demandNodeMs : null,
        revenueCredits: (metNodeMs * nodeHour) / HOUR_MS,
        penaltyCredits: (lost * penaltyNodeHour) / HOUR_MS,
      },
    };
  }

  /** Own nodes that would be idle if `need` nodes were in use; borrowed ones are used first. */
  #ownIdle(need: number): number {
    const borrowed = this.#holdings.readyNodes() - this.#holdings.ownNodes();
    return Math.max(0, this.#holdings.ownNodes() - Math.max(0, need - borrowed));
  }

  #target(load: number): number {
    return Math.ceil(load * (1 + this.#setup.policy.headRoomShare));
  }

  /** Follows the load and the nodes there are; up after the delay, down at once. */
  #rescale(nowMs: TimeMs): void {
    const capacity = this.#holdings.readyNodes();
    const target = Math.min(capacity, this.#target(this.#load));
    if (target > this.#active) {
      const atMs = nowMs + Math.round(this.#setup.policy.scaleUpMinutes * MINUTE_MS);
      const last = this.#scaleUps.at(-1);
      if ((last?.nodes ?? 0) < target) this.#scaleUps.push({ atMs, nodes: target });
    } else {
      this.#scaleUps = [];
      this.#active = target;
    }
    if (this.#active > capacity) this.#active = capacity;
  }

  #endLots(atMs: TimeMs): void {
    for (const [leaseId, held] of this.#holdings.lots) {
      if (held.usableUntilMs <= atMs) this.#holdings.end(leaseId);
    }
  }

  /** Adds up what was served since the last call. */
  #count(nowMs: TimeMs): void {
    const from = this.#nowMs;
    if (nowMs <= from) return;
    this.#demand.add(from, nowMs, this.#load);
    this.#served.add(from, nowMs, Math.min(this.#load, this.#active));
    this.#history.add(from, nowMs, this.#load);
    this.#nowMs = nowMs;
  }

  carry(carrier: Carrier): void {
    carrier.parts({
      holdings: this.#holdings,
      promises: this.#promises,
      options: this.options,
      history: this.#history,
      served: this.#served,
      demand: this.#demand,
    });
    this.#nowMs = carrier.value('nowMs', this.#nowMs);
    this.#next = carrier.value('next', this.#next);
    this.#load = carrier.value('load', this.#load);
    this.#active = carrier.value('active', this.#active);
    this.#scaleUps = carrier.value('scaleUps', this.#scaleUps);
  }
}
