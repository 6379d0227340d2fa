/**
 * Golden images of a store: a folder each, with a record and the image itself, which never changes
 * after its import. The record is written last; a folder without one is unfinished.
 */
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import {
  checkImage,
  diskRefusal,
  HEAD_BYTES,
  SECTOR_BYTES,
  type ImageLimits,
} from './image-check.ts';
import { contentOf } from './image-content.ts';
import { copySource, locateSource, type ImportFolders } from './import-source.ts';
import { requireSpace } from './free-space.ts';
import { convertToRaw, rawBytesOf } from './qemu-img.ts';
import {
  folderName,
  readRecord,
  syncFolder,
  UNFINISHED,
  unfinishedName,
  writeRecord,
} from './records.ts';
import type { GoldenImage, Volumes } from './volumes.ts';

/** As it is on the disk. */
export interface ImageRecord {
  readonly imageId: string;
  readonly sizeBytes: number;
  /** See `contentOf`. */
  readonly content: string;
  /** See `Volumes.seal`. */
  readonly seal: string;
  readonly snapshots: readonly SnapshotRecord[];
}

interface SnapshotRecord {
  readonly snapshotId: string;
  readonly isProtected: boolean;
}

const RECORD = 'image.json';

export interface CatalogueOptions {
  readonly folder: string;
  readonly sources: ImportFolders;
  readonly limits: ImageLimits;
  /** Kept free for disks. */
  readonly reserveBytes: number;
}

export class ImageCatalogue {
  readonly #options: CatalogueOptions;
  readonly #volumes: Volumes;
  readonly #records = new Map<string, ImageRecord>();

  constructor(options: CatalogueOptions, volumes: Volumes) {
    this.#options = options;
    this.#volumes = volumes;
  }

  /** Reads all records. @returns how many unfinished imports were removed */
  async load(): Promise<number> {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    let removed = 0;
    for (const name of await readdir(folder)) {
      const record = await readRecord<ImageRecord>(join(folder, name, RECORD));
      if (record !== null && folderName(record.imageId) === name) {
        this.#records.set(record.imageId, record);
      } else if (record === null || name.startsWith(UNFINISHED)) {
        await rm(join(folder, name), { recursive: true });
        removed += 1;
      }
    }
    return removed;
  }

  get(imageId: string): ImageRecord | undefined {
    return this.#records.get(imageId);
  }

