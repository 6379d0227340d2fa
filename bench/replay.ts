/**
 * EASY replay of the two oracle logs, parse included (needs OCX_TRACES), and the memory that a
 * million resident jobs take.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { replayJobs } from '../sim/clusters/batch/replay.ts';
import { readSwf } from '../workloads/formats/swf.ts';
import { cpuSeconds } from './benchmark.ts';
import type { Benchmark, Figure } from './benchmark.ts';

const LOGS = [
  { log: 'KTH-SP2', processors: 100 },
  { log: 'SDSC-SP2', processors: 128 },
] as const;
const ROUNDS = 7;

export const replay: Benchmark = {
  name: 'replay',
  title: 'Batch logs: EASY replay with parsing, and memory of resident jobs',
  run() {
    const notes: string[] = [];
    const figures = [...replayFigures(notes), ...memoryFigures()];
    return { figures, notes };
  },
};

function replayFigures(notes: string[]): Figure[] {
  const folder = join(process.env['OCX_TRACES'] ?? '', 'scheduler-oracle');
  if (!existsSync(join(folder, `${LOGS[0].log}.input.swf.gz`))) {
    notes.push('replay: skipped, OCX_TRACES does not name a folder with scheduler-oracle/');
    return [];
  }
  let jobs = 0;
  const pass = (scheduler: 'easy' | 'conservative') => {
    jobs = 0;
    for (const { log, processors } of LOGS) {
      const { jobs: table } = readSwf(join(folder, `${log}.input.swf.gz`));
      jobs += replayJobs(table, { processors, scheduler }).jobs;
    }
  };
  const rate = (seconds: number) => jobs / seconds;
  const cold = cpuSeconds(() => pass('easy'));
  let best = cold;
  for (let round = 0; round < ROUNDS; round++)
    best = Math.min(
      best,
      cpuSeconds(() => pass('easy')),
    );
  const figure = { unit: 'jobs/CPU-s', better: 'more' } as const;
  const easy: Figure[] = [
    { what: 'EASY, both logs, best', value: rate(best), ...figure, must: 500_000, aim: 750_000 },
    { what: 'EASY, both logs, first time in a process', value: rate(cold), ...figure },
  ];
  const conservative = Math.min(...[1, 2, 3].map(() => cpuSeconds(() => pass('conservative'))));
  const value = rate(conservative);
  return [...easy, { what: 'conservative, both logs, best', value, ...figure }];
}

/** In a process of its own, so that nothing else counts. */
function memoryFigures(): Figure[] {
  const script = join(import.meta.dirname, 'resident-jobs.ts');
  const run = spawnSync(process.execPath, ['--expose-gc', script], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`resident-jobs.ts failed: ${run.stderr}`);
  const { resident, peak, jobsPerSecond } = JSON.parse(run.stdout) as Record<string, number>;
  const megabytes = { unit: 'MB per million', better: 'less' } as const;
  return [
    { what: 'resident jobs with their waits', value: resident!, ...megabytes, must: 64 },
    { what: 'the same at the peak of the replay', value: peak!, ...megabytes },
    { what: 'EASY, a million jobs', value: jobsPerSecond!, unit: 'jobs/CPU-s', better: 'more' },
  ];
}
