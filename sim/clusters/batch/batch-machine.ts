/** What runs where: nodes, running jobs, the queue, and the plan that schedulers read. */
import type { Carried, Carrier } from '../../../core/kernel/carried.ts';
import { invariant } from '../../../core/kernel/errors.ts';
import type { NodeMs, TimeMs } from '../../../core/kernel/units.ts';
import { EventQueue } from '../../queue/event-queue.ts';
import type { EventToken } from '../../queue/event-queue.ts';
import { HeapQueue } from '../../queue/heap-queue.ts';
import { JOB_STATE } from './batch-jobs.ts';
import type { BatchJobs } from './batch-jobs.ts';
import { GroupPlan } from './group-plan.ts';
import type { PoolPart } from './group-plan.ts';
import { JobQueue } from './job-queue.ts';
import type { QueueOrder } from './job-queue.ts';
import { chooseNodes } from './node-groups.ts';
import type { NodeGroup, NodeRequest, Part } from './node-groups.ts';

/** One run of a job, from its start to its end or interruption. */
export interface RunningJob {
  readonly row: number;
  /** Order of starting. */
  readonly sequence: number;
  readonly startMs: TimeMs;
  /** At most: reading a checkpoint first. */
  readonly restartTimeMs: number;
  readonly endMs: TimeMs;
  readonly estimatedEndMs: TimeMs;
  /** When it must stop at the latest, because nodes of it have to be given up. */
  stopMs: TimeMs;
  parts: Part[];
  token: EventToken;
  /** The nodes were given back already, because the estimated end is now. */
  released: boolean;
}

/** What a scheduler does in a cluster. */
export interface BatchScheduler extends Carried {
  /** A job arrived: it is in no queue yet. A pass over it follows at once. */
  submit(row: number): void;
  /** An interrupted job waits again; a pass follows later. */
  requeue(row: number): void;
  /** A job ran to its end; a pass follows at once. For schedulers that learn from it. */
  ended?(row: number): void;
  /** A waiting job leaves; a pass follows later. */
  leave(row: number): void;
  /** Starts whatever may start now. */
  pass(): void;
  /** Nodes are about to be taken away: forgets what was planned on them. A pass follows. */
  unplan(): void;
  /** Nodes came in. A pass follows. */
  nodesAdded(): void;
  /** Start that a waiting job is promised; Infinity without one. */
  reservedStartMs(row: number): TimeMs;
  /** The next start that is planned by itself; Infinity for none. */
  nextStartMs(): TimeMs;
  startDue(): void;
}

export type SegmentListener = (row: number, fromMs: TimeMs, toMs: TimeMs, nodes: number) => void;

export class BatchMachine {
  nowMs: TimeMs;
  /** Nodes were freed, taken or added since the scheduler last looked. */
  changed = false;
  /** Until when freed nodes were planned to be busy: the latest since a scheduler reset it. */
  vacatedUntilMs = -Infinity;
  /** Counts every change of nodes, running jobs or queue. */
  version = 0;
  lostNodeMs: NodeMs = 0;
  busyNodes = 0;
  readonly jobs: BatchJobs;
  readonly queue: JobQueue;
  readonly plan: GroupPlan;
  /** By (estimated end, order of starting). */
  readonly running: RunningJob[] = [];
  readonly ends = new EventQueue<RunningJob>(new HeapQueue());
  /** Offers whose nodes are not back yet, in order of making. */
  readonly drains: NodeGroup[] = [];
  /** Called before nodes change places that something may be planned on. */
  beforeTaking: () => void = () => {};
  readonly #onSegment: SegmentListener | undefined;
  #sequence = 0;

  constructor(
    jobs: BatchJobs,
    nowMs: TimeMs,
    onSegment: SegmentListener | undefined,
    order: QueueOrder = 'submission',
  ) {
    this.queue = new JobQueue(order);
    this.jobs = jobs;
    this.nowMs = nowMs;
    this.plan = new GroupPlan(nowMs);
    this.#onSegment = onSegment;
  }

  request(row: number): NodeRequest {
    const { jobs } = this;
    return {
      nodes: jobs.nodes[row]!,
      estimateMs: jobs.estimateLeftMs(row),
      needMs: jobs.needMs(row),
    };
  }

