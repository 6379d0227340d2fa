/** Prints what a million jobs and their waits take beyond the bare process: megabytes as JSON. */
import { emptyJobTable } from '../core/demand/jobs.ts';
import { replayJobs } from '../sim/clusters/batch/replay.ts';
import { cpuSeconds } from './benchmark.ts';

const JOBS = 1_000_000;
const PROCESSORS = 1_000;
const MEGABYTE = 1e6;

/** About 70 % load, sizes and run times spread widely. */
function table(count: number) {
  const jobs = emptyJobTable(count);
  let state = 3;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 4_294_967_296;
  };
  let submit = 0;
  for (let row = 0; row < count; row++) {
    submit += Math.floor(-Math.log(uniform()) * 260);
    const estimate = 60 * Math.ceil(-Math.log(uniform()) * 120);
    jobs.jobNumber[row] = row + 1;
    jobs.submitSeconds[row] = submit;
    jobs.estimateSeconds[row] = estimate;
    jobs.runSeconds[row] = 1 + Math.floor(uniform() * estimate);
    jobs.processors[row] = Math.min(PROCESSORS, Math.ceil(-Math.log(uniform()) * 50));
  }
  return jobs;
}

function collect(): void {
  const { gc } = globalThis;
  if (!gc) throw new Error('run with --expose-gc');
  gc();
}

// Everything is compiled before the first look at memory.
replayJobs(table(20_000), { processors: PROCESSORS, scheduler: 'easy' });
collect();
const before = process.memoryUsage.rss();
const jobs = table(JOBS);
let result: { readonly waitSeconds: Float64Array } = { waitSeconds: new Float64Array(0) };
const seconds = cpuSeconds(() => {
  result = replayJobs(jobs, { processors: PROCESSORS, scheduler: 'easy' });
});
const peak = process.resourceUsage().maxRSS * 1024;
collect();
const after = process.memoryUsage.rss();
if (result.waitSeconds.length !== jobs.count) throw new Error('the jobs were not kept');
const megabytes = (bytes: number) => bytes / MEGABYTE / (JOBS / 1e6);
process.stdout.write(
  `${JSON.stringify({
    resident: megabytes(after - before),
    peak: megabytes(peak - before),
    jobsPerSecond: JOBS / seconds,
  })}\n`,
);
