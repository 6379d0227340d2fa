/**
 * Disks share a file system with imports, and one that finds no room for a write is broken for its
 * node: what is left for disks is never taken by an import.
 */
import { statfs } from 'node:fs/promises';
import { OcxError } from '../../core/kernel/errors.ts';

/** @throws RESOURCE_STORE_FULL where less than the reserve would be left */
export async function requireSpace(
  folder: string,
  bytes: number,
  reserveBytes: number,
): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes - bytes >= reserveBytes) return;
  throw new OcxError({
    code: 'RESOURCE_STORE_FULL',
    message: `${bytes} bytes are needed beside the ${reserveBytes} that are kept for disks`,
    remedy: 'remove images that nobody needs, or give the store more room',
  });
}
