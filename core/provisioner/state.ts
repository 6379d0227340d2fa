/** What the provisioning service remembers: images, disks, and one session per node and lease. */
import { OcxError } from '../kernel/errors.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { Principal } from '../kernel/service.ts';
import { MINUTE_MS, SECOND_MS } from '../kernel/units.ts';
import type { TimeMs } from '../kernel/units.ts';
import type { SecurityLevel } from '../market/orders.ts';
import type { ImageOperation } from './commands.ts';
import type { DiskState, ProvisionerEffect, ProvisioningMethod } from './protocol.ts';

/** An image that is there from the start. */
export interface ImageConfiguration {
  readonly imageId: string;
  /** Name of the organisation whose image it is. */
  readonly owner: string;
  readonly shared: boolean;
  /** Its protected snapshot. */
  readonly snapshotId: string;
}

/** Times in milliseconds. */
export interface ProvisionerConfiguration {
  /** This instance; begins the id of every effect. */
  readonly name: string;
  /** Names of principals that may change anybody's images. */
  readonly operators: readonly string[];
  /** Images that are in the store already, each with one protected snapshot. */
  readonly images: readonly ImageConfiguration[];
  /** How long each effect may take before what became of it counts as unknown. */
  readonly deadlinesMs: {
    readonly clone: number;
    readonly expose: number;
    readonly hide: number;
    readonly destroy: number;
    readonly boot: number;
    readonly image: number;
  };
  /** Wait before what did not work is cleaned up again; doubles, up to 64 times this. */
  readonly retryMs: number;
  /**
   * True: a timer of our own stands behind every effect, for worlds that may lose an outcome.
   * False: the world is trusted to report one, at the latest `uncertain` at the deadline.
   */
  readonly watchdog: boolean;
}

/** For the simulator; see `docs/numbers.md`, "Provisioning". */
export const PROVISIONER_DEFAULTS = {
  operators: [],
  images: [],
  deadlinesMs: {
    clone: 10 * MINUTE_MS,
    expose: 2 * MINUTE_MS,
    hide: 2 * MINUTE_MS,
    destroy: 10 * MINUTE_MS,
    boot: 60 * MINUTE_MS,
    image: 60 * MINUTE_MS,
  },
  retryMs: 10 * SECOND_MS,
  watchdog: false,
} as const satisfies Omit<ProvisionerConfiguration, 'name'>;

/** Frozen content of an image. */
export interface Snapshot {
  protected: boolean;
  /** Clones that stand on it. */
  children: number;
}

/** An image command between its acceptance and the store's answer. */
export interface ImageJob {
  operation: ImageOperation;
  readonly snapshotId: string | null;
  readonly source: string | null;
  readonly commandId: string;
  readonly to: Principal;
  effectId: string | null;
  deadlineMs: TimeMs;
  /** Tries whose outcome is unknown; after one, `noEffect` no longer means that nothing is there. */
  attempts: number;
  /** Why it failed, while `operation` undoes what may have been left; then the answer. */
  failure: Refusal | null;
}

/** A golden image, and what is being done to it. */
export interface Image {
  readonly imageId: string;
  readonly owner: string;
  readonly shared: boolean;
  /** In the order they were taken. */
  readonly snapshots: Map<string, Snapshot>;
  job: ImageJob | null;
}

/** What a store can do to a disk. */
export type DiskJobKind = 'clone' | 'expose' | 'hide' | 'destroy';

/** A disk, from the order to clone it until it is known to be gone. */
export interface Disk {
  readonly diskId: string;
  readonly imageId: string;
  readonly snapshotId: string;
  /** Key of the principal whose disk it is. */
  readonly owner: string;
  sessionKey: string | null;
  state: DiskState;
  /** `unknown` after an uncertain outcome: to be hidden before anything else. */
  exposure: 'none' | 'exposed' | 'unknown';
  /** On its way out; no step leads back. */
  leaving: boolean;
  /** Where it goes when it leaves: true to the parked disks, false out of existence. */
  keep: boolean;
  job: { kind: DiskJobKind; effectId: string; deadlineMs: TimeMs } | null;
  /** Failed tries of the present clean-up job. */
  attempts: number;
}

