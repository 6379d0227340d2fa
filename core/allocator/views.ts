/**
 * What parties may read of the isolation service. Reading changes nothing, so it is no event and
 * not in the journal; who may see what is decided here, by the same rules as for commands. The
 * reducer does not need this file.
 */
import { actsFor, isAdministrator, isOrganisation } from './access.ts';
import type { Values } from './commands.ts';
import { checkFields, type Fields } from './fields.ts';
import { compareText } from './isolation.ts';
import { visibleLease } from './leases.ts';
import { isOpenTo, notYours, ownsNetwork, userOf } from './networks.ts';
import { findNode } from './nodes.ts';
import { maySeeOffer, visibleOffer } from '../offers/offers.ts';
import { ownOrganisation } from './organisations.ts';
import { denied, isRefusal, notFound, refuse } from './refusals.ts';
import { findPort } from './switches.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { Principal } from '../kernel/service.ts';
import type { TimeMs } from '../kernel/units.ts';
import type { IsolationState, Lease, Network, Node, Offer } from './state.ts';

export const QUERY_FIELDS = {
  OrganisationList: {},
  OrganisationShow: { organisation: 'name' },
  NodeList: { onlyFree: 'boolean' },
  NodeShow: { nodeId: 'name' },
  SwitchList: {},
  SwitchShow: { switchId: 'name' },
  PortShow: { switchId: 'name', portId: 'name' },
  NetworkList: {},
  NetworkShow: { network: 'name' },
  /** `organisation` null: of everybody whose attachments the asker may see. */
  AttachmentList: { network: 'name', organisation: 'nameOrNull' },
  ActionShow: { actionId: 'name' },
  OfferList: {},
  OfferShow: { offerId: 'name' },
  LeaseList: { organisation: 'name' },
  LeaseShow: { leaseId: 'name' },
} as const satisfies Readonly<Record<string, Fields>>;

export type QueryKind = keyof typeof QUERY_FIELDS;

export type IsolationQuery = {
  [K in QueryKind]: Values<(typeof QUERY_FIELDS)[K]> & {
    readonly kind: K;
    readonly from: Principal;
  };
}[QueryKind];

interface Reading {
  readonly state: IsolationState;
  readonly nowMs: TimeMs;
}

type Views = {
  readonly [K in QueryKind]: (
    reading: Reading,
    query: Extract<IsolationQuery, { kind: K }>,
  ) => Refusal | object;
};

export const ADMINISTRATOR_QUERIES: ReadonlySet<string> = new Set([
  'OrganisationList',
  'SwitchList',
  'SwitchShow',
  'PortShow',
]);

const HEADER: ReadonlySet<string> = new Set(['kind', 'from']);

/** The answer, a fresh plain value, or a refusal by the same codes as of commands. */
export function viewIsolation(
  state: IsolationState,
  nowMs: TimeMs,
  query: IsolationQuery,
): Refusal | object {
  const { kind, from } = query;
  if (!Object.hasOwn(VIEWS, kind)) return refuse('INPUT_UNKNOWN_QUERY', 'there is no such query');
  const refusal = checkFields(query, QUERY_FIELDS[kind], HEADER);
  if (refusal) return refusal;
  if (!isAdministrator(from) && ADMINISTRATOR_QUERIES.has(kind)) {
    return denied(`${kind} is an administrator's`);
  }
  // The view was found by the query's own kind.
  return VIEWS[kind]({ state, nowMs }, query as never);
}

