/**
 * Networks and who may use them. An empty access list means nobody; public is a flag of its own
 * that no change of the list can set.
 */
import { isAdministrator, isOrganisation } from './access.ts';
import type { CommandOf, Handlers } from './commands.ts';
import { makeEnclave } from './enrolment.ts';
import { claimNetworkId, isPoolExhausted, returnNetworkId, takeNetworkId } from './network-ids.ts';
import {
  badArgument,
  blocked,
  denied,
  duplicate,
  isRefusal,
  notFound,
  refuse,
} from './refusals.ts';
import { holderOf } from './reservations.ts';
import { NETWORK_ID_MINIMUM } from './settings.ts';
import { ENCLAVE_PREFIX } from './walk.ts';
import { invariant, type Refusal } from '../kernel/errors.ts';
import type { Principal } from '../kernel/service.ts';
import type { Attachment, IsolationState, Network, Node } from './state.ts';

export const networkCommands = {
  NetworkCreate({ state }, command) {
    const { network: name, owner, access, isPublic, networkId } = command;
    const refusal = checkNewNetwork(state, command) ?? checkNetworkId(state, networkId);
    if (refusal) return refusal;
    return () => {
      const id = networkId ?? takeNetworkId(state, name);
      invariant(id !== null, 'a network id is left');
      claimNetworkId(state, id, name);
      const allowed = new Set(access === null ? [] : [access]);
      state.networks.set(name, { name, owner, networkId: id, access: allowed, isPublic });
      return { network: name, networkId: id };
    };
  },

  NetworkDelete({ state }, command) {
    const network = ownNetwork(state, command);
    if (isRefusal(network)) return network;
    const { name, networkId } = network;
    const isEnclave = name.startsWith(ENCLAVE_PREFIX);
    if (isEnclave || isNetworkInUse(state, networkId)) return blocked(`network ${name} is in use`);
    return () => {
      state.networks.delete(name);
      returnNetworkId(state, networkId);
    };
  },

  NetworkGrant({ state }, command) {
    const network = ownNetwork(state, command);
    if (isRefusal(network)) return network;
    const { organisation } = command;
    if (!state.organisations.has(organisation)) return notFound('ORGANISATION', organisation);
    if (network.access.has(organisation)) return duplicate(`${organisation} has access already`);
    return () => void network.access.add(organisation);
  },

  /** By owner, administrator, or the organisation that gives its own access up. */
  NetworkRevoke({ state }, { network: name, organisation, from }) {
    const network = state.networks.get(name);
    if (!network) return notFound('NETWORK', name);
    if (!isOrganisation(from, organisation) && !ownsNetwork(from, network)) return notYours(name);
    if (!network.access.has(organisation)) return notFound('ACCESS', `of ${organisation}`);
    if (network.owner === organisation) return blocked(`${organisation} owns network ${name}`);
    for (const node of state.nodes.values()) {
      if (userOf(state, node) === organisation && isOnNetwork(node, network.networkId)) {
        return blocked(`node ${node.nodeId} of ${organisation} is on ${name}`);
      }
    }
    return () => void network.access.delete(organisation);
  },
} satisfies Partial<Handlers>;

function checkNewNetwork(
  state: IsolationState,
  command: CommandOf<'NetworkCreate'>,
): Refusal | null {
  const { network: name, owner, access, isPublic, networkId, from } = command;
  if (!isAdministrator(from) && !isOrganisation(from, owner)) {
    return denied('a network is made by its owner or an administrator');
  }
  for (const organisation of [owner, access]) {
    if (organisation !== null && !state.organisations.has(organisation)) {
      return notFound('ORGANISATION', organisation);
    }
  }
  if (owner !== null && (access !== owner || isPublic || networkId !== null)) {
    return badArgument(`a network of ${owner}'s begins with access for ${owner} and a pool's id`);
  }
  if (isPublic && access !== null) return badArgument('a public network has no access list');
  if (name.startsWith(ENCLAVE_PREFIX)) return badArgument(`${ENCLAVE_PREFIX} names are taken`);
  return state.networks.has(name) ? duplicate(`network ${name} exists`) : null;
}

function checkNetworkId(state: IsolationState, networkId: number | null): Refusal | null {
  if (networkId === null) {
    return isPoolExhausted(state) ? refuse('CONFLICT_ALLOCATION', 'no network id is left') : null;
  }
  const { networkIdMaximum } = state.settings;
  if (networkId < NETWORK_ID_MINIMUM || networkId > networkIdMaximum) {
    return badArgument(`network ids are ${NETWORK_ID_MINIMUM} to ${networkIdMaximum}`);
  }
  const isTaken = state.networkIds.inUse.has(networkId);
  return isTaken ? duplicate(`network id ${networkId} is in use`) : null;
}

/** The lessee's own enclave network; the caller has checked that an id is left. */
export function ensureEnclave(state: IsolationState, lessee: string): void {
  const name = ENCLAVE_PREFIX + lessee;
  if (state.networks.has(name)) return;
  const networkId = takeNetworkId(state, name);
  invariant(networkId !== null, 'a network id is left');
  makeEnclave(state, lessee, networkId);
}

/** On a port, on its way to one, or not known to be off one. */
export function isNetworkInUse(state: IsolationState, networkId: number): boolean {
  for (const node of state.nodes.values()) if (isOnNetwork(node, networkId)) return true;
  return false;
}

function isOnNetwork(node: Node, networkId: number): boolean {
  const isOn = (attachment: Attachment) => attachment.networkId === networkId;
  return node.nics.some(
    (nic) => nic.attachments.some(isOn) || nic.intended.some(isOn) || nic.unsettled.some(isOn),
  );
}

/** Whose networks the node's ports may be on: the lessee's, or of whom it is connected to. */
export function userOf(state: IsolationState, node: Node): string | null {
  return holderOf(state, node)?.terms.lessee ?? node.organisation;
}

/** True where the organisation may put its nodes on the network. */
export function isOpenTo(network: Network, organisation: string): boolean {
  return network.isPublic || network.access.has(organisation);
}

export function ownsNetwork(from: Principal, network: Network): boolean {
  return isAdministrator(from) || (network.owner !== null && isOrganisation(from, network.owner));
}

function ownNetwork(
  state: IsolationState,
  { network: name, from }: { readonly network: string; readonly from: Principal },
): Network | Refusal {
  const network = state.networks.get(name);
  if (!network) return notFound('NETWORK', name);
  return ownsNetwork(from, network) ? network : notYours(name);
}

export function notYours(name: string): Refusal {
  return denied(`network ${name} is not yours`);
}
