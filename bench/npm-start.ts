/**
 * What `npm start` does once everything is installed, as a user waits for it: wall time of the
 * whole process on all cores. Runs only when it is named.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark } from './benchmark.ts';

export const npmStart: Benchmark = {
  name: 'npm-start',
  title: 'npm start after installation: ocx compare scenarios/five-silos.toml',
  onlyByName: true,
  run() {
    const root = join(import.meta.dirname, '..');
    const folder = mkdtempSync(join(tmpdir(), 'ocx-bench-'));
    try {
      const scenario = join('scenarios', 'five-silos.toml');
      const out = join(folder, 'results');
      const argv = [join('cli', 'main.ts'), 'compare', scenario, '--out', out];
      const before = process.hrtime.bigint();
      const run = spawnSync(process.execPath, argv, { cwd: root, encoding: 'utf8' });
      const seconds = Number(process.hrtime.bigint() - before) / 1e9;
      if (run.status !== 0) throw new Error(`ocx compare failed: ${run.stderr}`);
      const figure = { what: 'whole process', value: seconds, unit: 's', better: 'less' } as const;
      return {
        figures: [{ ...figure, must: 60, aim: 20 }],
        notes: [`wall time, ${availableParallelism()} workers`],
      };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
