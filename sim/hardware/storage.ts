/** Simulated image store: golden images, copy-on-write clones, and who may reach a clone. */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { Refusal } from '../../core/kernel/errors.ts';
import type { ChangeImage } from '../../core/provisioner/protocol.ts';
import type { StorageDeviceEffect } from './effects.ts';

export interface SimulatedDisk {
  readonly diskId: string;
  readonly imageId: string;
  exposedToNode: string | null;
  exposedForLease: string | null;
  /** Boots that wrote to it. */
  writes: number;
}

/** Stands in the same namespace as its clones: nothing but good services keeps them apart. */
export interface SimulatedImage {
  readonly imageId: string;
  /** Snapshot → whether it is protected; clones stand on protected ones. */
  readonly snapshots: Map<string, boolean>;
  /** Writes and deletions; 0 as long as the services keep the image golden. */
  damages: number;
}

const STALE: Refusal = { code: 'DEVICE_FENCED', message: 'a newer effect reached the disk first' };
const NO_IMAGE: Refusal = { code: 'NOT_FOUND_IMAGE', message: 'the image store has no such image' };
const NO_DISK: Refusal = { code: 'NOT_FOUND_DISK', message: 'the image store has no such disk' };
const HAS_SNAPSHOTS: Refusal = {
  code: 'CONFLICT_SNAPSHOT',
  message: 'a snapshot is in the way',
};
const IN_USE: Refusal = { code: 'CONFLICT_DISK_EXPOSED', message: 'the disk is still exposed' };

export class SimulatedStorage {
  readonly images = new Map<string, SimulatedImage>();
  readonly disks = new Map<string, SimulatedDisk>();
  /** Disks by the node that they are exposed to. */
  readonly #exposed = new Map<string, Set<SimulatedDisk>>();
  /** Newest sequence number that reached a disk, also one that is gone. */
  readonly #sequences = new Map<string, number>();
  readonly #fencing: boolean;

  constructor(fencing: boolean) {
    this.#fencing = fencing;
  }

  /** Puts an image with one protected snapshot into the store, where it is not there yet. */
  addImage(imageId: string, snapshotId: string): void {
    this.#image(imageId).snapshots.set(snapshotId, true);
  }

  #image(imageId: string): SimulatedImage {
    let image = this.images.get(imageId);
    if (image === undefined) {
      image = { imageId, snapshots: new Map(), damages: 0 };
      this.images.set(imageId, image);
      this.disks.set(imageId, newDisk(imageId, imageId));
    }
    return image;
  }

  /** Does an image command; doing it twice is harmless. */
  changeImage(effect: ChangeImage): Refusal | null {
    const { operation, imageId, snapshotId } = effect;
    if (operation === 'ImportImage') {
      this.#image(imageId);
      return null;
    }
    const image = this.images.get(imageId);
    if (operation === 'RemoveImage') {
      if (image !== undefined && image.snapshots.size > 0) return HAS_SNAPSHOTS;
      this.images.delete(imageId);
      this.disks.delete(imageId);
      return null;
    }
    if (image === undefined || snapshotId === null) return NO_IMAGE;
    switch (operation) {
      case 'TakeSnapshot':
        if (!image.snapshots.has(snapshotId)) image.snapshots.set(snapshotId, false);
        return null;
      case 'ProtectSnapshot':
      case 'UnprotectSnapshot':
        if (!image.snapshots.has(snapshotId)) return NO_IMAGE;
        image.snapshots.set(snapshotId, operation === 'ProtectSnapshot');
        return null;
      case 'RemoveSnapshot':
        if (image.snapshots.get(snapshotId) === true) return HAS_SNAPSHOTS;
        image.snapshots.delete(snapshotId);
        return null;
    }
  }

  /** Does an effect, unless something newer was done to its disk or image already. */
  apply(effect: StorageDeviceEffect): Refusal | null {
    const subject = effect.kind === 'ChangeImage' ? effect.imageId : effect.diskId;
    const late = this.#admit(subject, effect.sequence);
    if (late !== null) return late;
    switch (effect.kind) {
      case 'CloneImage':
        return this.clone(effect.imageId, effect.snapshotId, effect.diskId);
      case 'ExposeDisk':
        return this.expose(effect.diskId, effect.nodeId, effect.leaseId);
      case 'HideDisk':
        this.hide(effect.diskId);
        return null;
      case 'DestroyDisk':
        return this.destroy(effect.diskId);
      case 'ChangeImage':
        return this.changeImage(effect);
    }
  }

  #admit(diskId: string, sequence: number): Refusal | null {
    if (sequence < (this.#sequences.get(diskId) ?? 0) && this.#fencing) return STALE;
    this.#sequences.set(diskId, sequence);
    return null;
  }

  /** Making a clone that is already there is harmless. */
  clone(imageId: string, snapshotId: string, diskId: string): Refusal | null {
    if (this.images.get(imageId)?.snapshots.get(snapshotId) !== true) return NO_IMAGE;
    if (!this.disks.has(diskId)) this.disks.set(diskId, newDisk(diskId, imageId));
    return null;
  }

  /** Opens the disk to this node and to nobody else. */
  expose(diskId: string, nodeId: string, leaseId: string): Refusal | null {
    const disk = this.disks.get(diskId);
    if (disk === undefined) return NO_DISK;
    this.hide(diskId);
    disk.exposedToNode = nodeId;
    disk.exposedForLease = leaseId;
    const exposed = this.#exposed.get(nodeId);
    if (exposed === undefined) this.#exposed.set(nodeId, new Set([disk]));
    else exposed.add(disk);
    return null;
  }

  /** Hiding a disk that is not there is harmless. */
  hide(diskId: string): void {
    const disk = this.disks.get(diskId);
    if (disk === undefined || disk.exposedToNode === null) return;
    this.#exposed.get(disk.exposedToNode)?.delete(disk);
    disk.exposedToNode = null;
    disk.exposedForLease = null;
  }

  /** Destroying a disk that is not there is harmless. */
  destroy(diskId: string): Refusal | null {
    const disk = this.disks.get(diskId);
    if (disk === undefined) return null;
    if (disk.exposedToNode !== null) return IN_USE;
    const image = this.images.get(diskId);
    if (image !== undefined) image.damages += 1;
    else this.disks.delete(diskId);
    return null;
  }

  /** The tenant's system of a lease writes to the disk that it booted from. */
  write(disk: SimulatedDisk): void {
    disk.writes += 1;
    const image = this.images.get(disk.diskId);
    if (image !== undefined) image.damages += 1;
  }

  /** The disk that a node boots from under a lease, if one is exposed to it. */
  bootDisk(nodeId: string, leaseId: string): SimulatedDisk | null {
    const exposed = this.#exposed.get(nodeId);
    if (exposed !== undefined) {
      for (const disk of exposed) if (disk.exposedForLease === leaseId) return disk;
    }
    return null;
  }

  exposedTo(nodeId: string): readonly SimulatedDisk[] {
    return [...(this.#exposed.get(nodeId) ?? [])];
  }

  carry(carrier: Carrier): void {
    carrier.fills({
      images: this.images,
      disks: this.disks,
      exposed: this.#exposed,
      sequences: this.#sequences,
    });
  }
}

function newDisk(diskId: string, imageId: string): SimulatedDisk {
  return { diskId, imageId, exposedToNode: null, exposedForLease: null, writes: 0 };
}
