/**
 * A store in memory that has no bytes, for tests and for trying the services out on a machine without
 * disks to serve. It keeps the rules of a store all the same; it forgets everything at its end.
 */
import { randomBytes } from 'node:crypto';
import { ok, type Outcome } from '../../core/kernel/service.ts';
import { late, nothing } from './outcomes.ts';
import type {
  CloneOrder,
  DiskOrder,
  ExposedDisk,
  ExposeOrder,
  ImageChange,
  ImageStore,
  StoreRecovery,
} from './protocol.ts';

interface EmulatedDisk {
  readonly imageId: string;
  readonly snapshotId: string;
  sequence: number;
  key: Buffer | null;
  isUsed: boolean;
  exposed: ExposedDisk | null;
}

const HOST = '127.0.0.1';
const PORT = 10_809;
const SOURCE = /^(import|upload)\/[^\0]+$/;

export class EmulatedImageStore implements ImageStore {
  /** Image → snapshot → whether it is protected. */
  readonly images = new Map<string, Map<string, boolean>>();
  readonly disks = new Map<string, EmulatedDisk>();

  async recover(): Promise<StoreRecovery> {
    return { disks: this.disks.size, revived: [], closed: [], unclosed: [], removed: 0 };
  }

  async change({ operation, imageId, snapshotId, source }: ImageChange): Promise<Outcome> {
    const image = this.images.get(imageId);
    if (operation === 'ImportImage') {
      const isAllowed = SOURCE.test(source ?? '') && !source!.split('/').includes('..');
      if (!isAllowed) return nothing('INPUT_IMAGE_SOURCE', 'there is no such file to import from');
      if (!image) this.images.set(imageId, new Map());
      return ok;
    }
    if (operation === 'RemoveImage') {
      const isBusy = image !== undefined && image.size > 0;
      if (isBusy) return nothing('CONFLICT_IMAGE_HAS_SNAPSHOTS', 'the image has snapshots');
      this.images.delete(imageId);
      return ok;
    }
    if (!image) return nothing('NOT_FOUND_SNAPSHOT', 'there is no such image');
    return this.#changeSnapshot(image, operation, imageId, snapshotId ?? '');
  }

  async clone({ diskId, imageId, snapshotId, sequence }: CloneOrder): Promise<Outcome> {
    if (this.disks.has(diskId)) return ok;
    if (this.images.get(imageId)?.get(snapshotId) !== true) {
      return nothing('NOT_FOUND_SNAPSHOT', 'there is no such protected snapshot');
    }
    const fresh = { key: null, isUsed: false, exposed: null };
    this.disks.set(diskId, { imageId, snapshotId, sequence, ...fresh });
    return ok;
  }

  async expose(order: ExposeOrder): Promise<Outcome> {
    const { diskId, nodeId, leaseId, encrypted, sequence } = order;
    const disk = this.disks.get(diskId);
    if (!disk) return nothing('NOT_FOUND_DISK', 'the store has no such disk');
    if (sequence < disk.sequence) return late();
    const { exposed } = disk;
    if (exposed) {
      const isSame = exposed.nodeId === nodeId && exposed.leaseId === leaseId;
      return isSame
        ? ok
        : nothing('DEVICE_DISK_EXPOSED', 'the disk is open to another node or lease');
    }
    if (disk.isUsed && encrypted !== (disk.key !== null)) {
      return nothing('DEVICE_DISK_ENCRYPTION', 'the disk was used another way');
    }
    if (encrypted) disk.key ??= randomBytes(32);
    Object.assign(disk, { sequence, isUsed: true });
    const exportName = randomBytes(24).toString('hex');
    const address = { method: 'nbd', host: HOST, port: PORT, exportName } as const;
    disk.exposed = { diskId, nodeId, leaseId, address, content: 'ext4', key: disk.key };
    return ok;
  }

  async hide({ diskId, sequence }: DiskOrder): Promise<Outcome> {
    const disk = this.disks.get(diskId);
    if (!disk) return ok;
    if (sequence < disk.sequence) return late();
    Object.assign(disk, { sequence, exposed: null });
    return ok;
  }

  async destroy({ diskId, sequence }: DiskOrder): Promise<Outcome> {
    const disk = this.disks.get(diskId);
    if (!disk) return ok;
    if (sequence < disk.sequence) return late();
    if (disk.exposed) return nothing('DEVICE_DISK_EXPOSED', 'the disk has to be hidden first');
    this.disks.delete(diskId);
    return ok;
  }

  exposedTo(nodeId: string, leaseId: string): ExposedDisk | null {
    for (const { exposed } of this.disks.values()) {
      if (exposed?.nodeId === nodeId && exposed.leaseId === leaseId) return exposed;
    }
    return null;
  }

  async mend(): Promise<readonly string[]> {
    return [];
  }

  async close(): Promise<void> {}

  #changeSnapshot(
    image: Map<string, boolean>,
    operation: Exclude<ImageChange['operation'], 'ImportImage' | 'RemoveImage'>,
    imageId: string,
    snapshotId: string,
  ): Outcome {
    const isProtected = image.get(snapshotId);
    const disks = [...this.disks.values()];
    const hasClones = disks.some(
      (disk) => disk.imageId === imageId && disk.snapshotId === snapshotId,
    );
    if (hasClones && (operation === 'UnprotectSnapshot' || operation === 'RemoveSnapshot')) {
      return nothing('CONFLICT_SNAPSHOT_HAS_CLONES', 'disks stand on the snapshot');
    }
    switch (operation) {
      case 'TakeSnapshot':
        if (isProtected === undefined) image.set(snapshotId, false);
        return ok;
      case 'ProtectSnapshot':
      case 'UnprotectSnapshot':
        if (isProtected === undefined) return nothing('NOT_FOUND_SNAPSHOT', 'no such snapshot');
        image.set(snapshotId, operation === 'ProtectSnapshot');
        return ok;
      case 'RemoveSnapshot':
        if (isProtected) return nothing('CONFLICT_SNAPSHOT_BUSY', 'the snapshot is protected');
        image.delete(snapshotId);
        return ok;
    }
  }
}
