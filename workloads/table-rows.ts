/**
 * Rows of what `ocx trace convert` and `ocx trace generate` write, CSV or Parquet alike: named
 * columns, every field as text, and its place.
 */
import { plainText } from './column-table.ts';
import { CSV_OPTIONS, headedRows, noRows, refuseCutOff } from './delimited.ts';
import { isParquet } from './input.ts';
import { readParquet } from './parquet-reader.ts';
import type { TextPlace } from './set-aside.ts';

export interface TableRow {
  /** A field as it was before it was written; empty where the row has no such column. */
  text(column: string): string;
  /** Line and column of a field; of Parquet the row and the position of the column. */
  placeOf(column: string): TextPlace;
  /** Fields of its own number, as the header has them. */
  readonly complete: boolean;
  readonly line: number;
}

export interface TableFile {
  /** Those of the wanted columns that are there. */
  readonly names: ReadonlySet<string>;
  readonly rows: Iterable<TableRow>;
  /** What its writer noted about the whole; a CSV file has none. */
  readonly notes: ReadonlyMap<string, string>;
}

/**
 * Opens a table for one pass over its rows.
 *
 * @param wanted columns, by name
 * @throws OcxError INPUT_… as `headedRows` and `readParquet`
 */
export function openTable(path: string, wanted: readonly string[]): TableFile {
  return isParquet(path) ? parquetTable(path, wanted) : csvTable(path, wanted);
}

function csvTable(path: string, wanted: readonly string[]): TableFile {
  const { header, rows } = headedRows(path, CSV_OPTIONS);
  const position = new Map(wanted.map((name) => [name, header.find(name)]));
  function* tableRows(): Generator<TableRow> {
    for (const row of rows) {
      refuseCutOff(path, row, header.width);
      yield {
        text: (name) => plainText(row.fields[position.get(name) ?? -1] ?? ''),
        placeOf: (name) => row.placeOf(Math.max(0, position.get(name) ?? 0)),
        complete: row.fields.length === header.width,
        line: row.line,
      };
    }
  }
  const names = new Set(wanted.filter((name) => position.get(name)! >= 0));
  return { names, rows: tableRows(), notes: new Map() };
}

function parquetTable(path: string, wanted: readonly string[]): TableFile {
  const { columns, rows: count, notes } = readParquet(path, wanted);
  if (count === 0) throw noRows(path, 'the table holds no row');
  function* tableRows(): Generator<TableRow> {
    for (let at = 0; at < count; at++) {
      yield {
        text: (name) => String(columns.get(name)?.[at] ?? ''),
        placeOf: (name) => ({ line: at + 1, column: 1 + Math.max(0, wanted.indexOf(name)) }),
        complete: true,
        line: at + 1,
      };
    }
  }
  return { names: new Set(columns.keys()), rows: tableRows(), notes };
}
