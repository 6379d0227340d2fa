/**
 * The store of images and disks in a folder: records, order and recovery are here, whatever keeps the
 * bytes (`Volumes`) and whatever serves them (`Exporter`). Its folder is the truth: each step is on
 * the disk before the next one begins, so that the next process knows what may have happened.
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import { ok, type Outcome } from '../../core/kernel/service.ts';
import type { ImageOperation } from '../../core/provisioner/commands.ts';
import { DiskRecords, type DiskRecord } from './disk-records.ts';
import type { Exporter } from './exporter.ts';
import { Exposures, type ServingHosts } from './exposures.ts';
import { ImageCatalogue } from './image-catalogue.ts';
import type { ImageLimits } from './image-check.ts';
import { removeUnfinishedUploads } from './import-source.ts';
import { FolderLock } from './folder-lock.ts';
import { Lanes } from './lanes.ts';
import { failureOf, late, nothing } from './outcomes.ts';
import type {
  CloneOrder,
  DiskOrder,
  ExposedDisk,
  ExposeOrder,
  ImageChange,
  ImageStore,
  StoreRecovery,
} from './protocol.ts';
import { DiskKeys, newKey } from './disk-keys.ts';
import { folderName } from './records.ts';
import type { Volumes } from './volumes.ts';

export interface FolderStoreOptions extends ServingHosts {
  readonly folder: string;
  /** Files below it may be imported; null: none. */
  readonly importFolder: string | null;
  readonly limits: ImageLimits;
  /** Kept free of imports, for disks. */
  readonly reserveBytes: number;
}

const RECOVERY_MS = 60_000;
/** A Unix socket's path has 107 bytes (unix(7)); ours are up to 47 longer than the folder's. */
const FOLDER_LENGTH_MAXIMUM = 60;

/** Folders in the store's folder. */
export const STORE_FOLDERS = {
  images: 'images',
  disks: 'disks',
  keys: 'keys',
  uploads: 'uploads',
  run: 'run',
} as const;

export class FolderStore implements ImageStore {
  readonly #folder: string;
  readonly #volumes: Volumes;
  readonly #exposures: Exposures;
  readonly #images: ImageCatalogue;
  readonly #disks: DiskRecords;
  readonly #lanes = new Lanes();
  readonly #keys: DiskKeys;
  readonly #lock: FolderLock;

  constructor(options: FolderStoreOptions, volumes: Volumes, exporter: Exporter) {
    this.#folder = resolve(options.folder);
    this.#volumes = volumes;
    const { importFolder, limits, reserveBytes } = options;
    const sources = { import: importFolder, upload: this.#path('uploads') };
    const folder = this.#path('images');
    this.#images = new ImageCatalogue({ folder, sources, limits, reserveBytes }, volumes);
    this.#disks = new DiskRecords(this.#path('disks'));
    this.#exposures = new Exposures(this.#disks, volumes, exporter, options);
    this.#keys = new DiskKeys(this.#path('keys'));
    this.#lock = new FolderLock(join(this.#folder, 'lock'));
  }

  async recover(): Promise<StoreRecovery> {
    if (this.#folder.length > FOLDER_LENGTH_MAXIMUM) {
      const message = `the folder of images has a path of ${this.#folder.length} characters`;
      const remedy = `give one of at most ${FOLDER_LENGTH_MAXIMUM}: the paths of its sockets are limited`;
      throw new OcxError({ code: 'RESOURCE_STORE', message, remedy });
    }
    for (const name of Object.keys(STORE_FOLDERS) as (keyof typeof STORE_FOLDERS)[]) {
      await mkdir(this.#path(name), { recursive: true, mode: 0o700 });
    }
    await this.#lock.take();
    const unfinished = await removeUnfinishedUploads(this.#path('uploads'));
    const removed = unfinished + (await this.#images.load()) + (await this.#disks.load());
    const told = await this.#exposures.recover(AbortSignal.timeout(RECOVERY_MS));
    const revived = await this.mend();
    return { disks: this.#disks.all().length, revived, ...told, removed };
  }

  change(order: ImageChange, signal: AbortSignal): Promise<Outcome> {
    const { imageId, operation, source } = order;
    return this.#inLane(`image ${imageId}`, async () => {
      const snapshotId = order.snapshotId ?? '';
      switch (operation) {
        case 'ImportImage':
          await this.#images.import(imageId, source ?? '', signal);
          return ok;
        case 'RemoveImage':
          await this.#images.remove(imageId, signal);
          await this.#keys.forget(imageId);
          return ok;
        default: {
          const isBusy = operation === 'UnprotectSnapshot' || operation === 'RemoveSnapshot';
          if (isBusy && this.#hasClones(imageId, snapshotId)) {
            return nothing('CONFLICT_SNAPSHOT_HAS_CLONES', 'disks stand on the snapshot');
          }
          const change = SNAPSHOT_CHANGES[operation];
          await this.#images.snapshot(change, imageId, snapshotId, signal);
          return ok;
        }
      }
    });
  }

  clone(order: CloneOrder, signal: AbortSignal): Promise<Outcome> {
    const { diskId, imageId, snapshotId, sequence } = order;
    // Also in the image's lane: nobody takes the snapshot away meanwhile.
    return this.#inLane(`image ${imageId}`, () =>
      this.#inLane(`disk ${diskId}`, async () => {
        if (this.#disks.get(diskId)) return ok;
        const image = await this.#images.cloneable(imageId, snapshotId, signal);
        const { content } = this.#images.get(imageId)!;
        const record = { diskId, imageId, snapshotId, content, sequence };
        const fresh: DiskRecord = { ...record, key: null, isUsed: false, exposure: null };
        await this.#disks.add(fresh, (disk) =>
          this.#volumes.clone(image, folderName(snapshotId), disk, signal),
        );
        return ok;
      }),
    );
  }

