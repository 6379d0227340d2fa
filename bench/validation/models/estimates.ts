/**
 * Users' estimates of modelled jobs beside those of real logs. Nothing is published as a band for
 * them, so nothing fails here: the table shows where the model is not like the logs.
 */
import type { JobTable } from '../../../core/demand/jobs.ts';
import { randomStream } from '../../../core/kernel/random.ts';
import { DEFAULT_ESTIMATES, estimateJobs } from '../../../workloads/models/estimates.ts';
import { lublinJobs, lublinSetup } from '../../../workloads/models/lublin.ts';

export interface EstimateFigures {
  /** Jobs with a run time and an estimate. */
  readonly jobs: number;
  /** Share of jobs whose estimate is one of the so many most frequent ones. */
  readonly top1: number;
  readonly top20: number;
  /** Run time over estimate below 0.1, and within 1 % of 1. */
  readonly underTenth: number;
  readonly spike: number;
}

export const ESTIMATE_LOGS = [
  ['KTH-SP2', 'KTH-SP2-1996-2.1-cln'],
  ['CTC-SP2', 'CTC-SP2-1996-3.1-cln'],
  ['HPC2N', 'HPC2N-2002-2.2-cln'],
] as const;

/** Counted in the logs; test/data/models.data.ts counts again. */
export const ESTIMATES_OF_LOGS: Readonly<Record<string, EstimateFigures>> = {
  'KTH-SP2': { jobs: 27_992, top1: 0.1005, top20: 0.751, underTenth: 0.274, spike: 0.117 },
  'CTC-SP2': { jobs: 77_199, top1: 0.2377, top20: 0.8887, underTenth: 0.272, spike: 0.056 },
  HPC2N: { jobs: 202_871, top1: 0.0888, top20: 0.6967, underTenth: 0.322, spike: 0.055 },
};

export function estimateFigures({ runSeconds, estimateSeconds, count }: JobTable): EstimateFigures {
  const byEstimate = new Map<number, number>();
  let jobs = 0;
  let underTenth = 0;
  let spike = 0;
  for (let i = 0; i < count; i++) {
    const [run, estimate] = [runSeconds[i]!, estimateSeconds[i]!];
    if (!(run > 0 && estimate > 0)) continue;
    jobs += 1;
    byEstimate.set(estimate, (byEstimate.get(estimate) ?? 0) + 1);
    if (run / estimate < 0.1) underTenth += 1;
    if (Math.abs(run / estimate - 1) <= 0.01) spike += 1;
  }
  const counts = [...byEstimate.values()].sort((a, b) => b - a);
  const top = (many: number) => counts.slice(0, many).reduce((sum, each) => sum + each, 0) / jobs;
  return { jobs, top1: top(1), top20: top(20), underTenth: underTenth / jobs, spike: spike / jobs };
}

/** 50,000 jobs of the Lublin–Feitelson model with estimates as shipped. */
export function modelledEstimates(): EstimateFigures {
  const stream = (purpose: string) =>
    randomStream({ seed: 1, replication: 0, entity: 'estimates', purpose });
  const jobs = lublinJobs(lublinSetup('whole', 128, undefined, 1), Infinity, 50_000, stream);
  for (let i = 0; i < jobs.count; i++) jobs.runSeconds[i] = Math.max(1, jobs.runSeconds[i]!);
  estimateJobs(jobs, DEFAULT_ESTIMATES, stream('estimates'));
  return estimateFigures(jobs);
}