  /** Free nodes in all groups that can be used. */
  freeNodes(): number {
    let free = 0;
    for (const group of this.plan.groups) free += group.free;
    return free;
  }

  /** Nodes on which the job could start now; null when it cannot. */
  chooseNow(request: NodeRequest): Part[] | null {
    const { groups } = this.plan;
    // Most jobs that wait are turned away here, without a look at what lasts how long.
    if (this.freeNodes() < request.nodes) return null;
    const counts = chooseNodes(groups, request, this.nowMs, (index) => groups[index]!.free);
    if (!counts) return null;
    const parts: Part[] = [];
    for (let i = 0; i < counts.length; i++) {
      if (counts[i]! > 0) parts.push({ group: groups[i]!, nodes: counts[i]! });
    }
    return parts;
  }

  /** Free nodes for what was reserved; null when they are not there. */
  chooseReserved(reserved: readonly PoolPart[]): Part[] | null {
    const parts: Part[] = [];
    for (const { pool, nodes } of reserved) {
      let left = nodes;
      for (const group of pool.groups) {
        const taken = Math.min(left, group.free);
        if (taken > 0) parts.push({ group, nodes: taken });
        left -= taken;
      }
      if (left > 0) return null;
    }
    return parts;
  }

  /** Starts a job that is in no queue on these nodes. */
  start(row: number, parts: Part[]): void {
    const { jobs, nowMs } = this;
    const estimatedEndMs = nowMs + jobs.estimateLeftMs(row);
    const job: RunningJob = {
      row,
      sequence: this.#sequence++,
      startMs: nowMs,
      restartTimeMs: jobs.restartTimeMs(row),
      endMs: nowMs + jobs.runLeftMs(row),
      estimatedEndMs,
      stopMs: stopTimeMs(parts),
      parts,
      token: -1,
      released: false,
    };
    job.token = this.ends.schedule(job.endMs, 0, job);
    for (const { group, nodes } of parts) {
      group.free -= nodes;
      invariant(group.free >= 0, `group ${group.groupId} has no ${nodes} free nodes`);
    }
    this.plan.occupy(parts, nowMs, plannedEndMs(job));
    this.#insertRunning(job);
    jobs.state[row] = JOB_STATE.running;
    if (Number.isNaN(jobs.firstStartMs[row]!)) jobs.firstStartMs[row] = nowMs;
    this.busyNodes += jobs.nodes[row]!;
    this.version += 1;
  }

  /** A processor whose estimated end is now counts as free already. */
  releaseElapsed(): void {
    while (this.running.length > 0 && this.running[0]!.estimatedEndMs <= this.nowMs) {
      this.#release(this.running[0]!);
    }
  }

  /** The job is done: what `ends` handed out. */
  finish(job: RunningJob): void {
    if (!job.released) this.#release(job);
    this.jobs.state[job.row] = JOB_STATE.completed;
    this.jobs.endMs[job.row] = this.nowMs;
    this.lostNodeMs += this.jobs.nodes[job.row]! * job.restartTimeMs;
    this.#closeSegment(job);
  }

  /**
   * Stops a job and puts its row back to "waiting", in no queue.
   *
   * @param how `checkpoint`: the time to write one was its last; `kill`: it falls back to the
   *   last checkpoint, or to its beginning
   */
  interrupt(job: RunningJob, how: 'checkpoint' | 'kill'): void {
    const { jobs } = this;
    this.ends.cancel(job.token);
    if (!job.released) this.#release(job);
    const gainedMs = how === 'checkpoint' ? this.gainAtMs(job, this.nowMs) : 0;
    jobs.keptMs[job.row]! += gainedMs;
    jobs.interruptions[job.row]! += 1;
    jobs.state[job.row] = JOB_STATE.queued;
    this.lostNodeMs += this.jobs.nodes[job.row]! * (this.nowMs - job.startMs - gainedMs);
    this.#closeSegment(job);
  }

  /** Progress that a checkpoint finished at `atMs` would add. */
  gainAtMs(job: RunningJob, atMs: TimeMs): number {
    const { jobs } = this;
    if (jobs.checkpointable[job.row] !== 1) return 0;
    return Math.max(0, atMs - job.startMs - job.restartTimeMs - jobs.checkpointMs);
  }

