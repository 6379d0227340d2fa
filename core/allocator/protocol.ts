/**
 * What crosses the border of the isolation service: commands in, notices out, and the effects on
 * power, switches and disks that only this service may have.
 *
 * The isolation service is the only one that everybody must trust. A lease's expiry, recall,
 * power-off, port shut, sanitizing and verification are its own timers and states; nobody else
 * has to be alive for them.
 */
import type { SecurityLevel } from '../kernel/security-level.ts';
import type {
  CancelTimer,
  Command,
  EffectOutcome,
  Principal,
  Reply,
  ServiceEffect,
  SetTimer,
  TimerFired,
} from '../kernel/service.ts';
import type { TimeMs } from '../kernel/units.ts';

/** See `docs/GLOSSARY.md`; from `reserved` to `active` the tenant drives, after that we do. */
export type NodeState =
  | 'unregistered'
  | 'enrolled'
  | 'free'
  | 'reserved'
  | 'handover'
  | 'airlock'
  | 'attesting'
  | 'allocated'
  | 'provisioning'
  | 'active'
  | 'draining'
  | 'releasing'
  | 'sanitizing'
  | 'verifying'
  | 'rejected'
  | 'quarantined'
  | 'maintenance'
  | 'broken'
  | 'offline';

export interface LeaseTerms {
  readonly leaseId: string;
  /** The market's contract behind it, or null for a lease made by hand. */
  readonly contractId: string | null;
  readonly owner: string;
  readonly lessee: string;
  readonly nodeIds: readonly string[];
  readonly startMs: TimeMs;
  /** The lessee's use ends here; the release walk starts then. */
  readonly endMs: TimeMs;
  readonly securityLevel: SecurityLevel;
  /** Service whose verdict opens the enclave; null exactly for level `none`. */
  readonly attester: string | null;
  /** Null: firm, cannot be taken back before `endMs`. */
  readonly recallNoticeMs: number | null;
}

/** Owner (or a market that the owner has delegated to) leases out nodes. */
export interface LeaseCreate extends Command {
  readonly kind: 'LeaseCreate';
  readonly terms: LeaseTerms;
}
/** Before it starts: by owner, lessee or the delegated market. */
export interface LeaseCancel extends Command {
  readonly kind: 'LeaseCancel';
  readonly leaseId: string;
}
/** By the owner of a recallable lease; the release walk starts `recallNoticeMs` later. */
export interface LeaseRecall extends Command {
  readonly kind: 'LeaseRecall';
  readonly leaseId: string;
}
/** By the lessee: ends the lease of these nodes (all, where null) now. */
export interface LeaseReturn extends Command {
  readonly kind: 'LeaseReturn';
  readonly leaseId: string;
  readonly nodeIds: readonly string[] | null;
}
/** By the lessee's orchestrator: power the airlocked node on into its measured boot. */
export interface AirlockPowerOn extends Command {
  readonly kind: 'AirlockPowerOn';
  readonly leaseId: string;
  readonly nodeId: string;
}
/** By the attester that the lease names. */
export interface AttestationReport extends Command {
  readonly kind: 'AttestationReport';
  readonly leaseId: string;
  readonly nodeId: string;
  /** Boot that the quote belongs to; a verdict on an earlier boot is void. */
  readonly bootCount: number;
  readonly verdict: 'trusted' | 'rejected' | 'stale';
  /** A trusted verdict is good until then; one that is not renewed counts as stale. */
  readonly validUntilMs: TimeMs;
}
/** By the lessee's orchestrator: move the node out of the airlock into the tenant's enclave. */
export interface EnclaveJoin extends Command {
  readonly kind: 'EnclaveJoin';
  readonly leaseId: string;
  readonly nodeId: string;
}
/** By the lessee's orchestrator: the tenant's system is up. */
export interface NodeActive extends Command {
  readonly kind: 'NodeActive';
  readonly leaseId: string;
  readonly nodeId: string;
}

export type LeaseCommand =
  | LeaseCreate
  | LeaseCancel
  | LeaseRecall
  | LeaseReturn
  | AirlockPowerOn
  | AttestationReport
  | EnclaveJoin
  | NodeActive;

/** Told to owner, lessee, the lease's attester or the exchange that sold it; never needed for the walk to go on. */
export interface Notify extends ServiceEffect {
  readonly kind: 'Notify';
  readonly to: Principal;
  readonly notice: LeaseNotice;
}

/** Owner and lessee with the services that act for them, and the operators of the site. */
export type LeaseSide = 'owner' | 'lessee' | 'site';