  expose(order: ExposeOrder, signal: AbortSignal): Promise<Outcome> {
    const { encrypted, owner, sequence } = order;
    return this.#onDisk(order, async (found) => {
      let disk: DiskRecord = { ...found, sequence };
      const { exposure } = disk;
      if (
        exposure?.stage === 'open' &&
        (exposure.nodeId !== order.nodeId || exposure.leaseId !== order.leaseId)
      ) {
        return nothing('DEVICE_DISK_EXPOSED', 'the disk is open to another node or lease');
      }
      if (encrypted !== (disk.key !== null)) {
        if (disk.isUsed || exposure !== null || !this.#volumes.encrypts) {
          const message = `the disk ${encrypted ? 'cannot be' : 'is'} encrypted`;
          return nothing('DEVICE_DISK_ENCRYPTION', message);
        }
        disk = encrypted ? await this.#encrypt(disk, owner, signal) : disk;
      }
      if (exposure?.stage !== 'open') {
        // What was begun before was promised to nobody: another name, another secret.
        if (exposure !== null) await this.#exposures.close(disk, signal);
        disk = await this.#exposures.begin(disk, order);
      }
      return this.#exposures.open(disk, signal);
    });
  }

  hide(order: DiskOrder, signal: AbortSignal): Promise<Outcome> {
    return this.#onDisk(
      order,
      async (disk) => {
        if (disk.exposure === null) return ok;
        await this.#exposures.close({ ...disk, sequence: order.sequence }, signal);
        return ok;
      },
      async () => ok,
    );
  }

  destroy(order: DiskOrder, signal: AbortSignal): Promise<Outcome> {
    const { diskId } = order;
    const destroyVolume = () => this.#volumes.destroy(this.#disks.volume(diskId), signal);
    return this.#onDisk(
      order,
      async (disk) => {
        if (disk.exposure !== null) {
          return nothing('DEVICE_DISK_EXPOSED', 'the disk has to be hidden first');
        }
        await destroyVolume();
        await this.#disks.remove(diskId);
        return ok;
      },
      async () => {
        // A clone that did not end may have left its volume.
        await destroyVolume();
        return ok;
      },
    );
  }

  exposedTo(nodeId: string, leaseId: string): ExposedDisk | null {
    return this.#exposures.to(nodeId, leaseId);
  }

  async mend(): Promise<readonly string[]> {
    const mended = this.#disks
      .all()
      .map(({ diskId }) =>
        this.#lanes.run(`disk ${diskId}`, async () =>
          (await this.#exposures.mend(diskId)) ? [diskId] : [],
        ),
      );
    return (await Promise.all(mended)).flat();
  }

  async close(): Promise<void> {
    await this.#lanes.idle();
    await this.#lock.release();
  }

  async #encrypt(disk: DiskRecord, owner: string, signal: AbortSignal): Promise<DiskRecord> {
    const image = await this.#images.cloneable(disk.imageId, disk.snapshotId, signal);
    const volume = this.#disks.volume(disk.diskId);
    const encrypted = { ...disk, key: newKey() };
    await this.#keys.within(owner, { imageId: disk.imageId, seal: image.seal }, (base) =>
      this.#volumes.encrypt(image, volume, { ...base, diskKey: encrypted.key }, signal),
    );
    await this.#disks.put(encrypted);
    return encrypted;
  }

  #hasClones(imageId: string, snapshotId: string): boolean {
    return this.#disks
      .all()
      .some((disk) => disk.imageId === imageId && disk.snapshotId === snapshotId);
  }

  /** @param absent what is done where there is no such disk */
  #onDisk(
    { diskId, sequence }: DiskOrder,
    act: (disk: DiskRecord) => Promise<Outcome>,
    absent = async (): Promise<Outcome> => nothing('NOT_FOUND_DISK', 'the store has no such disk'),
  ): Promise<Outcome> {
    return this.#inLane(`disk ${diskId}`, async () => {
      const disk = this.#disks.get(diskId);
      if (!disk) return absent();
      return sequence < disk.sequence ? late() : act(disk);
    });
  }

  #inLane(lane: string, act: () => Promise<Outcome>): Promise<Outcome> {
    return this.#lanes.run(lane, async () => {
      try {
        this.#lock.requireHeld();
        return await act();
      } catch (error) {
        return failureOf(error);
      }
    });
  }

  #path(name: keyof typeof STORE_FOLDERS): string {
    return join(this.#folder, STORE_FOLDERS[name]);
  }
}

const SNAPSHOT_CHANGES = {
  TakeSnapshot: 'take',
  ProtectSnapshot: 'protect',
  UnprotectSnapshot: 'unprotect',
  RemoveSnapshot: 'remove',
} as const satisfies Partial<Record<ImageOperation, string>>;
