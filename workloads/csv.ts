/** Reads small CSV files with a header line, columns chosen by name. */
import { parse } from 'csv-parse/sync';
import { OcxError } from '../core/kernel/errors.ts';
import { readTextFile } from './input.ts';

/** A row that can be asked for its columns by name. */
export interface CsvRow {
  /** Where the row ends in the file, from 1. */
  readonly line: number;
  /** Text of a required column, white space trimmed. */
  text(column: string): string;
  /** Position of a column in the row, from 1, for messages. */
  columnNumber(column: string): number;
}

const MAXIMUM_COLUMNS = 512;
const MAXIMUM_ROWS = 5_000_000;

/**
 * All rows of a CSV file (RFC 4180 quoting; byte order mark allowed).
 *
 * @param required columns that must be there, in any order, beside any others
 * @throws OcxError INPUT_CSV for damaged CSV, a missing or doubled column or a row of another
 * length, with its line; INPUT_NO_ROWS for a header alone
 */
export function readCsv(path: string, required: readonly string[]): CsvRow[] {
  const text = readTextFile(path);
  const records = parseRecords(path, text);
  const header = records[0]?.record ?? [];
  const position = headerPositions(path, header, required);
  if (records.length < 2) {
    throw new OcxError({
      code: 'INPUT_NO_ROWS',
      message: 'the file has a header but no row',
      place: { file: path },
      remedy: 'check that this is the right file',
    });
  }
  return records.slice(1).map(({ record, info }) => {
    if (record.length !== header.length) {
      const message = `a row has ${record.length} columns, the header ${header.length}`;
      throw csvError(path, info.lines, message);
    }
    return {
      line: info.lines,
      text: (column) => record[position.get(column)!]!.trim(),
      columnNumber: (column) => position.get(column)! + 1,
    };
  });
}

interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

function parseRecords(path: string, text: string): CsvRecord[] {
  try {
    return parse(text, {
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: 1 << 20,
      to: MAXIMUM_ROWS,
    }) as unknown as CsvRecord[];
  } catch (error) {
    const { message, lines } = error as { message: string; lines?: number };
    throw csvError(path, lines ?? 1, message.split('\n', 1)[0]!);
  }
}

function headerPositions(
  path: string,
  header: readonly string[],
  required: readonly string[],
): Map<string, number> {
  if (header.length > MAXIMUM_COLUMNS) throw csvError(path, 1, `it has ${header.length} columns`);
  const position = new Map<string, number>();
  header.forEach((name, index) => {
    const known = name.trim();
    if (required.includes(known) && position.has(known)) {
      throw csvError(path, 1, `column ${known} is there twice`);
    }
    if (!position.has(known)) position.set(known, index);
  });
  const missing = required.filter((name) => !position.has(name));
  if (missing.length === 0) return position;
  throw csvError(path, 1, `its header has no ${missing.join(', ')}`);
}

function csvError(path: string, line: number, message: string): OcxError {
  return new OcxError({
    code: 'INPUT_CSV',
    message,
    place: { file: path, line },
    remedy: 'check that this is the right file and complete',
  });
}
