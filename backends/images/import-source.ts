/**
 * Where an import may come from: a file below the folder that the operator allows for it, or one
 * that was uploaded. It is copied into the store first and looked at there, so that nobody can
 * exchange it between the look and its use.
 */
import { constants } from 'node:fs';
import { open, readdir, realpath, rm } from 'node:fs/promises';
import { join, relative, isAbsolute } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';

/** Null: no such source is allowed. */
export interface ImportFolders {
  readonly import: string | null;
  readonly upload: string | null;
}

/** Ends the name of an upload of which pieces are missing. */
export const PARTIAL_UPLOAD = '.part';

const CHUNK_BYTES = 1 << 20;
const UPLOAD = /^upload\/([0-9a-f]{64})$/;

/**
 * The file that the source means. The last part of the path may still be a link: `copySource` opens
 * none.
 *
 * @throws INPUT_IMAGE_SOURCE where it is none, or not one of those that are allowed
 */
export async function locateSource(source: string, folders: ImportFolders): Promise<string> {
  const upload = UPLOAD.exec(source)?.[1];
  if (upload !== undefined && folders.upload !== null) return join(folders.upload, upload);
  const path = source.startsWith('import/') ? source.slice('import/'.length) : '';
  const isPlain = path !== '' && !path.includes('\0') && !path.split('/').includes('..');
  if (!isPlain || folders.import === null) throw noSource();
  const real = await realpath(join(folders.import, path)).catch(() => null);
  const inside = real === null ? '..' : relative(await realpath(folders.import), real);
  if (real === null || inside.startsWith('..') || isAbsolute(inside)) throw noSource();
  return real;
}

/** Unit of `st_blocks`, stat(2). */
const BLOCK_BYTES = 512;

/**
 * Copies a regular file of at most so many bytes; what is zero stays a hole.
 *
 * @param hasRoom throws where so many bytes are too many
 * @throws INPUT_IMAGE_SOURCE, INPUT_IMAGE_TOO_LARGE, DEVICE_TIMEOUT
 */
export async function copySource(
  from: string,
  to: string,
  bytesMaximum: number,
  hasRoom: (bytes: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const source = await open(from, flags).catch(() => null);
  if (source === null) throw noSource();
  try {
    const { size, blocks } = await regularFile(source);
    const allocatedBytes = Math.min(size, blocks * BLOCK_BYTES);
    const tooLarge = { code: 'INPUT_IMAGE_TOO_LARGE', message: 'the file is too large' };
    if (size > bytesMaximum) throw new OcxError(tooLarge);
    await hasRoom(allocatedBytes);
    const target = await open(to, 'wx', 0o600);
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      const zeros = Buffer.alloc(CHUNK_BYTES);
      let offset = 0;
      for (;;) {
        if (signal.aborted)
          throw new OcxError({ code: 'DEVICE_TIMEOUT', message: 'it took too long' });
        const { bytesRead } = await source.read(chunk, 0, CHUNK_BYTES, offset);
        if (bytesRead === 0) break;
        // It may grow while it is read.
        if (offset + bytesRead > bytesMaximum) throw new OcxError(tooLarge);
        const part = chunk.subarray(0, bytesRead);
        if (!part.equals(zeros.subarray(0, bytesRead)))
          await target.write(part, 0, bytesRead, offset);
        offset += bytesRead;
      }
      await target.truncate(offset);
      await target.sync();
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function regularFile(
  handle: Awaited<ReturnType<typeof open>>,
): Promise<{ size: number; blocks: number }> {
  const status = await handle.stat();
  if (!status.isFile()) throw noSource();
  return status;
}

function noSource(): OcxError {
  return new OcxError({
    code: 'INPUT_IMAGE_SOURCE',
    message: 'there is no such file to import from',
    remedy: 'name a file below the import folder as import/PATH, or upload it first',
  });
}

/** Whoever uploads begins anew. @returns how many there were */
export async function removeUnfinishedUploads(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(PARTIAL_UPLOAD));
  for (const name of names) await rm(join(folder, name));
  return names.length;
}
