/** Descriptive statistics for inspections. */

/** Ascending copy. */
export function sorted(values: Iterable<number>): Float64Array {
  // From a typed array at once: one by one, each number would be an object for a while.
  const copy = ArrayBuffer.isView(values)
    ? new Float64Array(values as unknown as ArrayLike<number>)
    : Float64Array.from(values);
  return copy.sort();
}

/** Quantile by the nearest rank of an ascending column; NaN of nothing. */
export function quantile(ascending: Float64Array, share: number): number {
  if (ascending.length === 0) return NaN;
  const rank = Math.ceil(share * ascending.length) - 1;
  return ascending[Math.min(ascending.length - 1, Math.max(0, rank))]!;
}

/** Mean; NaN of nothing. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** Population variance. */
export function variance(values: ArrayLike<number>): number {
  const centre = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const difference = values[i]! - centre;
    sum += difference * difference;
  }
  return sum / values.length;
}

/** Rounded to a number of significant digits, for print. */
export function significant(value: number, digits = 4): number {
  return Number.isFinite(value) ? Number(value.toPrecision(digits)) : value;
}

const DAY_SECONDS = 86_400;

/** How long a trace is: in days, less than a tenth of a day in seconds. */
export function spanFact(
  seconds: number,
  digits = 4,
): { name: string; value: number; unit: string } {
  const short = seconds < DAY_SECONDS / 10;
  const value = significant(short ? seconds : seconds / DAY_SECONDS, digits);
  return { name: 'span', value, unit: short ? 's' : 'days' };
}
