import test from 'ava';
import { randomStream } from '../../../core/kernel/random.ts';
import { isEstimate } from '../../../core/metrics/estimate.ts';
import { estimate } from '../../../core/metrics/statistics.ts';
import {
  areCorrelated,
  batchMeans,
  steadyState,
} from '../../../core/metrics/statistics/batch-means.ts';
import { mser5 } from '../../../core/metrics/statistics/warm-up.ts';

/** First-order autoregression around `level`, from `start`; the variance in the end is 1. */
function autoregression(
  replication: number,
  length: number,
  { phi = 0.8, level = 0, start = 0 } = {},
): number[] {
  const random = randomStream({ seed: 11, replication, entity: 'series', purpose: 'noise' });
  const noise = Math.sqrt(1 - phi * phi);
  let distance = start;
  return Array.from({ length }, () => {
    distance = phi * distance + noise * random.normal();
    return level + distance;
  });
}

/** MSER-5 as it is written in the papers, every sum anew. */
function plainMser5(series: readonly number[]): number | null {
  const means = Array.from(
    { length: Math.floor(series.length / 5) },
    (_, i) => series.slice(5 * i, 5 * i + 5).reduce((a, b) => a + b, 0) / 5,
  );
  const last = Math.floor(means.length / 2);
  const widths = Array.from({ length: last + 1 }, (_, d) => {
    const kept = means.slice(d);
    const centre = kept.reduce((a, b) => a + b, 0) / kept.length;
    return kept.reduce((sum, y) => sum + (y - centre) ** 2, 0) / kept.length ** 2;
  });
  const cut = widths.indexOf(Math.min(...widths));
  return cut === last ? null : 5 * cut;
}

test('MSER-5 cuts where the formula of the papers says', (t) => {
  let cuts = 0;
  for (let run = 0; run < 200; run++) {
    const start = run % 3 === 0 ? 0 : 4 + (run % 20);
    const series = autoregression(run, 50 + 7 * (run % 40), { start });
    const { cut } = mser5(series);
    t.is(cut, plainMser5(series));
    if (cut !== null && cut > 0) cuts += 1;
  }
  t.true(cuts > 50);
});

test('MSER-5 takes the bias of a wrong start out, and leaves a series without one nearly whole', (t) => {
  let biased = 0;
  let truncated = 0;
  let lost = 0;
  const runs = 100;
  for (let run = 0; run < runs; run++) {
    // From 20 standard deviations away: a sum of 20 · φ/(1 − φ) = 380 too much in the end.
    const series = autoregression(run, 1_000, { phi: 0.95, start: 20 });
    const mean = (values: readonly number[]) => estimate(values).mean;
    const { cut } = mser5(series);
    if (cut === null) continue;
    biased += mean(series) / runs;
    truncated += mean(series.slice(cut)) / runs;
    const calm = mser5(autoregression(run, 1_000, { phi: 0.5 }));
    lost += (calm.cut ?? 500) / runs;
  }
  t.true(Math.abs(biased - 0.38) < 0.06, `${biased}`);
  t.true(Math.abs(truncated) < 0.08, `${truncated}`);
  t.true(lost < 120, `${lost} of 1,000`);
});

test('MSER-5 finds no cut in a drift, in few observations and in what is no number', (t) => {
  const drift = Array.from({ length: 500 }, (_, i) => i);
  t.is(mser5(drift).cut, null);
  t.is(mser5(drift.slice(0, 49)).cut, null);
  t.is(mser5(drift.map(() => NaN)).cut, null);
  t.is(mser5(drift.map(() => 7)).cut, 0);
});

test('batch means cover the mean of a correlated series as promised; single observations do not', (t) => {
  const runs = 400;
  let covered = 0;
  let naive = 0;
  let given = 0;
  let halfWidths = 0;
  for (let run = 0; run < runs; run++) {
    const series = autoregression(run, 4_000, { level: 3 });
    const covers = ([low, high]: readonly [number, number]) => low <= 3 && 3 <= high;
    if (covers(estimate(series).ci95)) naive += 1;
    const batched = batchMeans(series);
    if (!isEstimate(batched)) continue;
    given += 1;
    halfWidths += (batched.ci95[1] - batched.ci95[0]) / 2;
    if (covers(batched.ci95)) covered += 1;
  }
  // The test for correlation turns 5 % of the series without any away, these a few more.
  t.true(given / runs > 0.85, `${given}`);
  t.true(covered / given > 0.92 && covered / given < 0.98, `${covered / given}`);
  t.true(naive / runs < 0.6, `${naive / runs}`);
  // Var(mean) → (1 + φ)/(1 − φ)/n = 9/4,000; half-width ≈ t₁₉ · √that.
  t.true(Math.abs(halfWidths / given / (2.093 * Math.sqrt(9 / 4_000)) - 1) < 0.05);
});

test('batches that are too short for the correlation are turned away', (t) => {
  let refused = 0;
  for (let run = 0; run < 100; run++) {
    if (!isEstimate(batchMeans(autoregression(run, 200, { phi: 0.98 })))) refused += 1;
  }
  t.true(refused > 85, `${refused}`);
  t.false(isEstimate(batchMeans([1, 2, 3])));
  t.false(isEstimate(batchMeans(Array.from({ length: 100 }, () => NaN))));
});

test('independent values count as correlated in one of twenty series, alternating ones never', (t) => {
  let found = 0;
  for (let run = 0; run < 1_000; run++) {
    if (areCorrelated(autoregression(run, 20, { phi: 0 }))) found += 1;
  }
  t.true(found > 30 && found < 70, `${found}`);
  t.false(areCorrelated([1, -1, 1, -1, 1, -1, 1, -1]));
  t.true(areCorrelated([1, 2, 3, 4, 5, 6, 7, 8]));
  t.false(areCorrelated([5, 5, 5, 5]));
});

test('a steady state is estimated after the warm-up was left out', (t) => {
  const runs = 100;
  let covered = 0;
  let given = 0;
  for (let run = 0; run < runs; run++) {
    const series = autoregression(run, 4_000, { level: 3, start: 200 });
    const figure = steadyState(series);
    if (!isEstimate(figure)) continue;
    given += 1;
    if (figure.ci95[0] <= 3 && 3 <= figure.ci95[1]) covered += 1;
  }
  t.true(given > 80, `${given}`);
  t.true(covered / given > 0.88, `${covered} of ${given}`);
  t.false(isEstimate(steadyState(Array.from({ length: 500 }, (_, i) => i))));
});
