/**
 * Rows of text files with a separator, one at a time: RFC 4180 quoting where it is wanted, and the
 * exact place of every field.
 */
import { OcxError } from '../core/kernel/errors.ts';
import type { TextPlace } from './set-aside.ts';
import { textLines, type TextLine } from './text-lines.ts';

export interface DelimitedOptions {
  readonly separator: string;
  /** Fields may stand in quotes, over several lines; without, a quote is a character as any. */
  readonly quotes: boolean;
  /** Lines that begin with it are skipped. */
  readonly comment?: string;
}

/** Comma-separated with quotes. */
export const CSV_OPTIONS: DelimitedOptions = { separator: ',', quotes: true };

export class DelimitedRow {
  /** As they stand, quotes taken off; white space is kept. */
  readonly fields: readonly string[];
  /** Where the row starts. */
  readonly line: number;
  /** Whether a line feed ended it. */
  readonly closed: boolean;
  readonly #places: readonly TextPlace[] | null;
  readonly #separatorLength: number;

  constructor(
    fields: readonly string[],
    line: TextLine,
    separatorLength: number,
    places: readonly TextPlace[] | null = null,
  ) {
    this.fields = fields;
    this.line = line.number;
    this.closed = line.closed;
    this.#separatorLength = separatorLength;
    this.#places = places;
  }

  /** A field without the white space around it; empty where the row has none. */
  text(index: number): string {
    return (this.fields[index] ?? '').trim();
  }

  /** A row of one field, cut at white space. */
  splitAtSpace(): DelimitedRow {
    const fields: string[] = [];
    const places: TextPlace[] = [];
    for (const match of this.fields[0]!.matchAll(/\S+/g)) {
      fields.push(match[0]);
      places.push({ line: this.line, column: match.index + 1 });
    }
    return new DelimitedRow(
      fields,
      { text: '', number: this.line, closed: this.closed },
      1,
      places,
    );
  }

  /** Where a field's text begins, white space skipped. */
  placeOf(index: number): TextPlace {
    if (this.#places !== null) return this.#places[Math.min(index, this.#places.length - 1)]!;
    let column = 1;
    const last = Math.min(index, this.fields.length);
    for (let i = 0; i < last; i++) column += this.fields[i]!.length + this.#separatorLength;
    const field = this.fields[index] ?? '';
    return { line: this.line, column: column + field.length - field.trimStart().length };
  }
}

const MAXIMUM_FIELDS = 512;
const MAXIMUM_ROW = 1 << 20;

/**
 * All rows that are neither blank nor comments.
 *
 * @throws OcxError INPUT_CSV for quotes that never close or a row of more than 512 columns;
 * INPUT_… as `textLines`
 */
export function* delimitedRows(path: string, options: DelimitedOptions): Generator<DelimitedRow> {
  const { separator, quotes, comment } = options;
  const lines = textLines(path);
  for (let next = lines.next(); !next.done; next = lines.next()) {
    const line = next.value;
    if (line.text.trim() === '') continue;
    if (comment !== undefined && line.text.startsWith(comment)) continue;
    if (!quotes || !line.text.includes('"')) {
      const fields = line.text.split(separator, MAXIMUM_FIELDS + 1);
      if (fields.length > MAXIMUM_FIELDS)
        throw damaged(path, line.number, 1, 'columns without end');
      yield new DelimitedRow(fields, line, separator.length);
      continue;
    }
    yield quotedRow(path, line, separator, lines);
  }
}

function quotedRow(
  path: string,
  first: TextLine,
  separator: string,
  lines: Generator<TextLine>,
): DelimitedRow {
  const fields: string[] = [];
  const places: TextPlace[] = [];
  let line = first;
  let at = 0;
  let size = 0;
  for (;;) {
    places.push({ line: line.number, column: at + 1 });
    if (line.text[at] !== '"') {
      const found = line.text.indexOf(separator, at);
      const end = found < 0 ? line.text.length : found;
      fields.push(line.text.slice(at, end));
      at = end;
    } else {
      let field = '';
      at += 1;
      for (;;) {
        const quote = line.text.indexOf('"', at);
        if (quote >= 0 && line.text[quote + 1] === '"') {
          field += line.text.slice(at, quote + 1);
          at = quote + 2;
          continue;
        }
        if (quote >= 0) {
          field += line.text.slice(at, quote);
          at = quote + 1;
          break;
        }
        field += `${line.text.slice(at)}\n`;
        size += line.text.length + 1;
        const next = size > MAXIMUM_ROW ? null : lines.next();
        const place = places.at(-1)!;
        if (next === null || next.done) {
          if (!line.closed) throw endsInside(path, place);
          throw damaged(path, place.line, place.column, 'a quote is never closed');
        }
        line = next.value;
        at = 0;
      }
      fields.push(field);
    }
    if (at >= line.text.length) {
      return new DelimitedRow(fields, { ...first, closed: line.closed }, separator.length, places);
    }
    if (!line.text.startsWith(separator, at)) {
      throw damaged(path, line.number, at + 1, 'there is text behind a closing quote');
    }
    if (fields.length >= MAXIMUM_FIELDS) throw damaged(path, line.number, 1, 'columns without end');
    at += separator.length;
  }
}

function damaged(path: string, line: number, column: number, message: string): OcxError {
  return new OcxError({
    code: 'INPUT_CSV',
    message,
    place: { file: path, line, column },
    remedy: 'check that this is the right file and complete',
  });
}

/** Positions of a header's columns by name. */
export class HeaderColumns {
  readonly width: number;
  readonly names: readonly string[];
  readonly #positions = new Map<string, number>();
  readonly #doubled = new Set<string>();
  readonly #path: string;
  readonly #line: number;

