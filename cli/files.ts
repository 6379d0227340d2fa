/**
 * Files as commands use them: reading what the user named, and writing so that nobody ever sees
 * half a result, not even after Ctrl-C: everything is made under a temporary name in the folder
 * where it belongs and renamed when it is complete.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { OcxError } from '../core/kernel/errors.ts';
import { EXIT_INTERRUPTED } from './failure.ts';

/** Bytes of a file that the user named. @throws INPUT_FILE_* */
export function readInputFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new OcxError(
      {
        code: systemCode(error) === 'ENOENT' ? 'INPUT_FILE_NOT_FOUND' : 'INPUT_FILE_UNREADABLE',
        message: readProblem(systemCode(error)),
        place: { file: path },
        remedy: 'check the path and its permissions',
      },
      { cause: error },
    );
  }
}

/** A UTF-8 text file that the user named. @throws INPUT_FILE_*, INPUT_NOT_TEXT */
export function readInputText(path: string): string {
  const bytes = readInputFile(path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new OcxError({
      code: 'INPUT_NOT_TEXT',
      message: 'the file is not UTF-8 text',
      place: { file: path },
      remedy: 'check that this is the right file',
    });
  }
}

/** Writes a file in one step: complete or not at all. @throws RESOURCE_NOT_WRITABLE */
export function writeAtomically(path: string, contents: string | Uint8Array): void {
  const temporary = temporaryName(path);
  const release = guard(temporary);
  try {
    makeFolder(dirname(path));
    const file = openSync(temporary, 'wx');
    try {
      writeFileSync(file, contents);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    discard(temporary);
    throw notWritable(path, error);
  } finally {
    release();
  }
}

/**
 * Writes a file piece by piece in one step: complete or not at all.
 *
 * @returns what `fill` returns
 * @throws RESOURCE_NOT_WRITABLE, and whatever `fill` throws
 */
export async function writePiecesAtomically<Result>(
  path: string,
  fill: (write: (piece: string) => void) => Promise<Result>,
): Promise<Result> {
  const temporary = temporaryName(path);
  const release = guard(temporary);
  try {
    makeFolder(dirname(path));
    const file = openSync(temporary, 'wx');
    let result: Result;
    try {
      result = await fill((piece) => writeFileSync(file, piece));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    return result;
  } catch (error) {
    discard(temporary);
    throw isSystemError(error) ? notWritable(path, error) : error;
  } finally {
    release();
  }
}

/**
 * Fills a folder in one step: `fill` writes into a temporary folder that takes the place of `path`
 * when it is complete. An older folder of that name is replaced.
 *
 * @throws RESOURCE_NOT_WRITABLE, and whatever `fill` throws
 */
export async function writeFolderAtomically(
  path: string,
  fill: (temporary: string) => void | Promise<void>,
): Promise<void> {
  const temporary = temporaryName(path);
  const release = guard(temporary);
  try {
    try {
      makeFolder(dirname(path));
      mkdirSync(temporary);
    } catch (error) {
      throw notWritable(path, error);
    }
    await fill(temporary);
    replaceFolder(temporary, path);
  } catch (error) {
    discard(temporary);
    throw isSystemError(error) ? notWritable(path, error) : error;
  } finally {
    release();
  }
}

/**
 * Finds out before the work, not after it, that a file or folder of this path could not be written.
 *
 * @throws RESOURCE_NOT_WRITABLE
 */
export function requireWritable(path: string): void {
  // The folders above it are made with the result, not for a command that may yet be refused.
  let above = dirname(path);
  while (!existsSync(above) && dirname(above) !== above) above = dirname(above);
  const probe = temporaryName(join(above, basename(path)));
  try {
    mkdirSync(probe);
  } catch (error) {
    throw notWritable(path, error);
  } finally {
    discard(probe);
  }
}

function replaceFolder(temporary: string, path: string): void {
  const old = existsSync(path) ? temporaryName(path) : null;
  if (old) renameSync(path, old);
  try {
    renameSync(temporary, path);
  } catch (error) {
    if (old) renameSync(old, path);
    throw error;
  }
  if (old) rmSync(old, { recursive: true, force: true });
}

function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true });
}

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
}

const guarded = new Set<string>();
let listening = false;

/** Until released, Ctrl-C and a polite kill remove the temporary file or folder first. */
function guard(temporary: string): () => void {
  if (!listening) {
    process.on('SIGINT', interrupted);
    process.on('SIGTERM', interrupted);
    listening = true;
  }
  guarded.add(temporary);
  return () => {
    guarded.delete(temporary);
    // A signal that came during synchronous work is delivered in a later turn of the event loop;
    // without a listener by then it would be lost.
    setImmediate(() => setImmediate(stopListening));
  };
}

function stopListening(): void {
  if (guarded.size > 0) return;
  process.off('SIGINT', interrupted);
  process.off('SIGTERM', interrupted);
  listening = false;
}

function interrupted(): void {
  for (const temporary of guarded) discard(temporary);
  process.exit(EXIT_INTERRUPTED);
}

/** Removes what it can; a failure here must not hide the one that led here. */
function discard(temporary: string): void {
  try {
    rmSync(temporary, { recursive: true, force: true });
  } catch {
    return;
  }
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function readProblem(code: string): string {
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'this is a folder, not a file';
  if (code === 'ERR_FS_FILE_TOO_LARGE') return 'the file is too large to read';
  return `the file cannot be read (${code || 'unknown reason'})`;
}

function notWritable(path: string, error: unknown): OcxError {
  if (error instanceof OcxError) return error;
  const code = systemCode(error);
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new OcxError(
    {
      code: full ? 'RESOURCE_DISK_FULL' : 'RESOURCE_NOT_WRITABLE',
      message: full ? 'the disk is full' : `it cannot be written (${code || 'unknown reason'})`,
      place: { file: path },
      remedy: full ? 'free some space' : 'choose another place or change its permissions',
    },
    { cause: error },
  );
}
