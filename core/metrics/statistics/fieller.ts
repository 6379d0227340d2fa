/**
 * Ratio of means with Fieller's interval (Fieller, JRSS B 16(2), 1954): all θ for which the paired
 * t test does not reject mean(numerator − θ · denominator) = 0. Exact for jointly normal pairs, also
 * where the denominator varies so much that the jackknife does not hold. Where the denominator is
 * not clearly different from 0 the set is unbounded; then there is no interval, with the reason.
 */
import type { MaybeEstimate } from '../estimate.ts';
import { mean, studentQuantile975 } from '../statistics.ts';

/** @param numerators with as many denominators: one of each a replication, at least two */
export function fiellerRatio(
  numerators: readonly number[],
  denominators: readonly number[],
): MaybeEstimate {
  const n = numerators.length;
  if (n < 2 || denominators.length !== n) {
    return { value: null, reason: 'fewer than two pairs of replications' };
  }
  const top = mean(numerators);
  const bottom = mean(denominators);
  const t = studentQuantile975(n - 1);
  // t² times the variances and the covariance of the two means.
  const scale = (t * t) / (n * (n - 1));
  const varianceOfTop = scale * products(numerators, top, numerators, top);
  const varianceOfBottom = scale * products(denominators, bottom, denominators, bottom);
  const covariance = scale * products(numerators, top, denominators, bottom);
  // The ends solve (top − θ·bottom)² = t²·Var(top − θ·bottom), that is a·θ² − 2·b·θ + c = 0.
  const a = bottom * bottom - varianceOfBottom;
  const b = top * bottom - covariance;
  const c = top * top - varianceOfTop;
  if (!(a > 0)) return { value: null, reason: 'the denominator is not clearly different from 0' };
  const half = Math.sqrt(Math.max(0, b * b - a * c)) / a;
  return { mean: top / bottom, ci95: [b / a - half, b / a + half], n };
}

function products(
  xs: readonly number[],
  centreX: number,
  ys: readonly number[],
  centreY: number,
): number {
  return xs.reduce((sum, x, i) => sum + (x - centreX) * (ys[i]! - centreY), 0);
}
