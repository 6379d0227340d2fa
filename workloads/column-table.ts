/** Any trace as named columns of equal length: what is written as CSV or Parquet. */

export type ColumnType = 'INT32' | 'INT64' | 'DOUBLE' | 'STRING';

export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly values: ArrayLike<number> | readonly string[];
}

/** What is true of a table as a whole: Parquet has a place for it, CSV has none. */
export interface TableNote {
  /** Its name in the metadata of a Parquet file. */
  readonly key: string;
  readonly value: string;
  /** The same in words, for those who write a form without that place. */
  readonly words: string;
}

export interface ColumnTable {
  readonly rows: number;
  readonly columns: readonly TableColumn[];
  readonly notes?: readonly TableNote[];
  /** What was read and stands neither in a column nor in a note, in words. */
  readonly notRepresented?: readonly string[];
}

/** The same with more of what is not represented. */
export function withLost<Value extends { readonly notRepresented?: readonly string[] }>(
  value: Value,
  lost: readonly string[] = [],
): Value {
  return { ...value, notRepresented: [...(value.notRepresented ?? []), ...lost] };
}

/** Undoes what keeps spreadsheets from running a text as a formula. */
export function plainText(field: string): string {
  return /^'+[=+\-@\t\r]/.test(field) ? field.slice(1) : field;
}

/** CSV with a header line, one row at a time; RFC 4180 quoting, line feeds. */
export function* csvLines(table: ColumnTable): Generator<string> {
  yield table.columns.map((column) => csvField(column.name)).join(',');
  for (let row = 0; row < table.rows; row++) {
    yield table.columns.map((column) => csvField(column.values[row]!)).join(',');
  }
}

/** Numbers as ECMAScript prints them; text that a spreadsheet would run as a formula gets an apostrophe. */
function csvField(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const harmless = /^'*[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
