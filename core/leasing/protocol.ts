/**
 * The tenant-side orchestrator: drives a borrowed node from handover to active by asking the
 * isolation, attestation and provisioning services through nothing but their public commands.
 * One instance serves one tenant. It may be dead or hostile; nobody else's safety depends on it.
 */
import type { AttestNode, AttestationNotice, ForgetNode } from '../attester/protocol.ts';
import type {
  AirlockPowerOn,
  EnclaveJoin,
  LeaseNotice,
  LeaseReturn,
  NodeActive,
} from '../allocator/protocol.ts';
import type {
  CancelTimer,
  Reply,
  ServiceEffect,
  ServiceEvent,
  SetTimer,
  TimerFired,
  Unsent,
} from '../kernel/service.ts';
import type {
  DeprovisionNode,
  PrepareNode,
  ProvisionNode,
  ProvisionNotice,
  ProvisioningMethod,
} from '../provisioner/protocol.ts';
import type { SecurityLevel } from '../market/orders.ts';

/** How this tenant wants the nodes of a lease set up. */
export interface EnclavePlan extends ServiceEvent {
  readonly kind: 'EnclavePlan';
  readonly leaseId: string;
  readonly securityLevel: SecurityLevel;
  readonly method: ProvisioningMethod;
  readonly imageId: string;
  readonly policyId: string;
  /** Names of the services that the tenant chose; attester null for level `none`. */
  readonly attester: string | null;
  readonly provisioner: string;
  /** End of the lease, where known: bounds the wait for notices that were lost on their way. */
  readonly endMs?: number;
  /** True: at the end the disks are parked for a later lease; absent or false: destroyed. */
  readonly parkDisks?: boolean;
  /** Parked disks to boot from, each given to one node in the order they come; the rest clone. */
  readonly resumeDiskIds?: readonly string[];
}

/** A notice of one of the three services arrived. */
export interface NoticeReceived extends ServiceEvent {
  readonly kind: 'NoticeReceived';
  readonly notice: LeaseNotice | AttestationNotice['notice'] | ProvisionNotice['notice'];
}
/** The answer to one of our own requests arrived. */
export interface ReplyReceived extends ServiceEvent {
  readonly kind: 'ReplyReceived';
  readonly reply: Reply;
}

export type OrchestratorEvent = EnclavePlan | NoticeReceived | ReplyReceived | TimerFired;

/** Ask another service. */
export interface Request extends ServiceEffect {
  readonly kind: 'Request';
  readonly service: string;
  readonly command: Unsent<
    | AirlockPowerOn
    | EnclaveJoin
    | NodeActive
    | LeaseReturn
    | AttestNode
    | ForgetNode
    | PrepareNode
    | ProvisionNode
    | DeprovisionNode
  >;
}

/** The node is up in the tenant's enclave: its cluster may use it. */
export interface NodeReady extends ServiceEffect {
  readonly kind: 'NodeReady';
  readonly leaseId: string;
  readonly nodeId: string;
}
/** The tenant must stop using the node; `atMs` says when it will be cut off. */
export interface NodeEnding extends ServiceEffect {
  readonly kind: 'NodeEnding';
  readonly leaseId: string;
  readonly atMs: number;
}
/** The node will never become ready under this lease. */
export interface NodeLost extends ServiceEffect {
  readonly kind: 'NodeLost';
  readonly leaseId: string;
  readonly nodeId: string;
  readonly code: string;
}

export type OrchestratorEffect =
  Request | NodeReady | NodeEnding | NodeLost | SetTimer | CancelTimer;
