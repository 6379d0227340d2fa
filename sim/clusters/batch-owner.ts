/**
 * An organisation with a batch cluster (HPC or HTC): what it lacks are the nodes of jobs that wait
 * too long, what it can spare are nodes that neither running nor waiting jobs will use.
 *
 * Its own nodes are one pool for its own jobs; those without a TPM are filled first, so that the
 * ones that anybody may borrow stay free. A lease is bought for one job, whole; once it is there,
 * the cluster's own scheduler decides what runs on it.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { ClusterKind, Spare, Want } from '../../core/agents/view.ts';
import type { JobTable } from '../../core/demand/jobs.ts';
import { randomStream } from '../../core/kernel/random.ts';
import { HOUR_MS, MINUTE_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { SecurityLevel } from '../../core/market/orders.ts';
import type { Policy, Valuation } from '../scenario/schema.ts';
import { BatchCluster } from './batch/cluster.ts';
import type { Scheduler } from './batch/scheduler.ts';
import { batchOutcome } from './batch-outcome.ts';
import { BatchSpares, INTERRUPTION_FACTOR } from './batch-spares.ts';
import type { BorrowedLot, Cluster, ClusterOutcome } from './cluster.ts';
import { Promises } from './forward-trader.ts';
import type { NodePromise } from './forward-trader.ts';
import { Holdings } from './holdings.ts';
import { WrittenOptions } from './option-trader.ts';
import { HourlyNodeTime } from './window.ts';
import type { MeasuredWindow } from './window.ts';

export interface BatchSetup {
  readonly organisation: string;
  readonly kind: 'hpc' | 'htc';
  /** In nodes, ascending by submit. */
  readonly jobs: JobTable;
  readonly scheduler: Scheduler;
  /** Weights of `maui`. */
  readonly priority?: Readonly<Record<string, number>>;
  readonly nodes: Readonly<Record<string, number>>;
  readonly nodeClasses: readonly string[];
  readonly classCostPerHour: Readonly<Record<string, number>>;
  readonly securityLevel: SecurityLevel;
  readonly valuation: Valuation;
  readonly policy: Policy;
  readonly window: MeasuredWindow;
  readonly seed: number;
  readonly replication: number;
}

/** Jobs that are bid for at once, the first in the queue. */
const MOST_WANTS = 24;

/** Time within which a borrowed node is ready: own nodes need not be free earlier. */
const HOLD_LEAD_MS = 5 * MINUTE_MS;

/** Part of a job that own nodes will run, together with a borrowed rest. */
interface Share {
  readonly ownNodes: number;
  readonly startMs: TimeMs;
}

interface Drain {
  readonly drainId: string;
  /** When its nodes were to come back. */
  readonly dueMs: TimeMs;
  nodes: number;
}

export class BatchOwner implements Cluster {
  readonly kind: ClusterKind;
  readonly organisation: string;
  readonly #setup: BatchSetup;
  readonly #cluster: BatchCluster;
  readonly #holdings: Holdings;
  readonly #promises = new Promises();
  /** Promises of nodes that are promised to others until then. */
  readonly #undrained = new Set<string>();
  readonly options: WrittenOptions;
  readonly #spares: BatchSpares;
  readonly #busy: HourlyNodeTime;
  /** Worth of a node-hour of each job, credits. */
  readonly #worth: Float64Array;
  /** In the order of filling. */
  readonly #homeNodes: Readonly<Record<string, number>>;
  readonly #drains = new Map<string, Drain[]>();
  #drainCount = 0;
  /** Job row → leases that were bought for it (one an owner) and are not over. */
  readonly #bought = new Map<number, Set<string>>();
  readonly #leaseRows = new Map<string, number>();
  /** Own part of each job that was bid for in the last round. */
  readonly #shares = new Map<number, Share>();
  /** Own nodes kept for a job until what was bought for it is there, by row. */
  readonly #holds = new Map<number, readonly string[]>();

