/** Journals as files: JSON lines, plain or compressed with zstd, and those in a live store. */
import { hash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import { readSqliteJournal, sqliteJournals, type StoredJournal } from '../backends/store/sqlite.ts';
import { OcxError } from '../core/kernel/errors.ts';
import type { JournalRecord, Sha256 } from '../core/kernel/journal.ts';
import { readInputFile } from './files.ts';

/** SHA-256 of a UTF-8 text, as 64 hex digits: the port that the core asks for. */
export const sha256: Sha256 = (text) => hash('sha256', text);

export interface JournalFile {
  readonly path: string;
  /** Name of the journal in its store; null for a file of its own. */
  readonly name: string | null;
  /** What the store has kept beside the journal; null for a file of its own. */
  readonly kept: (() => KeptBeside) | null;
  /** Bytes of text, for progress. */
  readonly textBytes: number;
  /** One record a line. Throws JOURNAL_BROKEN at the first line that is none. */
  records(read?: (textBytes: number) => void): Iterable<JournalRecord>;
}

export type KeptBeside = {
  readonly [Name in 'replies' | 'messages']: ReturnType<StoredJournal[Name]>;
};

const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const MEBIBYTE = 1 << 20;
/** Half of a journal is hashes, which do not compress: a higher ratio is an attack. */
const MAXIMUM_RATIO = 200;
const MAXIMUM_TEXT_BYTES = 4096 * MEBIBYTE - 1;
const HASH = /^[0-9a-f]{64}$/;

/**
 * A journal by what the user named: a file, or `sqlite:PATH` for the isolation service's journal in a
 * store, `sqlite:PATH#NAME` for another.
 *
 * @param path makes a path that the user gave absolute
 * @throws what `openJournal` throws, INPUT_STORE
 */
export function openNamedJournal(given: string, path: (given: string) => string): JournalFile {
  const [, file, name = 'isolation'] = /^sqlite:(.+?)(?:#([^#]+))?$/.exec(given) ?? [];
  if (file === undefined) return openJournal(path(given));
  return storedJournal(path(file), name);
}

/**
 * The same, but of `sqlite:PATH` all journals in the store, in the order of their names.
 *
 * @throws what `openJournal` throws, INPUT_STORE
 */
export function openNamedJournals(given: string, path: (given: string) => string): JournalFile[] {
  const file = /^sqlite:([^#]+)$/.exec(given)?.[1];
  if (file === undefined) return [openNamedJournal(given, path)];
  return sqliteJournals(path(file)).map((name) => storedJournal(path(file), name));
}

function storedJournal(path: string, name: string): JournalFile {
  const stored = readSqliteJournal(path, name);
  return {
    ...{ path, name },
    kept: () => ({ replies: stored.replies(), messages: stored.messages() }),
    textBytes: stored.textBytes,
    records: (read) => storedRecords(stored, path, read),
  };
}

function* storedRecords(
  stored: StoredJournal,
  file: string,
  read: (textBytes: number) => void = () => {},
): Generator<JournalRecord> {
  let line = 0;
  let bytes = 0;
  for (const text of stored.texts()) {
    line += 1;
    const record = toRecord(parseText(text));
    if (record === null) {
      const place = { file, line };
      throw new OcxError({ code: 'JOURNAL_BROKEN', message: 'this is no record', place });
    }
    yield record;
    bytes += text.length;
    read(bytes);
  }
}

/** @throws INPUT_FILE_*, INPUT_EMPTY, INPUT_ZSTD_*, INPUT_NOT_A_JOURNAL */
export function openJournal(path: string): JournalFile {
  const bytes = readInputFile(path);
  const text = bytes.subarray(0, 4).equals(ZSTD_MAGIC) ? unpack(path, bytes) : bytes;
  if (text.length === 0) throw inputError('INPUT_EMPTY', 'the journal is empty', path);
  const end = lineEnd(text, 0);
  if (toRecord(parseLine(text, 0, end)) === null) {
    throw inputError('INPUT_NOT_A_JOURNAL', 'the first line is no journal record', path);
  }
  return {
    ...{ path, name: null, kept: null, textBytes: text.length },
    records: (read) => readRecords(path, text, read),
  };
}

function* readRecords(
  path: string,
  text: Buffer,
  read: (textBytes: number) => void = () => {},
): Generator<JournalRecord> {
  let line = 0;
  for (let start = 0; start < text.length;) {
    line += 1;
    const end = lineEnd(text, start);
    const record = toRecord(parseLine(text, start, end));
    if (record === null) {
      const message = end === text.length ? 'the last record is cut off' : 'this is no record';
      throw new OcxError({ code: 'JOURNAL_BROKEN', message, place: { file: path, line } });
    }
    yield record;
    start = end + 1;
    read(start);
  }
}

/** Position of the line feed, or of the end where there is none. */
function lineEnd(text: Buffer, start: number): number {
  const end = text.indexOf(10, start);
  return end === -1 ? text.length : end;
}

function parseLine(text: Buffer, start: number, end: number): unknown {
  return parseText(text.toString('utf8', start, end));
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function toRecord(value: unknown): JournalRecord | null {
  if (value === null || typeof value !== 'object') return null;
  const record = value as Partial<JournalRecord>;
  const complete =
    Number.isSafeInteger(record.seq) &&
    Number.isSafeInteger(record.timeMs) &&
    typeof record.event === 'object' &&
    typeof record.event?.kind === 'string' &&
    [record.effectsHash, record.prev, record.hash].every(isHash) &&
    (record.stateHash === undefined || isHash(record.stateHash));
  return complete ? (record as JournalRecord) : null;
}

function isHash(value: unknown): boolean {
  return typeof value === 'string' && HASH.test(value);
}

/** A zstd file is one frame or several; Node's function reads the first and ignores the rest. */
function unpack(path: string, bytes: Buffer): Buffer {
  const limit = Math.min(MAXIMUM_TEXT_BYTES, Math.max(MEBIBYTE, bytes.length * MAXIMUM_RATIO));
  const pieces: Buffer[] = [];
  let left = limit;
  try {
    for (let at = 0; at < bytes.length;) {
      const frame = unpackFrame(bytes.subarray(at), left);
      pieces.push(frame.buffer);
      left -= frame.buffer.length;
      at += frame.engine.bytesWritten;
    }
  } catch (error) {
    const bomb = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw bomb
      ? inputError('INPUT_ZSTD_BOMB', `it unpacks to more than ${limit} bytes`, path)
      : inputError('INPUT_ZSTD_CORRUPT', 'the zstd data is damaged or cut off', path);
  }
  return Buffer.concat(pieces);
}

interface UnpackedFrame {
  readonly buffer: Buffer;
  /** `bytesWritten`: compressed bytes that the frame took. */
  readonly engine: { readonly bytesWritten: number };
}

function unpackFrame(bytes: Buffer, maxOutputLength: number): UnpackedFrame {
  // `info` is documented for all of zlib's functions but missing from the types of this one.
  const options = { maxOutputLength: Math.max(1, maxOutputLength), info: true };
  return zstdDecompressSync(bytes, options) as unknown as UnpackedFrame;
}

function inputError(code: string, message: string, file: string): OcxError {
  const remedy = 'check that this is the right file and complete';
  return new OcxError({ code, message, place: { file }, remedy });
}
