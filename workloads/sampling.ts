/** Draws that several models need, from a named random stream. */
import type { RandomStream } from '../core/kernel/random.ts';

const CHUNK = 30;

/**
 * Poisson with any mean ≥ 0: products of uniforms (Knuth 1969), in chunks, because a sum of
 * independent Poisson variables is one.
 */
export function poisson(stream: RandomStream, mean: number): number {
  let count = 0;
  for (let left = mean; left > 0; left -= CHUNK) {
    const limit = Math.exp(-Math.min(left, CHUNK));
    for (let product = stream.uniform(); product > limit; product *= stream.uniform()) count += 1;
  }
  return count;
}

/** Index drawn with the given weights (not all zero). */
export function weightedIndex(stream: RandomStream, weights: readonly number[]): number {
  let left = stream.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
  for (let index = 0; index < weights.length; index++) {
    left -= weights[index]!;
    if (left < 0) return index;
  }
  return weights.length - 1;
}

/** Real number in [low, high) with density ∝ x^−exponent, low > 0, exponent > 1. */
export function powerLaw(
  stream: RandomStream,
  low: number,
  high: number,
  exponent: number,
): number {
  const [atLow, atHigh] = [powerTail(low, exponent), powerTail(high, exponent)];
  return Math.exp(-Math.log(atLow - stream.uniform() * (atLow - atHigh)) / (exponent - 1));
}

/** x^(1 − exponent): the power law's P(X > x), up to a factor. */
export function powerTail(x: number, exponent: number): number {
  return Math.exp((1 - exponent) * Math.log(x));
}

/** Natural logarithm of the gamma function for x > 0 (Lanczos 1964, g = 7, n = 9). */
export function logGamma(x: number): number {
  const shifted = x - 1;
  let sum = LANCZOS[0]!;
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i]! / (shifted + i);
  const t = shifted + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(sum);
}

const LANCZOS = [
  0.999_999_999_999_809_93, 676.520_368_121_885_1, -1_259.139_216_722_402_8, 771.323_428_777_653_13,
  -176.615_029_162_140_59, 12.507_343_278_686_905, -0.138_571_095_265_720_12,
  9.984_369_578_019_571_6e-6, 1.505_632_735_149_311_6e-7,
];

/** Density of the gamma distribution. */
export function gammaDensity(x: number, shape: number, scale: number): number {
  if (x <= 0) return 0;
  const scaled = x / scale;
  return Math.exp((shape - 1) * Math.log(scaled) - scaled - logGamma(shape)) / scale;
}

/**
 * Distribution function of the gamma distribution: series for small x, continued fraction for
 * large (Press et al., Numerical Recipes, §6.2).
 */
export function gammaDistribution(x: number, shape: number, scale: number): number {
  const scaled = x / scale;
  if (scaled <= 0) return 0;
  const front = Math.exp(shape * Math.log(scaled) - scaled - logGamma(shape));
  if (scaled < shape + 1) {
    let term = 1 / shape;
    let sum = term;
    for (let n = 1; n < 10_000 && term > sum * 1e-16; n++) sum += term *= scaled / (shape + n);
    return sum * front;
  }
  let b = scaled + 1 - shape;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < 10_000; n++) {
    const a = -n * (n - shape);
    b += 2;
    d = 1 / (a * d + b || 1e-300);
    c = b + a / c || 1e-300;
    const factor = d * c;
    fraction *= factor;
    if (Math.abs(factor - 1) < 1e-15) break;
  }
  return 1 - front * fraction;
}
