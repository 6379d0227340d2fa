/**
 * What a store of golden images and disks offers the provisioning service. Every method may be
 * called twice, also by another process after a crash: `ok` says that it is so now. `noEffect` only
 * where nothing can have happened; a store never throws.
 *
 * Golden images never change after their import. A disk is a copy-on-write clone of one; it is
 * opened to one node at a time, under a name and secret made for that lease. A parked disk is one
 * that is hidden and kept; resuming it is exposing it again.
 */
import type { ImageOperation } from '../../core/provisioner/commands.ts';
import type { Outcome } from '../../core/kernel/service.ts';

/** Grows with every order; of two orders about one disk the one with the smaller number is late. */
interface Order {
  readonly sequence: number;
}

export interface ImageChange extends Order {
  readonly operation: ImageOperation;
  readonly imageId: string;
  readonly snapshotId: string | null;
  /** Where an import comes from: `import/PATH` or `upload/SHA256`. */
  readonly source: string | null;
}

export interface CloneOrder extends Order {
  readonly diskId: string;
  readonly imageId: string;
  readonly snapshotId: string;
}

export interface ExposeOrder extends Order {
  readonly diskId: string;
  readonly nodeId: string;
  readonly leaseId: string;
  /** What the node sees is encrypted under the disk's key. A disk that was used stays as it is. */
  readonly encrypted: boolean;
  /** Whose disk it is: owners share no keys. */
  readonly owner: string;
}

export interface DiskOrder extends Order {
  readonly diskId: string;
}

/** How a node gets at its disk. Holds secrets: not for logs, journals or other nodes. */
export type DiskAddress =
  | {
      readonly method: 'nbd';
      readonly host: string;
      readonly port: number;
      readonly exportName: string;
    }
  | {
      readonly method: 'iscsi';
      readonly host: string;
      readonly port: number;
      readonly target: string;
      readonly initiator: string;
      readonly user: string;
      readonly secret: string;
    };

/** An exposed disk. */
export interface ExposedDisk {
  readonly diskId: string;
  readonly nodeId: string;
  readonly leaseId: string;
  readonly address: DiskAddress;
  /** What is on it: a file system's name, or `disk` for one with a partition table. */
  readonly content: string;
  /** 32 bytes; null where the disk is not encrypted. */
  readonly key: Buffer | null;
}

/** What a start has found and put right. */
export interface StoreRecovery {
  readonly disks: number;
  /** Exposures that were meant to stand and were brought back. */
  readonly revived: readonly string[];
  /** Exposures that nobody had been promised; they are closed. */
  readonly closed: readonly string[];
  /** What could not be closed yet, and is closed when the service is told to hide it once more. */
  readonly unclosed: readonly string[];
  /** Unfinished imports and clones that are removed. */
  readonly removed: number;
}

export interface ImageStore {
  /** To be called once, before anything else. @throws RESOURCE_STORE where the store cannot be used */
  recover(): Promise<StoreRecovery>;
  change(order: ImageChange, signal: AbortSignal): Promise<Outcome>;
  clone(order: CloneOrder, signal: AbortSignal): Promise<Outcome>;
  expose(order: ExposeOrder, signal: AbortSignal): Promise<Outcome>;
  /** After `ok` nobody gets at the disk by what was told of it before; also where there is none. */
  hide(order: DiskOrder, signal: AbortSignal): Promise<Outcome>;
  /** `noEffect` while it is exposed; `ok` where there is none. */
  destroy(order: DiskOrder, signal: AbortSignal): Promise<Outcome>;
  /** The disk that is open to the node under the lease, or null. */
  exposedTo(nodeId: string, leaseId: string): ExposedDisk | null;
  /** Reads back what serves the exposed disks and brings back what died. @returns disks brought back */
  mend(): Promise<readonly string[]>;
  /** Exposed disks stay exposed: their nodes run on without this process. */
  close(): Promise<void>;
}
