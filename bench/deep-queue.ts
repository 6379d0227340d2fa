/** A machine that is asked for a third more than it can do, so that thousands of jobs wait. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Benchmark } from './benchmark.ts';
import type { DeepQueueRun } from './deep-queue-run.ts';

export const deepQueue: Benchmark = {
  name: 'deep-queue',
  title: 'EASY replay of 300,000 generated jobs on 65,536 processors, thousands of them waiting',
  run() {
    // In a process of its own, so that nothing else counts.
    const script = join(import.meta.dirname, 'deep-queue-run.ts');
    const child = spawnSync(process.execPath, ['--expose-gc', script], { encoding: 'utf8' });
    if (child.status !== 0) throw new Error(`deep-queue-run.ts failed: ${child.stderr}`);
    const run = JSON.parse(child.stdout) as DeepQueueRun;
    const seconds = { unit: 's', better: 'less' } as const;
    const figures = [
      { what: 'EASY, best', value: run.bestSeconds, ...seconds, must: 1.2, aim: 0.6 },
      { what: 'EASY, first time in a process', value: run.firstSeconds, ...seconds, must: 1.2 },
      { what: 'EASY, shortest first, best', value: run.shortestFirstSeconds, ...seconds },
      { what: 'FCFS, best', value: run.fcfsSeconds, ...seconds },
      {
        what: 'peak of the whole process',
        value: run.peakMegabytes,
        unit: 'MB',
        better: 'less' as const,
        must: 128,
      },
      {
        what: 'jobs waiting under EASY, mean over time',
        value: run.meanQueue,
        unit: 'jobs',
        better: 'more' as const,
        must: 2_000,
      },
    ];
    return { figures, notes: [] };
  },
};