  constructor(path: string, header: DelimitedRow) {
    this.#path = path;
    this.#line = header.line;
    this.width = header.fields.length;
    this.names = header.fields.map((field) => field.trim());
    this.names.forEach((name, index) => {
      if (this.#positions.has(name)) this.#doubled.add(name);
      else this.#positions.set(name, index);
    });
  }

  /**
   * Position of the first of these names that is there; −1 where none is.
   *
   * @throws OcxError INPUT_CSV where that name is there twice: nobody knows which one counts
   */
  find(...names: readonly string[]): number {
    for (const name of names) {
      const position = this.#positions.get(name);
      if (position === undefined) continue;
      if (!this.#doubled.has(name)) return position;
      const second = this.names.indexOf(name, position + 1) + 1;
      const places = `as columns ${position + 1} and ${second}`;
      throw damaged(this.#path, this.#line, 1, `the header has ${name} twice, ${places}`);
    }
    return -1;
  }

  /** @throws OcxError INPUT_CSV where none of the names is there */
  need(...names: readonly string[]): number {
    const position = this.find(...names);
    if (position >= 0) return position;
    throw damaged(this.#path, this.#line, 1, `the header has no column ${names.join(' or ')}`);
  }
}

/**
 * The header of a file and an iterator over the rows behind it.
 *
 * @throws OcxError INPUT_NO_ROWS for a file without any line
 */
export function headedRows(
  path: string,
  options: DelimitedOptions,
): { header: HeaderColumns; rows: Generator<DelimitedRow> } {
  const rows = delimitedRows(path, options);
  const first = rows.next();
  if (first.done) throw noRows(path, 'the file holds no row');
  return { header: new HeaderColumns(path, first.value), rows };
}

/** The one refusal of files without a usable record. */
export function noRows(path: string, message: string, place?: TextPlace): OcxError {
  return new OcxError({
    code: 'INPUT_NO_ROWS',
    message,
    place: { file: path, ...(place ? { line: place.line, column: place.column } : {}) },
    remedy: 'check that this is the right file and format',
  });
}

/** A row of fewer fields than there must be, at the end of a file that does not end with a line. */
export function refuseCutOff(path: string, row: DelimitedRow, width: number): void {
  if (row.closed || row.fields.length >= width) return;
  throw endsInside(path, row.placeOf(row.fields.length - 1));
}

function endsInside(path: string, place: TextPlace): OcxError {
  return new OcxError({
    code: 'INPUT_TRUNCATED',
    message: 'the file ends in the middle of a record',
    place: { file: path, line: place.line, column: place.column },
    remedy: 'fetch the file again or remove its last line',
  });
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/;

/** A decimal number as written; null for anything else, also for nothing. */
export function numberIn(text: string): number | null {
  if (text.length > 64 || !NUMBER.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
