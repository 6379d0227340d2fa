/** Analyses of variance of what is known: noise alone is found to matter as often as it says. */
import test from 'ava';
import { randomStream } from '../../core/kernel/random.ts';
import { analyseVariance } from '../../core/metrics/sweep/variance.ts';

const RUNS = 2_000;
const AXES = [
  { name: 'a', levels: ['0', '1', '2'] },
  { name: 'b', levels: ['0', '1'] },
];

/** How often each term has p below 5 %, and its mean shares. */
function analyses(
  entity: string,
  value: (a: number, b: number, noise: number) => number,
): Map<string, { found: number; share: number; unbiased: number }> {
  const sums = new Map<string, { found: number; share: number; unbiased: number }>();
  for (let run = 0; run < RUNS; run++) {
    const random = randomStream({ seed: 5, replication: run, entity, purpose: 'draws' });
    const blocks = Array.from({ length: 5 }, () => 3 * random.normal());
    const cells = [0, 1, 2].flatMap((a) =>
      [0, 1].map((b) => ({
        levels: { a: String(a), b: String(b) },
        values: blocks.map((block) => block + value(a, b, random.normal())),
      })),
    );
    const result = analyseVariance('y', AXES, cells, true);
    if ('reason' in result) throw new Error(result.reason);
    for (const { axes, p, share, shareUnbiased } of result.terms) {
      const sum = sums.get(axes.join()) ?? { found: 0, share: 0, unbiased: 0 };
      sums.set(axes.join(), {
        found: sum.found + (p! < 0.05 ? 1 / RUNS : 0),
        share: sum.share + share / RUNS,
        unbiased: sum.unbiased + shareUnbiased / RUNS,
      });
    }
  }
  return sums;
}

test('of axes that do not matter, one in twenty seems to', (t) => {
  for (const [term, { found, share, unbiased }] of analyses('noise', (_, __, noise) => noise)) {
    // Three standard errors of 5 % in so many runs are 1.5 points.
    t.true(Math.abs(found - 0.05) < 0.015, `${term}: ${found}`);
    t.true(unbiased < 0.75 * share, 'chance is taken off');
  }
});

test('an axis that matters is found, and only it', (t) => {
  const found = analyses('planted', (a, _, noise) => 2 * (a === 2 ? 1 : 0) + noise);
  t.true(found.get('a')!.found > 0.9, `${found.get('a')!.found}`);
  t.true(found.get('b')!.found < 0.065 && found.get('a,b')!.found < 0.065);
});
