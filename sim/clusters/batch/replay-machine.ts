/** The machine that a replay runs on: counted processors, running jobs, the queue. */
import type { JobTable } from '../../../core/demand/jobs.ts';
import { HeapQueue } from '../../queue/heap-queue.ts';
import { JobQueue } from './job-queue.ts';
import type { QueueOrder } from './job-queue.ts';
import { RunningJobs } from './running-jobs.ts';

/** What a scheduler does at each event of a replay. */
export interface ReplayScheduler {
  /** A job arrived; it is in no queue yet. A pass follows at once. */
  submit(job: number, size: number, estimate: number): void;
  /** Processors came back before the estimated end of their job. */
  releasedEarly(size: number, estimatedEnd: number): void;
  /** The pass after a termination: starts whatever may start now. */
  pass(): void;
  /** The next start that is planned by itself; Infinity for none. */
  nextStart(): number;
  /** Starts what was planned for now. */
  startDue(): void;
  /** Jobs stand in other rows now, in the same order. @param rows by old row; −1 for what has ended */
  renumbered(rows: Int32Array): void;
}

export class ReplayMachine {
  now = -Infinity;
  free: number;
  /** Processors came back since a scheduler last looked. */
  changed = false;
  readonly table: JobTable;
  readonly processors: number;
  readonly clairvoyant: boolean;
  readonly queue: JobQueue;
  readonly running = new RunningJobs();
  /** Jobs by actual end, ties in order of starting. */
  readonly terminations = new HeapQueue();
  /** By row, seconds. */
  startSeconds: Float64Array;

  constructor(
    table: JobTable,
    processors: number,
    clairvoyant: boolean,
    order: QueueOrder = 'submission',
  ) {
    this.queue = new JobQueue(order);
    this.table = table;
    this.processors = processors;
    this.clairvoyant = clairvoyant;
    this.free = processors;
    this.startSeconds = new Float64Array(table.count);
  }

  /** What the scheduler knows of a job's run time. */
  estimate(row: number): number {
    return this.clairvoyant ? runSeconds(this.table, row) : this.table.estimateSeconds[row]!;
  }

  /** Starts a job now. Its processors must be free. */
  start(job: number, size: number, estimate: number): void {
    this.free -= size;
    this.startSeconds[job] = this.now;
    this.running.insert(job, size, this.now + estimate);
    this.terminations.push(this.now + runSeconds(this.table, job), 0, job);
  }

  /** Counts the processors of jobs as free whose estimated end is reached. */
  releaseElapsed(): void {
    const freed = this.running.removeElapsed(this.now);
    if (freed === 0) return;
    this.free += freed;
    this.changed = true;
  }

  releaseEarly(job: number, estimatedEnd: number): void {
    this.running.remove(job, estimatedEnd);
    this.free += this.table.processors[job]!;
    this.changed = true;
  }
}

/** The run time, cut to the estimate. */
export function runSeconds(table: JobTable, row: number): number {
  const run = table.runSeconds[row]!;
  const estimate = table.estimateSeconds[row]!;
  return run < estimate ? run : estimate;
}
