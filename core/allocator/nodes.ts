/** Nodes, their NICs and metadata, and their use by hand, outside any lease. */
import { forgetAction, hasPendingAction, isActionPending } from './actions.ts';
import type { Handlers } from './commands.ts';
import { hasMacAddress, newNic, newNode } from './enrolment.ts';
import type { Isolation } from './isolation.ts';
import { forgetAirlock } from './network-ids.ts';
import { ownOrganisation } from './organisations.ts';
import { quarantine, release, withhold } from './recovery.ts';
import { blocked, duplicate, isRefusal, mismatch, notFound, wrongState } from './refusals.ts';
import { leaveLease, startWalk } from './walk.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { IsolationState, Nic, Node } from './state.ts';

/** Out of service, until an operator returns it. */
const WITHDRAWN = ['enrolled', 'rejected', 'quarantined', 'maintenance', 'broken', 'offline'];

/** Out of service: promised to nobody until an operator has returned it. */
export function isWithdrawn({ state }: Node): boolean {
  return WITHDRAWN.includes(state);
}

export const nodeAdministration = {
  NodeRegister({ state }, { nodeId, owner, nodeClass, securityLevel }) {
    if (state.nodes.has(nodeId)) return duplicate(`node ${nodeId} exists`);
    if (owner !== null && !state.organisations.has(owner)) return notFound('ORGANISATION', owner);
    return () => void state.nodes.set(nodeId, newNode(nodeId, owner, nodeClass, securityLevel));
  },

  NodeDelete({ state }, { nodeId }) {
    const node = findNode(state, nodeId);
    if (isRefusal(node)) return node;
    const isUsed = !isIdle(node) || node.nics.length > 0 || node.offerIds.length > 0;
    if (isUsed) return blocked(`node ${nodeId} is in use or has NICs`);
    return () => {
      forgetAction(state, node.actionId);
      forgetAirlock(state, node);
      state.nodes.delete(nodeId);
    };
  },

  NicRegister({ state }, { nodeId, nicId, macAddress }) {
    const node = findNode(state, nodeId);
    if (isRefusal(node)) return node;
    if (findNic(node, nicId)) return duplicate(`node ${nodeId} has a NIC ${nicId}`);
    if (hasMacAddress(state.nodes.values(), macAddress)) {
      return duplicate(`a NIC has the address ${macAddress}`);
    }
    return () => void node.nics.push(newNic(nicId, macAddress, null));
  },

  NicDelete({ state }, { nodeId, nicId }) {
    const node = findNode(state, nodeId);
    if (isRefusal(node)) return node;
    const nic = findNic(node, nicId);
    if (!nic) return notFound('NIC', nicId);
    if (!isIdle(node) || nic.port !== null || isActionPending(state, nic.actionId)) {
      return blocked(`NIC ${nicId} is wired or its node is in use`);
    }
    return () => {
      forgetAction(state, nic.actionId);
      node.nics.splice(node.nics.indexOf(nic), 1);
    };
  },

  MetadataSet({ state }, { nodeId, key, value }) {
    const node = findNode(state, nodeId);
    if (isRefusal(node)) return node;
    return () => void node.metadata.set(key, value);
  },

  MetadataDelete({ state }, { nodeId, key }) {
    const node = findNode(state, nodeId);
    if (isRefusal(node)) return node;
    if (!node.metadata.has(key)) return notFound('METADATA', key);
    return () => void node.metadata.delete(key);
  },

  NodeWithdraw(isolation, { nodeId, state: withdrawnAs }) {
    const node = findNode(isolation.state, nodeId);
    if (isRefusal(node)) return node;
    return () => {
      node.organisation = null;
      node.outOfBandEnabled = false;
      withhold(isolation, node, withdrawnAs, 'NODE_WITHDRAWN');
      // Its devices may never answer again; its lease need not wait for them.
      if (withdrawnAs === 'broken') leaveLease(isolation, node);
    };
  },

  NodeReturn(isolation, { nodeId }) {
    const node = findNode(isolation.state, nodeId);
    if (isRefusal(node)) return node;
    const { walk, resumption } = node;
    const isUnderWay = walk === 'withhold' || resumption === 'withhold' || resumption === 'release';
    if (!isWithdrawn(node) || isUnderWay) return wrongState(`node ${nodeId}`, node.state);
    return () => {
      node.organisation = null;
      node.outOfBandEnabled = false;
      if (node.state !== 'quarantined') startWalk(isolation, node, 'release');
      else quarantine(isolation, node, node.trouble ?? 'NODE_RETURNED', 'release');
    };
  },
} satisfies Partial<Handlers>;

export const nodeCommands = {
  /** An organisation may take its own nodes, and those of the site that nobody else has. */
  NodeConnect({ state }, { nodeId, organisation: name, from }) {
    const organisation = ownOrganisation(state, from, name);
    if (isRefusal(organisation)) return organisation;
    const node = findNode(state, nodeId);
    if (isRefusal(node)) return node;
    if (node.state !== 'free' && node.state !== 'reserved') {
      return blocked(`node ${nodeId} is ${node.state}`);
    }
    if (node.owner !== null && node.owner !== name) {
      return mismatch(`node ${nodeId} is ${node.owner}'s: lease it`);
    }
    return () => {
      node.organisation = name;
      node.state = 'allocated';
      node.fencingToken += 1;
    };
  },

  /** Nothing may be left on the node; what is left unseen, the release finds. */
  NodeDetach(isolation, { nodeId, organisation: name, from }) {
    const { state } = isolation;
    const organisation = ownOrganisation(state, from, name);
    if (isRefusal(organisation)) return organisation;
    const node = findNode(state, nodeId);
    if (isRefusal(node)) return node;
    if (node.organisation !== name) return notFound('NODE', `${nodeId} with ${name}`);
    if (node.outOfBandEnabled || !isOffNetworks(node) || hasPendingAction(state, node)) {
      return blocked(`node ${nodeId} has networks, actions or out-of-band management`);
    }
    return () => detach(isolation, node);
  },
} satisfies Partial<Handlers>;

/** To the maintenance pool first, where there is one; only from there, released, to `free`. */
function detach(isolation: Isolation, node: Node): void {
  const { maintenance } = isolation.state.settings;
  if (maintenance === null || node.organisation === maintenance.organisation) {
    node.organisation = null;
    release(isolation, node);
    return;
  }
  const { service, organisation } = maintenance;
  node.organisation = organisation;
  node.state = 'maintenance';
  node.fencingToken += 1;
  isolation.effects.push({ kind: 'CallMaintenance', service, nodeId: node.nodeId });
}

/** True where nobody has it, nobody is promised it, and nothing is under way. */
export function isIdle(node: Node): boolean {
  return (
    (node.state === 'free' || isWithdrawn(node)) &&
    node.organisation === null &&
    node.leaseId === null &&
    node.walk === null &&
    node.resumption === null &&
    node.reservations.length === 0 &&
    node.operations.length === 0
  );
}

function isOffNetworks(node: Node): boolean {
  return node.nics.every((nic) => nic.attachments.length + nic.intended.length === 0);
}

export function findNode(state: IsolationState, nodeId: string): Node | Refusal {
  return state.nodes.get(nodeId) ?? notFound('NODE', nodeId);
}

export function findNic(node: Node, nicId: string): Nic | undefined {
  return node.nics.find((candidate) => candidate.nicId === nicId);
}
