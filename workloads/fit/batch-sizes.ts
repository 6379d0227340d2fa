/** Sizes of batches: shares up to given sizes, and a power law between that keeps the mean. */
import { batchSize } from '../models/azure-batches.ts';
import type { SizePoint } from '../models/batch-parameters.ts';
import { powerTail } from '../sampling.ts';
import { significant } from '../statistics.ts';
import type { ModelPart } from './assessment.ts';
import { LEAST_RECORDS } from './disclosure.ts';
import { largestDifference } from './distances.ts';

/** Sizes of batches as they occur. */
export interface BatchSample {
  readonly sizes: Int32Array;
}

const FIRST_POINTS = [1, 2, 3, 4, 5, 8];

/** 1 to 5, 8 and powers of two up to the largest size; the last ones joined where few are larger. */
function pointsFor(counts: Float64Array): number[] {
  const largest = counts.length - 1;
  const points = [...FIRST_POINTS];
  while (points[points.length - 1]! < largest) points.push(points[points.length - 1]! * 2);
  while (points.length > 1 && points[points.length - 2]! >= largest) points.pop();
  const beyond = (size: number) => counts.slice(size + 1).reduce((sum, count) => sum + count, 0);
  const kept = points.filter((size, i) => i === points.length - 1 || beyond(size) >= LEAST_RECORDS);
  return kept;
}

function countsOf({ sizes }: BatchSample): Float64Array {
  const largest = sizes.reduce((most, size) => Math.max(most, size), 1);
  const counts = new Float64Array(largest + 1);
  for (const size of sizes) counts[size]! += 1;
  return counts;
}

function fit(sample: BatchSample): readonly SizePoint[] {
  const counts = countsOf(sample);
  const points = pointsFor(counts);
  let [below, smallest] = [0, 1];
  return points.map((size, i): SizePoint => {
    let [inside, sum] = [0, 0];
    for (let n = smallest; n <= size && n < counts.length; n++) {
      inside += counts[n]!;
      sum += n * counts[n]!;
    }
    below += inside;
    const cumulative = i === points.length - 1 ? 1 : below / sample.sizes.length;
    const from = smallest;
    smallest = size + 1;
    if (size === from || inside === 0) return [size, cumulative];
    return [size, cumulative, exponentFor(from, size, sum / inside)];
  });
}

/** The fall of the density over a range at which sizes have a mean. */
function exponentFor(from: number, to: number, wanted: number): number {
  let [low, high] = [0.05, 12];
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    let sum = 0;
    rangeShares(from, to, middle).forEach((share, i) => (sum += share * (from + i)));
    // The steeper, the smaller.
    if (sum > wanted) low = middle;
    else high = middle;
  }
  const found = significant((low + high) / 2, 4);
  // At 1 the integral of the density is a logarithm and not a power.
  return Math.abs(found - 1) < 1e-3 ? 1.001 : found;
}

/** Shares of the sizes of one range: whole numbers cut off from a density ∝ x^−exponent. */
function rangeShares(from: number, to: number, exponent: number): Float64Array {
  const tails = Float64Array.from({ length: to - from + 2 }, (_, i) =>
    powerTail(from + i, exponent),
  );
  const whole = tails[0]! - tails[to - from + 1]!;
  return Float64Array.from(
    { length: to - from + 1 },
    (_, i) => (tails[i]! - tails[i + 1]!) / whole,
  );
}

/** Share of each size from 0 on. */
export function batchShares(points: readonly SizePoint[]): Float64Array {
  const shares = new Float64Array(points[points.length - 1]![0] + 1);
  let [smallest, below] = [1, 0];
  for (const [size, cumulative, exponent = 2] of points) {
    if (size === smallest) shares[size] = cumulative - below;
    else {
      rangeShares(smallest, size, exponent).forEach((share, i) => {
        shares[smallest + i] = (cumulative - below) * share;
      });
    }
    [smallest, below] = [size + 1, cumulative];
  }
  return shares;
}

/** Sizes of batches of the model. */
export const batchSizes: ModelPart<BatchSample, readonly SizePoint[]> = {
  fit,
  numbers: (points) => [batchShares(points).reduce((sum, share, size) => sum + share * size, 0)],
  tests: [{ name: 'sizes of batches', statistic: 'Kolmogorov–Smirnov' }],
  distances(sample, points) {
    const shares = batchShares(points);
    const counts = countsOf(sample);
    const all = new Float64Array(Math.max(shares.length, counts.length));
    all.set(counts);
    const expected = new Float64Array(all.length);
    expected.set(shares);
    return [largestDifference(all, expected)];
  },
  simulate: (points, like, stream) => ({
    sizes: like.sizes.map(() => batchSize(stream, points)),
  }),
  size: ({ sizes }) => sizes.length,
};