  golden(record: ImageRecord): GoldenImage {
    const name = folderName(record.imageId);
    return { folder: join(this.#options.folder, name), name, ...record };
  }

  /** @throws NOT_FOUND_SNAPSHOT, DEVICE_IMAGE_CHANGED: nothing may stand on it */
  async cloneable(imageId: string, snapshotId: string, signal: AbortSignal): Promise<GoldenImage> {
    const record = this.#records.get(imageId);
    if (!record || !snapshotOf(record, snapshotId)?.isProtected) {
      const message = `the store has no protected snapshot ${snapshotId} of an image ${imageId}`;
      throw new OcxError({ code: 'NOT_FOUND_SNAPSHOT', message });
    }
    return this.#unchanged(record, false, signal);
  }

  async import(imageId: string, source: string, signal: AbortSignal): Promise<void> {
    if (this.#records.has(imageId)) return;
    const { folder, sources, limits, reserveBytes } = this.#options;
    const file = await locateSource(source, sources);
    const hasRoom = (bytes: number) => requireSpace(folder, bytes, reserveBytes);
    const unfinished = join(folder, unfinishedName());
    const image = { folder: unfinished, name: folderName(imageId) };
    await mkdir(unfinished, { mode: 0o700 });
    try {
      const copied = join(unfinished, 'source');
      await copySource(file, copied, limits.fileBytes, hasRoom, signal);
      const { raw, sizeBytes, content } = await this.#toRaw(copied, signal);
      const seal = await this.#volumes.seal(image, raw, signal);
      await rm(copied, { force: true });
      const record = { imageId, sizeBytes, content, seal, snapshots: [] };
      await this.#keep(unfinished, record);
      await rename(unfinished, join(folder, folderName(imageId)));
      await syncFolder(folder);
      this.#records.set(imageId, record);
      if (source.startsWith('upload/')) await rm(file, { force: true });
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      throw error;
    }
  }

  async remove(imageId: string, signal: AbortSignal): Promise<void> {
    const record = this.#records.get(imageId);
    if (!record) return;
    if (record.snapshots.length > 0) {
      const message = `image ${imageId} has snapshots`;
      throw new OcxError({ code: 'CONFLICT_IMAGE_HAS_SNAPSHOTS', message });
    }
    const { folder } = this.#options;
    await this.#volumes.removeImage(this.golden(record), signal);
    const going = join(folder, unfinishedName());
    await rename(join(folder, folderName(imageId)), going);
    this.#records.delete(imageId);
    await syncFolder(folder);
    await rm(going, { recursive: true });
  }

  /** Takes or removes a snapshot, or changes its protection. */
  async snapshot(
    change: 'take' | 'protect' | 'unprotect' | 'remove',
    imageId: string,
    snapshotId: string,
    signal: AbortSignal,
  ): Promise<void> {
    const record = this.#records.get(imageId);
    const known = record && snapshotOf(record, snapshotId);
    if (!record || (!known && change !== 'take' && change !== 'remove')) {
      const message = `the store has no snapshot ${snapshotId} of an image ${imageId}`;
      throw new OcxError({ code: 'NOT_FOUND_SNAPSHOT', message });
    }
    if (change === 'remove' && known?.isProtected) {
      const message = `snapshot ${snapshotId} is protected`;
      throw new OcxError({ code: 'CONFLICT_SNAPSHOT_BUSY', message });
    }
    if (change === 'take' ? known : change === 'remove' && !known) return;
    // From now on others rely on it.
    if (change === 'protect') await this.#unchanged(record, true, signal);
    await this.#volumes.snapshot(change, this.golden(record), folderName(snapshotId), signal);
    const others = record.snapshots.filter((snapshot) => snapshot !== known);
    const changed = { snapshotId, isProtected: change === 'protect' };
    const snapshots = change === 'remove' ? others : [...others, changed];
    await this.#keep(this.golden(record).folder, { ...record, snapshots });
    this.#records.set(imageId, { ...record, snapshots });
  }

  async #unchanged(
    record: ImageRecord,
    thoroughly: boolean,
    signal: AbortSignal,
  ): Promise<GoldenImage> {
    const image = this.golden(record);
    if (await this.#volumes.isSealed(image, thoroughly, signal)) return image;
    throw new OcxError({
      code: 'DEVICE_IMAGE_CHANGED',
      message: `image ${record.imageId} is not any more what was imported`,
      remedy: 'find out who changed it, and import it anew under another name',
    });
  }

  async #toRaw(copied: string, signal: AbortSignal) {
    const { limits } = this.#options;
    const { head, bytes } = await readHead(copied);
    const checked = checkImage(head, bytes, limits);
    if ('code' in checked) throw new OcxError(checked);
    if (checked.format === 'raw') {
      return { raw: copied, sizeBytes: checked.sizeBytes, content: checked.content! };
    }
    const raw = `${copied}.raw`;
    const { folder, reserveBytes } = this.#options;
    await requireSpace(folder, await rawBytesOf(copied, signal), reserveBytes);
    await convertToRaw(copied, raw, signal);
    const converted = await readHead(raw);
    const refusal = diskRefusal(converted.bytes, limits);
    if (refusal) throw new OcxError(refusal);
    const content = contentOf(converted.head);
    if (content === null || converted.bytes % SECTOR_BYTES !== 0) {
      const message = 'neither a file system nor a partition table is on it';
      throw new OcxError({ code: 'INPUT_IMAGE_FORMAT', message });
    }
    return { raw, sizeBytes: converted.bytes, content };
  }

  async #keep(folder: string, record: ImageRecord): Promise<void> {
    await writeRecord(join(folder, RECORD), record);
  }
}

function snapshotOf(record: ImageRecord, wanted: string): SnapshotRecord | undefined {
  return record.snapshots.find(({ snapshotId }) => snapshotId === wanted);
}

async function readHead(file: string): Promise<{ head: Buffer; bytes: number }> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const head = Buffer.alloc(Math.min(size, HEAD_BYTES));
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    return { head: head.subarray(0, bytesRead), bytes: size };
  } finally {
    await handle.close();
  }
}
