/**
 * Commands on golden images and parked disks. They are the tenant's or its operators'; none of
 * them is part of a lease. Every one is answered once the store has answered, never before.
 */
import type { Command } from '../kernel/service.ts';

/** Bring an image into the store under a new name; it belongs to whoever asks. */
export interface ImportImage extends Command {
  readonly kind: 'ImportImage';
  readonly imageId: string;
  /** Where the store finds it; the store's own notation. */
  readonly source: string;
  /** Anybody may clone it; otherwise its owner alone. */
  readonly shared: boolean;
}
/** Freeze the image's present content; only frozen and protected content is cloned. */
export interface TakeSnapshot extends Command {
  readonly kind: 'TakeSnapshot';
  readonly imageId: string;
  readonly snapshotId: string;
}
/** Keep the snapshot from being removed; a snapshot must be protected before it is cloned. */
export interface ProtectSnapshot extends Command {
  readonly kind: 'ProtectSnapshot';
  readonly imageId: string;
  readonly snapshotId: string;
}
/** Refused while clones stand on the snapshot. */
export interface UnprotectSnapshot extends Command {
  readonly kind: 'UnprotectSnapshot';
  readonly imageId: string;
  readonly snapshotId: string;
}
/** Refused while the snapshot is protected. */
export interface RemoveSnapshot extends Command {
  readonly kind: 'RemoveSnapshot';
  readonly imageId: string;
  readonly snapshotId: string;
}
/** Refused while the image has snapshots. */
export interface RemoveImage extends Command {
  readonly kind: 'RemoveImage';
  readonly imageId: string;
}
/** Destroy a parked disk that nobody will resume. */
export interface DiscardDisk extends Command {
  readonly kind: 'DiscardDisk';
  readonly diskId: string;
}

/** All commands on images. */
export type ImageCommand =
  ImportImage | TakeSnapshot | ProtectSnapshot | UnprotectSnapshot | RemoveSnapshot | RemoveImage;

/** What a store is to do to an image: the accepted command, as an effect. */
export type ImageOperation = ImageCommand['kind'];
