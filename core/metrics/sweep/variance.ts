/**
 * Which axes of a sweep matter: how the variance of a measure splits between the axes, their
 * interactions, and chance (Fisher's analysis of variance; Montgomery, Design and Analysis of
 * Experiments, chapters 4 and 5).
 *
 * Cells of one replication see the same workloads and failures, so that replications are blocks: what
 * they have in common is taken out first. Each term is tested against its own interaction with the
 * replications, as repeated measurements are; for an axis of two levels that is the paired t test.
 */
import type { Estimate } from '../estimate.ts';
import { estimate, mean } from '../statistics.ts';
import { fTail } from '../statistics/f-distribution.ts';
import type { Levels, MeasureVariance, SweepAxis, VarianceTerm } from './results.ts';

/** Values of one measure in one cell. */
export interface ReplicatedCell {
  readonly levels: Levels;
  /** By replication; null where there is no such figure. */
  readonly values: readonly (number | null)[];
}

interface FullCell {
  /** Which level of each axis that varies, counted from 0. */
  readonly at: readonly number[];
  readonly values: readonly number[];
}

interface Table {
  readonly cells: readonly FullCell[];
  readonly replications: number;
}

/** Sums of squares below this part of those of the values are what rounding leaves of 0. */
const ROUNDING = 1e-26;
/** The same for differences of sums of squares. */
const CANCELLED = 1e-12;

/**
 * @param axes those with one level vary nothing and are left out
 * @param pairs whether the cells are all combinations, so that two axes' interactions show; else each
 *   axis has two levels, balanced against each other, and interactions come in one sum
 */
export function analyseVariance(
  measure: string,
  axes: readonly SweepAxis[],
  given: readonly ReplicatedCell[],
  pairs: boolean,
): MeasureVariance {
  const varied = axes.filter(({ levels }) => levels.length > 1);
  const table = tableOf(varied, given);
  if (typeof table === 'string') return { measure, reason: table };
  const { cells, replications } = table;
  const all = cells.flatMap(({ values }) => values);
  const centre = mean(all);
  const total = squares(all.map((value) => value - centre));
  const nothing = ROUNDING * squares(all);
  if (total <= nothing) {
    return { measure, reason: 'it is the same in every cell and replication' };
  }
  const between = replications * squares(cells.map(({ values }) => mean(values) - centre));
  const blocks =
    cells.length *
    squares(columns(replications).map((r) => mean(cells.map((cell) => cell.values[r]!)) - centre));
  const subsets = termsOf(varied.length, pairs);
  const terms = subsets.map((subset) => term(subset, varied, { ...table, total, nothing }));
  const explained = terms.reduce((sum, { sumOfSquares }) => sum + sumOfSquares, 0);
  // A difference of sums that should be 0 keeps the last bits of both.
  const part = (sum: number) => (sum <= CANCELLED * total ? 0 : sum / total);
  return {
    measure,
    replications,
    terms,
    otherInteractions: part(between - explained),
    ofReplications: part(blocks),
    rest: part(total - between - blocks),
  };
}

/** A table without holes, or the reason why there is none. */
function tableOf(axes: readonly SweepAxis[], given: readonly ReplicatedCell[]): Table | string {
  if (axes.length === 0) return 'no axis varies';
  const replications = Math.min(...given.map(({ values }) => values.length));
  if (replications < 2) return 'there are fewer than two replications';
  const cells: FullCell[] = [];
  const holes = given.filter(({ values }) => values.slice(0, replications).includes(null)).length;
  if (holes > 0) return `${holes} of ${given.length} cells lack it in some replication`;
  for (const { levels, values } of given) {
    const full = values.slice(0, replications).filter((value) => value !== null);
    const at = axes.map((axis) => axis.levels.indexOf(levels[axis.name] ?? ''));
    cells.push({ at, values: full });
  }
  return { cells, replications };
}

