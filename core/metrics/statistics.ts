/**
 * Intervals over independent replications. All comparisons are paired: the same replication of
 * two variants saw the same traces, seeds and draws.
 */
import type { Estimate, MaybeEstimate } from './estimate.ts';

/** Under this share of demand a ratio's denominator counts as nothing. */
export const SMALLEST_DENOMINATOR_SHARE = 0.001;

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean with its 95 % Student-t interval. @param values one a replication, at least two */
export function estimate(values: readonly number[]): Estimate {
  const n = values.length;
  const centre = mean(values);
  if (n < 2) return { mean: centre, ci95: [centre, centre], n };
  const squares = values.reduce((sum, value) => sum + (value - centre) * (value - centre), 0);
  const half = studentQuantile975(n - 1) * Math.sqrt(squares / (n - 1) / n);
  return { mean: centre, ci95: [centre - half, centre + half], n };
}

/** Mean of the paired differences a − b. */
export function pairedDifference(a: readonly number[], b: readonly number[]): Estimate {
  return estimate(a.map((value, index) => value - b[index]!));
}

/** Estimate of what exists in every replication; null with the reason where it is missing in one. */
export function maybeEstimate(
  values: readonly (number | null)[],
  reason = 'nothing to measure in some replication',
): MaybeEstimate {
  const present = values.filter((value) => value !== null);
  if (present.length < values.length || present.length === 0) return { value: null, reason };
  return estimate(present);
}

/**
 * Ratio of means with a jackknife interval (Quenouille 1956; Miller 1974, Biometrika 61).
 *
 * @param floor least mean denominator that counts, e.g. 0.1 % of demand
 */
export function ratioOfMeans(
  numerators: readonly number[],
  denominators: readonly number[],
  floor: number,
  reason: string,
): MaybeEstimate {
  const n = numerators.length;
  const sumOfNumerators = numerators.reduce((a, b) => a + b, 0);
  const sumOfDenominators = denominators.reduce((a, b) => a + b, 0);
  if (n === 0 || sumOfDenominators / n <= floor) return { value: null, reason };
  const ratio = sumOfNumerators / sumOfDenominators;
  if (n < 2) return { mean: ratio, ci95: [ratio, ratio], n };
  const pseudo = numerators.map((numerator, index) => {
    const without = (sumOfNumerators - numerator) / (sumOfDenominators - denominators[index]!);
    return n * ratio - (n - 1) * without;
  });
  if (pseudo.some((value) => !Number.isFinite(value))) return { value: null, reason };
  const spread = estimate(pseudo);
  const half = (spread.ci95[1] - spread.ci95[0]) / 2;
  return { mean: ratio, ci95: [ratio - half, ratio + half], n };
}

/**
 * The 97.5 % quantile of Student's t.
 *
 * Hill (1970), Algorithm 396, CACM 13(10); exact for 1 and 2 degrees of freedom.
 */
export function studentQuantile975(degreesOfFreedom: number): number {
  const tail = 0.05;
  if (degreesOfFreedom === 1) return 1 / Math.tan((Math.PI * tail) / 2);
  if (degreesOfFreedom === 2) return Math.sqrt(2 / (tail * (2 - tail)) - 2);
  const n = degreesOfFreedom;
  const a = 1 / (n - 0.5);
  const b = 48 / (a * a);
  let c = ((20700 * a) / b - 98) * a - 16;
  c = c * a + 96.36;
  const d = ((94.5 / (b + c) - 3) / b + 1) * Math.sqrt((a * Math.PI) / 2) * n;
  let x = d * tail;
  let y = Math.exp((2 / n) * Math.log(x));
  if (y > 0.05 + a) {
    x = -NORMAL_975;
    y = x * x;
    let cc = c;
    if (n < 5) cc += 0.3 * (n - 4.5) * (x + 0.6);
    cc = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + cc;
    y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / cc - y - 3) / b + 1) * x;
    y = a * y * y;
    y = y > 0.002 ? Math.exp(y) - 1 : 0.5 * y * y + y;
  } else {
    y =
      ((1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4)) * y - 1) *
        ((n + 1) / (n + 2)) +
      1 / y;
  }
  return Math.sqrt(n * y);
}

/** 97.5 % quantile of the standard normal. */
const NORMAL_975 = 1.959963984540054;

/** Pearson correlation; null where either is constant. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  const n = a.length;
  let sumA = 0;
  let sumB = 0;
  for (let i = 0; i < n; i++) {
    sumA += a[i]!;
    sumB += b[i]!;
  }
  let both = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (let i = 0; i < n; i++) {
    const x = a[i]! - sumA / n;
    const y = b[i]! - sumB / n;
    both += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  return squaresA > 0 && squaresB > 0 ? both / Math.sqrt(squaresA * squaresB) : null;
}

/** Jain's index (Jain, Chiu & Hawe 1984) of non-negative shares; null where all are 0. */
export function jainIndex(values: readonly number[]): number | null {
  const sum = values.reduce((a, b) => a + b, 0);
  const squares = values.reduce((a, b) => a + b * b, 0);
  return squares > 0 ? (sum * sum) / (values.length * squares) : null;
}