  #release(job: RunningJob): void {
    job.released = true;
    this.running.splice(this.running.indexOf(job), 1);
    for (const { group, nodes } of job.parts) group.free += nodes;
    const untilMs = plannedEndMs(job);
    this.plan.vacate(job.parts, this.nowMs, untilMs);
    if (untilMs > this.nowMs) this.vacatedUntilMs = Math.max(this.vacatedUntilMs, untilMs);
    this.busyNodes -= this.jobs.nodes[job.row]!;
    this.changed = true;
    this.version += 1;
    for (const { group } of job.parts) if (group.kind === 'home') this.serveDrains(group);
  }

  #closeSegment(job: RunningJob): void {
    this.#onSegment?.(job.row, job.startMs, this.nowMs, this.jobs.nodes[job.row]!);
  }

  #insertRunning(job: RunningJob): void {
    let low = 0;
    let high = this.running.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.running[middle]!.estimatedEndMs <= job.estimatedEndMs) low = middle + 1;
      else high = middle;
    }
    this.running.splice(low, 0, job);
  }

  /**
   * Free nodes first: free own nodes take the place of nodes that are due for handing over but
   * still busy.
   */
  serveDrains(home: NodeGroup): void {
    for (const drain of this.drains) {
      if (home.free === 0) return;
      if (drain.home !== home || drain.deadlineMs > this.nowMs) continue;
      const nodes = Math.min(home.free, drain.nodes - drain.free);
      if (nodes > 0) this.relabel(drain, home, nodes);
    }
  }

  /** Busy nodes of `from` and as many free nodes of `to` change places; the latest end first. */
  relabel(from: NodeGroup, to: NodeGroup, nodes: number): void {
    this.beforeTaking();
    let left = nodes;
    for (let i = this.running.length - 1; i >= 0 && left > 0; i--) {
      const job = this.running[i]!;
      const part = job.parts.find(({ group }) => group === from);
      if (part) left -= this.movePart(job, part, to, Math.min(left, part.nodes));
    }
    invariant(left === 0, `group ${from.groupId} has no ${nodes} busy nodes`);
    from.free += nodes;
    to.free -= nodes;
  }

  /** Counts nodes of a running job to another group; returns their number. Plan follows. */
  movePart(job: RunningJob, part: Part, to: NodeGroup, nodes: number): number {
    const untilMs = plannedEndMs(job);
    this.plan.add(part.group, this.nowMs, untilMs, nodes);
    this.plan.add(to, this.nowMs, untilMs, -nodes);
    part.nodes -= nodes;
    const there = job.parts.find(({ group }) => group === to);
    if (there) there.nodes += nodes;
    else job.parts.push({ group: to, nodes });
    job.parts = job.parts.filter((member) => member.nodes > 0);
    return nodes;
  }

  carry(carrier: Carrier): void {
    this.nowMs = carrier.value('nowMs', this.nowMs);
    this.changed = carrier.value('changed', this.changed);
    this.vacatedUntilMs = carrier.value('vacatedUntilMs', this.vacatedUntilMs);
    this.version = carrier.value('version', this.version);
    this.lostNodeMs = carrier.value('lostNodeMs', this.lostNodeMs);
    this.busyNodes = carrier.value('busyNodes', this.busyNodes);
    carrier.parts({ jobs: this.jobs, queue: this.queue, plan: this.plan });
    carrier.fill('running', this.running);
    carrier.part('ends', this.ends);
    carrier.fill('drains', this.drains);
    this.#sequence = carrier.value('sequence', this.#sequence);
  }
}

/** When work on these nodes must stop at the latest. */
export function stopTimeMs(parts: readonly Part[]): TimeMs {
  let stopMs = Infinity;
  for (const { group } of parts) stopMs = Math.min(stopMs, group.deadlineMs);
  return stopMs;
}

/** When the plan counts on getting the nodes of a job back. */
export function plannedEndMs(job: RunningJob): TimeMs {
  return Math.min(job.estimatedEndMs, job.stopMs);
}
