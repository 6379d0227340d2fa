/** Any trace as named columns of equal length: what is written as CSV or Parquet. */

export type ColumnType = 'INT32' | 'INT64' | 'DOUBLE' | 'STRING';

export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly values: ArrayLike<number> | readonly string[];
}

export interface ColumnTable {
  readonly rows: number;
  readonly columns: readonly TableColumn[];
}

/** CSV with a header line, one row at a time; RFC 4180 quoting, line feeds. */
export function* csvLines(table: ColumnTable): Generator<string> {
  yield table.columns.map((column) => csvField(column.name)).join(',');
  for (let row = 0; row < table.rows; row++) {
    yield table.columns.map((column) => csvField(column.values[row]!)).join(',');
  }
}

/** Numbers as ECMAScript prints them; text that a spreadsheet would run as a formula is quoted. */
function csvField(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