  constructor(setup: BatchSetup) {
    this.#setup = setup;
    this.organisation = setup.organisation;
    this.kind = setup.kind;
    const { policy, valuation, seed, replication } = setup;
    const entity = setup.organisation;
    const stream = (purpose: string) => randomStream({ seed, replication, entity, purpose });
    this.#worth = drawWorth(setup.jobs.count, valuation, stream('worth of jobs'));
    const kept = stream('checkpointable jobs');
    const checkpointable = Array.from(
      { length: setup.jobs.count },
      () => kept.uniform() < policy.checkpointableShare,
    );
    this.#busy = new HourlyNodeTime(setup.window);
    this.#holdings = new Holdings(setup.nodes);
    this.#homeNodes = inFillingOrder(setup.nodes, setup.nodeClasses);
    this.#cluster = new BatchCluster(setup.jobs, {
      scheduler: setup.scheduler,
      priority: setup.priority ?? {},
      homeNodes: this.#homeNodes,
      patienceMinimumMs: Math.round(policy.patienceHours * HOUR_MS),
      patienceFactor: policy.patienceFactor,
      isCheckpointable: (row) => checkpointable[row]!,
      onSegment: (_row, fromMs, toMs, nodes) => this.#busy.add(fromMs, toMs, nodes),
    });
    const valueOf = (row: number) => this.#valueOf(row, this.#estimatedNodeMs(row));
    this.options = new WrittenOptions(
      Object.keys(setup.nodes),
      INTERRUPTION_FACTOR * valuation.nodeHour,
      (nodeClass) => this.#callable(nodeClass),
    );
    this.#spares = new BatchSpares(
      setup,
      this.#cluster,
      this.#holdings,
      this.#promises,
      this.options,
      valueOf,
    );
  }

  advance(nowMs: TimeMs): void {
    this.#cluster.advance(nowMs);
    for (const [leaseId, held] of this.#holdings.lots) {
      if (held.usableUntilMs <= nowMs) this.#forget(leaseId);
    }
  }

  nextEventMs(): TimeMs {
    return Math.min(this.#cluster.nextEventMs(), this.#holdings.nextEndMs());
  }

  wants(nowMs: TimeMs): readonly Want[] {
    const { policy } = this.#setup;
    const { jobs } = this.#cluster;
    const wants: Want[] = [];
    this.#shares.clear();
    // Nobody waits: there is nothing to plan.
    if (this.#cluster.queuedJobs === 0) return wants;
    const { lateRows } = this.#cluster.outlook(nowMs + policy.bidAfterMinutes * MINUTE_MS);
    // A job that waits now would wait about as long as the whole backlog takes.
    const clearingMs = this.#cluster.backlogNodeMs() / Math.max(1, this.ownNodes());
    let free = this.idleNodes();
    for (const row of lateRows) {
      const waited = (nowMs - jobs.submitMs[row]!) / jobs.patienceMs[row]!;
      if (this.#bought.has(row)) continue;
      const share = this.#shareOf(row, free, nowMs);
      this.#shares.set(row, share);
      free -= Math.min(free, share.ownNodes);
      wants.push(this.#wantFor(row, share, waited + clearingMs / jobs.patienceMs[row]!));
      if (wants.length >= MOST_WANTS) break;
    }
    return wants;
  }

  /** @param certainty share of the job's patience that would be gone if its own nodes did it */
  #wantFor(row: number, { ownNodes, startMs }: Share, certainty: number): Want {
    const { policy, securityLevel, nodeClasses } = this.#setup;
    const { jobs } = this.#cluster;
    const nodes = jobs.nodes[row]! - ownNodes;
    const durationMs = jobs.estimateLeftMs(row);
    return {
      wantId: String(row),
      nodes,
      minimumNodes: nodes,
      nodeClasses,
      durationMs,
      earliestStartMs: startMs,
      latestEndMs: jobs.patienceEndMs(row) + durationMs,
      valueMillicredits: this.#valueOf(row, this.#estimatedNodeMs(row)),
      certainty: Math.min(1, certainty),
      securityLevel,
      acceptsRecall: policy.acceptsRecall && jobs.checkpointable[row] === 1,
      keepsProgress: jobs.checkpointable[row] === 1,
    };
  }

  #estimatedNodeMs(row: number): number {
    const { jobs } = this.#cluster;
    return jobs.nodes[row]! * jobs.estimateLeftMs(row);
  }

  /**
   * Which part of a late job runs on own nodes: those that are idle because it waits for more, or,
   * for a job wider than the cluster, all of them once they can be free. The rest is borrowed.
   */
  #shareOf(row: number, free: number, nowMs: TimeMs): Share {
    const nodes = this.#cluster.jobs.nodes[row]!;
    const own = this.ownNodes();
    if (nodes > own && this.#holds.size === 0) {
      return { ownNodes: own, startMs: this.#cluster.lastEstimatedEndMs };
    }
    const ownNodes = nodes > own ? 0 : Math.min(free, nodes - 1);
    return { ownNodes, startMs: nowMs };
  }

  lotsToReturn(): readonly string[] {
    if (this.#cluster.queuedJobs > 0) return [];
    const idle: string[] = [];
    for (const [leaseId, held] of this.#holdings.lots) {
      const { nodes, free } = this.#cluster.nodes(leaseId);
      if (held.expected <= 0 && nodes > 0 && free === nodes) idle.push(leaseId);
    }
    return idle;
  }

  spares(nowMs: TimeMs, untilMs: TimeMs): readonly Spare[] {
    return this.#spares.now(nowMs, untilMs);
  }

  /** Jobs that have to wait until then anyway, whole: own nodes are not known so far ahead. */
  futureWants(_nowMs: TimeMs, fromMs: TimeMs): readonly Want[] {
    const { jobs } = this.#cluster;
    const wants: Want[] = [];
    for (const row of this.#cluster.outlook(fromMs).lateRows) {
      if (this.#bought.has(row)) continue;
      const gone = Math.max(0, fromMs - jobs.submitMs[row]!) / jobs.patienceMs[row]!;
      wants.push(this.#wantFor(row, { ownNodes: 0, startMs: fromMs }, gone));
      if (wants.length >= MOST_WANTS) break;
    }
    return wants;
  }

  futureSpares(_nowMs: TimeMs, fromMs: TimeMs, untilMs: TimeMs): readonly Spare[] {
    return this.#spares.ahead(fromMs, untilMs);
  }

  promise(promise: NodePromise, nowMs: TimeMs): void {
    this.#cluster.advance(nowMs);
    this.#promises.add(promise);
    const { promiseId, nodeClass, nodes, fromMs, untilMs } = promise;
    if (nodes > this.#cluster.nodes(nodeClass).nodes) {
      // One ask may be sold in several windows one after another: its nodes are drained for the
      // others, and by then they are back.
      this.#undrained.add(promiseId);
      return;
    }
    this.#cluster.drain(promiseId, nodeClass, nodes, { byMs: fromMs, returnMs: untilMs });
  }

  keepPromise(promiseId: string): boolean {
    const { nodeClass, nodes, untilMs } = this.#promises.take(promiseId)!;
    if (this.#undrained.delete(promiseId)) {
      if (this.#cluster.nodes(nodeClass).free < nodes) return false;
      const { nowMs } = this.#cluster;
      this.#cluster.drain(promiseId, nodeClass, nodes, { byMs: nowMs, returnMs: untilMs });
    }
    this.#cluster.fulfil(promiseId);
    this.#noteDrain(nodeClass, { drainId: promiseId, dueMs: untilMs, nodes });
    this.#holdings.lend(nodeClass, nodes);
    return true;
  }

  dropPromise(promiseId: string): void {
    this.#promises.take(promiseId);
    if (!this.#undrained.delete(promiseId)) this.#cluster.undrain(promiseId);
  }

  /** Nodes that it could hand over at once without losing work that cannot be checkpointed. */
  #callable(nodeClass: string): number {
    const { nodes, free } = this.#cluster.nodes(nodeClass);
    const promised = this.#promises.nodesIn(this.#cluster.nowMs, Infinity, nodeClass);
    const own = (this.#holdings.own.get(nodeClass) ?? 0) - promised;
    if (nodes === 0) return 0;
    const busy = this.#cluster.preemptionCost(nodeClass, nodes, 'checkpointable').nodes;
    return Math.min(own, nodes, free + busy);
  }

  #noteDrain(nodeClass: string, drain: Drain): void {
    const drains = this.#drains.get(nodeClass);
    if (drains) drains.push(drain);
    else this.#drains.set(nodeClass, [drain]);
  }

  lend(nodeClass: string, nodes: number, _spareId: string, nowMs: TimeMs, dueMs: TimeMs): void {
    this.#cluster.advance(nowMs);
    // What was sold goes before what is kept for a job of one's own.
    for (const row of this.#holds.keys()) {
      if (this.#cluster.nodes(nodeClass).nodes >= nodes) break;
      this.#releaseHold(row);
    }
    const drainId = `drain-${++this.#drainCount}`;
    const enough = this.#cluster.nodes(nodeClass).free >= nodes;
    // What was sold is handed over now: if it is not free, work is stopped for it.
    const preemption = enough ? 'never' : 'any';
    this.#cluster.drain(drainId, nodeClass, nodes, { preemption, returnMs: dueMs });
    this.#noteDrain(nodeClass, { drainId, dueMs, nodes });
    this.#holdings.lend(nodeClass, nodes);
  }

  restore(nodeClass: string, nodes: number, nowMs: TimeMs, dueMs: TimeMs): void {
    this.#cluster.advance(nowMs);
    this.#holdings.restore(nodeClass, nodes);
    const drains = this.#drains.get(nodeClass)!;
    for (let left = nodes; left > 0;) {
      // Those that were to be back then; nodes that failed may have been counted to another lot.
      const at = Math.max(
        0,
        drains.findIndex((drain) => drain.dueMs === dueMs),
      );
      const drain = drains[at]!;
      const back = Math.min(left, drain.nodes);
      this.#cluster.undrain(drain.drainId, back);
      drain.nodes -= back;
      left -= back;
      if (drain.nodes === 0) drains.splice(at, 1);
    }
  }

  expect(lot: BorrowedLot, nowMs: TimeMs): void {
    this.#holdings.expect(lot);
    const row = Number(lot.wantId);
    this.#leaseRows.set(lot.leaseId, row);
    const known = this.#bought.get(row);
    if (known) {
      known.add(lot.leaseId);
      return;
    }
    this.#bought.set(row, new Set([lot.leaseId]));
    const share = this.#shares.get(row);
    if (share && share.ownNodes > 0 && lot.fromMs === undefined) this.#hold(row, share, nowMs);
  }

  /** Keeps own nodes for a job that nodes were bought for; until then short jobs may use them. */
  #hold(row: number, { ownNodes, startMs }: Share, nowMs: TimeMs): void {
    this.#cluster.advance(nowMs);
    const byMs = Math.max(nowMs, startMs) + HOLD_LEAD_MS;
    const drainIds: string[] = [];
    let left = ownNodes;
    for (const nodeClass of Object.keys(this.#homeNodes)) {
      const nodes = Math.min(left, this.#cluster.nodes(nodeClass).nodes);
      if (nodes <= 0) continue;
      const drainId = `hold-${row}/${nodeClass}`;
      this.#cluster.drain(drainId, nodeClass, nodes, { byMs });
      drainIds.push(drainId);
      left -= nodes;
    }
    this.#holds.set(row, drainIds);
  }

  #releaseHold(row: number): void {
    for (const drainId of this.#holds.get(row) ?? []) this.#cluster.undrain(drainId);
    this.#holds.delete(row);
  }

  /** Everything that was bought for the job is there. */
  #isComplete(row: number): boolean {
    for (const leaseId of this.#bought.get(row) ?? []) {
      if ((this.#holdings.lots.get(leaseId)?.expected ?? 0) > 0) return false;
    }
    return true;
  }

  addReady(leaseId: string, nodes: number, nowMs: TimeMs): void {
    this.#cluster.advance(nowMs);
    const held = this.#holdings.addReady(leaseId, nodes);
    if (!held || held.usableUntilMs <= nowMs) return;
    this.#cluster.addNodes(leaseId, nodes, held.usableUntilMs);
    const row = this.#leaseRows.get(leaseId);
    if (row !== undefined && this.#isComplete(row)) this.#releaseHold(row);
  }

  loseExpected(leaseId: string, nodes: number): void {
    const held = this.#holdings.loseExpected(leaseId, nodes);
    if (held && held.expected + held.ready <= 0) this.#forget(leaseId);
  }

  endLot(leaseId: string, atMs: TimeMs, nowMs: TimeMs): void {
    const held = this.#holdings.lots.get(leaseId);
    if (!held || atMs >= held.usableUntilMs) return;
    this.#cluster.advance(nowMs);
    held.usableUntilMs = atMs;
    if (this.#cluster.nodes(leaseId).nodes > 0) this.#cluster.bringForward(leaseId, atMs);
  }

  loseReady(leaseId: string, nodes: number, nowMs: TimeMs): void {
    this.#cluster.advance(nowMs);
    this.#holdings.loseReady(leaseId, nodes);
    const there = Math.min(nodes, this.#cluster.nodes(leaseId).nodes);
    if (there > 0) this.#cluster.removeNodes(leaseId, there, 'kill');
  }

  #forget(leaseId: string): void {
    this.#holdings.end(leaseId);
    const row = this.#leaseRows.get(leaseId);
    if (row === undefined) return;
    this.#leaseRows.delete(leaseId);
    const leases = this.#bought.get(row);
    leases?.delete(leaseId);
    if (leases?.size === 0) this.#bought.delete(row);
    if (this.#isComplete(row)) this.#releaseHold(row);
  }

  nodesToRecall(): number {
    return 0;
  }

  ownNodes(): number {
    return this.#holdings.ownNodes();
  }

  idleNodes(): number {
    let idle = 0;
    for (const nodeClass of Object.keys(this.#setup.nodes)) {
      idle += this.#cluster.nodes(nodeClass).free;
    }
    return idle;
  }

  isResolved(): boolean {
    return this.#cluster.isResolved();
  }

  outcome(): ClusterOutcome {
    return batchOutcome(this.#setup, this.#cluster, this.#busy, (row) =>
      this.#valueOf(row, this.#cluster.jobs.nodeMs(row)),
    );
  }

  /** Worth of the job's node-time, millicredits. */
  #valueOf(row: number, nodeMs: number): number {
    return Math.round((nodeMs / HOUR_MS) * this.#worth[row]! * 1000);
  }

  carry(carrier: Carrier): void {
    carrier.parts({ cluster: this.#cluster, holdings: this.#holdings, promises: this.#promises });
    carrier.fill('undrained', this.#undrained);
    carrier.parts({ options: this.options, busy: this.#busy });
    carrier.fill('drains', this.#drains);
    this.#drainCount = carrier.value('drainCount', this.#drainCount);
    carrier.fills({
      bought: this.#bought,
      leaseRows: this.#leaseRows,
      shares: this.#shares,
      holds: this.#holds,
    });
  }
}

/** Lognormal with the valuation's mean and coefficient of variation, one draw a job. */
function drawWorth(
  count: number,
  { nodeHour, spread }: Valuation,
  stream: ReturnType<typeof randomStream>,
): Float64Array {
  const sigma = Math.sqrt(Math.log(1 + spread * spread));
  return Float64Array.from(
    { length: count },
    () => nodeHour * Math.exp(sigma * stream.normal() - (sigma * sigma) / 2),
  );
}

/** Classes as the cluster fills them; the organisation's own jobs run on any of its nodes. */
function inFillingOrder(
  nodes: Readonly<Record<string, number>>,
  nodeClasses: readonly string[],
): Record<string, number> {
  const rest = Object.keys(nodes).filter((nodeClass) => !nodeClasses.includes(nodeClass));
  return Object.fromEntries(
    [...rest, ...nodeClasses]
      .filter((nodeClass) => nodes[nodeClass] !== undefined)
      .map((nodeClass) => [nodeClass, nodes[nodeClass]!]),
  );
}
