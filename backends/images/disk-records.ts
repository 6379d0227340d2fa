/** Disks of a store: a folder each, with a record of what the disk is and to whom it is open. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  folderName,
  readRecord,
  syncFolder,
  UNFINISHED,
  unfinishedName,
  writeRecord,
} from './records.ts';
import type { DiskAddress } from './protocol.ts';
import type { VolumeName } from './volumes.ts';

/** To whom a disk is open. */
export interface Exposure {
  readonly nodeId: string;
  readonly leaseId: string;
  readonly address: DiskAddress;
  /** `opening` and `closing`: on the way; nobody has been promised anything. */
  readonly stage: 'opening' | 'open' | 'closing';
}

/** As it is on the disk. */
export interface DiskRecord {
  readonly diskId: string;
  readonly imageId: string;
  readonly snapshotId: string;
  readonly content: string;
  /** 64 hex digits; null while the disk is not encrypted. */
  readonly key: string | null;
  /** A node may have written to it. */
  readonly isUsed: boolean;
  /** Largest number of an order about it. */
  readonly sequence: number;
  readonly exposure: Exposure | null;
}

const RECORD = 'disk.json';

export class DiskRecords {
  readonly #folder: string;
  readonly #records = new Map<string, DiskRecord>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Reads all records. @returns how many unfinished disks were removed */
  async load(): Promise<number> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    let removed = 0;
    for (const name of await readdir(this.#folder)) {
      const record = await readRecord<DiskRecord>(join(this.#folder, name, RECORD));
      if (record !== null && folderName(record.diskId) === name) {
        this.#records.set(record.diskId, record);
      } else if (record === null || name.startsWith(UNFINISHED)) {
        await rm(join(this.#folder, name), { recursive: true });
        removed += 1;
      }
    }
    return removed;
  }

  get(diskId: string): DiskRecord | undefined {
    return this.#records.get(diskId);
  }

  all(): DiskRecord[] {
    return [...this.#records.values()];
  }

  volume(diskId: string): VolumeName {
    const name = folderName(diskId);
    return { folder: join(this.#folder, name), name };
  }

  /** Makes the disk by `fill`, of which nothing is left where it throws. */
  async add(record: DiskRecord, fill: (disk: VolumeName) => Promise<void>): Promise<void> {
    const { folder, name } = this.volume(record.diskId);
    const unfinished = join(this.#folder, unfinishedName());
    await mkdir(unfinished, { mode: 0o700 });
    try {
      await fill({ folder: unfinished, name });
      await writeRecord(join(unfinished, RECORD), record);
      await rename(unfinished, folder);
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      throw error;
    }
    await syncFolder(this.#folder);
    this.#records.set(record.diskId, record);
  }

  async put(record: DiskRecord): Promise<void> {
    await writeRecord(join(this.volume(record.diskId).folder, RECORD), record);
    this.#records.set(record.diskId, record);
  }

  async remove(diskId: string): Promise<void> {
    const going = join(this.#folder, unfinishedName());
    await rename(this.volume(diskId).folder, going);
    this.#records.delete(diskId);
    await syncFolder(this.#folder);
    await rm(going, { recursive: true });
  }
}
