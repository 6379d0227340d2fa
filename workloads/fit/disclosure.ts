/**
 * What of a trace leaves the house: figures that rest on several records each. A point of a
 * distribution stands for at least five records, a quantile has at least five on either side and
 * three digits, so that no single job, machine or event can be read off.
 */
import type { DistributionPair, FittedParameter } from '../../core/demand/model-fit.ts';
import { quantile, significant } from '../statistics.ts';
import { interval95 } from './assessment.ts';
import { twoSampleDistance } from './distances.ts';

/** Fewest records behind a published figure. */
export const LEAST_RECORDS = 5;

const PROBABILITIES = [
  0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75,
  0.8, 0.85, 0.9, 0.95, 0.98, 0.99,
];

export interface DistributionWords {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly logarithmic: boolean;
}

/** Two ascending samples as a published pair of distributions. */
export function distributionPair(
  words: DistributionWords,
  trace: Float64Array,
  model: Float64Array,
): DistributionPair {
  const probabilities = PROBABILITIES.filter(
    (p) => Math.min(p, 1 - p) * trace.length >= LEAST_RECORDS,
  );
  return {
    ...words,
    points: pointsOf(words.logarithmic, trace, model),
    quantiles: probabilities.map((probability) => ({
      probability,
      trace: significant(quantile(trace, probability), 3),
      model: significant(quantile(model, probability), 3),
    })),
    distance: significant(twoSampleDistance(trace, model), 4),
  };
}

/** Points of a grid that no value decides; those with too few records between them are joined. */
function pointsOf(logarithmic: boolean, trace: Float64Array, model: Float64Array) {
  const points: { x: number; trace: number; model: number }[] = [];
  const n = trace.length;
  let before = 0;
  for (const x of gridUpTo(logarithmic, trace[n - 1]!)) {
    const below = countUpTo(trace, x);
    const left = n - below;
    const few = below - before > 0 && below - before < LEAST_RECORDS;
    if (few || (left > 0 && left < LEAST_RECORDS)) continue;
    if (points.length === 0 && below < LEAST_RECORDS) continue;
    before = below;
    const share = countUpTo(model, x) / model.length;
    points.push({ x, trace: significant(below / n, 4), model: significant(share, 4) });
    if (left === 0) break;
  }
  return points;
}

const PER_DECADE = 12;
const LINEAR_POINTS = 60;

function gridUpTo(logarithmic: boolean, largest: number): number[] {
  if (!logarithmic) {
    const step = 10 ** Math.floor(Math.log10(Math.max(1e-9, largest) / LINEAR_POINTS)) * 2;
    return Array.from({ length: Math.ceil(largest / step) + 1 }, (_, i) =>
      significant(i * step, 6),
    );
  }
  const grid = new Set<number>();
  for (let i = 0; i <= PER_DECADE * 12; i++) {
    const x = 10 ** (i / PER_DECADE);
    grid.add(x < 100 ? Math.round(x) : significant(x, 3));
    if (x > largest) break;
  }
  return [...grid];
}

/** How many values of an ascending column are ≤ x. */
export function countUpTo(ascending: Float64Array, x: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Digits of published parameters. */
const DIGITS = 5;

/** A number of the workload table with what is known of its error. */
export function fittedParameter(
  key: string,
  meaning: string,
  value: number,
  standardError: number | null,
  published: number | null,
  bounds?: readonly [number, number],
): FittedParameter {
  // What no sample changes was not estimated: the trace has nothing to say of it.
  const isFixed = standardError !== null && standardError <= 1e-9 * Math.abs(value);
  const error = isFixed ? null : standardError;
  const ends = interval95(value, error, bounds);
  return {
    key,
    meaning,
    value: significant(value, DIGITS),
    standardError: error === null ? null : significant(error, 3),
    interval95: ends && [significant(ends[0], DIGITS), significant(ends[1], DIGITS)],
    published,
  };
}

/** A table with all its numbers in as many digits as are published. */
export function rounded<Table extends object>(table: Table): Table {
  return JSON.parse(JSON.stringify(table), (_, value: unknown) =>
    typeof value === 'number' ? significant(value, DIGITS) : value,
  ) as Table;
}

/** Sentences about outputs that hold for every model. */
export const DISCLOSED = [
  'the parameters, their standard errors and intervals, and counts of records',
  `points of distributions: each rests on at least ${LEAST_RECORDS} records more than the one ` +
    'before it, on a grid that no record decides',
  `quantiles to three digits, with at least ${LEAST_RECORDS} records on either side`,
  'no record, no name or number of a user, group, queue, machine or job, no date, no file name',
];
