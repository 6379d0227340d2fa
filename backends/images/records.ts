/**
 * Files in which a store keeps what it knows. A record is replaced as a whole and is on the disk
 * before the promise is fulfilled. Names of images and disks come from others: a folder is called by
 * a digest of the name, and the record inside says the name.
 */
import { createHash, randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Begins the name of everything unfinished; what a crash leaves of it is removed at the next start. */
export const UNFINISHED = '.unfinished-';

const DIGEST_LENGTH = 32;

/** Folder name for an id that may hold anything; begins with what of it is harmless. */
export function folderName(id: string): string {
  const digest = createHash('sha256').update(id).digest('hex').slice(0, DIGEST_LENGTH);
  const readable = id.replaceAll(/[^A-Za-z0-9]+/g, '-').slice(0, 40);
  return `${readable}.${digest}`;
}

/** A new name beside which nothing else stands. */
export function unfinishedName(): string {
  return UNFINISHED + randomUUID();
}

/** Replaces the file by the value as JSON, durably. */
export async function writeRecord(file: string, value: object): Promise<void> {
  const unfinished = join(dirname(file), unfinishedName());
  try {
    const handle = await open(unfinished, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(value)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
}

/** Null where there is no such file. */
export async function readRecord<Value>(file: string): Promise<Value | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Value;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Makes what was created, renamed or removed in the folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