const VIEWS: Views = {
  OrganisationList: ({ state }) => ({
    organisations: [...state.organisations.keys()].sort(compareText),
  }),

  OrganisationShow({ state }, { organisation: name, from }) {
    const found = ownOrganisation(state, from, name);
    if (isRefusal(found)) return found;
    const nodes = [...state.nodes.values()].filter((node) => userOf(state, node) === name);
    const networks = [...state.networks.values()].filter(
      ({ owner, access }) => owner === name || access.has(name),
    );
    return {
      organisation: name,
      parent: found.parent,
      nodes: nodes.map(({ nodeId }) => nodeId).sort(compareText),
      networks: networks.map((network) => network.name).sort(compareText),
      delegations: [...found.delegations].map(([service, rights]) => ({ service, rights })),
    };
  },

  NodeList({ state }, { from, onlyFree }) {
    const nodes = [...state.nodes.values()].filter((node) =>
      onlyFree ? node.state === 'free' : maySeeNode(state, from, node),
    );
    return { nodes: nodes.map(({ nodeId }) => nodeId).sort(compareText) };
  },

  NodeShow({ state }, { nodeId, from }) {
    const node = findNode(state, nodeId);
    if (isRefusal(node)) return node;
    if (!maySeeNode(state, from, node)) return denied(`node ${nodeId} is not yours`);
    return describeNode(state, node, isAdministrator(from));
  },

  SwitchList: ({ state }) => ({ switches: [...state.switches.keys()].sort(compareText) }),

  SwitchShow({ state }, { switchId }) {
    const found = state.switches.get(switchId);
    if (!found) return notFound('SWITCH', switchId);
    const ports = [...found.ports.keys()].sort(compareText);
    return { switchId, switchType: found.switchType, ports };
  },

  PortShow({ state }, { switchId, portId }) {
    const port = findPort(state, switchId, portId);
    if (isRefusal(port)) return port;
    const { wired } = port;
    return {
      switchId,
      portId,
      nodeId: wired?.node.nodeId ?? null,
      nicId: wired?.nic.nicId ?? null,
    };
  },

  NetworkList({ state }, { from }) {
    const networks = [...state.networks.values()].filter((network) => maySeeNetwork(from, network));
    networks.sort((a, b) => compareText(a.name, b.name));
    return { networks: networks.map(describeNetwork) };
  },

  NetworkShow({ state }, { network: name, from }) {
    const network = visibleNetwork(state, from, name);
    return isRefusal(network) ? network : describeNetwork(network);
  },

  /** All of them to owner and administrator, to others those of their own nodes. */
  AttachmentList({ state }, { network: name, organisation, from }) {
    const network = visibleNetwork(state, from, name);
    if (isRefusal(network)) return network;
    const seesAll = ownsNetwork(from, network);
    if (!seesAll && organisation !== null && !isOrganisation(from, organisation)) {
      return notYours(name);
    }
    const only = seesAll ? organisation : from.name;
    const nodes = [...state.nodes.values()].filter(
      (node) => only === null || userOf(state, node) === only,
    );
    return { attachments: nodes.flatMap((node) => attachmentsOn(state, node, network.networkId)) };
  },

  /** To whom asked for it and to administrators; kept until the NIC's or BMC's next action. */
  ActionShow({ state }, { actionId, from }) {
    const action = state.actions.get(actionId);
    if (!action) return notFound('ACTION', actionId);
    const isOwn = isAdministrator(from) || isOrganisation(from, action.organisation);
    if (!isOwn) return denied(`action ${actionId} is not yours`);
    const { before: _, ...shown } = action;
    return shown;
  },

  OfferList(reading, { from }) {
    const { state } = reading;
    const offers = [...state.offers.values()].filter((offer) => maySeeOffer(state, from, offer));
    offers.sort((a, b) => compareText(a.offerId, b.offerId));
    return { offers: offers.map((offer) => describeOffer(reading, offer)) };
  },

  OfferShow(reading, { offerId, from }) {
    const offer = visibleOffer(reading.state, offerId, from);
    return isRefusal(offer) ? offer : describeOffer(reading, offer);
  },

  LeaseList({ state }, { organisation: name, from }) {
    const found = ownOrganisation(state, from, name);
    if (isRefusal(found)) return found;
    const leases = [...state.leases.values()].filter(
      ({ terms }) => terms.owner === name || terms.lessee === name,
    );
    return { leases: leases.map(describeLease) };
  },

  LeaseShow({ state }, { leaseId, from }) {
    const lease = visibleLease(state, leaseId, from);
    return isRefusal(lease) ? lease : describeLease(lease);
  },
};

function maySeeNode(state: IsolationState, from: Principal, node: Node): boolean {
  const user = userOf(state, node);
  return (
    isAdministrator(from) ||
    node.state === 'free' ||
    isOrganisation(from, node.owner) ||
    actsFor(state, from, user, 'tenancy')
  );
}

/** Port, switch and the lease that has it are shown to administrators only. */
function describeNode(state: IsolationState, node: Node, isAll: boolean): object {
  const { nodeId, owner, nodeClass, securityLevel, bootCount, evidence } = node;
  const { trouble, leaseId } = node;
  return {
    nodeId,
    owner,
    nodeClass,
    securityLevel,
    state: node.state,
    organisation: userOf(state, node),
    bootCount,
    evidence,
    trouble,
    ...(isAll ? { leaseId } : {}),
    metadata: Object.fromEntries(node.metadata),
    nics: node.nics.map(({ nicId, macAddress, port, attachments }) => ({
      nicId,
      macAddress,
      ...(isAll ? { port } : {}),
      attachments,
    })),
  };
}

function maySeeNetwork(from: Principal, network: Network): boolean {
  if (ownsNetwork(from, network)) return true;
  return from.role === 'organisation' && isOpenTo(network, from.name);
}

function visibleNetwork(state: IsolationState, from: Principal, name: string): Network | Refusal {
  const network = state.networks.get(name);
  if (!network) return notFound('NETWORK', name);
  return maySeeNetwork(from, network) ? network : notYours(name);
}

function describeNetwork({ name, owner, networkId, access, isPublic }: Network): object {
  return { network: name, owner, networkId, access: [...access].sort(compareText), isPublic };
}

function attachmentsOn(state: IsolationState, node: Node, networkId: number): object[] {
  const { nodeId } = node;
  const organisation = userOf(state, node);
  return node.nics.flatMap(({ nicId, attachments }) =>
    attachments
      .filter((attachment) => attachment.networkId === networkId)
      .map(({ channel }) => ({ nodeId, nicId, channel, organisation })),
  );
}

function describeOffer(reading: Reading, offer: Offer): object {
  return { ...offer, availabilities: availabilities(reading, offer) };
}

/** What is left of the window from now on: its exact complement to the leases in it. */
function availabilities({ state, nowMs }: Reading, offer: Offer): [TimeMs, TimeMs][] {
  const left: [TimeMs, TimeMs][] = [];
  let freeFromMs = Math.max(offer.startMs, nowMs);
  for (const leaseId of state.nodes.get(offer.nodeId)!.reservations) {
    const lease = state.leases.get(leaseId)!;
    if (leaseId === offer.parentLeaseId) continue;
    const untilMs = Math.min(lease.terms.startMs, offer.endMs);
    if (untilMs > freeFromMs) left.push([freeFromMs, untilMs]);
    freeFromMs = Math.max(freeFromMs, lease.endMs);
  }
  if (freeFromMs < offer.endMs) left.push([freeFromMs, offer.endMs]);
  return left;
}

function describeLease({ terms, endMs, state, parentLeaseId, openNodeIds }: Lease): object {
  return { ...terms, endMs, state, parentLeaseId, openNodeIds: [...openNodeIds] };
}
