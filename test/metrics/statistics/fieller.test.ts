import test from 'ava';
import { randomStream } from '../../../core/kernel/random.ts';
import { isEstimate } from '../../../core/metrics/estimate.ts';
import { estimate, ratioOfMeans } from '../../../core/metrics/statistics.ts';
import { fiellerRatio } from '../../../core/metrics/statistics/fieller.ts';

/** Pairs (2 + noise, 1 + noise'), normal, correlated: the ratio of their means is 2. */
function pairs(replication: number, n: number, spread: number): [number[], number[]] {
  const random = randomStream({ seed: 8, replication, entity: 'pairs', purpose: 'draws' });
  const tops: number[] = [];
  const bottoms: number[] = [];
  for (let i = 0; i < n; i++) {
    const common = random.normal();
    tops.push(2 + spread * (0.5 * common + random.normal()));
    bottoms.push(1 + spread * common);
  }
  return [tops, bottoms];
}

/** Whether the paired t test lets `ratio` stand. */
function stands(tops: readonly number[], bottoms: readonly number[], ratio: number): boolean {
  const [low, high] = estimate(tops.map((top, i) => top - ratio * bottoms[i]!)).ci95;
  return low <= 0 && 0 <= high;
}

test('Fieller’s interval is the set of ratios that the paired t test lets stand', (t) => {
  let bounded = 0;
  for (let run = 0; run < 300; run++) {
    const [tops, bottoms] = pairs(run, 5 + (run % 8), 0.6);
    const figure = fiellerRatio(tops, bottoms);
    if (!isEstimate(figure)) {
      // Unbounded: something far away stands too.
      t.true(stands(tops, bottoms, 1e9) || stands(tops, bottoms, -1e9));
      continue;
    }
    bounded += 1;
    const [low, high] = figure.ci95;
    const width = high - low;
    t.true(low <= figure.mean && figure.mean <= high);
    for (let step = 1; step < 40; step++) {
      t.true(stands(tops, bottoms, low + (width * step) / 40));
      t.false(stands(tops, bottoms, low - (width * step) / 40));
      t.false(stands(tops, bottoms, high + (width * step) / 40));
    }
  }
  t.true(bounded > 200, `${bounded}`);
});

test('Fieller covers a known ratio 95 times of 100 where the jackknife covers it less often', (t) => {
  const runs = 2_000;
  const covered = { fieller: 0, jackknife: 0 };
  for (let run = 0; run < runs; run++) {
    const [tops, bottoms] = pairs(run, 8, 0.5);
    const fieller = fiellerRatio(tops, bottoms);
    // An unbounded set leaves out an interval at most; the test itself says whether 2 is in it.
    if (stands(tops, bottoms, 2)) covered.fieller += 1;
    if (isEstimate(fieller) && stands(tops, bottoms, 2)) {
      t.true(fieller.ci95[0] <= 2 && 2 <= fieller.ci95[1]);
    }
    const jackknife = ratioOfMeans(tops, bottoms, 0, 'none');
    if (isEstimate(jackknife) && jackknife.ci95[0] <= 2 && 2 <= jackknife.ci95[1]) {
      covered.jackknife += 1;
    }
  }
  const note = JSON.stringify(covered);
  t.true(Math.abs(covered.fieller / runs - 0.95) < 0.015, note);
  t.true(covered.jackknife < covered.fieller, note);
});

test('a ratio of exact multiples has no width, and none exists over a denominator around 0', (t) => {
  const figure = fiellerRatio([1, 2, 3], [2, 4, 6]);
  if (!isEstimate(figure)) {
    // A denominator of 2, 4, 6 is not clearly different from 0 with three replications.
    t.is(figure.reason, 'the denominator is not clearly different from 0');
  } else t.fail();
  t.deepEqual(fiellerRatio([10, 11, 12], [20, 22, 24]), { mean: 0.5, ci95: [0.5, 0.5], n: 3 });
  t.false(isEstimate(fiellerRatio([1, 2, 3], [-1, 0, 1])));
  t.false(isEstimate(fiellerRatio([1], [1])));
});
