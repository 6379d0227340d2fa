/** Organisations and the services that act for them. */
import { isAdministrator, isOrganisation } from './access.ts';
import type { Handlers } from './commands.ts';
import { newOrganisation } from './enrolment.ts';
import { isNetworkInUse } from './networks.ts';
import { returnNetworkId } from './network-ids.ts';
import { blocked, denied, duplicate, isRefusal, notFound } from './refusals.ts';
import { ENCLAVE_PREFIX } from './walk.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { Principal } from '../kernel/service.ts';
import type { IsolationState, Organisation } from './state.ts';

export const organisationAdministration = {
  OrganisationCreate({ state }, { organisation: name, parent }) {
    if (state.organisations.has(name)) return duplicate(`organisation ${name} exists`);
    if (parent !== null && !state.organisations.has(parent)) {
      return notFound('ORGANISATION', parent);
    }
    return () => void state.organisations.set(name, newOrganisation(name, parent));
  },

  /** Nothing may be left that would speak, or be reached, in its name. */
  OrganisationDelete({ state }, { organisation: name }) {
    if (!state.organisations.has(name)) return notFound('ORGANISATION', name);
    const holding = whatHolds(state, name);
    if (holding) return blocked(`organisation ${name} still has ${holding}`);
    return () => {
      const enclave = state.networks.get(ENCLAVE_PREFIX + name);
      if (enclave) returnNetworkId(state, enclave.networkId);
      state.networks.delete(ENCLAVE_PREFIX + name);
      state.organisations.delete(name);
    };
  },
} satisfies Partial<Handlers>;

export const organisationCommands = {
  DelegationGrant({ state }, command) {
    const { service, right, from } = command;
    const found = ownOrganisation(state, from, command.organisation);
    if (isRefusal(found)) return found;
    const rights = found.delegations.get(service) ?? [];
    if (rights.includes(right)) return duplicate(`${service} has the right ${right} already`);
    return () => void found.delegations.set(service, [...rights, right]);
  },

  DelegationRevoke({ state }, command) {
    const { service, right, from } = command;
    const found = ownOrganisation(state, from, command.organisation);
    if (isRefusal(found)) return found;
    const rights = found.delegations.get(service) ?? [];
    if (!rights.includes(right)) return notFound('DELEGATION', `${right} of ${service}`);
    return () => {
      const rest = rights.filter((other) => other !== right);
      if (rest.length > 0) found.delegations.set(service, rest);
      else found.delegations.delete(service);
    };
  },
} satisfies Partial<Handlers>;

/** The organisation by this name, for itself and for administrators. */
export function ownOrganisation(
  state: IsolationState,
  from: Principal,
  name: string,
): Organisation | Refusal {
  if (!isAdministrator(from) && !isOrganisation(from, name)) {
    return denied(`this is ${name}'s own to do`);
  }
  return state.organisations.get(name) ?? notFound('ORGANISATION', name);
}

function whatHolds(state: IsolationState, name: string): string | null {
  for (const node of state.nodes.values()) {
    if (node.owner === name || node.organisation === name) return `node ${node.nodeId}`;
  }
  for (const network of state.networks.values()) {
    const isOwnEnclave = network.name === ENCLAVE_PREFIX + name && network.access.size === 1;
    if (isOwnEnclave && !isNetworkInUse(state, network.networkId)) continue;
    if (network.owner === name) return `network ${network.name}`;
    if (network.access.has(name)) return `access to network ${network.name}`;
  }
  for (const { terms } of state.leases.values()) {
    if (terms.owner === name || terms.lessee === name) return `lease ${terms.leaseId}`;
  }
  for (const { owner, lessee, offerId } of state.offers.values()) {
    if (owner === name || lessee === name) return `offer ${offerId}`;
  }
  for (const other of state.organisations.values()) {
    if (other.parent === name) return `organisation ${other.name} below it`;
  }
  return null;
}
