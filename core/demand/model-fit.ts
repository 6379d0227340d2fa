/**
 * A workload model fitted to a trace: all that a fit publishes of the trace. It holds parameters,
 * counts and figures that each rest on several records, and no record, name or id.
 */
import type { ClusterKind } from '../agents/view.ts';
import type { InputLabel } from './demand.ts';

/** One estimated number of the workload table. */
export interface FittedParameter {
  /** Its place in the table, e.g. `runs.a1`. */
  readonly key: string;
  readonly meaning: string;
  readonly value: number;
  readonly standardError: number | null;
  /** 95 % interval. */
  readonly interval95: readonly [number, number] | null;
  /** What the model has for it without a fit; null where it has nothing. */
  readonly published: number | null;
}

/**
 * One test of whether the trace could have come from the fitted model. The p-value is the share of
 * simulated samples, each fitted anew, whose statistic is at least as large: parameters that were
 * estimated from the same data make the usual tables wrong.
 */
export interface GoodnessTest {
  readonly name: string;
  readonly statistic: 'Kolmogorov–Smirnov' | 'chi-square' | 'autocorrelation';
  readonly value: number;
  /** What 95 of 100 simulated samples stay below. */
  readonly limit95: number;
  readonly pValue: number;
  readonly replications: number;
  readonly sample: number;
}

/** A figure of the trace beside the same figure of a workload that the fitted model made. */
export interface FigurePair {
  readonly name: string;
  readonly unit: string;
  /** Null where it cannot be told. */
  readonly trace: number | null;
  readonly model: number | null;
}

/** A distribution of the trace beside the model's. */
export interface DistributionPair {
  /** Name of its figure's file. */
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly logarithmic: boolean;
  /** Share of values ≤ x. */
  readonly points: readonly { x: number; trace: number; model: number }[];
  readonly quantiles: readonly { probability: number; trace: number; model: number }[];
  /** Largest difference of the two over all points, not only those given. */
  readonly distance: number;
}

/** Rates over a day, a week or a year, each relative to its mean. */
export interface CyclePair {
  readonly name: string;
  readonly title: string;
  readonly labels: readonly string[];
  readonly trace: readonly number[];
  readonly model: readonly number[];
}

/** What `fit.json` holds. */
export interface ModelFit {
  readonly formatVersion: 1;
  readonly model: string;
  readonly kind: ClusterKind;
  readonly trace: {
    /** What the user calls it; never the file's name. */
    readonly name: string;
    readonly format: string;
    readonly label: InputLabel;
    readonly records: number;
    readonly spanDays: number;
    readonly processors: number | null;
  };
  readonly seed: number;
  /** The workload table of a scenario. */
  readonly workload: Readonly<Record<string, unknown>>;
  readonly samples: readonly { what: string; count: number }[];
  /** Records that were left out, by reason. */
  readonly setAside: Readonly<Record<string, number>>;
  readonly parameters: readonly FittedParameter[];
  readonly tests: readonly GoodnessTest[];
  readonly comparison: readonly FigurePair[];
  readonly distributions: readonly DistributionPair[];
  readonly cycles: readonly CyclePair[];
  /** What the model cannot represent, and what was assumed, in sentences. */
  readonly limits: readonly string[];
  /** What of the trace stands in the outputs, in sentences. */
  readonly disclosed: readonly string[];
}
