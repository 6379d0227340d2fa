/** The results of a sweep for a terminal: one block a measure, then the marks. */
import type { MarkVerdict, SweepResults } from '../../core/metrics/sweep/results.ts';
import { describeEstimate } from '../text/number.ts';
import { oneLine } from '../text/printable.ts';
import {
  describeElsewhere,
  describeEnds,
  describeMark,
  describeStopping,
  describeValues,
  unitOf,
} from './tables.ts';
import { varianceLines } from './variance.ts';

const SIGNS: Readonly<Record<MarkVerdict, string>> = { pass: '+', fail: '−', 'not measured': '?' };

/** Lines are cut at `width` columns. */
export function renderSweepTable(results: SweepResults, width: number): string {
  const lines = [results.question];
  if (results.changes) lines.push(`changed with ${results.changes.join(' ')}`);
  const labels = results.cells.map(({ levels }) =>
    results.axes.map(({ name }) => levels[name] ?? '').join(' · '),
  );
  const labelWidth = Math.max(0, ...labels.map((label) => label.length));
  results.measures.forEach(({ name, unit }, index) => {
    lines.push('', name);
    results.cells.forEach(({ figures }, cell) => {
      lines.push(
        `  ${labels[cell]!.padEnd(labelWidth)}  ${describeEstimate(figures[index]!, unit)}`,
      );
    });
  });
  lines.push(...stoppingLines(results, labels, labelWidth));
  lines.push(...varianceLines(results));
  if (results.marks.length > 0) lines.push('', 'Pass marks');
  for (const mark of results.marks) {
    const unit = unitOf(results, mark);
    lines.push(`${SIGNS[mark.verdict]} ${mark.name}: ${mark.verdict}`);
    lines.push(`    ${describeMark(mark)}: ${describeValues(mark.cells, unit)}`);
    if (mark.elsewhere.length > 0) lines.push(`    elsewhere: ${describeElsewhere(mark, unit)}`);
  }
  return lines.map((line) => cut(oneLine(line), width)).join('\n');
}

function stoppingLines(
  { stopping, measures, cells }: SweepResults,
  labels: readonly string[],
  labelWidth: number,
): string[] {
  if (!stopping) return [];
  const rows = cells.map(({ stopped }, cell) => {
    const by = stopped?.by === 'target' ? '' : ` (${stopped?.by ?? 'unknown'})`;
    return `  ${labels[cell]!.padEnd(labelWidth)}  ${stopped?.replications ?? 0}${by}`;
  });
  return [
    '',
    `Replications: ${describeStopping(stopping, measures)}`,
    ...rows,
    `  ${describeEnds(cells)}`,
  ];
}

function cut(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(1, width) - 1)}…`;
}
