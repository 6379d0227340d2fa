/** Commands on the registry of nodes and on policies; none of them belongs to a lease. */
import type { Command } from '../kernel/service.ts';

/** A PCR that matters, and the hex digests that are accepted in it. */
export interface PcrReference {
  readonly index: string;
  readonly digests: readonly string[];
}

/**
 * What a tenant holds trustworthy. A node is judged by the reference values of its own profile
 * (its model and firmware); a profile without an entry cannot be attested under the policy.
 */
export interface AttestationPolicy {
  readonly policyId: string;
  /** Integer that only grows. */
  readonly version: number;
  readonly profiles: readonly {
    readonly profile: string;
    readonly pcrs: readonly PcrReference[];
  }[];
  /** Digests of the files that may run; null: what runs is not looked at. */
  readonly runtimeDigests: readonly string[] | null;
  /** True: the second key share is handed out after a valid quote (level `full`). */
  readonly releasesKeyShare: boolean;
}

/** Which TPM a node has, and which reference values are its own. */
export interface NodeIdentity {
  readonly nodeId: string;
  /** Hex hash of the public endorsement key of the node's TPM. */
  readonly endorsementKeyHash: string;
  readonly profile: string;
  /** Of this very node, besides its profile's: its boot entries and addresses are in PCR 1. */
  readonly pcrs?: readonly PcrReference[];
}

/** By an administrator: bind a node to its TPM. With another TPM it is refused for good. */
export interface RegisterNode extends Command {
  readonly kind: 'RegisterNode';
  readonly node: NodeIdentity;
}
/** By an administrator, while nobody has the node attested: its TPM or board was replaced. */
export interface UnregisterNode extends Command {
  readonly kind: 'UnregisterNode';
  readonly nodeId: string;
}
/** By whoever put its first version: a higher version replaces the one before. */
export interface PutPolicy extends Command {
  readonly kind: 'PutPolicy';
  readonly policy: AttestationPolicy;
}

/** All commands on the registry. */
export type RegistryCommand = RegisterNode | UnregisterNode | PutPolicy;
