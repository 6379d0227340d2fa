/** The registry of nodes and policies: who may change it, and what never changes again. */
import type { Refusal } from '../kernel/errors.ts';
import { isSafeAmount } from '../kernel/units.ts';
import type { PutPolicy, RegisterNode, RegistryCommand, UnregisterNode } from './commands.ts';
import { makePolicy } from './state.ts';
import type { AttesterState } from './state.ts';

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
  const { nodeId, endorsementKeyHash, profile } = command.node;
  if (!isAdministrator(state, command)) return notAdministrator();
  const known = state.nodes.get(nodeId);
  if (!known) {
    state.nodes.set(nodeId, { endorsementKeyHash, profile, lastResetCount: null });
    return null;
  }
  if (known.endorsementKeyHash !== endorsementKeyHash) {
    return {
      code: 'CONFLICT_ENDORSEMENT_KEY',
      message: `node ${nodeId} is registered with another TPM`,
      remedy: 'unregister it first if its TPM was replaced',
    };
  }
  if (known.profile === profile) return null;
  return { code: 'CONFLICT_PROFILE', message: `node ${nodeId} is registered as ${known.profile}` };
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
  const { policyId, version } = command.policy;
  if (!isSafeAmount(version)) {
    return { code: 'INPUT_POLICY_VERSION', message: 'a policy version is a safe integer' };
  }
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
