/**
 * A batch cluster whose nodes come and go while it runs. It is driven from outside: the world asks
 * when it next changes by itself, lets it catch up, and takes nodes from it or gives it some.
 *
 * All operations happen at `nowMs`, after everything that was due then: call `advance` first.
 * At one instant the order is: submissions (a pass after each), ends of jobs in order of starting
 * (a pass after each), planned starts, deadlines of nodes, patience. With own nodes alone the
 * history is that of `replay.ts`, times 1,000.
 *
 * Jobs that are stopped keep their place in the queue. One that can be checkpointed keeps its
 * progress, less the time to write the checkpoint; any other begins anew. The node-time lost is
 * counted, and a job's wait is all its time in the system without useful progress.
 */
import type { Carrier } from '../../../core/kernel/carried.ts';
import type { JobTable } from '../../../core/demand/jobs.ts';
import { invariant } from '../../../core/kernel/errors.ts';
import { SECOND_MS } from '../../../core/kernel/units.ts';
import type { NodeMs, TimeMs } from '../../../core/kernel/units.ts';
import { HeapQueue } from '../../queue/heap-queue.ts';
import { BatchJobs, JOB_STATE } from './batch-jobs.ts';
import type { BatchJobOptions } from './batch-jobs.ts';
import { BatchMachine } from './batch-machine.ts';
import type { BatchScheduler, SegmentListener } from './batch-machine.ts';
import { Capacity } from './capacity.ts';
import type { Preemption, PreemptionCost } from './capacity.ts';
import { BackfillScheduler } from './cluster-backfill.ts';
import { ConservativeScheduler } from './cluster-conservative.ts';
import { PolicyScheduler } from './cluster-policy.ts';
import type { NodeGroup } from './node-groups.ts';
import { Outlook } from './outlook.ts';
import { DEFAULT_PRIORITY, FairSharePolicy } from './replay-fair-share.ts';
import type { PrioritySettings } from './replay-fair-share.ts';
import type { PolicyMachine } from './replay-policy.ts';
import { PredictionPolicy } from './replay-prediction.ts';
import { queueOrder } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';
import { WhatIf } from './what-if.ts';
import type { GivenAway, Shift } from './what-if.ts';

export interface BatchClusterOptions extends BatchJobOptions {
  readonly scheduler: Scheduler;
  /** Weights of `maui`, where other than the default. */
  readonly priority?: Partial<PrioritySettings>;
  /** Own nodes by class; the class named first is filled first. */
  readonly homeNodes: Readonly<Record<string, number>>;
  /** A job leaves the queue when its patience is over; default true. */
  readonly abandons?: boolean;
  /** Hears of every run of a job when it ends or is stopped. */
  readonly onSegment?: SegmentListener;
  /** Start of the simulation; default 0. No job may be submitted before it. */
  readonly startMs?: TimeMs;
}

export interface DrainOptions {
  /** When the nodes are to be handed over; default at once. Until then short jobs may use them. */
  readonly byMs?: TimeMs;
  /** When they are expected back, for the plan; default unknown. */
  readonly returnMs?: TimeMs;
  /** Whether running jobs are stopped for it now; default `never`. */
  readonly preemption?: Preemption;
}

export class BatchCluster {
  readonly jobs: BatchJobs;
  readonly #machine: BatchMachine;
  readonly #scheduler: BatchScheduler;
  readonly #capacity: Capacity;
  readonly #abandons: boolean;
  /** Rows by the instant after their patience; stale once the job runs or is done. */
  readonly #patience = new HeapQueue();
  #nextRow = 0;
  #unresolved = 0;
  #busyNodeMs = 0;
  /** The one asked for last stands last. */
  readonly #outlooks = [new Outlook(), new Outlook()];
  readonly #whatIf = new WhatIf();

