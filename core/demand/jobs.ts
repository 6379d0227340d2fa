/**
 * Batch demand: a table of jobs in columns, so that millions of jobs stay out of the object heap.
 *
 * One row is one job. Rows are in (submit, file) order. Times are seconds, as in the Standard
 * Workload Format, because every published log and every oracle counts in seconds.
 */
export interface JobTable {
  readonly count: number;
  /** Number of the job in its log; what a person would look for. */
  readonly jobNumber: Float64Array;
  /** Seconds since the start of the log. */
  readonly submitSeconds: Float64Array;
  readonly runSeconds: Float64Array;
  /** The user's estimate, seconds; equal to the run time where the log has none. */
  readonly estimateSeconds: Float64Array;
  /** Processors, or nodes after `toNodes`. */
  readonly processors: Int32Array;
  /** −1 where unknown. */
  readonly user: Int32Array;
}

export function emptyJobTable(count: number): JobTable {
  return {
    count,
    jobNumber: new Float64Array(count),
    submitSeconds: new Float64Array(count),
    runSeconds: new Float64Array(count),
    estimateSeconds: new Float64Array(count),
    processors: new Int32Array(count),
    user: new Int32Array(count).fill(-1),
  };
}
