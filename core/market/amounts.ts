/** Exact integer arithmetic on amounts whose products may leave the safe range. */

/**
 * ⌊a · b / c⌋, exact for all safe integers a, b ≥ 0 and c ≥ 1 whose quotient is safe.
 *
 * Below 2⁵³ the product is exact and the correctly rounded quotient cannot cross an integer; above
 * it the work is done in big integers.
 */
export function multiplyDivide(a: number, b: number, c: number): number {
  const product = a * b;
  if (product <= Number.MAX_SAFE_INTEGER) return Math.floor(product / c);
  return Number((BigInt(a) * BigInt(b)) / BigInt(c));
}

/** ⌈a · b / c⌉ under the same conditions. */
export function multiplyDivideUp(a: number, b: number, c: number): number {
  const floor = multiplyDivide(a, b, c);
  const product = a * b;
  const exact =
    product <= Number.MAX_SAFE_INTEGER
      ? product % c === 0
      : (BigInt(a) * BigInt(b)) % BigInt(c) === 0n;
  return exact ? floor : floor + 1;
}

/**
 * Splits a safe integer ≥ 0 over integer weights ≥ 0, not all zero, by largest remainder, ties to
 * the lower index. Exact where `total · weight` leaves the safe range too.
 */
export function splitExactly(total: number, weights: readonly number[]): number[] {
  if (weights.length === 1) return [total];
  let sum = 0;
  for (const weight of weights) sum += weight;
  const parts = weights.map((weight) => multiplyDivide(total, weight, sum));
  let left = total;
  for (const part of parts) left -= part;
  if (left === 0) return parts;
  const rests = weights.map((weight, index) => remainder(total, weight, sum, parts[index]!));
  const order = rests.map((_, index) => index).sort((a, b) => rests[b]! - rests[a]! || a - b);
  for (let i = 0; i < left; i++) parts[order[i]!]! += 1;
  return parts;
}

/** total · weight − part · sum, which lies in [0, sum). */
function remainder(total: number, weight: number, sum: number, part: number): number {
  if (total * weight <= Number.MAX_SAFE_INTEGER) return total * weight - part * sum;
  return Number(BigInt(total) * BigInt(weight) - BigInt(part) * BigInt(sum));
}
