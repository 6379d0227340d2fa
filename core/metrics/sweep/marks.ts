/** Holds pass marks against the cells of a sweep. */
import { isEstimate } from '../estimate.ts';
import type {
  Comparator,
  JudgedCell,
  JudgedMark,
  Levels,
  MarkVerdict,
  PassMark,
  SweepCell,
  SweepMeasure,
} from './results.ts';

/** A mark passes where every one of its cells does; without any value it is not measured. */
export function judgeMark(
  mark: PassMark,
  measures: readonly SweepMeasure[],
  cells: readonly SweepCell[],
): JudgedMark {
  const columnOf = (wanted: string) => measures.findIndex(({ name }) => name === wanted);
  const columns = {
    measure: columnOf(mark.measure),
    per: mark.per === null ? null : columnOf(mark.per),
  };
  const judge = (cell: SweepCell) => judgeCell(mark, cell, columns, cells);
  const judged = cells.filter(({ levels }) => agrees(levels, mark.at)).map(judge);
  const elsewhere = cells.filter(({ levels }) => !agrees(levels, mark.at)).map(judge);
  return { ...mark, verdict: overall(judged), cells: judged, elsewhere };
}

interface Columns {
  readonly measure: number;
  readonly per: number | null;
}

/** Whether a cell has all of these levels. */
export function agrees(levels: Levels, wanted: Levels): boolean {
  return Object.entries(wanted).every(([axis, level]) => levels[axis] === level);
}

function overall(cells: readonly JudgedCell[]): MarkVerdict {
  if (cells.some(({ verdict }) => verdict === 'fail')) return 'fail';
  const measured = cells.length > 0 && cells.every(({ verdict }) => verdict === 'pass');
  return measured ? 'pass' : 'not measured';
}

function judgeCell(
  mark: PassMark,
  cell: SweepCell,
  columns: Columns,
  cells: readonly SweepCell[],
): JudgedCell {
  const own = valueOf(mark, cell, columns);
  const nothing = (reason: string): JudgedCell => ({
    levels: cell.levels,
    value: null,
    verdict: 'not measured',
    reason,
  });
  if (typeof own === 'string') return nothing(own);
  let value = own;
  if (mark.relativeTo) {
    const reference = { ...cell.levels, ...mark.relativeTo };
    const other = cells.find(({ levels }) => agrees(levels, reference));
    const base = other ? valueOf(mark, other, columns) : 'there is no such cell';
    if (typeof base === 'string') return nothing(base);
    // A quotient by a loss would say the opposite of what it seems to.
    if (base <= 0) return nothing('the figure it is compared with is not above 0');
    value = own / base;
  }
  const verdict = holds(value, mark.comparison, mark.threshold) ? 'pass' : 'fail';
  return { levels: cell.levels, value, verdict, reason: null };
}

/** The value, or the reason why there is none. */
function valueOf(mark: PassMark, { figures }: SweepCell, columns: Columns): number | string {
  const figure = figures[columns.measure]!;
  if (!isEstimate(figure)) return figure.reason;
  const value = mark.figure === 'mean' ? figure.mean : figure.ci95[mark.figure === 'lower' ? 0 : 1];
  if (columns.per === null) return value;
  const divisor = figures[columns.per]!;
  if (!isEstimate(divisor)) return divisor.reason;
  return divisor.mean <= 0 ? `${mark.per} is not above 0` : value / divisor.mean;
}

function holds(value: number, comparison: Comparator, threshold: number): boolean {
  switch (comparison) {
    case '<':
      return value < threshold;
    case '<=':
      return value <= threshold;
    case '>':
      return value > threshold;
    case '>=':
      return value >= threshold;
    case '=':
      return value === threshold;
  }
}
