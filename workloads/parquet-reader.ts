/**
 * Reads flat columns of untrusted Apache Parquet files, synchronously as everything that makes
 * demand. Sizes are checked page by page before anything is unpacked.
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetSchema, snappyUncompress } from 'hyparquet';
import type { ColumnMetaData, Compressors, FileMetaData } from 'hyparquet';
import { parquetHeader, readColumn } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { OcxError } from '../core/kernel/errors.ts';

/** Values of one column; null where a row has none. 64-bit integers come as bigint. */
export type ParquetValue = number | bigint | string | boolean | Date | null;

export interface ParquetColumns {
  readonly rows: number;
  /** Columns that were asked for and are there. */
  readonly columns: ReadonlyMap<string, readonly ParquetValue[]>;
  /** What its writer noted about the whole, by key. */
  readonly notes: ReadonlyMap<string, string>;
}

const MEBIBYTE = 1 << 20;
const MAXIMUM_FILE = 1_024 * MEBIBYTE;
const MAXIMUM_PAGE = 256 * MEBIBYTE;
/** As for other packed files: rows a byte beyond which a file is no honest table. */
const ROWS_PER_BYTE = 200;
const FREE_ROWS = 1_000_000;
const MAXIMUM_ROWS = 50_000_000;
const MAGIC = 'PAR1';

/**
 * The named columns of a file; those that it does not have are left out.
 *
 * @throws OcxError INPUT_PARQUET for anything that is no sound flat table, INPUT_TRUNCATED where the
 * end is missing, INPUT_TOO_LARGE, INPUT_FILE_NOT_FOUND, …
 */
export function readParquet(path: string, names: readonly string[]): ParquetColumns {
  const bytes = wholeFile(path);
  const tail = bytes.subarray(-4).toString('latin1');
  if (bytes.length < 12 || bytes.subarray(0, 4).toString('latin1') !== MAGIC) {
    throw unsound(path, 'it does not begin as one');
  }
  if (tail !== MAGIC) {
    throw new OcxError({
      code: 'INPUT_TRUNCATED',
      message: 'the Parquet file has no end',
      place: { file: path },
      remedy: 'fetch the file again',
    });
  }
  try {
    return columnsOf(path, bytes, names);
  } catch (error) {
    if (error instanceof OcxError) throw error;
    // The library throws plain errors for damage, engines range errors for absurd sizes.
    throw unsound(path, (error as Error).message.slice(0, 120), error);
  }
}

function wholeFile(path: string): Buffer {
  let descriptor: number;
  try {
    descriptor = openSync(path, 0o4000);
  } catch (error) {
    throw new OcxError(
      {
        code: 'INPUT_FILE_UNREADABLE',
        message: 'the file cannot be opened',
        place: { file: path },
        remedy: 'check its path and permissions',
      },
      { cause: error },
    );
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw unsound(path, 'it is no regular file');
    if (status.size > MAXIMUM_FILE) throw tooLarge(path, 'the file is larger than 1 GiB');
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function columnsOf(path: string, bytes: Buffer, names: readonly string[]): ParquetColumns {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const metadata = parquetMetadata(file);
  const rows = Number(metadata.num_rows);
  const most = Math.min(MAXIMUM_ROWS, FREE_ROWS + ROWS_PER_BYTE * bytes.length);
  if (!(rows >= 0 && rows <= most)) throw tooLarge(path, `it claims ${rows} rows`);
  const columns = new Map<string, ParquetValue[]>();
  for (const name of names) {
    const values = columnOf(path, file, metadata, name, rows);
    if (values !== null) columns.set(name, values);
  }
  const notes = new Map<string, string>();
  for (const { key, value } of metadata.key_value_metadata ?? []) notes.set(key, value ?? '');
  return { rows, columns, notes };
}

function columnOf(
  path: string,
  file: ArrayBuffer,
  metadata: FileMetaData,
  name: string,
  rows: number,
): ParquetValue[] | null {
  const root = parquetSchema(metadata);
  const leaf = root.children.find((child) => child.element.name === name);
  if (leaf === undefined) return null;
  if (leaf.children.length > 0 || leaf.element.repetition_type === 'REPEATED') {
    throw unsound(path, `column ${JSON.stringify(name)} is no flat column`);
  }
  const values: ParquetValue[] = [];
  for (const group of metadata.row_groups) {
    const chunk = group.columns.find(({ meta_data: data }) => data?.path_in_schema.join() === name);
    const data = chunk?.meta_data;
    if (data === undefined) throw unsound(path, `a part has no column ${JSON.stringify(name)}`);
    const groupRows = Number(group.num_rows);
    const view = chunkView(path, file, data);
    checkPages(path, view, groupRows);
    const decoder = {
      pathInSchema: [name],
      type: data.type,
      element: leaf.element,
      schemaPath: [root, leaf],
      codec: data.codec,
      parsers: DEFAULT_PARSERS,
      compressors: COMPRESSORS,
    };
    const select = { groupStart: 0, selectStart: 0, selectEnd: groupRows, groupRows };
    for (const part of readColumn({ view, offset: 0 }, select, decoder).data) {
      for (const value of part as Iterable<ParquetValue | undefined>) values.push(value ?? null);
    }
  }
  if (values.length === rows) return values;
  throw unsound(
    path,
    `column ${JSON.stringify(name)} has ${values.length} values for ${rows} rows`,
  );
}

function chunkView(path: string, file: ArrayBuffer, data: ColumnMetaData): DataView {
  const start = Number(data.dictionary_page_offset || data.data_page_offset);
  const end = start + Number(data.total_compressed_size);
  if (!(start >= 4 && end > start && end <= file.byteLength)) {
    throw unsound(path, 'a column lies outside the file');
  }
  return new DataView(file, start, end - start);
}

/** Every page says how large it is and how many values it has: no more than there may be. */
function checkPages(path: string, view: DataView, rows: number): void {
  const reader = { view, offset: 0 };
  let values = 0;
  while (reader.offset < view.byteLength - 1 && values < rows) {
    const header = parquetHeader(reader);
    const size = header.compressed_page_size;
    const dictionary = header.dictionary_page_header?.num_values ?? 0;
    const count =
      header.data_page_header?.num_values ?? header.data_page_header_v2?.num_values ?? 0;
    values += count;
    const sound =
      size >= 0 &&
      reader.offset + size <= view.byteLength &&
      header.uncompressed_page_size >= 0 &&
      header.uncompressed_page_size <= MAXIMUM_PAGE &&
      count >= 0 &&
      values <= rows &&
      dictionary >= 0 &&
      dictionary <= Math.max(rows, header.uncompressed_page_size);
    if (!sound) throw unsound(path, 'a page is larger than it can be');
    reader.offset += size;
  }
}

const COMPRESSORS: Compressors = {
  SNAPPY: (input, length) => {
    const output = new Uint8Array(length);
    snappyUncompress(input, output);
    return output;
  },
  GZIP: (input, length) => gunzipSync(input, { maxOutputLength: Math.max(1, length) }),
  ZSTD: (input, length) => zstdDecompressSync(input, { maxOutputLength: Math.max(1, length) }),
};

function tooLarge(path: string, message: string): OcxError {
  return new OcxError({
    code: 'INPUT_TOO_LARGE',
    message,
    place: { file: path },
    remedy: 'split it',
  });
}

function unsound(path: string, message: string, cause?: unknown): OcxError {
  return new OcxError(
    {
      code: 'INPUT_PARQUET',
      message: `the file is no sound Parquet table: ${message}`,
      place: { file: path },
      remedy: 'check that this is the right file and complete',
    },
    cause === undefined ? {} : { cause },
  );
}