  /** @param table jobs in (submit, row) order, with nodes for processors */
  constructor(table: JobTable, options: BatchClusterOptions) {
    this.jobs = new BatchJobs(table, options);
    const order = queueOrder(options.scheduler);
    this.#machine = new BatchMachine(this.jobs, options.startMs ?? 0, options.onSegment, order);
    this.#scheduler = createScheduler(this.#machine, table, options);
    this.#capacity = new Capacity(this.#machine, this.#scheduler, (row) => this.#requeue(row));
    this.#machine.beforeTaking = () => this.#scheduler.unplan();
    this.#abandons = options.abandons ?? true;
    for (const [groupId, nodes] of Object.entries(options.homeNodes)) {
      if (nodes > 0) this.#capacity.add(groupId, nodes, Infinity);
    }
    for (let row = 0; row < this.jobs.count; row++) {
      if (this.jobs.state[row] !== JOB_STATE.dropped) this.#unresolved += 1;
    }
    this.#skipDropped();
  }

  get nowMs(): TimeMs {
    return this.#machine.nowMs;
  }

  /** When the cluster next changes by itself; Infinity when never. */
  nextEventMs(): TimeMs {
    const { jobs } = this;
    const submitMs = this.#nextRow < jobs.count ? jobs.submitMs[this.#nextRow]! : Infinity;
    return Math.min(
      submitMs,
      this.#machine.ends.nextTimeMs(),
      this.#scheduler.nextStartMs(),
      this.#capacity.nextExpiryMs(),
      this.#patience.peekTime(),
    );
  }

  /** Does everything that is due until then, the instant included. */
  advance(nowMs: TimeMs): void {
    invariant(nowMs >= this.nowMs, `${nowMs} ms is before now (${this.nowMs} ms)`);
    for (let atMs = this.nextEventMs(); atMs <= nowMs; atMs = this.nextEventMs()) {
      this.#happen(atMs);
    }
    this.#moveClock(nowMs);
  }

  #happen(atMs: TimeMs): void {
    const machine = this.#machine;
    const scheduler = this.#scheduler;
    const { jobs } = this;
    this.#moveClock(atMs);
    machine.releaseElapsed();
    while (this.#nextRow < jobs.count && jobs.submitMs[this.#nextRow]! <= atMs) this.#submit();
    while (machine.ends.nextTimeMs() <= atMs) {
      const job = machine.ends.next()!;
      machine.finish(job);
      scheduler.ended?.(job.row);
      this.#unresolved -= 1;
      scheduler.pass();
    }
    if (scheduler.nextStartMs() <= atMs) scheduler.startDue();
    if (this.#capacity.nextExpiryMs() <= atMs) {
      this.#capacity.expire();
      scheduler.pass();
    }
    while (this.#patience.peekTime() <= atMs) this.#losePatience(this.#patience.pop());
    if (machine.changed) scheduler.pass();
  }

  #moveClock(nowMs: TimeMs): void {
    this.#busyNodeMs += this.#machine.busyNodes * (nowMs - this.#machine.nowMs);
    this.#machine.nowMs = nowMs;
  }

