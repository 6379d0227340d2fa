/**
 * The mean of one long stationary series with an interval, by non-overlapping batch means (Conway,
 * Management Science 10(1), 1963). Twenty batches: more than thirty gain little and risk that batches
 * are correlated (Schmeiser, Operations Research 30(3), 1982). Claimed for series whose correlations
 * die out well within a batch; that is tested with von Neumann's ratio, and there is no interval where
 * the test fails.
 */
import type { MaybeEstimate } from '../estimate.ts';
import { estimate, mean } from '../statistics.ts';
import { mser5 } from './warm-up.ts';

/** Batches of a series. */
export const BATCHES = 20;
/** 95 % quantile of the standard normal: the test for correlated batches has one side. */
const NORMAL_95 = 1.6448536269514722;

/**
 * Mean of a stationary series; `n` is the number of batches. Observations at the beginning that do not
 * fill a batch are left out.
 */
export function batchMeans(series: ArrayLike<number>, batches = BATCHES): MaybeEstimate {
  const size = Math.floor(series.length / batches);
  if (batches < 2 || size < 1) return { value: null, reason: `fewer than ${batches} observations` };
  const first = series.length - size * batches;
  const means = Array.from({ length: batches }, (_, batch) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += series[first + batch * size + i]!;
    return sum / size;
  });
  if (means.some((value) => !Number.isFinite(value))) {
    return { value: null, reason: 'an observation is not a number' };
  }
  if (areCorrelated(means))
    return { value: null, reason: 'batches are correlated: run for longer' };
  return estimate(means);
}

/** The same after the warm-up that MSER-5 finds was left out. */
export function steadyState(series: ArrayLike<number>): MaybeEstimate {
  const warmUp = mser5(series);
  if (warmUp.cut === null) return { value: null, reason: warmUp.reason };
  return batchMeans(Array.prototype.slice.call(series, warmUp.cut));
}

/**
 * Whether neighbours are alike beyond chance at 5 %: von Neumann's ratio (Annals of Mathematical
 * Statistics 12, 1941) in the form of Fishman (Management Science 24(5), 1978), normal for 8 or more.
 */
export function areCorrelated(values: readonly number[]): boolean {
  const n = values.length;
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) * (value - centre), 0);
  if (n < 3 || squares === 0) return false;
  let steps = 0;
  for (let i = 1; i < n; i++) {
    const step = values[i]! - values[i - 1]!;
    steps += step * step;
  }
  const likeness = 1 - steps / (2 * squares);
  return likeness > NORMAL_95 * Math.sqrt((n - 2) / ((n - 1) * (n + 1)));
}
