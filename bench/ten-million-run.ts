/**
 * `ten-million-run.ts JOBS [FILE]`: prints what a replay takes that holds only jobs that wait or run, of
 * generated jobs or of a log in a file: seconds and megabytes as JSON.
 */
import { emptyJobTable } from '../core/demand/jobs.ts';
import { ReplayStream } from '../sim/clusters/batch/replay-stream.ts';
import { SwfStream } from '../workloads/formats/swf-stream.ts';
import { GeneratedJobs } from './generated-jobs.ts';
import { MIX } from './ten-million-mix.ts';

const PIECE = 10_000;
const WARM_JOBS = 200_000;

/** What is printed. */
export interface StreamedRun {
  /** CPU seconds of the replay; with a file, of reading it too. */
  readonly seconds: number;
  readonly peakMegabytes: number;
  readonly jobs: number;
  readonly meanWaitSeconds: number;
}

function newReplay(): ReplayStream {
  return new ReplayStream({ processors: MIX.processors, scheduler: 'easy' });
}

/** Making the jobs is not counted. */
function replayGenerated(jobs: number) {
  const generated = new GeneratedJobs(MIX);
  const piece = emptyJobTable(PIECE);
  const replay = newReplay();
  let micros = 0;
  const timed = <Result>(work: () => Result): Result => {
    const before = process.cpuUsage();
    const result = work();
    const { user, system } = process.cpuUsage(before);
    micros += user + system;
    return result;
  };
  for (let count = 0; count < jobs; count += PIECE) {
    generated.fill(piece);
    timed(() => replay.feed(piece));
  }
  const figures = timed(() => replay.finish());
  return { seconds: micros / 1e6, figures };
}

async function replayFile(path: string) {
  const before = process.cpuUsage();
  const replay = newReplay();
  for (const { jobs } of new SwfStream(path).pieces()) replay.feed(jobs);
  const figures = replay.finish();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (user + system) / 1e6, figures };
}

const [jobs, path] = process.argv.slice(2);
// Compilation is not counted either.
replayGenerated(WARM_JOBS);
const { seconds, figures } = path ? await replayFile(path) : replayGenerated(Number(jobs));
const run: StreamedRun = {
  seconds,
  peakMegabytes: process.resourceUsage().maxRSS / 1_000,
  jobs: figures.jobs,
  meanWaitSeconds: figures.meanWaitSeconds,
};
process.stdout.write(`${JSON.stringify(run)}\n`);
