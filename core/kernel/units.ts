/**
 * The only quantities the core counts in: integer milliseconds, whole nodes and integer
 * millicredits. All three are plain numbers that must stay safe integers; an operation that
 * would leave that range is refused by value, never rounded.
 */

/** Milliseconds since the start of the simulation, or since 1970-01-01T00:00:00Z when live. */
export type TimeMs = number;

/** Thousandths of a credit. Always a safe integer. */
export type Millicredits = number;

/** One node held for one millisecond. Always a safe integer. */
export type NodeMs = number;

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
export const WEEK_MS = 7 * DAY_MS;

export const CREDIT_MILLICREDITS = 1_000;

/** True for an integer that a double holds exactly, i.e. a legal time or amount. */
export function isSafeAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value);
}

/** The sum, or null where it would no longer be a safe integer. */
export function addAmounts(a: number, b: number): number | null {
  const sum = a + b;
  return Number.isSafeInteger(sum) ? sum : null;
}

/**
 * Splits `total` over `weights` in whole units by largest remainder, ties to the lower index, so
 * that the parts always add up to the total.
 *
 * @param total safe integer ≥ 0
 * @param weights non-negative numbers, not all zero unless `total` is zero
 */
export function splitByLargestRemainder(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  if (sum === 0) return weights.map(() => 0);
  const exact = weights.map((weight) => (total * weight) / sum);
  const parts = exact.map(Math.floor);
  let left = total - parts.reduce((a, b) => a + b, 0);
  const order = exact
    .map((value, index) => ({ index, rest: value - Math.floor(value) }))
    .sort((a, b) => b.rest - a.rest || a.index - b.index);
  for (let i = 0; left > 0; i = (i + 1) % order.length, left--) parts[order[i]!.index]! += 1;
  return parts;
}
