/**
 * Bias-corrected and accelerated bootstrap (BCa; Efron, JASA 82, 1987): an interval that follows
 * the skewness of the replications, where Student's is symmetric. Second-order correct: the error
 * of its coverage falls with 1/n instead of 1/√n for each side. Not for few replications.
 *
 * Resampling draws from a named stream: the same values give the same interval everywhere.
 */
import { randomStream } from '../../kernel/random.ts';
import type { MaybeEstimate } from '../estimate.ts';
import { mean } from '../statistics.ts';
import { normalArea, normalQuantile } from './normal.ts';

/** Fewest replications with which it may be used. */
export const BOOTSTRAP_MINIMUM = 30;
/** Resamples; Efron & Tibshirani (1993), section 14.3: at least 1,000 for BCa. */
export const RESAMPLES = 2_000;

export interface BootstrapOptions {
  /** What is estimated; default the mean. */
  readonly statistic?: (values: readonly number[]) => number;
  /** Chance left out on both sides together; default 5 %. */
  readonly alpha?: number;
  readonly resamples?: number;
  readonly minimum?: number;
}

/** What BCa corrects by: bias z₀ and acceleration a. */
export interface BcaCorrections {
  readonly bias: number;
  readonly acceleration: number;
}

/** Estimate with a BCa interval; null with the reason where there are too few replications. */
export function bootstrapEstimate(
  values: readonly number[],
  options: BootstrapOptions = {},
): MaybeEstimate {
  const { statistic = mean, alpha = 0.05, resamples = RESAMPLES } = options;
  const minimum = options.minimum ?? BOOTSTRAP_MINIMUM;
  const n = values.length;
  if (n < minimum) return { value: null, reason: `fewer than ${minimum} replications` };
  const centre = statistic(values);
  if (!Number.isFinite(centre)) return { value: null, reason: 'a replication has no number' };
  const drawn = resampled(values, statistic, resamples);
  const corrections = bcaCorrections(values, statistic, centre, drawn);
  if (drawn[0] === drawn[resamples - 1]) return { mean: centre, ci95: [centre, centre], n };
  const end = (area: number) => quantile(drawn, correctedArea(area, corrections));
  return { mean: centre, ci95: [end(alpha / 2), end(1 - alpha / 2)], n };
}

/** @param drawn the statistic of every resample, ascending */
export function bcaCorrections(
  values: readonly number[],
  statistic: (values: readonly number[]) => number,
  centre: number,
  drawn: Float64Array,
): BcaCorrections {
  // Half of those that are equal count as below; never all or none, which no quantile has.
  const below = drawn.reduce(
    (sum, value) => sum + (value < centre ? 1 : value === centre ? 0.5 : 0),
    0,
  );
  const share = Math.min(drawn.length - 0.5, Math.max(0.5, below)) / drawn.length;
  const without = values.map((_, left) => statistic(values.filter((__, i) => i !== left)));
  const middle = mean(without);
  let squares = 0;
  let cubes = 0;
  for (const value of without) {
    const distance = middle - value;
    squares += distance * distance;
    cubes += distance * distance * distance;
  }
  const acceleration = squares > 0 ? cubes / (6 * squares * Math.sqrt(squares)) : 0;
  return { bias: normalQuantile(share), acceleration };
}

/** The statistic of resamples with replacement, ascending. */
export function resampled(
  values: readonly number[],
  statistic: (values: readonly number[]) => number,
  resamples: number,
): Float64Array {
  const random = randomStream({
    seed: 0,
    replication: 0,
    entity: 'bootstrap',
    purpose: `${values.length} of ${values.length}`,
  });
  const sample = [...values];
  const drawn = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    for (let j = 0; j < sample.length; j++) sample[j] = values[random.integer(values.length)]!;
    drawn[i] = statistic(sample);
  }
  return drawn.sort();
}

function correctedArea(area: number, { bias, acceleration }: BcaCorrections): number {
  const shifted = bias + normalQuantile(area);
  return normalArea(bias + shifted / (1 - acceleration * shifted));
}

/** The (B + 1)·area-th of B ascending values, as Efron & Tibshirani count. */
function quantile(ascending: Float64Array, area: number): number {
  const rank = Math.floor((ascending.length + 1) * area);
  return ascending[Math.min(ascending.length, Math.max(1, rank)) - 1]!;
}
