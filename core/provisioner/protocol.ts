/**
 * What crosses the border of a provisioning service: golden images, copy-on-write clones and
 * diskless boot (after BMI/M2), and the diskful plan that it is compared with (Foreman).
 *
 * Anybody may run one. It is asked by the tenant's orchestrator and has effects on storage and on
 * the boot path of nodes, never on power or switches.
 */
import type {
  Command,
  EffectOutcome,
  Reply,
  ServiceEffect,
  SetTimer,
  CancelTimer,
  TimerFired,
} from '../kernel/service.ts';
import type { SecurityLevel } from '../market/orders.ts';
import type { TimeMs } from '../kernel/units.ts';
import type { DiscardDisk, ImageCommand, ImageOperation } from './commands.ts';

/** `diskless`: clone, expose, network boot. `diskful`: install to the local disk, boot from it. */
export type ProvisioningMethod = 'diskless' | 'diskful';

export type DiskState = 'cloning' | 'ready' | 'exposed' | 'parked' | 'destroying' | 'uncertain';

/**
 * Fields of every command about a node under a lease. The fencing token is the isolation
 * service's own; what comes with one that is not newer than the last deprovisioned is late and
 * refused, so that a delayed copy of a command cannot bring a finished lease back to life.
 */
export interface NodeLeaseCommand extends Command {
  readonly leaseId: string;
  readonly nodeId: string;
  readonly fencingToken: number;
}
/** Clone the image ahead of time, so that cloning does not delay the boot. Optional. */
export interface PrepareNode extends NodeLeaseCommand {
  readonly kind: 'PrepareNode';
  readonly imageId: string;
}
export interface ProvisionNode extends NodeLeaseCommand {
  readonly kind: 'ProvisionNode';
  readonly imageId: string;
  readonly method: ProvisioningMethod;
  /** `full` encrypts the root disk and the path to it. */
  readonly securityLevel: SecurityLevel;
  /** True where attested firmware is already running and the tenant's kernel is started by kexec. */
  readonly fromAttestedFirmware: boolean;
  /** Boot from this parked disk of the same tenant rather than from a new clone. */
  readonly resumeDiskId?: string;
}
/** After the node is cut off: destroy its clone, or park it for a later lease. */
export interface DeprovisionNode extends NodeLeaseCommand {
  readonly kind: 'DeprovisionNode';
  readonly park: boolean;
}

export interface StorageEffect extends ServiceEffect {
  readonly effectId: string;
  /** Grows with every effect; a store ignores what is older than what it did to the same disk. */
  readonly sequence: number;
  readonly deadlineMs: TimeMs;
}
export interface CloneImage extends StorageEffect {
  readonly kind: 'CloneImage';
  readonly imageId: string;
  /** Protected snapshot that the clone stands on. */
  readonly snapshotId: string;
  readonly diskId: string;
}
/**
 * Effects on a node carry the isolation service's fencing token: a node that was handed over anew
 * or power-cycled since has a newer one, and what comes with an older one does nothing.
 */
export interface NodeEffect extends StorageEffect {
  readonly fencingToken: number;
}
/** Opens the disk to exactly one node, by a secret made for this lease. */
export interface ExposeDisk extends NodeEffect {
  readonly kind: 'ExposeDisk';
  readonly diskId: string;
  readonly nodeId: string;
  readonly leaseId: string;
}
export interface HideDisk extends StorageEffect {
  readonly kind: 'HideDisk';
  readonly diskId: string;
}
/** `ok` also where there was no such disk. */
export interface DestroyDisk extends StorageEffect {
  readonly kind: 'DestroyDisk';
  readonly diskId: string;
}
/** Does what an accepted image command asked for; `noEffect` where the store turned it down. */
export interface ChangeImage extends StorageEffect {
  readonly kind: 'ChangeImage';
  readonly operation: ImageOperation;
  readonly imageId: string;
  readonly snapshotId: string | null;
  readonly source: string | null;
}
/** Starts the tenant's system; `ok` once it answers. */
export interface BootNode extends NodeEffect {
  readonly kind: 'BootNode';
  readonly nodeId: string;
  readonly leaseId: string;
  readonly method: ProvisioningMethod;
  readonly securityLevel: SecurityLevel;
  readonly fromAttestedFirmware: boolean;
}

/** Told to the orchestrator that asked. */
export interface ProvisionNotice extends ServiceEffect {
  readonly kind: 'Notify';
  readonly to: Command['from'];
  readonly notice:
    | {
        readonly kind: 'NodeProvisioned';
        readonly leaseId: string;
        readonly nodeId: string;
        /** Of the latest `ProvisionNode` that it answers. */
        readonly commandId: string;
      }
    | {
        readonly kind: 'ProvisionFailed';
        readonly leaseId: string;
        readonly nodeId: string;
        readonly commandId: string;
        readonly code: string;
      }
    /** Every disk of the node under this lease is settled: destroyed, or parked. */
    | {
        readonly kind: 'NodeDeprovisioned';
        readonly leaseId: string;
        readonly nodeId: string;
        readonly parkedDiskId: string | null;
      };
}

export type ProvisionerEffect =
  | CloneImage
  | ExposeDisk
  | HideDisk
  | DestroyDisk
  | ChangeImage
  | BootNode
  | ProvisionNotice
  | Reply
  | SetTimer
  | CancelTimer;

export type ProvisionerOutcome = EffectOutcome<undefined>;
export type ProvisionerTimer = TimerFired;

export type ProvisionerCommand =
  PrepareNode | ProvisionNode | DeprovisionNode | ImageCommand | DiscardDisk;

export type ProvisionerEvent = ProvisionerCommand | ProvisionerOutcome | ProvisionerTimer;
