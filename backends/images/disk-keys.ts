/**
 * Keys of the encrypted volumes that disks stand on, one for each owner and image, in folders that
 * the service alone may read.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Lanes } from './lanes.ts';
import { folderName, readRecord, writeRecord } from './records.ts';
import type { DiskEncryption } from './volumes.ts';

const KEY_BYTES = 32;
const RECORD = 'key.json';

/** A golden image, and what it was when it was imported. */
export interface SealedImage {
  readonly imageId: string;
  readonly seal: string;
}

/** As it is on the disk. */
interface KeyRecord extends SealedImage {
  /** 64 hex digits. */
  readonly key: string;
}

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

  /** One at a time for each owner and image: whoever comes first makes the volume. */
  within(
    owner: string,
    { imageId, seal }: SealedImage,
    use: (base: Pick<DiskEncryption, 'baseKey' | 'baseFolder'>) => Promise<void>,
  ): Promise<void> {
    const volume = folderName(`${owner} ${imageId}`);
    return this.#lanes.run(volume, async () => {
      const baseFolder = join(this.#folder, volume);
      await mkdir(baseFolder, { recursive: true, mode: 0o700 });
      const file = join(baseFolder, RECORD);
      let known = await readRecord<KeyRecord>(file);
      if (known && known.seal !== seal) {
        // Of an image that had the same name before.
        await rm(baseFolder, { recursive: true });
        await mkdir(baseFolder, { mode: 0o700 });
        known = null;
      }
      if (!known) {
        known = { imageId, seal, key: newKey() };
        await writeRecord(file, known);
      }
      await use({ baseKey: known.key, baseFolder });
    });
  }

  /** The image is gone: nothing stands on its encrypted volumes any more. */
  async forget(imageId: string): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const known = await readRecord<KeyRecord>(join(this.#folder, name, RECORD));
      if (known?.imageId === imageId) await rm(join(this.#folder, name), { recursive: true });
    }
  }
}
