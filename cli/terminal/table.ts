/** A table in plain text: two spaces between columns, a rule under the heads, numbers to the right. */
import { oneLine } from '../../reports/text/printable.ts';
import { pad, textWidth, truncate } from './text.ts';

export interface TableColumn {
  readonly head: string;
  /** Default: left. */
  readonly align?: 'left' | 'right';
  /** Longer cells are cut; default 60 columns. */
  readonly maximumWidth?: number;
}

const DEFAULT_MAXIMUM_WIDTH = 60;
const GAP = '  ';

/** @param rows cells as they should stand; a missing one is empty */
export function formatTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly (string | number | undefined)[])[],
): string {
  const cells = rows.map((row) =>
    columns.map(({ maximumWidth = DEFAULT_MAXIMUM_WIDTH }, index) =>
      truncate(oneLine(String(row[index] ?? '')), maximumWidth),
    ),
  );
  const widths = columns.map(({ head }, index) =>
    cells.reduce((width, row) => Math.max(width, textWidth(row[index]!)), textWidth(head)),
  );
  const line = (texts: readonly string[]) =>
    texts
      .map((text, index) => pad(text, widths[index]!, columns[index]!.align))
      .join(GAP)
      .trimEnd();
  const heads = line(columns.map(({ head }) => head));
  const rule = widths.map((width) => '─'.repeat(width)).join(GAP);
  return [heads, rule, ...cells.map(line)].join('\n');
}
