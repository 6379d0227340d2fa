/** The jobs of one cluster in whole milliseconds, with what became of each. */
import type { Carrier } from '../../../core/kernel/carried.ts';
import type { JobTable } from '../../../core/demand/jobs.ts';
import { DAY_MS, MINUTE_MS } from '../../../core/kernel/units.ts';
import type { NodeMs, TimeMs } from '../../../core/kernel/units.ts';

/** Least patience, and patience per requested time: what counts as "met" for batch demand. */
export const PATIENCE_MINIMUM_MS = DAY_MS;
export const PATIENCE_FACTOR = 4;
/** Time to write a checkpoint before a job is stopped, and to read it before it goes on. */
export const CHECKPOINT_MS = 5 * MINUTE_MS;
export const RESTART_MS = 5 * MINUTE_MS;
/** Shortest run worth starting on nodes that must be given up before the job is done. */
export const SEGMENT_MINIMUM_MS = 30 * MINUTE_MS;

export interface BatchJobOptions {
  /** The scheduler knows the run times; patience still goes by the user's request. */
  readonly clairvoyant?: boolean;
  /** Jobs that keep their progress when they are stopped; default none. */
  readonly isCheckpointable?: (row: number) => boolean;
  readonly checkpointMs?: number;
  readonly restartMs?: number;
  readonly segmentMinimumMs?: number;
  readonly patienceMinimumMs?: number;
  readonly patienceFactor?: number;
}

export const JOB_STATE = {
  /** Not submitted yet. */
  future: 0,
  queued: 1,
  running: 2,
  completed: 3,
  /** Left the queue when its patience was over. */
  abandoned: 4,
  /** Could not run anywhere: no nodes, no run time or no estimate. */
  dropped: 5,
} as const;

const SECOND_MS = 1_000;

export class BatchJobs {
  readonly count: number;
  readonly jobNumber: Float64Array;
  readonly nodes: Int32Array;
  readonly submitMs: Float64Array;
  /** Cut to the estimate. */
  readonly runMs: Float64Array;
  readonly estimateMs: Float64Array;
  /** Longest wait with which a job counts as met. */
  readonly patienceMs: Float64Array;
  /** 1 or 0. */
  readonly checkpointable: Uint8Array;

  /** By row, from `JOB_STATE`. */
  readonly state: Uint8Array;
  /** First start; NaN before. */
  readonly firstStartMs: Float64Array;
  /** Completion or abandonment; NaN before. */
  readonly endMs: Float64Array;
  /** Progress that checkpoints have kept. */
  readonly keptMs: Float64Array;
  /** How often the job was stopped before its end. */
  readonly interruptions: Int32Array;
  /** Rows dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;

  readonly checkpointMs: number;
  readonly restartMs: number;
  readonly #segmentMinimumMs: number;

  /** @param table in (submit, row) order, with nodes for processors */
  constructor(table: JobTable, options: BatchJobOptions = {}) {
    const { count } = table;
    this.count = count;
    this.jobNumber = table.jobNumber;
    this.nodes = table.processors;
    this.submitMs = new Float64Array(count);
    this.runMs = new Float64Array(count);
    this.estimateMs = new Float64Array(count);
    this.patienceMs = new Float64Array(count);
    this.checkpointable = new Uint8Array(count);
    this.state = new Uint8Array(count);
    this.firstStartMs = new Float64Array(count).fill(NaN);
    this.endMs = new Float64Array(count).fill(NaN);
    this.keptMs = new Float64Array(count);
    this.interruptions = new Int32Array(count);
    this.checkpointMs = options.checkpointMs ?? CHECKPOINT_MS;
    this.restartMs = options.restartMs ?? RESTART_MS;
    this.#segmentMinimumMs = options.segmentMinimumMs ?? SEGMENT_MINIMUM_MS;
    const patienceMinimumMs = options.patienceMinimumMs ?? PATIENCE_MINIMUM_MS;
    const patienceFactor = options.patienceFactor ?? PATIENCE_FACTOR;
    const dropped: Record<string, number> = {};
    for (let row = 0; row < count; row++) {
      const requestMs = Math.round(table.estimateSeconds[row]! * SECOND_MS);
      this.submitMs[row] = Math.round(table.submitSeconds[row]! * SECOND_MS);
      this.runMs[row] = Math.min(Math.round(table.runSeconds[row]! * SECOND_MS), requestMs);
      this.estimateMs[row] = options.clairvoyant ? this.runMs[row]! : requestMs;
      this.patienceMs[row] = Math.max(patienceMinimumMs, patienceFactor * requestMs);
      this.checkpointable[row] = options.isCheckpointable?.(row) ? 1 : 0;
      const reason = this.#dropReason(row);
      if (reason === null) continue;
      this.state[row] = JOB_STATE.dropped;
      dropped[reason] = (dropped[reason] ?? 0) + 1;
    }
    this.dropped = dropped;
  }

  #dropReason(row: number): string | null {
    if (this.nodes[row]! <= 0) return 'nodes-not-positive';
    if (!(this.runMs[row]! > 0)) return 'run-not-positive';
    if (!(this.estimateMs[row]! > 0)) return 'estimate-not-positive';
    return null;
  }

  /** Time that a start of this job loses to reading its checkpoint. */
  restartTimeMs(row: number): number {
    return this.keptMs[row]! > 0 ? this.restartMs : 0;
  }

  /** What is estimated to be left, reading the checkpoint included. */
  estimateLeftMs(row: number): number {
    return this.restartTimeMs(row) + this.estimateMs[row]! - this.keptMs[row]!;
  }

  /** What is really left. */
  runLeftMs(row: number): number {
    return this.restartTimeMs(row) + this.runMs[row]! - this.keptMs[row]!;
  }

  /** How long nodes must be there at least for the job to start on them. */
  needMs(row: number): number {
    const left = this.estimateLeftMs(row);
    return this.checkpointable[row] === 1 ? Math.min(left, this.#segmentMinimumMs) : left;
  }

  /** Last instant at which a start now without further interruption still meets the job. */
  patienceEndMs(row: number): TimeMs {
    return this.submitMs[row]! + this.keptMs[row]! + this.patienceMs[row]!;
  }

  /** Time in the system without useful progress; NaN before the end. */
  waitMs(row: number): number {
    return this.endMs[row]! - this.submitMs[row]! - this.runMs[row]!;
  }

  /** Completed, and waited no longer than its patience. */
  isMet(row: number): boolean {
    return this.state[row] === JOB_STATE.completed && this.waitMs(row) <= this.patienceMs[row]!;
  }

  nodeMs(row: number): NodeMs {
    return this.nodes[row]! * this.runMs[row]!;
  }

  carry(carrier: Carrier): void {
    carrier.fills({
      state: this.state,
      firstStartMs: this.firstStartMs,
      endMs: this.endMs,
      keptMs: this.keptMs,
      interruptions: this.interruptions,
    });
  }
}
