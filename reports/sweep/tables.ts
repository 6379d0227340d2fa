/** Rows about a sweep that pages, terminals and files share. */
import { isEstimate } from '../../core/metrics/estimate.ts';
import type {
  Comparator,
  JudgedCell,
  JudgedMark,
  Levels,
  MeasureUnit,
  StoppedBy,
  SweepCell,
  SweepMeasure,
  SweepResults,
  SweepStopping,
} from '../../core/metrics/sweep/results.ts';
import { describeEstimate, describeValue, formatNumber } from '../text/number.ts';
import { renderCsv } from '../tables/csv.ts';
import type { Cell } from '../tables/csv.ts';

/** One row a cell: its levels, then its figures with their intervals. */
export function cellRows(results: SweepResults): string[][] {
  return results.cells.map((cell) => [
    ...results.axes.map(({ name }) => cell.levels[name] ?? ''),
    ...cell.figures.map((figure, index) =>
      describeEstimate(figure, results.measures[index]!.unit, { withoutUnit: true }),
    ),
  ]);
}

/** Heads of `cellRows`. */
export function cellColumns({ axes, measures }: SweepResults): string[] {
  const units = measures.map(({ name, unit }) =>
    unit === 'count' || unit === 'share' || unit === 'seconds' ? name : `${name}, ${unit}`,
  );
  return [...axes.map(({ name }) => name), ...units];
}

/** `market = karma, load = 1.2`; `all` without any. */
export function describeLevels(levels: Levels): string {
  const parts = Object.entries(levels).map(([axis, level]) => `${axis} = ${level}`);
  return parts.length === 0 ? 'all cells' : parts.join(', ');
}

/** What a mark asks, e.g. `price rise (relative to spike = no) ≤ 2`. */
export function describeMark(mark: JudgedMark): string {
  const relative = mark.relativeTo ? [`relative to ${describeLevels(mark.relativeTo)}`] : [];
  const end = mark.figure === 'mean' ? [] : [`${mark.figure} end of the interval`];
  const notes = [...end, ...relative];
  const about = notes.length > 0 ? ` (${notes.join('; ')})` : '';
  const what = mark.per === null ? mark.measure : `${mark.measure} per ${mark.per}`;
  return `${what}${about} ${SIGNS[mark.comparison]} ${mark.threshold}`;
}

const SIGNS: Readonly<Record<Comparator, string>> = {
  '<': '<',
  '<=': '≤',
  '>': '>',
  '>=': '≥',
  '=': '=',
};

/** Of a mark's values: the measure's own, or none for a quotient. */
export function unitOf({ measures }: SweepResults, mark: JudgedMark): MeasureUnit {
  if (mark.relativeTo || mark.per !== null) return 'count';
  return measures.find(({ name }) => name === mark.measure)?.unit ?? 'count';
}

/** The values of a mark's cells, from the least to the largest; reasons where there are none. */
export function describeValues(cells: readonly JudgedCell[], unit: MeasureUnit): string {
  const values = cells.flatMap(({ value }) => (value === null ? [] : [value]));
  const reasons = [...new Set(cells.flatMap(({ reason }) => (reason === null ? [] : [reason])))];
  if (values.length === 0) return reasons[0] ?? 'no such cell';
  const low = valueText(Math.min(...values), unit);
  const high = valueText(Math.max(...values), unit);
  const range = low === high ? low : `${low} to ${high}`;
  return reasons.length > 0 ? `${range}; else ${reasons[0]}` : range;
}

/** Quotients with as many digits as thresholds have, and one more. */
function valueText(value: number, unit: MeasureUnit): string {
  return unit === 'count' && !Number.isInteger(value)
    ? formatNumber(value, 3)
    : describeValue(value, unit);
}

/** Whether what the mark's cells have makes a difference to it: a safeguard may make none. */
export function describeElsewhere(mark: JudgedMark, unit: MeasureUnit): string {
  if (mark.elsewhere.length === 0) return '–';
  const failing = mark.elsewhere.filter(({ verdict }) => verdict === 'fail').length;
  const measured = mark.elsewhere.filter(({ verdict }) => verdict !== 'not measured').length;
  const values = describeValues(mark.elsewhere, unit);
  if (measured === 0) return values;
  if (failing === 0) return `${values}: would pass as well`;
  return `${values}: fails in ${failing} of ${mark.elsewhere.length}`;
}

/** What a stopping rule asks, e.g. `extra demand met within ±5 % of its mean, 10 to 200 replications`. */
export function describeStopping(
  stopping: SweepStopping,
  measures: readonly SweepMeasure[],
): string {
  const { measure, halfWidth, scale, minimum, maximum } = stopping;
  const unit = measures.find(({ name }) => name === measure)?.unit ?? 'count';
  const target =
    scale === 'relative'
      ? `${describeValue(halfWidth, 'share')} of its mean`
      : describeValue(halfWidth, unit);
  return `${measure} within ±${target}, ${minimum} to ${maximum} replications`;
}

/** How many cells stopped why, e.g. `8 cells reached it, 1 stopped at the maximum`. */
export function describeEnds(cells: readonly SweepCell[]): string {
  const count = (by: StoppedBy) => cells.filter(({ stopped }) => stopped?.by === by).length;
  const parts = [
    `${count('target')} of ${cells.length} cells reached it`,
    ...(count('maximum') > 0 ? [`${count('maximum')} stopped at the maximum before`] : []),
    ...(count('no figure') > 0 ? [`${count('no figure')} have no such figure`] : []),
  ];
  return parts.join(', ');
}

/** Tidy: one row for each cell and measure. */
export function renderSweepCsv(results: SweepResults): string {
  const axes = results.axes.map(({ name }) => name);
  const columns = [
    ...axes,
    'scenario',
    'measure',
    'path',
    'unit',
    'mean',
    'lo',
    'hi',
    'n',
    'reason',
    ...(results.stopping ? ['replications', 'stoppedBy'] : []),
  ];
  const rows = results.cells.flatMap((cell) =>
    results.measures.map((measure, index): Cell[] => {
      const figure = cell.figures[index]!;
      const levels = axes.map((axis) => cell.levels[axis] ?? null);
      const start = [...levels, cell.scenario, measure.name, measure.path, measure.unit];
      const end = cell.stopped ? [cell.stopped.replications, cell.stopped.by] : [];
      if (!isEstimate(figure)) return [...start, null, null, null, 0, figure.reason, ...end];
      return [...start, figure.mean, ...figure.ci95, figure.n, null, ...end];
    }),
  );
  return renderCsv(columns, rows);
}
