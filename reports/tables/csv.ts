/** Comma-separated values: RFC 4180, with names that a spreadsheet would take for formulas made harmless. */
import { stringify } from 'csv-stringify/sync';
import { oneLine } from '../text/printable.ts';

/** A cell: text is made harmless, numbers are written as they are, null is empty. */
export type Cell = string | number | boolean | null;

/** What makes a spreadsheet evaluate a cell (OWASP, "CSV Injection"), full-width forms included. */
const FORMULA = /^(\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])/;

/**
 * Text that is shown as it is in any spreadsheet: `=1+1` becomes `'=1+1`. It stays on one line, so
 * that a reader who takes files line by line sees no other beginning of a cell either.
 */
export function harmless(text: string): string {
  return FORMULA.test(text) ? `'${oneLine(text)}` : oneLine(text);
}

/** A table with a header line. Lines end with a line feed. */
export function renderCsv(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cells = rows.map((row) => row.map(cellOf));
  return stringify([[...columns], ...cells], { record_delimiter: '\n' });
}

function cellOf(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'string') return harmless(cell);
  if (typeof cell === 'boolean') return cell ? '1' : '0';
  return Number.isFinite(cell) ? String(cell) : '';
}