  #submit(): void {
    const row = this.#nextRow++;
    this.#skipDropped();
    invariant(this.jobs.submitMs[row]! >= this.nowMs, `row ${row} is not in order of submission`);
    this.jobs.state[row] = JOB_STATE.queued;
    this.#watchPatience(row);
    this.#scheduler.submit(row);
  }

  #skipDropped(): void {
    const { state, count } = this.jobs;
    while (this.#nextRow < count && state[this.#nextRow] === JOB_STATE.dropped) this.#nextRow += 1;
  }

  #requeue(row: number): void {
    this.#scheduler.requeue(row);
    this.#watchPatience(row);
  }

  #watchPatience(row: number): void {
    if (!this.#abandons) return;
    // A start at the last instant still counts: patience is over one millisecond later.
    this.#patience.push(Math.max(this.nowMs, this.jobs.patienceEndMs(row)) + 1, 0, row);
  }

  #losePatience(row: number): void {
    const { jobs } = this;
    if (jobs.state[row] !== JOB_STATE.queued || this.nowMs <= jobs.patienceEndMs(row)) return;
    this.#scheduler.leave(row);
    jobs.state[row] = JOB_STATE.abandoned;
    jobs.endMs[row] = this.nowMs;
    this.#unresolved -= 1;
  }

  /**
   * Nodes become usable. The group is made by its first nodes; more may follow with the same
   * deadline.
   *
   * @param deadlineMs instant by which the work must have stopped; Infinity for own nodes
   */
  addNodes(groupId: string, nodes: number, deadlineMs: TimeMs = Infinity): void {
    this.#capacity.add(groupId, nodes, deadlineMs);
    this.#scheduler.pass();
  }

  /**
   * Nodes leave at once, free ones first, and are not expected back.
   *
   * @param how whether jobs on them could still write a checkpoint
   */
  removeNodes(groupId: string, nodes: number, how: 'checkpoint' | 'kill'): void {
    this.#capacity.remove(groupId, nodes, how);
    this.#scheduler.pass();
  }

  /** Everything of a group leaves; nothing happens when there is no such group (any more). */
  removeGroup(groupId: string, how: 'checkpoint' | 'kill'): void {
    const group = this.#capacity.groups.get(groupId);
    if (group && group.nodes > 0) this.removeNodes(groupId, group.nodes, how);
  }

  /**
   * A lease is recalled: from now on nothing is started that would run beyond the new deadline, and
   * what still runs then is stopped. A later deadline than agreed changes nothing.
   */
  bringForward(groupId: string, deadlineMs: TimeMs): void {
    this.#capacity.bringForward(groupId, deadlineMs);
    if (deadlineMs <= this.nowMs) this.#capacity.expire();
    this.#scheduler.pass();
  }

  /**
   * Own nodes are drained for an offer: free nodes first, then those of running jobs by earliest
   * estimated end, then by lowest row. A node that becomes free meanwhile takes the place of one
   * that is overdue.
   *
   * @returns what was stopped for it
   */
  drain(
    drainId: string,
    homeId: string,
    nodes: number,
    { byMs = this.nowMs, returnMs = Infinity, preemption = 'never' }: DrainOptions = {},
  ): PreemptionCost {
    const cost = this.#capacity.drain(drainId, homeId, nodes, byMs, returnMs, preemption);
    this.#scheduler.pass();
    return cost;
  }

  /** The nodes of a drain are handed over now: what still runs on them is stopped. */
  fulfil(drainId: string): PreemptionCost {
    const drain = this.#capacity.get(drainId);
    const cost = this.#capacity.preempt(drain, drain.nodes, 'any');
    this.#scheduler.pass();
    return cost;
  }

  /** Nodes of a drain that nothing runs on, of how many. Handing over needs them all. */
  drained(drainId: string): { readonly nodes: number; readonly free: number } {
    const { nodes, free } = this.#capacity.get(drainId);
    return { nodes, free };
  }

  /** Nodes of a drain are own nodes again: it was called off, or a borrower gave them back. */
  undrain(drainId: string, nodes: number = this.#capacity.get(drainId).nodes): void {
    this.#capacity.undrain(drainId, nodes);
    this.#scheduler.pass();
  }

  /**
   * What it would cost to have so many nodes of a group free now. It costs more where older offers
   * of the group are overdue, because they are served first.
   */
  preemptionCost(groupId: string, nodes: number, preemption: Preemption): PreemptionCost {
    const group = this.#capacity.get(groupId);
    return this.#capacity.preemptionCost(group, nodes - group.free, preemption);
  }

  /** The nodes of a group at this moment; zeros for a group that is not there (any more). */
  nodes(groupId: string): { readonly nodes: number; readonly free: number } {
    const { nodes, free } = this.#capacity.groups.get(groupId) ?? { nodes: 0, free: 0 };
    return { nodes, free };
  }

  /** All groups, for whoever wants to look. */
  groups(): Iterable<Readonly<NodeGroup>> {
    return this.#capacity.groups.values();
  }

  /**
   * What estimates and the queue say about [now, until). Good until the cluster changes or is
   * asked about two other times; do not keep it.
   */
  outlook(untilMs: TimeMs): Outlook {
    const known = this.#outlooks.find((outlook) => outlook.isCurrent(this.#machine, untilMs));
    if (known) return known;
    const outlook = this.#outlooks.shift()!;
    outlook.make(this.#machine, this.#scheduler, untilMs);
    this.#outlooks.push(outlook);
    return outlook;
  }

  /** Waiting jobs that giving nodes away would move; null where running jobs are on them. */
  shifts(given: GivenAway): Shift[] | null {
    return this.#whatIf.shifts(this.#machine, this.#scheduler, given);
  }

  /**
   * Start that the scheduler has promised to a waiting job; Infinity without a promise. Under
   * `conservative` every waiting job that can run has one, otherwise only the first in the queue.
   */
  reservedStartMs(row: number): TimeMs {
    return this.#scheduler.reservedStartMs(row);
  }

  /** Rows that wait, in order. */
  queuedRows(): Iterable<number> {
    return this.#machine.queue;
  }

  get queuedJobs(): number {
    return this.#machine.queue.length;
  }

  get runningJobs(): number {
    return this.#machine.running.length;
  }

  /** Node-time that running and waiting jobs will still take, by their estimates. */
  backlogNodeMs(): NodeMs {
    const { jobs } = this;
    let backlog = 0;
    for (const { row, estimatedEndMs } of this.#machine.running) {
      backlog += jobs.nodes[row]! * (estimatedEndMs - this.nowMs);
    }
    for (const row of this.#machine.queue) backlog += jobs.nodes[row]! * jobs.estimateLeftMs(row);
    return backlog;
  }

  /** When every job that runs now should have ended; now where none does. */
  get lastEstimatedEndMs(): TimeMs {
    return Math.max(this.nowMs, this.#machine.running.at(-1)?.estimatedEndMs ?? 0);
  }

  get busyNodes(): number {
    return this.#machine.busyNodes;
  }

  /** Node-time that jobs held nodes for, lost time included, up to now. */
  get busyNodeMs(): NodeMs {
    return this.#busyNodeMs;
  }

  /**
   * Node-time of runs that was lost because jobs were stopped: work done again, checkpoints written
   * and read.
   */
  get lostNodeMs(): NodeMs {
    return this.#machine.lostNodeMs;
  }

  /** Every job has completed, was abandoned or could not run at all. */
  isResolved(): boolean {
    return this.#unresolved === 0;
  }

  carry(carrier: Carrier): void {
    carrier.parts({
      machine: this.#machine,
      scheduler: this.#scheduler,
      capacity: this.#capacity,
      patience: this.#patience,
    });
    this.#nextRow = carrier.value('nextRow', this.#nextRow);
    this.#unresolved = carrier.value('unresolved', this.#unresolved);
    this.#busyNodeMs = carrier.value('busyNodeMs', this.#busyNodeMs);
  }
}

function createScheduler(
  machine: BatchMachine,
  table: JobTable,
  { scheduler, priority }: BatchClusterOptions,
): BatchScheduler {
  switch (scheduler) {
    case 'fcfs':
    case 'sjf':
    case 'ljf':
      return new BackfillScheduler(machine, 'none');
    case 'easy':
      return new BackfillScheduler(machine, 'submission');
    case 'easy-sjbf':
      return new BackfillScheduler(machine, 'estimate');
    case 'conservative':
      return new ConservativeScheduler(machine);
    case 'easy++':
      return new PolicyScheduler(machine, new PredictionPolicy(inSeconds(machine, table)));
    case 'maui': {
      const settings = { ...DEFAULT_PRIORITY, ...priority };
      return new PolicyScheduler(machine, new FairSharePolicy(inSeconds(machine, table), settings));
    }
  }
}

/** The cluster as policies see it, which count in seconds. */
function inSeconds(machine: BatchMachine, table: JobTable): PolicyMachine {
  return {
    table,
    get now() {
      return machine.nowMs / SECOND_MS;
    },
    estimate: (row) => machine.jobs.estimateMs[row]! / SECOND_MS,
  };
}
