/**
 * Everything that the isolation service knows: plain data and Maps, so that it can be hashed and
 * replayed. Finished leases and actions leave it; a node keeps its last evidence only.
 */
import type { Principal } from '../kernel/service.ts';
import type { SecurityLevel } from '../kernel/security-level.ts';
import type { TimeMs } from '../kernel/units.ts';
import type {
  BootDevice,
  IsolationDeviceEffect,
  LeaseTerms,
  NodeState,
  WipeEvidence,
  LeaseSide,
} from './protocol.ts';
import type { IsolationSettings } from './settings.ts';

/** `leasing`: lease out this owner's nodes. `tenancy`: drive nodes that this lessee borrows. */
export type DelegatedRight = 'leasing' | 'tenancy';

export interface Organisation {
  readonly name: string;
  /** Offers to an organisation are open to everybody below it; null at the top. */
  readonly parent: string | null;
  /** As this organisation speaks; notices go there. */
  readonly principal: Principal;
  /** Name of a service → what it may do for this organisation. */
  readonly delegations: Map<string, readonly DelegatedRight[]>;
}

/** One network on one channel of a NIC; `vlan/native` or `vlan/<networkId>`. */
export interface Attachment {
  readonly networkId: number;
  readonly channel: string;
}

export interface Nic {
  readonly nicId: string;
  readonly macAddress: string | null;
  /** Where its cable ends; null while it is not wired. */
  port: { readonly switchId: string; readonly portId: string } | null;
  /** What the switch has confirmed or shown. */
  attachments: readonly Attachment[];
  /** What it was last told to have; the same list as `attachments` once confirmed. */
  intended: readonly Attachment[];
  /** What it was told before that and may have besides, until it is confirmed again. */
  unsettled: readonly Attachment[];
  /** The last networking action on it, finished or not; one at a time. */
  actionId: string | null;
}

/**
 * Why an effect is under way, hence where its outcome goes. Reading back and containing a node in
 * quarantine are tried for ever; both may be done twice.
 */
export type Purpose = 'walk' | 'action' | 'observe' | 'contain';

/** A device effect that has not come to an end. */
export interface Operation {
  effect: IsolationDeviceEffect;
  readonly purpose: Purpose;
  readonly actionId: string | null;
  attempt: number;
  /** True between two attempts; then `dueMs` is when the next one starts, else the deadline. */
  waiting: boolean;
  dueMs: TimeMs;
}

/** The walks that a node can be on; their steps are in `walk.ts`. */
export type WalkName = 'handover' | 'power' | 'join' | 'eject' | 'withhold' | 'release';

/**
 * What follows once the hardware has been read back: go on with the step, start a walk that takes
 * the node away, settle a networking or power action, or (null) wait for an operator or the end of
 * the lease.
 */
export type Resumption = 'continue' | 'settle' | 'eject' | 'withhold' | 'release' | null;

export interface Node {
  readonly nodeId: string;
  /** Organisation that may lease it out; null: the site's, any organisation may connect it. */
  readonly owner: string | null;
  readonly nodeClass: string;
  /** Highest level that it can prove; `none` without a TPM. */
  readonly securityLevel: SecurityLevel;
  readonly nics: Nic[];
  readonly metadata: Map<string, unknown>;

  state: NodeState;
  /** Organisation that it is connected to by hand, outside any lease. */
  organisation: string | null;
  /** True while that organisation holds the BMC's credential. */
  outOfBandEnabled: boolean;
  /** The last out-of-band action, finished or not. */
  actionId: string | null;

  /** As last confirmed or read back. */
  power: 'on' | 'off' | 'unknown';
  intendedPower: 'on' | 'off';
  bmcGrantee: string | null;
  intendedGrantee: string | null;
  /** What the next boot was told to use; null once it has. */
  bootDevice: BootDevice | null;
  /** URL of the image in the virtual drive. */
  mediaImage: string | null;
  /** Null: as the last wipe left it. */
  secureBoot: boolean | null;
  airlockNetworkId: number | null;

  /** Lease that has it, from handover until it is verified clean. */
  leaseId: string | null;
  /** Open offers of it. */
  readonly offerIds: string[];
  /** Leases that have a right to it now or later, by start. */
  readonly reservations: string[];
  /** Leases that are over for it; they end once it is verified clean or withheld. */
  readonly leaving: string[];

  fencingToken: number;
  /** Its fencing token when the lease that has it got it. */
  tenure: number;
  effectCount: number;
  bootCount: number;
  /** Trusted verdict of this boot. */
  verdict: { readonly bootCount: number; readonly validUntilMs: TimeMs } | null;
  /** In the tenant's enclave, on the ports and not only by right. */
  joined: boolean;

