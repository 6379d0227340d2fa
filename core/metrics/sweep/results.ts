/**
 * The results of a sweep: `sweep.json`, schema `ocx-sweep/1`. A sweep is one comparison a cell,
 * where the cells are all combinations of the levels of some axes.
 */
import type { Estimate, MaybeEstimate } from '../estimate.ts';
import type { MeasuredMechanism } from '../mechanism-properties.ts';

export const SWEEP_SCHEMA = 'ocx-sweep/1';

/** What a measure is counted in; the words of the reports. */
export const MEASURE_UNITS = [
  'nodes',
  'node-hours',
  'share',
  'seconds',
  'credits',
  'credits per node-hour',
  'count',
] as const;

export type MeasureUnit = (typeof MEASURE_UNITS)[number];

/** Axis → level. */
export type Levels = Readonly<Record<string, string>>;

/** One figure of a cell's `metrics.json`, by its key path. */
export interface SweepMeasure {
  readonly name: string;
  readonly path: string;
  readonly unit: MeasureUnit;
  /** The figure where the results have no such key, e.g. 0 for what never happened. */
  readonly absent?: number;
}

export interface SweepAxis {
  readonly name: string;
  readonly levels: readonly string[];
}

/** Until when the replications of a cell go on. */
export interface SweepStopping {
  /** Name of the measure whose interval is held against the target. */
  readonly measure: string;
  /** Half of its 95 % interval, in its unit or as a share of its mean. */
  readonly halfWidth: number;
  readonly scale: 'absolute' | 'relative';
  readonly minimum: number;
  readonly maximum: number;
}

/** Why no more replications of a cell were made. */
export type StoppedBy = 'target' | 'maximum' | 'no figure';

/** How the replications of a cell came to their end. */
export interface StoppedCell {
  readonly replications: number;
  readonly by: StoppedBy;
  /** Of the measure of the rule; null where the cell has no such figure. */
  readonly halfWidth: number | null;
}

export interface SweepCell {
  readonly levels: Levels;
  readonly scenario: string;
  /** Of the cell's own metrics. */
  readonly digest: string;
  readonly invariantViolations: number;
  readonly ledgerImbalance: number;
  /** In the order of the measures. */
  readonly figures: readonly MaybeEstimate[];
  /** Only with a stopping rule. */
  readonly stopped?: StoppedCell;
}

export type Comparator = '<' | '<=' | '>' | '>=' | '=';

/** What an experiment asks of its results before anybody has seen them. */
export interface PassMark {
  readonly name: string;
  /** Name of a measure. */
  readonly measure: string;
  /** Name of a measure of the same cell that the figure is divided by first. */
  readonly per: string | null;
  /** The cells it is asked of: those with these levels. */
  readonly at: Levels;
  /** The figure is divided by that of the cell with these levels in place of its own. */
  readonly relativeTo: Levels | null;
  /** The mean, or an end of its 95 % interval. */
  readonly figure: 'mean' | 'lower' | 'upper';
  readonly comparison: Comparator;
  readonly threshold: number;
}

export type MarkVerdict = 'pass' | 'fail' | 'not measured';

/** A pass mark held against one cell. */
export interface JudgedCell {
  readonly levels: Levels;
  readonly value: number | null;
  readonly verdict: MarkVerdict;
  /** Why there is no value. */
  readonly reason: string | null;
}

export interface JudgedMark extends PassMark {
  /** `pass` where every cell passes. */
  readonly verdict: MarkVerdict;
  readonly cells: readonly JudgedCell[];
  /** The same held against the other cells: what it would be without, say, the safeguard. */
  readonly elsewhere: readonly JudgedCell[];
}

/** What one axis, or two together, explain of the variance of a measure. */
export interface VarianceTerm {
  readonly axes: readonly string[];
  readonly degreesOfFreedom: number;
  readonly sumOfSquares: number;
  /** Of the variance over all cells and replications (η²). */
  readonly share: number;
  /** Less what chance alone would give it (ω²), at least 0. */
  readonly shareUnbiased: number;
  /** Mean square by that of its interaction with the replications; null where that is 0. */
  readonly f: number | null;
  /** How often chance alone gives such an f; null where f is. */
  readonly p: number | null;
  /** Of an axis of two levels: the second less the first. */
  readonly effect?: Estimate;
}

/** The variance of one measure, as shares that add up to 1 with those of the terms. */
export type MeasureVariance =
  | {
      readonly measure: string;
      readonly replications: number;
      readonly terms: readonly VarianceTerm[];
      /** Of three axes and more; of all, where the cells are a screening design. */
      readonly otherInteractions: number;
      /** What replications have in common over all cells. */
      readonly ofReplications: number;
      /** What is left: cells differ from replication to replication. */
      readonly rest: number;
    }
  | { readonly measure: string; readonly reason: string };

/** A design of few cells that ranks the axes. */
export interface SweepScreen {
  readonly design: 'plackett-burman';
  /** Whether each cell has its mirror image, so that no interaction of two axes adds to an axis. */
  readonly foldover: boolean;
}

export interface SweepResults {
  readonly schema: typeof SWEEP_SCHEMA;
  readonly name: string;
  readonly question: string;
  readonly seed: number;
  /** Of every cell; with a stopping rule, of the cell that took the most. */
  readonly replications: number;
  readonly stopping?: SweepStopping;
  /** Words that changed the experiment, as `--only site=type B`; absent: as it stands in its file. */
  readonly changes?: readonly string[];
  readonly axes: readonly SweepAxis[];
  readonly measures: readonly SweepMeasure[];
  /** The first axis changes slowest. */
  readonly cells: readonly SweepCell[];
  readonly marks: readonly JudgedMark[];
  /** Where cells are a screening design. */
  readonly screen?: SweepScreen;
  /** One for each measure; absent in results of earlier versions. */
  readonly variance?: readonly MeasureVariance[];
  /** What the mechanisms of the cells claim, measured on random markets. */
  readonly mechanisms: readonly MeasuredMechanism[];
}

/** A plain number of `metrics.json` as a figure: exact, the same in every replication. */
export function exactly(value: number, n: number): Estimate {
  return { mean: value, ci95: [value, value], n };
}
