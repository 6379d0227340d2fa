/** Many random live runs, each held against its resimulation. */
import test from 'ava';
import fc from 'fast-check';
import { isolationRun } from '../one-program/isolation-run.ts';
import { siteRun } from '../one-program/site-run.ts';
import type { TrialResult } from '../../sim/resimulation/trial.ts';
import { tryIsolation, trySite } from '../one-program/trial.ts';

/** A run takes a tenth of a second to a second, a market's property a thousandth. */
const RUNS = Math.ceil(Number(process.env['OCX_PROPERTY_RUNS']) / 100);

/** Thrown, so that the run that shows it is told. */
function requireNone({ findings }: TrialResult): void {
  if (findings.length > 0) throw new Error(JSON.stringify(findings[0]));
}

const seeds = fc.integer({ min: 0, max: 1_000_000_000 });

test('the isolation service under load and kills: 0 differences', async (t) => {
  const run = fc.record({
    seed: seeds,
    commands: fc.integer({ min: 2, max: 250 }),
    kills: fc.integer({ min: 0, max: 8 }),
  });
  await fc.assert(
    fc.asyncProperty(run, async ({ seed, commands, kills }) => {
      const remains = await isolationRun({ seed: `${seed}`, commands, kills });
      requireNone(tryIsolation(remains));
    }),
    { numRuns: RUNS },
  );
  t.pass();
});

test('a trading site of six services under kills: 0 differences', async (t) => {
  const run = fc.record({
    seed: seeds,
    minutes: fc.integer({ min: 5, max: 120 }),
    kills: fc.integer({ min: 0, max: 15 }),
  });
  await fc.assert(
    fc.asyncProperty(run, async ({ seed, minutes, kills }) => {
      const remains = await siteRun({ seed: `${seed}`, minutes, kills });
      requireNone(trySite(remains));
    }),
    { numRuns: Math.ceil(RUNS / 4) },
  );
  t.pass();
});