/** Indices of axes: each alone, then each two. */
function termsOf(count: number, pairs: boolean): number[][] {
  const alone = columns(count).map((a) => [a]);
  if (!pairs) return alone;
  return [
    ...alone,
    ...columns(count).flatMap((a) => columns(count - a - 1).map((step) => [a, a + 1 + step])),
  ];
}

function term(
  subset: readonly number[],
  axes: readonly SweepAxis[],
  table: Table & { readonly total: number; readonly nothing: number },
): VarianceTerm {
  const { cells, replications, total, nothing } = table;
  const degreesOfFreedom = subset.reduce((df, axis) => df * (axes[axis]!.levels.length - 1), 1);
  // Of each replication by itself, and of their mean.
  const groups = [...subset.map((axis) => [axis]), subset].map((one) => groupBy(cells, one));
  const own = columns(replications).map((r) =>
    effects(
      cells.map(({ values }) => values[r]!),
      subset.length === 1 ? groups.slice(0, 1) : groups,
    ),
  );
  const common = own[0]!.map((_, cell) => mean(own.map((one) => one[cell]!)));
  const sum = replications * squares(common);
  const sumOfSquares = sum <= nothing ? 0 : sum;
  const error = own.reduce(
    (all, one) => all + squares(one.map((value, cell) => value - common[cell]!)),
    0,
  );
  const errorDegrees = degreesOfFreedom * (replications - 1);
  const meanError = error / errorDegrees;
  const f = error <= nothing ? null : sumOfSquares / degreesOfFreedom / meanError;
  const unbiased = (sumOfSquares - degreesOfFreedom * meanError) / (total + meanError);
  const effect = subset.length === 1 ? effectOf(subset[0]!, axes, table) : null;
  return {
    axes: subset.map((axis) => axes[axis]!.name),
    degreesOfFreedom,
    sumOfSquares,
    share: sumOfSquares / total,
    shareUnbiased: Math.max(0, unbiased),
    f,
    p: f === null ? null : fTail(f, degreesOfFreedom, errorDegrees),
    ...(effect ? { effect } : {}),
  };
}

/** What a term adds to the mean in each cell: for two axes, beyond what each adds alone. */
function effects(values: readonly number[], [first, second, both]: readonly Group[]): number[] {
  const centre = mean(values);
  const alone = first!.means(values);
  if (!second || !both) return alone.map((value) => value - centre);
  const other = second.means(values);
  return both.means(values).map((value, at) => value - alone[at]! - other[at]! + centre);
}

/** Cells by their levels of some axes. */
interface Group {
  /** In each cell, the mean of all cells with the same levels. */
  means(values: readonly number[]): number[];
}

function groupBy(cells: readonly FullCell[], subset: readonly number[]): Group {
  const numbers = new Map<string, number>();
  const groups = cells.map(({ at }) => {
    const key = subset.map((axis) => at[axis]).join(' ');
    const known = numbers.get(key) ?? numbers.size;
    numbers.set(key, known);
    return known;
  });
  return {
    means: (values) => {
      const sums = columns(numbers.size).map(() => ({ sum: 0, count: 0 }));
      for (const [cell, group] of groups.entries()) {
        sums[group]!.sum += values[cell]!;
        sums[group]!.count += 1;
      }
      return groups.map((group) => sums[group]!.sum / sums[group]!.count);
    },
  };
}

/** Of an axis of two levels: the second less the first, with an interval over replications. */
function effectOf(
  axis: number,
  axes: readonly SweepAxis[],
  { cells, replications }: Table,
): Estimate | null {
  if (axes[axis]!.levels.length !== 2) return null;
  const at = (level: number, r: number) =>
    mean(cells.filter((cell) => cell.at[axis] === level).map(({ values }) => values[r]!));
  return estimate(columns(replications).map((r) => at(1, r) - at(0, r)));
}

function squares(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}

function columns(count: number): number[] {
  return Array.from({ length: Math.max(0, count) }, (_, index) => index);
}
