/** Prints what the replay of a deep queue takes: seconds, megabytes and jobs as JSON. */
import { replayJobs } from '../sim/clusters/batch/replay.ts';
import type { Scheduler } from '../sim/clusters/batch/scheduler.ts';
import { cpuSeconds } from './benchmark.ts';
import { generatedJobs } from './generated-jobs.ts';

const JOBS = 300_000;
const PROCESSORS = 65_536;
const ROUNDS = 4;

/** What is printed. */
export interface DeepQueueRun {
  readonly firstSeconds: number;
  readonly bestSeconds: number;
  readonly shortestFirstSeconds: number;
  readonly fcfsSeconds: number;
  readonly peakMegabytes: number;
  readonly meanQueue: number;
}

const jobs = generatedJobs(JOBS, { processors: PROCESSORS, load: 1.3, largest: 4_096 });
let meanQueue = 0;
const seconds = (scheduler: Scheduler) =>
  cpuSeconds(() => {
    const result = replayJobs(jobs, { processors: PROCESSORS, scheduler });
    meanQueue = (result.meanWaitSeconds * result.jobs) / result.makespanSeconds;
  });
const best = (scheduler: Scheduler) =>
  Math.min(...Array.from({ length: ROUNDS }, () => seconds(scheduler)));

const firstSeconds = seconds('easy');
const peakMegabytes = process.resourceUsage().maxRSS / 1_000;
const run: DeepQueueRun = {
  firstSeconds,
  peakMegabytes,
  meanQueue,
  bestSeconds: best('easy'),
  shortestFirstSeconds: best('easy-sjbf'),
  fcfsSeconds: best('fcfs'),
};
process.stdout.write(`${JSON.stringify(run)}\n`);
