/**
 * User estimates for modelled run times, after Tsafrir, Etsion & Feitelson (JSSPP 2005): about 20
 * popular values cover about 90 % of jobs, and run time over estimate is nearly uniform with a
 * spike at 1. The numbers are defaults from memory that a scenario can change, not citations.
 */
import type { JobTable } from '../../core/demand/jobs.ts';
import type { RandomStream } from '../../core/kernel/random.ts';

export interface EstimateModel {
  /** Share of jobs whose estimate is one of the popular values. */
  readonly popularShare: number;
  /** Share of jobs that use all of their estimate (before rounding up to a popular value). */
  readonly exactShare: number;
  /** Ascending, seconds; no estimate is longer than the last, unless the job itself is. */
  readonly popularSeconds: readonly number[];
}

const MINUTE = 60;
const HOUR = 3_600;

/** [mem] editable: 20 round values between 5 minutes and 48 hours. */
export const DEFAULT_ESTIMATES: EstimateModel = {
  popularShare: 0.9,
  exactShare: 0.15,
  popularSeconds: [
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    20 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    4 * HOUR,
    5 * HOUR,
    6 * HOUR,
    8 * HOUR,
    10 * HOUR,
    12 * HOUR,
    15 * HOUR,
    18 * HOUR,
    20 * HOUR,
    24 * HOUR,
    36 * HOUR,
    48 * HOUR,
  ],
};

/** Fills in the estimates of a table; never below the run time. */
export function estimateJobs(jobs: JobTable, model: EstimateModel, stream: RandomStream): void {
  const popular = model.popularSeconds;
  const longest = popular[popular.length - 1]!;
  for (let i = 0; i < jobs.count; i++) {
    const run = jobs.runSeconds[i]!;
    const exact = stream.uniform() < model.exactShare;
    const accuracy = 1 - stream.uniform();
    const rounds = stream.uniform() < model.popularShare;
    const wished = Math.max(run, Math.min(longest, exact ? run : run / accuracy));
    const up = rounds ? popular.find((value) => value >= wished) : undefined;
    jobs.estimateSeconds[i] = up ?? Math.ceil(wished);
  }
}
