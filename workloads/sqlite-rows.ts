/** Rows of untrusted SQLite files: opened for reading alone, nothing beside them is made or run. */
import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { OcxError } from '../core/kernel/errors.ts';

/** Of a row with one field at least, its length and its place on its page. */
const LEAST_ROW_BYTES = 4;

/** A value of a row; 64-bit integers beyond a double come as bigint. */
export type SqliteValue = null | number | bigint | string | Uint8Array;

/**
 * The named columns of a table, row by row in the order of the file.
 *
 * @throws OcxError INPUT_SQLITE for a damaged file, or one without that table and those columns
 */
export function* sqliteRows(
  path: string,
  table: string,
  columns: readonly string[],
): Generator<readonly SqliteValue[]> {
  const url = pathToFileURL(path);
  // Immutable: no lock, no journal and no shared memory beside somebody's data.
  url.search = '?mode=ro&immutable=1';
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(url, { readOnly: true });
    database.exec('PRAGMA trusted_schema = OFF');
    refuseOther(path, database, table, columns);
    const names = columns.map((name) => `"${name}"`).join(', ');
    const statement = database.prepare(`SELECT ${names} FROM "${table}"`);
    statement.setReturnArrays(true);
    statement.setReadBigInts(true);
    const most = statSync(path).size / LEAST_ROW_BYTES;
    let count = 0;
    for (const row of statement.iterate() as unknown as Iterable<readonly SqliteValue[]>) {
      // Pages that stand for each other in a circle would never end.
      if (++count > most)
        throw unsound(path, `its table ${table} has more rows than it has room for`);
      yield row;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SQLITE_ERROR') throw error;
    // Not its message, which quotes the file.
    throw unsound(
      path,
      `it is damaged (${(error as { errstr?: string }).errstr ?? 'unknown'})`,
      error,
    );
  } finally {
    database?.close();
  }
}

/** A view or a virtual table of that name could run for ever. */
function refuseOther(
  path: string,
  database: DatabaseSync,
  table: string,
  columns: readonly string[],
): void {
  const [found] = database
    .prepare(`SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?`)
    .all(table);
  const sql = String(found?.['sql'] ?? '');
  if (!/^\s*CREATE\s+TABLE\b/i.test(sql)) throw unsound(path, `it has no table ${table}`);
  const known = database
    .prepare(`SELECT name FROM pragma_table_info(?)`)
    .all(table)
    .map((row) => String(row['name']));
  const missing = columns.filter((name) => !known.includes(name));
  if (missing.length === 0) return;
  throw unsound(path, `its table ${table} has no column ${missing.join(', ')}`);
}

function unsound(path: string, message: string, cause?: unknown): OcxError {
  return new OcxError(
    {
      code: 'INPUT_SQLITE',
      message: `the file is no sound SQLite database of this kind: ${message}`,
      place: { file: path },
      remedy: 'check that this is the right file and complete',
    },
    cause === undefined ? {} : { cause },
  );
}