/** `failed`: undone or being undone; a new wish begins anew. */
export type SessionStage =
  'preparing' | 'prepared' | 'exposing' | 'booting' | 'provisioned' | 'failed' | 'leaving';

/** What a tenant wants with one node under one lease. */
export interface Session {
  readonly leaseId: string;
  readonly nodeId: string;
  readonly asker: Principal;
  fencingToken: number;
  imageId: string;
  method: ProvisioningMethod;
  securityLevel: SecurityLevel;
  fromAttestedFirmware: boolean;
  resumeDiskId: string | null;
  stage: SessionStage;
  /** The `ProvisionNode` under way or done; null where there is none. */
  commandId: string | null;
  /** Every `ProvisionNode` so far and how it failed, or null: a second copy is no second wish. */
  readonly commands: Map<string, string | null>;
  /** The disk in use; disks on their way out are no longer the session's. */
  diskId: string | null;
  boot: { effectId: string; deadlineMs: TimeMs } | null;
  /** Disks of this session that are being hidden or destroyed. */
  unsettledDisks: number;
  parkedDiskId: string | null;
}

/** Whose outcome an effect's is. */
export type OperationOwner =
  | { readonly of: 'disk'; readonly id: string }
  | { readonly of: 'boot'; readonly id: string }
  | { readonly of: 'image'; readonly id: string };

/** Plain data. */
export interface ProvisionerState {
  readonly configuration: ProvisionerConfiguration;
  /** Of effects and disks; never goes back. */
  sequence: number;
  readonly images: Map<string, Image>;
  readonly disks: Map<string, Disk>;
  /** By `sessionKey`. */
  readonly sessions: Map<string, Session>;
  readonly operations: Map<string, OperationOwner>;
  /** Principal and node → newest fencing token that was deprovisioned. */
  readonly finishedTokens: Map<string, number>;
}

/** One step in the making. */
export interface Turn {
  readonly state: ProvisionerState;
  readonly timeMs: TimeMs;
  readonly effects: ProvisionerEffect[];
}

/** @throws OcxError INPUT_BAD_CONFIGURATION */
export function initialState(configuration: ProvisionerConfiguration): ProvisionerState {
  const images = new Map<string, Image>();
  for (const { imageId, owner, shared, snapshotId } of configuration.images) {
    if (images.has(imageId)) {
      const message = `two images are called ${imageId}`;
      throw new OcxError({ code: 'INPUT_BAD_CONFIGURATION', message });
    }
    const snapshots = new Map([[snapshotId, { protected: true, children: 0 }]]);
    images.set(imageId, { imageId, owner, shared, snapshots, job: null });
  }
  return {
    configuration,
    sequence: 0,
    images,
    disks: new Map(),
    sessions: new Map(),
    operations: new Map(),
    finishedTokens: new Map(),
  };
}

/** One text for (lease, node) that no other pair has, whatever the names hold. */
export function sessionKey(leaseId: string, nodeId: string): string {
  return `${leaseId.length}:${leaseId}:${nodeId}`;
}

/** One text for a principal. */
export function principalKey(principal: Principal): string {
  return `${principal.role}:${principal.name}`;
}

/** One text for (principal, node) that no other pair has. */
export function finishedKey(principal: Principal, nodeId: string): string {
  return `${principal.role}:${principal.name.length}:${principal.name}:${nodeId}`;
}

/** Takes the next sequence number, and an effect id made of it. */
export function nextEffect(
  state: ProvisionerState,
  owner: OperationOwner,
): { readonly sequence: number; readonly effectId: string } {
  state.sequence += 1;
  const effectId = `${state.configuration.name}/${state.sequence}`;
  state.operations.set(effectId, owner);
  return { sequence: state.sequence, effectId };
}

/** Doubling wait before try number `attempts` + 1. */
export function backoffMs(state: ProvisionerState, attempts: number): number {
  return state.configuration.retryMs * (1 << Math.min(attempts, 6));
}
