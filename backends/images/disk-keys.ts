/**
 * Keys of the encrypted volumes that disks stand on, one for each owner and image, in folders that
 * the service alone may read.
 */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Lanes } from './lanes.ts';
import { folderName, readRecord, writeRecord } from './records.ts';
import type { DiskEncryption } from './volumes.ts';

const KEY_BYTES = 32;

/** A key that was never used, 64 hex digits. */
export function newKey(): string {
  return randomBytes(KEY_BYTES).toString('hex');
}

export class DiskKeys {
  readonly #folder: string;
  readonly #lanes = new Lanes();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** One at a time for each volume: whoever comes first makes it. */
  within(
    volume: string,
    use: (base: Pick<DiskEncryption, 'baseKey' | 'baseFolder'>) => Promise<void>,
  ): Promise<void> {
    return this.#lanes.run(volume, async () => {
      const baseFolder = join(this.#folder, folderName(volume));
      await mkdir(baseFolder, { recursive: true, mode: 0o700 });
      const file = join(baseFolder, 'key.json');
      let known = await readRecord<{ key: string }>(file);
      if (!known) {
        known = { key: newKey() };
        await writeRecord(file, known);
      }
      await use({ baseKey: known.key, baseFolder });
    });
  }
}
