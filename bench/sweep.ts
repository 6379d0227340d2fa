/**
 * `ocx sweep` with one worker and with two, as a user waits for it: wall time of whole processes,
 * start-up and report among it, and what the second worker brings. Needs two idle processors.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark } from './benchmark.ts';

const ROOT = join(import.meta.dirname, '..');

/** Four cells of five owners for eight weeks, twelve replications each, no search for hardware. */
const EXPERIMENT = `
name = "bench-sweep"
question = "Does a second processor halve the time of a sweep?"
scenario = ${JSON.stringify(join(ROOT, 'scenarios', 'five-silos.toml'))}
replications = 12
variants = ["market"]
[set]
"search.enabled" = false
"market.boundSamples" = 0
[[axis]]
key = "market.epochMinutes"
values = [15, 30]
[[axis]]
key = "provisioning.method"
values = ["bmi", "foreman"]
[[measure]]
name = "extra demand met"
path = "extraDemandMet.nodeHours.mean"
unit = "node-hours"
`;

export const sweep: Benchmark = {
  name: 'sweep',
  title: 'ocx sweep of 48 comparisons with one worker and with two',
  onlyByName: true,
  run() {
    const one = secondsWith(1);
    const two = secondsWith(2);
    return {
      figures: [
        {
          what: 'two workers over one',
          value: one / two,
          unit: '×',
          better: 'more',
          must: 1.7,
          aim: 1.9,
        },
        { what: 'one worker', value: one, unit: 's', better: 'less' },
        { what: 'two workers', value: two, unit: 's', better: 'less' },
      ],
      notes: ['wall time of the whole process, 48 comparisons of about the same length'],
    };
  },
};

function secondsWith(jobs: number): number {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-bench-'));
  try {
    const file = join(folder, 'sweep.toml');
    writeFileSync(file, EXPERIMENT);
    const main = join(ROOT, 'cli', 'main.ts');
    const argv = [main, 'sweep', file, '--jobs', String(jobs), '--out', join(folder, 'results')];
    const before = process.hrtime.bigint();
    const run = spawnSync(process.execPath, [...argv, '--quiet'], { encoding: 'utf8' });
    const seconds = Number(process.hrtime.bigint() - before) / 1e9;
    if (run.status !== 0) throw new Error(`ocx sweep failed: ${run.stderr}`);
    return seconds;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
