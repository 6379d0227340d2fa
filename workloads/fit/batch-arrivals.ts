/**
 * How many batches of machines come in each 300 s, by moments: mean, variance, the hours' factors
 * and working days over weekends. The model mixes a Poisson rate by a gamma within each bin, so a
 * count has a negative binomial distribution given hour and day.
 */
import { logGamma } from '../sampling.ts';
import type { BatchArrivals } from '../models/batch-parameters.ts';
import { batchesInBin, residualShape, weekdayFactors } from '../models/azure-batches.ts';
import { mean, variance } from '../statistics.ts';
import type { ModelPart } from './assessment.ts';
import { autocorrelation, largestDifference } from './distances.ts';

/** Batches in bins of 300 s. */
export interface CountSample {
  readonly counts: Float64Array;
  /** Number of the first bin since a Monday, 00:00 of the trace's clock. */
  readonly firstBin: number;
}

/** As in the model's table. */
export interface CountEstimate extends BatchArrivals {
  readonly weekdayRatio: number;
}

const BINS_PER_HOUR = 12;
const BINS_PER_DAY = 288;

const hourOf = (bin: number) => Math.floor((bin % BINS_PER_DAY) / BINS_PER_HOUR);
const weekdayOf = (bin: number) => Math.floor(bin / BINS_PER_DAY) % 7;

function fit({ counts, firstBin }: CountSample): CountEstimate {
  const days = [0, 1].map(() => ({ sum: 0, bins: 0 }));
  counts.forEach((count, i) => {
    const day = days[Number(weekdayOf(firstBin + i) >= 5)]!;
    day.sum += count;
    day.bins += 1;
  });
  const [working, weekend] = days.map(({ sum, bins }) => sum / bins) as [number, number];
  const ratio = working / weekend;
  const weekdayRatio = Number.isFinite(ratio) && ratio > 0 ? ratio : 1;
  // A trace rarely has as many of each weekday: bins count by what the week expects of them.
  const weekdays = weekdayFactors(weekdayRatio);
  const hours = Array.from({ length: 24 }, () => ({ sum: 0, expected: 0 }));
  counts.forEach((count, i) => {
    const hour = hours[hourOf(firstBin + i)]!;
    hour.sum += count;
    hour.expected += weekdays[weekdayOf(firstBin + i)]!;
  });
  const rates = hours.map(({ sum, expected }) => (expected > 0 ? sum / expected : NaN));
  const seen = rates.filter((rate) => !Number.isNaN(rate));
  const overall = mean(seen);
  return {
    mean: overall,
    variance: Math.max(1e-9, variance(counts)),
    hourFactors: rates.map((rate) => (Number.isNaN(rate) ? 1 : rate / overall)),
    weekdayRatio,
  };
}

/** Expected count of a bin under an estimate. */
function rates(estimate: CountEstimate): (bin: number) => number {
  const weekdays = weekdayFactors(estimate.weekdayRatio);
  const middle = mean(estimate.hourFactors);
  return (bin) =>
    estimate.mean * (estimate.hourFactors[hourOf(bin)]! / middle) * weekdays[weekdayOf(bin)]!;
}

/** P(count) for 0…most of the negative binomial with a mean and the shape of its mixing. */
export function countMasses(expected: number, shape: number, most: number): Float64Array {
  const masses = new Float64Array(most + 1);
  for (let n = 0; n <= most; n++) {
    const log =
      shape === Infinity
        ? n * Math.log(expected) - expected - logGamma(n + 1)
        : logGamma(n + shape) -
          logGamma(shape) -
          logGamma(n + 1) +
          shape * Math.log(shape / (shape + expected)) +
          n * Math.log(expected / (shape + expected));
    masses[n] = Math.exp(log);
  }
  return masses;
}

/** Expected bins with each count. */
function expectedCounts({ counts, firstBin }: CountSample, estimate: CountEstimate, most: number) {
  const shape = residualShape(estimate.weekdayRatio, estimate);
  const rate = rates(estimate);
  const bins = new Map<number, number>();
  counts.forEach((_, i) => {
    const expected = rate(firstBin + i);
    bins.set(expected, (bins.get(expected) ?? 0) + 1);
  });
  const all = new Float64Array(most + 2);
  for (const [expected, times] of bins) {
    if (expected <= 0) {
      all[0]! += times;
      continue;
    }
    let below = 0;
    countMasses(expected, shape, most).forEach((mass, n) => {
      all[n]! += times * mass;
      below += mass;
    });
    all[most + 1]! += times * Math.max(0, 1 - below);
  }
  return all;
}

/** Arrivals of batches. */
export const batchArrivals: ModelPart<CountSample, CountEstimate> = {
  fit,
  numbers: (estimate) => [
    estimate.mean,
    estimate.variance,
    estimate.weekdayRatio,
    ...estimate.hourFactors,
  ],
  tests: [
    { name: 'batches in 300 s', statistic: 'Kolmogorov–Smirnov' },
    { name: 'batches in 300 s and in the next, cycles taken out', statistic: 'autocorrelation' },
  ],
  distances(sample, estimate) {
    const most = sample.counts.reduce((largest, count) => Math.max(largest, count), 1);
    const observed = new Float64Array(most + 2);
    for (const count of sample.counts) observed[count]! += 1;
    const rate = rates(estimate);
    const rest = sample.counts.map((count, i) => {
      const expected = rate(sample.firstBin + i);
      return expected > 0 ? (count - expected) / expected : 0;
    });
    return [
      largestDifference(observed, expectedCounts(sample, estimate, most)),
      Math.abs(autocorrelation(rest, 1)),
    ];
  },
  simulate(estimate, like, stream) {
    const shape = residualShape(estimate.weekdayRatio, estimate);
    const weekdays = weekdayFactors(estimate.weekdayRatio);
    return {
      ...like,
      counts: like.counts.map((_, i) =>
        batchesInBin(like.firstBin + i, 1, shape, weekdays, stream, estimate),
      ),
    };
  },
  size: ({ counts }) => counts.length,
};
