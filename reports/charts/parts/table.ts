/** Rows of the tables that stand behind figures. */
import { isEstimate } from '../../../core/metrics/estimate.ts';
import type { MaybeEstimate } from '../../../core/metrics/estimate.ts';
import { describeInterval, describeMean } from '../../text/number.ts';
import type { NumberStyle, Unit } from '../../text/number.ts';
import { oneLine } from '../../text/printable.ts';

/** Columns of `estimateRow`. */
export const ESTIMATE_COLUMNS: readonly string[] = [
  'Figure',
  'Mean',
  '95 % interval',
  'Replications',
  'Unit',
];

const UNIT_IN_CELL: ReadonlySet<Unit> = new Set<Unit>(['share', 'seconds', 'count']);

export function estimateRow(
  name: string,
  figure: MaybeEstimate | undefined,
  unit: Unit,
  style: NumberStyle = {},
): string[] {
  const printedUnit = UNIT_IN_CELL.has(unit) ? '' : unit;
  return [name, ...estimateCells(figure, unit, style), printedUnit];
}

/** Mean, interval and number of replications; the reason where there is no figure. */
export function estimateCells(
  figure: MaybeEstimate | undefined,
  unit: Unit,
  style: NumberStyle = {},
): [string, string, string] {
  if (figure === undefined) return ['–', '', ''];
  if (!isEstimate(figure)) return ['–', oneLine(figure.reason), ''];
  const bare = { ...style, withoutUnit: !UNIT_IN_CELL.has(unit) };
  const interval = describeInterval(figure, unit, bare) || 'none: one replication';
  return [describeMean(figure, unit, bare), interval, `${figure.n}`];
}
