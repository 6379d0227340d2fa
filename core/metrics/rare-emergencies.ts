/**
 * What is rare, conditioned on and weighted: every replication is run in a window that holds a large
 * emergency and in one that holds none, all else alike, and the two are put together by how probable
 * they are. With the probability known from the model, p·X(some) + (1 − p)·X(none) has the expectation
 * of an ordinary run, replication by replication; so its interval is that of a mean, and covers that
 * the two runs of a replication vary together. Nothing is divided by a sum of weights.
 */
import type { Rarity } from '../demand/demand.ts';
import { DAY_MS } from '../kernel/units.ts';
import { demandHours, metHours, STATIC, sumOver } from './comparison.ts';
import type { Comparison } from './comparison.ts';
import type { Estimate } from './estimate.ts';
import { estimate } from './statistics.ts';

/** One figure of a measured window. */
export interface StratifiedFigure {
  /** In windows with such an emergency. */
  readonly some: Estimate;
  readonly none: Estimate;
  /** In all windows, each kind as often as it comes. */
  readonly expected: Estimate;
  /** That in a year of such windows. */
  readonly perYear: Estimate;
}

export interface RareEmergencies {
  readonly nodes: number;
  /** That a measured window holds at least one of so many nodes, by the model of emergencies. */
  readonly probability: number;
  /** Kish's: (Σ w)² ÷ Σ w² over the runs of both kinds. */
  readonly effectiveRuns: number;
  readonly variants: readonly RareVariant[];
}

export interface RareVariant {
  readonly variant: string;
  readonly demandNodeHours: StratifiedFigure;
  readonly metNodeHours: StratifiedFigure;
  /** Of governments, which emergencies are for. */
  readonly governmentDemandNodeHours: StratifiedFigure;
  readonly governmentMetNodeHours: StratifiedFigure;
  /** Met beyond `static` in the same windows. */
  readonly extraNodeHours: StratifiedFigure;
}

const YEAR_MS = 365.25 * DAY_MS;

/** @param some values by replication, of windows that hold one; `none` in the same order */
export function stratified(
  some: readonly number[],
  none: readonly number[],
  probability: number,
  windowsPerYear: number,
): StratifiedFigure {
  const expected = some.map((value, at) => probability * value + (1 - probability) * none[at]!);
  return {
    some: estimate(some),
    none: estimate(none),
    expected: estimate(expected),
    perYear: estimate(expected.map((value) => value * windowsPerYear)),
  };
}

/** Null where nothing was conditioned on. */
export function rareEmergencies(comparison: Comparison): RareEmergencies | null {
  const { rarity, windowStartMs, windowEndMs } = comparison;
  const strata = comparison.variants.flatMap((variant) =>
    variant.calmRuns ? [{ some: variant, none: { ...variant, runs: variant.calmRuns } }] : [],
  );
  const alone = strata.find(({ some }) => some.name === STATIC);
  if (!rarity || !alone) return null;
  const windowsPerYear = YEAR_MS / (windowEndMs - windowStartMs);
  const both = (of: (runs: 'some' | 'none') => readonly number[]) =>
    stratified(of('some'), of('none'), rarity.probability, windowsPerYear);
  return {
    ...rarity,
    effectiveRuns: effectiveRuns(rarity, alone.some.runs.length),
    variants: strata.map((pair): RareVariant => {
      const isGovernment = ({ kind }: { readonly kind: string }) => kind === 'government';
      const before = (runs: 'some' | 'none') => sumOver(alone[runs], metHours);
      return {
        variant: pair.some.name,
        demandNodeHours: both((runs) => sumOver(pair[runs], demandHours)),
        metNodeHours: both((runs) => sumOver(pair[runs], metHours)),
        governmentDemandNodeHours: both((runs) => sumOver(pair[runs], demandHours, isGovernment)),
        governmentMetNodeHours: both((runs) => sumOver(pair[runs], metHours, isGovernment)),
        extraNodeHours: both((runs) =>
          sumOver(pair[runs], metHours).map((met, at) => met - before(runs)[at]!),
        ),
      };
    }),
  };
}

/** Weights are p and 1 − p, each over so many runs. */
function effectiveRuns({ probability: p }: Rarity, replications: number): number {
  return replications / (p * p + (1 - p) * (1 - p));
}
