/**
 * Opens untrusted input files: one clear error for whatever is wrong with them, never a partial
 * result, and limits on everything that an attacker could make large.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync, type Stats } from 'node:fs';
import { OcxError } from '../core/kernel/errors.ts';
import { ARCHIVE_HEAD_BYTES, mayBeArchive, needsUnpacking } from './compression.ts';
import { PACKING_HEAD_BYTES, unpack, unpackOnce } from './compression.ts';
import {
  changed,
  checkHead,
  emptyFile,
  lineNumberAt,
  lineTooLong,
  tooLarge,
} from './line-blocks.ts';
import type { InputLimits, LineBlock } from './line-blocks.ts';
import { packedLines, PACKED_IN_MEMORY } from './packed-lines.ts';
import { isTar, tarMembers, type TarMember } from './tar.ts';

const MEBIBYTE = 1 << 20;

/** Limits for files that are scanned block by block. */
export const SCAN_LIMITS: InputLimits = {
  maxBytes: 8192 * MEBIBYTE,
  maxUnpackedBytes: 65_536 * MEBIBYTE,
  maxRatio: 200,
  ratioFreeBytes: MEBIBYTE,
  maxLineBytes: MEBIBYTE,
};

/** Limits for files that are held in memory as one text. */
export const TEXT_LIMITS: InputLimits = {
  ...SCAN_LIMITS,
  maxBytes: 256 * MEBIBYTE,
  maxUnpackedBytes: 256 * MEBIBYTE,
};

/** A packed file is held in memory as one piece; larger ones cannot be. */
const PACKED_MAXIMUM = 2 ** 31 - 1;
const BLOCK_BYTES = 8 * MEBIBYTE;
const LINE_FEED = 10;

/** A file opened for scanning. */
export interface LineSource {
  readonly path: string;
  /** Size of the file on disk. */
  readonly fileBytes: number;
  /** Upper bound of the text's size, as far as it is known before reading. */
  readonly textBytes: number;
  readonly blocks: Iterable<LineBlock>;
}

/**
 * Opens a plain, gzip, zstd, xz or tar file (told by its first bytes) for one scan over its lines. A UTF-8 byte
 * order mark is skipped.
 *
 * @throws OcxError INPUT_… for anything that is not a readable text file within the limits; while
 * reading, too: what was scanned so far must then be thrown away.
 */
export function openLines(path: string, limits: InputLimits = SCAN_LIMITS): LineSource {
  const descriptor = openRegularFile(path);
  try {
    const size = fstatSync(descriptor).size;
    const head = Buffer.alloc(Math.min(PACKING_HEAD_BYTES, size));
    readSync(descriptor, head, 0, head.length, 0);
    if (needsUnpacking(path, head)) {
      const blocks = size > PACKED_IN_MEMORY ? packedLines(path, head, size, limits) : null;
      // How much text it is shows only while it is read.
      if (blocks !== null) return { path, fileBytes: size, textBytes: size, blocks };
      if (size > PACKED_MAXIMUM) throw tooLarge(path, limits);
      const bytes = unpack(path, readWhole(path, descriptor, size), limits);
      return {
        path,
        fileBytes: size,
        textBytes: bytes.length,
        blocks: bufferBlocks(path, bytes, limits),
      };
    }
    if (size > limits.maxBytes) throw tooLarge(path, limits);
  } finally {
    closeSync(descriptor);
  }
  const state = openedState(path);
  const { size } = state;
  return { path, fileBytes: size, textBytes: size, blocks: fileBlocks(path, state, limits) };
}

/**
 * The files of a tar archive, packed or not; null for any other file.
 *
 * @throws OcxError INPUT_… as `openLines`, but not for the number of files
 */
