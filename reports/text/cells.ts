/** Cells of tables, for pages, papers and terminals alike. */
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { MaybeEstimate } from '../../core/metrics/estimate.ts';
import { columnUnit, describeInterval, describeMean } from './number.ts';
import type { NumberStyle, Unit } from './number.ts';
import { oneLine } from './printable.ts';

/** Columns of `estimateRow`. */
export const ESTIMATE_COLUMNS: readonly string[] = [
  'Figure',
  'Mean',
  '95 % interval',
  'Replications',
  'Unit',
];

export function estimateRow(
  name: string,
  figure: MaybeEstimate | undefined,
  unit: Unit,
  style: NumberStyle = {},
): string[] {
  return [name, ...estimateCells(figure, unit, style), columnUnit(unit)];
}

/** Mean, interval and number of replications; the reason where there is no figure. */
export function estimateCells(
  figure: MaybeEstimate | undefined,
  unit: Unit,
  style: NumberStyle = {},
): [string, string, string] {
  if (figure === undefined) return ['–', '', ''];
  if (!isEstimate(figure)) return ['–', oneLine(figure.reason), ''];
  const bare = { ...style, withoutUnit: columnUnit(unit) !== '' };
  const interval = describeInterval(figure, unit, bare) || 'none: one replication';
  return [describeMean(figure, unit, bare), interval, `${figure.n}`];
}