  walk: WalkName | null;
  step: number;
  resumption: Resumption;
  /** State that it was quarantined from. */
  stateBefore: NodeState;
  /** Where `withhold` ends. */
  withheldAs: 'rejected' | 'maintenance' | 'broken' | 'offline';
  /** Power it on again as soon as it is back in the airlock. */
  powerNext: boolean;
  readonly operations: Operation[];
  /** Times that it was quarantined since it was last verified clean. */
  recoveries: number;
  /** When a step that lacked a network id is tried again. */
  retryAtMs: TimeMs | null;
  /** The node's one timer: the earliest that it has to look at something. */
  timerAtMs: TimeMs | null;
  /** When something was last asked of or confirmed by its devices. */
  changedMs: TimeMs;

  /** Code of what went wrong since it was last verified clean; refuses every new lease. */
  trouble: string | null;
  lastUseEndMs: TimeMs | null;
  evidence: (WipeEvidence & { readonly atMs: TimeMs }) | null;
}

/** `draining`: recalled, the notice runs. `ending`: over, its nodes are being released. */
export type LeaseState = 'reserved' | 'running' | 'draining' | 'ending';

export interface Lease {
  readonly terms: LeaseTerms;
  endMs: TimeMs;
  state: LeaseState;
  readonly parentLeaseId: string | null;
  /** Who has moved its end forward last; null: nobody. */
  shortenedBy: LeaseSide | null;
  /** Service whose ticket it was made on; null: none. */
  readonly exchange: string | null;
  /** Sub-leases that have not ended. */
  readonly childLeaseIds: string[];
  /** Nodes that it has not given back yet. */
  readonly openNodeIds: Set<string>;
}

export interface Offer {
  readonly offerId: string;
  readonly owner: string;
  readonly nodeId: string;
  readonly startMs: TimeMs;
  readonly endMs: TimeMs;
  /** Only this organisation and those below it may see and claim it; null: everybody. */
  readonly lessee: string | null;
  readonly recallNoticeMs: number | null;
  readonly parentLeaseId: string | null;
}

export interface Switch {
  readonly switchId: string;
  readonly switchType: string;
  /** Port → the NIC that is wired to it, or null. */
  readonly ports: Map<string, { readonly nodeId: string; readonly nicId: string } | null>;
}

export interface Network {
  readonly name: string;
  /** Null: the site's. */
  readonly owner: string | null;
  readonly networkId: number;
  /** Empty means nobody; being public is a flag of its own. */
  readonly access: Set<string>;
  readonly isPublic: boolean;
}

/** Network ids: each in use at most once, given back only when its ports are known to be clear. */
export interface NetworkIds {
  next: number;
  readonly returned: number[];
  /** Id → name of its network, or `airlock:<node>`. */
  readonly inUse: Map<number, string>;
}

export type ActionStatus =
  'queued' | 'applying' | 'done' | 'failed' | 'uncertain' | 'verified' | 'quarantined';

export type ActionType =
  | 'connectNetwork'
  | 'detachNetwork'
  | 'revertPort'
  | 'powerOn'
  | 'powerOff'
  | 'powerCycle'
  | 'setBootDevice'
  | 'setMedia'
  | 'setSecureBoot'
  | 'powerStatus'
  | 'enableOutOfBand'
  | 'disableOutOfBand';

/** An asynchronous request on one NIC, or on the BMC of a node. */
export interface Action {
  readonly actionId: string;
  readonly nodeId: string;
  readonly nicId: string | null;
  readonly type: ActionType;
  readonly channel: string | null;
  readonly network: string | null;
  /** Who may read it, besides an administrator; null: nobody. */
  readonly organisation: string | null;
  status: ActionStatus;
  code: string | null;
  /** What the NIC had before, by which a read-back tells "no effect" from drift. */
  readonly before: readonly Attachment[] | null;
  /** What `powerStatus` found. */
  power: 'on' | 'off' | null;
}

export interface IsolationState {
  readonly settings: IsolationSettings;
  readonly organisations: Map<string, Organisation>;
  readonly nodes: Map<string, Node>;
  readonly switches: Map<string, Switch>;
  readonly networks: Map<string, Network>;
  readonly networkIds: NetworkIds;
  readonly leases: Map<string, Lease>;
  /** Tickets of exchanges → end of their window. */
  readonly redeemed: Map<string, TimeMs>;
  readonly offers: Map<string, Offer>;
  readonly actions: Map<string, Action>;
  actionCount: number;
}
