/** The registry of nodes and policies: who may change it, and what never changes again. */
import type { Refusal } from '../kernel/errors.ts';
import { isName } from '../kernel/command-shape.ts';
import { isSafeAmount } from '../kernel/units.ts';
import type {
  AttestationPolicy,
  NodeIdentity,
  PutPolicy,
  RegisterNode,
  RegistryCommand,
  UnregisterNode,
} from './commands.ts';
import { makeNode, makePolicy } from './state.ts';
import type { AttesterState, References } from './state.ts';

/** Carries the command out, or says why not. */
export function changeRegistry(state: AttesterState, command: RegistryCommand): Refusal | null {
  switch (command.kind) {
    case 'RegisterNode':
      return registerNode(state, command);
    case 'UnregisterNode':
      return unregisterNode(state, command);
    case 'PutPolicy':
      return putPolicy(state, command);
  }
}

/** keylime issue 1820: another TPM took over the identity of a node that was registered. */
function registerNode(state: AttesterState, command: RegisterNode): Refusal | null {
  if (!isAdministrator(state, command)) return notAdministrator();
  if (!isIdentity(command.node)) {
    return badArgument('node needs the names nodeId, endorsementKeyHash and profile');
  }
  const { nodeId, endorsementKeyHash, profile } = command.node;
  const known = state.nodes.get(nodeId);
  if (!known) {
    state.nodes.set(nodeId, makeNode(command.node));
    return null;
  }
  if (known.endorsementKeyHash !== endorsementKeyHash) {
    return {
      code: 'CONFLICT_ENDORSEMENT_KEY',
      message: `node ${nodeId} is registered with another TPM`,
      remedy: 'unregister it first if its TPM was replaced',
    };
  }
  if (known.profile !== profile) {
    return {
      code: 'CONFLICT_PROFILE',
      message: `node ${nodeId} is registered as ${known.profile}`,
    };
  }
  if (sameReferences(known.pcrs, makeNode(command.node).pcrs)) return null;
  return {
    code: 'CONFLICT_REFERENCE',
    message: `node ${nodeId} is registered with other reference values of its own`,
    remedy: 'unregister it first if its boot entries or network cards were changed',
  };
}

function sameReferences(known: References | undefined, now: References | undefined): boolean {
  if (known === undefined || now === undefined) return known === now;
  if (known.size !== now.size) return false;
  for (const [index, digests] of known) {
    const others = now.get(index);
    if (others === undefined || others.symmetricDifference(digests).size > 0) return false;
  }
  return true;
}

function unregisterNode(state: AttesterState, command: UnregisterNode): Refusal | null {
  const { nodeId } = command;
  if (!isAdministrator(state, command)) return notAdministrator();
  if (!state.nodes.has(nodeId)) {
    return { code: 'NOT_FOUND_NODE', message: `there is no node ${nodeId}` };
  }
  for (const watch of state.watches.values()) {
    if (watch.nodeId !== nodeId) continue;
    return { code: 'CONFLICT_NODE_WATCHED', message: `node ${nodeId} is being attested` };
  }
  state.nodes.delete(nodeId);
  return null;
}

function putPolicy(state: AttesterState, command: PutPolicy): Refusal | null {
  if (!isPolicy(command.policy)) return badArgument('policy is not of the form of a policy');
  const { policyId, version } = command.policy;
  const known = state.policies.get(policyId);
  if (known && known.owner !== command.from.name) {
    return { code: 'DENIED_POLICY', message: `policy ${policyId} is another organisation's` };
  }
  if (known && version <= known.version) {
    return {
      code: 'CONFLICT_POLICY_VERSION',
      message: `policy ${policyId} is at version ${known.version} already`,
      remedy: 'give it a higher version',
    };
  }
  state.policies.set(policyId, makePolicy(command.policy, command.from.name));
  return null;
}

function isAdministrator(state: AttesterState, command: RegistryCommand): boolean {
  return (
    command.from.role === 'admin' || state.configuration.administrators.includes(command.from.name)
  );
}

function notAdministrator(): Refusal {
  return { code: 'DENIED_REGISTRY', message: 'only an administrator may change the registry' };
}

function badArgument(message: string): Refusal {
  return { code: 'INPUT_BAD_ARGUMENT', message };
}

type Unknown<T> = { readonly [Key in keyof T]?: unknown };

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isIdentity(value: unknown): value is NodeIdentity {
  if (!isObject(value)) return false;
  const { nodeId, endorsementKeyHash, profile, pcrs } = value as Unknown<NodeIdentity>;
  if (!isName(nodeId) || !isName(endorsementKeyHash) || !isName(profile)) return false;
  return pcrs === undefined || (Array.isArray(pcrs) && pcrs.every(isReference));
}

function isPolicy(value: unknown): value is AttestationPolicy {
  if (!isObject(value)) return false;
  const policy = value as Unknown<AttestationPolicy>;
  return (
    isName(policy.policyId) &&
    isSafeAmount(policy.version) &&
    typeof policy.releasesKeyShare === 'boolean' &&
    (policy.runtimeDigests === null || isNames(policy.runtimeDigests)) &&
    Array.isArray(policy.profiles) &&
    policy.profiles.every(isProfile)
  );
}

function isProfile(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { profile, pcrs } = value as Unknown<AttestationPolicy['profiles'][number]>;
  return isName(profile) && Array.isArray(pcrs) && pcrs.every(isReference);
}

function isReference(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { index, digests } = value as { readonly index?: unknown; readonly digests?: unknown };
  return isName(index) && isNames(digests);
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every(isName);
}
