import test from 'ava';
import { randomStream } from '../../../core/kernel/random.ts';
import { isEstimate } from '../../../core/metrics/estimate.ts';
import { estimate, mean } from '../../../core/metrics/statistics.ts';
import {
  bcaCorrections,
  bootstrapEstimate,
  resampled,
} from '../../../core/metrics/statistics/bootstrap.ts';
import { normalArea, normalQuantile } from '../../../core/metrics/statistics/normal.ts';

/** Spatial test data A, 26 children: Efron & Tibshirani, An Introduction to the Bootstrap, 1993. */
const SPATIAL_TEST = [
  48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30,
  41,
];

function variance(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, x) => sum + (x - centre) * (x - centre), 0) / values.length;
}

test('normal areas and quantiles have their published values', (t) => {
  const table: [number, number][] = [
    [0, 0.5],
    [1, 0.8413447460685429],
    [1.959963984540054, 0.975],
    [-2.5758293035489004, 0.005],
    [-4, 3.167124183311998e-5],
    [-8, 6.220960574271785e-16],
  ];
  for (const [z, area] of table) {
    const relative = Math.abs(z) < 7 ? 1e-9 : 1e-5;
    t.true(Math.abs(normalArea(z) / area - 1) < relative, `${z}`);
    t.true(Math.abs(normalQuantile(area) - z) < relative * 10, `${area}`);
  }
  t.is(normalQuantile(0), -Infinity);
  t.is(normalQuantile(1), Infinity);
});

test('the published BCa interval of a variance comes out', (t) => {
  // Table 14.2 and section 14.3: variance 171.5, z₀ = 0.146, a = 0.061, 90 % BCa [115.8, 259.6].
  t.true(Math.abs(variance(SPATIAL_TEST) - 171.5) < 0.05);
  const drawn = resampled(SPATIAL_TEST, variance, 20_000);
  const { bias, acceleration } = bcaCorrections(
    SPATIAL_TEST,
    variance,
    variance(SPATIAL_TEST),
    drawn,
  );
  t.true(Math.abs(acceleration - 0.061) < 0.0006, `${acceleration}`);
  t.true(Math.abs(bias - 0.146) < 0.05, `${bias}`);
  const options = { statistic: variance, alpha: 0.1, resamples: 20_000, minimum: 26 };
  const found = bootstrapEstimate(SPATIAL_TEST, options);
  if (!isEstimate(found)) return t.fail();
  const [low, high] = found.ci95;
  t.true(Math.abs(low - 115.8) < 4 && Math.abs(high - 259.6) < 8, `${low} ${high}`);
});

test('on skewed replications BCa misses the mean about as often on both sides, Student does not', (t) => {
  const runs = 600;
  const missed = { bcaLow: 0, bcaHigh: 0, studentLow: 0, studentHigh: 0 };
  for (let run = 0; run < runs; run++) {
    const random = randomStream({ seed: 3, replication: run, entity: 'skewed', purpose: 'draws' });
    const values = Array.from({ length: 40 }, () => random.exponential(1));
    const bca = bootstrapEstimate(values, { resamples: 1_000 });
    const student = estimate(values);
    if (!isEstimate(bca)) return t.fail();
    if (bca.ci95[1] < 1) missed.bcaHigh += 1;
    if (bca.ci95[0] > 1) missed.bcaLow += 1;
    if (student.ci95[1] < 1) missed.studentHigh += 1;
    if (student.ci95[0] > 1) missed.studentLow += 1;
  }
  const note = JSON.stringify(missed);
  const covered = 1 - (missed.bcaLow + missed.bcaHigh) / runs;
  t.true(covered > 0.91 && covered < 0.975, note);
  const lopsided = (low: number, high: number) => Math.abs(high - low);
  t.true(
    lopsided(missed.bcaLow, missed.bcaHigh) < lopsided(missed.studentLow, missed.studentHigh),
    note,
  );
});

test('the bootstrap is the same each time, has no width without spread, and is refused for few', (t) => {
  const values = Array.from({ length: 30 }, (_, i) => (i * 7) % 11);
  t.deepEqual(bootstrapEstimate(values), bootstrapEstimate(values));
  t.deepEqual(bootstrapEstimate(values.map(() => 4)), { mean: 4, ci95: [4, 4], n: 30 });
  t.deepEqual(bootstrapEstimate(values.slice(1)), {
    value: null,
    reason: 'fewer than 30 replications',
  });
  t.false(isEstimate(bootstrapEstimate([...values, NaN])));
});