export function archiveMembers(
  path: string,
  limits: InputLimits = SCAN_LIMITS,
): readonly TarMember[] | null {
  const descriptor = openRegularFile(path);
  try {
    const size = fstatSync(descriptor).size;
    const head = Buffer.alloc(Math.min(ARCHIVE_HEAD_BYTES, size));
    readSync(descriptor, head, 0, head.length, 0);
    if (!needsUnpacking(path, head) || !mayBeArchive(head)) return null;
    if (size > PACKED_IN_MEMORY && packedLines(path, head, size, limits) !== null) return null;
    if (size > PACKED_MAXIMUM) throw tooLarge(path, limits);
    const bytes = unpackOnce(path, readWhole(path, descriptor, size), limits);
    return isTar(bytes) ? tarMembers(path, bytes) : null;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Reads a whole file as UTF-8 text.
 *
 * @throws OcxError INPUT_… as `openLines`; INPUT_ENCODING for bytes that are not UTF-8.
 */
export function readTextFile(path: string, limits: InputLimits = TEXT_LIMITS): string {
  const pieces: Buffer[] = [];
  for (const block of openLines(path, limits).blocks) {
    pieces.push(Buffer.from(block.bytes.slice(block.start, block.end)));
  }
  const bytes = Buffer.concat(pieces);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw new OcxError({
      code: 'INPUT_ENCODING',
      message: 'the file is not UTF-8 text',
      place: { file: path, line: firstInvalidLine(bytes) },
      remedy: 'convert it to UTF-8',
    });
  }
}

/** SHA-256 of a file as it lies on disk, 64 hex digits. */
export function fileSha256(path: string): string {
  const descriptor = openRegularFile(path);
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.alloc(Math.min(fstatSync(descriptor).size, MEBIBYTE) + 1);
    for (;;) {
      const count = readSync(descriptor, buffer, 0, buffer.length, null);
      if (count === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, count));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** A descriptor of a file with something in it. @throws OcxError INPUT_… */
export function openRegularFile(path: string): number {
  let descriptor: number;
  try {
    // O_NONBLOCK: opening a FIFO must not wait for a writer.
    descriptor = openSync(path, 0x0 | 0o4000);
  } catch (error) {
    throw unopened(path, error as NodeJS.ErrnoException);
  }
  const status = fstatSync(descriptor);
  if (status.isFile() && status.size > 0) return descriptor;
  closeSync(descriptor);
  if (status.isDirectory()) {
    throw new OcxError({
      code: 'INPUT_IS_DIRECTORY',
      message: 'a file is expected here, this is a directory',
      place: { file: path },
      remedy: 'name one file in it',
    });
  }
  if (!status.isFile()) {
    throw new OcxError({
      code: 'INPUT_NOT_A_FILE',
      message: 'only regular files are read, not devices, pipes or sockets',
      place: { file: path },
      remedy: 'save the data to a file first',
    });
  }
  throw emptyFile(path);
}

function unopened(path: string, error: NodeJS.ErrnoException): OcxError {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
    return new OcxError({
      code: 'INPUT_FILE_NOT_FOUND',
      message: 'there is no such file',
      place: { file: path },
      remedy: 'check the path',
    });
  }
  return new OcxError(
    {
      code: 'INPUT_FILE_UNREADABLE',
      message: `the file cannot be opened (${error.code ?? 'unknown reason'})`,
      place: { file: path },
      remedy: 'check its permissions and links',
    },
    { cause: error },
  );
}

function openedState(path: string): Stats {
  const descriptor = openRegularFile(path);
  try {
    return fstatSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readWhole(path: string, descriptor: number, size: number): Buffer {
  const bytes = readFileSync(descriptor);
  // The first read moved nothing (it gave a position), so this is the whole file.
  if (bytes.length !== size) throw changed(path);
  return bytes;
}

function* bufferBlocks(path: string, bytes: Uint8Array, limits: InputLimits): Generator<LineBlock> {
  let start = checkHead(path, bytes.subarray(0, BLOCK_BYTES));
  while (start < bytes.length) {
    const limit = Math.min(bytes.length, start + BLOCK_BYTES);
    let end = limit;
    if (limit < bytes.length) {
      end = bytes.lastIndexOf(LINE_FEED, limit - 1) + 1;
      if (end <= start) throw lineTooLong(path, lineNumberAt(bytes, start), limits);
    }
    yield { bytes, start, end };
    start = end;
  }
}

/**
 * Nothing is open while a block is looked at: a reader that stops half-way, as most do at a fault,
 * leaves no open file behind.
 */
function* fileBlocks(path: string, state: Stats, limits: InputLimits): Generator<LineBlock> {
  const { size } = state;
  const buffer = Buffer.alloc(Math.min(size, BLOCK_BYTES + limits.maxLineBytes));
  let carried = 0;
  let total = 0;
  for (let first = true; total < size; first = false) {
    const wanted = Math.min(BLOCK_BYTES, buffer.length - carried);
    const count = readAt(path, state, total, buffer.subarray(carried, carried + wanted));
    total += count;
    const filled = carried + count;
    const start = first ? checkHead(path, buffer.subarray(0, filled)) : 0;
    if (total === size) {
      if (filled > start) yield { bytes: buffer, start, end: filled };
      return;
    }
    const end = buffer.lastIndexOf(LINE_FEED, filled - 1) + 1;
    if (filled - end > limits.maxLineBytes) {
      const before = linesIn(path, state, total - filled, limits);
      throw lineTooLong(path, before + lineNumberAt(buffer, end), limits);
    }
    if (end > start) yield { bytes: buffer, start, end };
    buffer.copyWithin(0, Math.max(end, start), filled);
    carried = filled - Math.max(end, start);
  }
}

/** Some bytes of a file at a position. @throws OcxError INPUT_CHANGED where it is not as it was */
function readAt(path: string, state: Stats, position: number, into: Uint8Array): number {
  const descriptor = openRegularFile(path);
  try {
    const count = readSync(descriptor, into, 0, into.length, position);
    const { size, ino, mtimeMs } = fstatSync(descriptor);
    const isAsBefore = size === state.size && ino === state.ino && mtimeMs === state.mtimeMs;
    if (count === 0 || !isAsBefore) throw changed(path);
    return count;
  } finally {
    closeSync(descriptor);
  }
}

/** Line feeds in the first bytes of a file; they were read before, but nobody had to know then. */
function linesIn(path: string, state: Stats, bytes: number, limits: InputLimits): number {
  const buffer = Buffer.alloc(Math.min(bytes, limits.maxLineBytes));
  let lines = 0;
  for (let at = 0; at < bytes;) {
    const count = readAt(path, state, at, buffer.subarray(0, bytes - at));
    lines += lineNumberAt(buffer, count) - 1;
    at += count;
  }
  return lines;
}

function firstInvalidLine(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found < 0 ? bytes.length : found;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end + 1;
  }
  return line;
}

const HEAD_BYTES = 16_384;

/**
 * The first kilobytes of a file as text, for telling its format; damage is not judged here. Of a
 * Parquet file its mark and its last kilobytes, where the names of its columns are; of an SQLite
 * database its first kilobytes as they are.
 */
export function readHead(path: string): string {
  const parquet = parquetFooter(path);
  if (parquet !== null) return parquet;
  // The first page of a database holds the statements that made its tables.
  if (isSqlite(path)) return firstBytes(path, HEAD_BYTES);
  for (const block of openLines(path).blocks) {
    const end = Math.min(block.end, block.start + HEAD_BYTES);
    return new TextDecoder('utf-8').decode(block.bytes.subarray(block.start, end));
  }
  return '';
}

/** Whether a file bears the mark of an SQLite database. @throws OcxError as `openLines` */
export function isSqlite(path: string): boolean {
  return firstBytes(path, SQLITE_MARK.length) === SQLITE_MARK;
}

const SQLITE_MARK = 'SQLite format 3\0';

function firstBytes(path: string, count: number): string {
  const descriptor = openRegularFile(path);
  try {
    const bytes = Buffer.alloc(count);
    return bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, count, 0));
  } finally {
    closeSync(descriptor);
  }
}

/** Whether a file bears the mark of a Parquet file. @throws OcxError as `openLines` */
export function isParquet(path: string): boolean {
  return parquetFooter(path) !== null;
}

function parquetFooter(path: string): string | null {
  const descriptor = openRegularFile(path);
  try {
    const { size } = fstatSync(descriptor);
    const mark = Buffer.alloc(4);
    readSync(descriptor, mark, 0, 4, 0);
    if (mark.toString('latin1') !== 'PAR1') return null;
    const tail = Buffer.alloc(Math.min(size, HEAD_BYTES));
    readSync(descriptor, tail, 0, tail.length, size - tail.length);
    return `PAR1\n${tail.toString('latin1')}`;
  } finally {
    closeSync(descriptor);
  }
}