export type LeaseNotice =
  | { readonly kind: 'LeaseStarted'; readonly leaseId: string }
  /** The node is off, alone in its own airlock network; again after its enclave was lost. */
  | {
      readonly kind: 'NodeInAirlock';
      readonly leaseId: string;
      readonly nodeId: string;
      readonly fencingToken: number;
    }
  /** The node was powered on for measuring; `bootCount` identifies this boot. */
  | {
      readonly kind: 'NodePowered';
      readonly leaseId: string;
      readonly nodeId: string;
      readonly bootCount: number;
    }
  | { readonly kind: 'NodeInEnclave'; readonly leaseId: string; readonly nodeId: string }
  /** Release begins at `atMs`: end of the lease, recall, or a failed attestation. */
  | {
      readonly kind: 'LeaseEnding';
      readonly leaseId: string;
      readonly atMs: TimeMs;
      readonly reason: 'expiry' | 'recall' | 'returned' | 'cancelled';
      /** Who called it off, or moved its end forward; absent where nobody did. */
      readonly by?: LeaseSide;
    }
  /** Power is off and the ports are shut: storage may be detached. */
  | { readonly kind: 'NodeCutOff'; readonly leaseId: string; readonly nodeId: string }
  /** Verified clean; back with its owner. */
  | { readonly kind: 'NodeFreed'; readonly leaseId: string; readonly nodeId: string }
  /**
   * Out of service until an operator, or reading the hardware back, settles it. `quarantined` may
   * be followed by any other notice of the node, `NodeInAirlock` where the tenant starts over;
   * `rejected` and `broken` are final for this lease.
   */
  | {
      readonly kind: 'NodeWithheld';
      readonly leaseId: string;
      readonly nodeId: string;
      readonly state: 'rejected' | 'quarantined' | 'broken';
      readonly code: string;
    }
  | { readonly kind: 'LeaseEnded'; readonly leaseId: string };

/** Fields of every effect on hardware. */
export interface DeviceEffect extends ServiceEffect {
  readonly effectId: string;
  readonly nodeId: string;
  /** Never decreases for a node; a device ignores a smaller one than it has seen. */
  readonly fencingToken: number;
  readonly deadlineMs: TimeMs;
}

export interface PowerOff extends DeviceEffect {
  readonly kind: 'PowerOff';
  /** False: ask the operating system first, as a user's soft power-off does. */
  readonly force: boolean;
}
export interface PowerOn extends DeviceEffect {
  readonly kind: 'PowerOn';
  /** Number of this boot, which its airlock hands to the measured boot and its quotes carry. */
  readonly bootCount: number;
}
/** What the next boot uses, and no later one; `none`: what the firmware's own order says. */
export type BootDevice = 'network' | 'disk' | 'media' | 'none';

export interface SetBootDevice extends DeviceEffect {
  readonly kind: 'SetBootDevice';
  readonly device: BootDevice;
}
/** Puts an image into the BMC's virtual drive, or (null) empties it. */
export interface SetMedia extends DeviceEffect {
  readonly kind: 'SetMedia';
  /** URL that the BMC fetches. */
  readonly image: string | null;
}
export interface SetSecureBoot extends DeviceEffect {
  readonly kind: 'SetSecureBoot';
  /** From the next boot on. */
  readonly enabled: boolean;
}
/** New credential for the node's BMC; every earlier one and every open console end. */
export interface RotateBmcToken extends DeviceEffect {
  readonly kind: 'RotateBmcToken';
  /** Who may use the new one; null: nobody. */
  readonly grantee: string | null;
}
/** Makes the port exactly this: listed networks and nothing else; empty shuts it. */
export interface ConfigurePort extends DeviceEffect {
  readonly kind: 'ConfigurePort';
  readonly switchId: string;
  readonly portId: string;
  readonly attachments: readonly { readonly networkId: number; readonly channel: string }[];
}
/** Scrub memory, erase local disks, reset BMC users, boot order and firmware variables. */
export interface WipeNode extends DeviceEffect {
  readonly kind: 'WipeNode';
}
/** Read the hardware back. A device that has answered obeys no smaller fencing token any more. */
export interface ObserveNode extends DeviceEffect {
  readonly kind: 'ObserveNode';
}

/** Value of an `ok` outcome of `ObserveNode`. */
export interface NodeObservation {
  readonly power: 'on' | 'off';
  /** By port id: the networks that the switch really has on it. */
  readonly ports: Readonly<Record<string, readonly { networkId: number; channel: string }[]>>;
  readonly bmcGrantee: string | null;
}

/** Value of an `ok` outcome of `WipeNode`: evidence that is kept with the node. */
export interface WipeEvidence {
  readonly memoryScrubbed: boolean;
  readonly disksErased: boolean;
  readonly bmcReset: boolean;
}

export type IsolationDeviceEffect =
  | PowerOff
  | PowerOn
  | SetBootDevice
  | SetMedia
  | SetSecureBoot
  | RotateBmcToken
  | ConfigurePort
  | WipeNode
  | ObserveNode;

/** Told to the service of the maintenance pool; the node stays there whether it hears it or not. */
export interface CallMaintenance extends ServiceEffect {
  readonly kind: 'CallMaintenance';
  readonly service: string;
  readonly nodeId: string;
}

/** Told to the owner of a node that no lease has: it is out of service, and why. */
export interface CallOwner extends ServiceEffect {
  readonly kind: 'CallOwner';
  readonly owner: Principal;
  readonly nodeId: string;
  readonly code: string;
}

export type IsolationEffect =
  IsolationDeviceEffect | Notify | CallMaintenance | CallOwner | Reply | SetTimer | CancelTimer;

/** The administrative commands are in `commands.ts`; a service event is any of these. */
export type IsolationOutcome = EffectOutcome<NodeObservation | WipeEvidence | undefined>;
export type IsolationTimer = TimerFired;
