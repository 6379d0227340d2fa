/**
 * Upper tail of Fisher's F, by the continued fraction of the incomplete beta function (NIST Digital
 * Library of Mathematical Functions, 8.17.22), evaluated as Lentz does (Applied Optics 15, 1976).
 */

/** Terms until the fraction must have settled; it takes about the root of the larger argument. */
const MOST_TERMS = 10_000;
const PRECISION = 1e-15;
/** Stands for 0 in a denominator. */
const TINY = 1e-300;

/**
 * P(F ≥ f): how often chance alone gives a quotient of mean squares this large.
 *
 * @param numerator,denominator degrees of freedom, whole and positive
 */
export function fTail(f: number, numerator: number, denominator: number): number {
  if (f <= 0) return 1;
  return incompleteBeta(
    denominator / (denominator + numerator * f),
    denominator / 2,
    numerator / 2,
  );
}

/** I_x(a, b); a and b whole or half numbers. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction settles fast on one side of the mean only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const logBeta = logGamma(a) + logGamma(b) - logGamma(a + b);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta) / a;
  return front * betaFraction(x, a, b);
}

function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= MOST_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const step = d * c;
    fraction *= step;
    if (Math.abs(step - 1) < PRECISION) break;
  }
  return fraction;
}

function away(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** ln Γ of a whole or half number, by its recurrence from Γ(1) = 1 and Γ(1/2) = √π. */
function logGamma(value: number): number {
  let at = Number.isInteger(value) ? 1 : 0.5;
  let sum = at === 1 ? 0 : Math.log(Math.PI) / 2;
  for (; at < value; at++) sum += Math.log(at);
  return sum;
}
