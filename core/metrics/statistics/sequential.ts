/**
 * When to stop replicating: at a 95 % interval that is no wider than asked for (Chow & Robbins,
 * Annals of Mathematical Statistics 36, 1965; the relative form is in Law & Kelton, Operations
 * Research 30(6), 1982). The confidence is asymptotic: with a small first sample it is somewhat below
 * 95 %, because a spread that came out small by chance stops the run early. Hence at least ten.
 */
import type { Estimate } from '../estimate.ts';
import { estimate } from '../statistics.ts';

/** Fewest replications before the rule may stop; chosen, as the papers ask for ten or more. */
export const LEAST_REPLICATIONS = 10;
/** Where it stops unless told otherwise. */
export const MOST_REPLICATIONS = 200;
/** A stage makes the sample at most this many times as large. */
const GROWTH = 2;

export interface StoppingRule {
  /** What half the interval may measure at most; positive. */
  readonly halfWidth: number;
  /** In units of the figure, or as a share of its mean; default absolute. */
  readonly scale?: 'absolute' | 'relative';
  readonly minimum?: number;
  /** Where it stops in any case. */
  readonly maximum: number;
}

export type Stopping =
  | { readonly stop: true; readonly reached: boolean; readonly halfWidth: number }
  /** `total`: how many replications the next stage should have in all. */
  | { readonly stop: false; readonly total: number; readonly halfWidth: number };

/** @param values one a replication so far, in order */
export function decideStopping(values: readonly number[], rule: StoppingRule): Stopping {
  return decideByFigure(values.length, values.length === 0 ? null : estimate(values), rule);
}

/**
 * By an interval that somebody else has made, of a ratio for instance.
 *
 * @param n replications so far
 * @param figure of them; may be null below the minimum
 */
export function decideByFigure(
  n: number,
  figure: Pick<Estimate, 'mean' | 'ci95'> | null,
  rule: StoppingRule,
): Stopping {
  const minimum = Math.min(rule.maximum, Math.max(2, rule.minimum ?? LEAST_REPLICATIONS));
  if (n < minimum || figure === null) return { stop: false, total: minimum, halfWidth: Infinity };
  const { mean, ci95 } = figure;
  const halfWidth = n < 2 ? Infinity : (ci95[1] - ci95[0]) / 2;
  const target = targetOf(mean, rule);
  if (halfWidth <= target) return { stop: true, reached: true, halfWidth };
  if (n >= rule.maximum) return { stop: true, reached: false, halfWidth };
  // The width falls with the root of the number; the guess is revised after each stage.
  const ratio = halfWidth / target;
  const guess = Math.ceil(n * ratio * ratio);
  const total = Math.min(rule.maximum, Math.max(n + 1, Math.min(guess, n * GROWTH)));
  return { stop: false, total, halfWidth };
}

/** A relative error of at most γ needs a half-width of γ/(1 + γ) of the estimated mean. */
function targetOf(mean: number, { halfWidth, scale }: StoppingRule): number {
  return scale === 'relative' ? (Math.abs(mean) * halfWidth) / (1 + halfWidth) : halfWidth;
}
