/** The site as it is configured before the first event. */
import {
  NETWORK_ID_MINIMUM,
  requireConfiguration,
  completeSettings,
  type IsolationSettings,
} from './settings.ts';
import { isSafeAmount } from '../kernel/units.ts';
import { isMacAddress, isName } from './fields.ts';
import { SECURITY_LEVELS } from './commands.ts';
import { airlockUser, claimNetworkId, isOfPool, networkIdPool } from './network-ids.ts';
import { NO_ATTACHMENTS } from './devices.ts';
import { ENCLAVE_PREFIX } from './walk.ts';
import { MOCK_SWITCH, SWITCH_TYPES } from './switch-types.ts';
import type { SecurityLevel } from '../market/orders.ts';
import type { DelegatedRight, IsolationState, Nic, Node, Organisation } from './state.ts';

export interface OrganisationEnrolment {
  readonly name: string;
  readonly parent?: string | null;
  /** Of its enclave, outside the pool, for services of its own that stand there; else one of the pool. */
  readonly enclaveNetworkId?: number;
  /** Services that may act for it from the start. */
  readonly delegations?: readonly {
    readonly service: string;
    readonly rights: readonly DelegatedRight[];
  }[];
}

/** An operator states that the node is off, cut off and clean: it starts `free`. */
export interface NodeEnrolment {
  readonly nodeId: string;
  readonly owner: string;
  readonly nodeClass: string;
  /** Highest level that it can prove; `none` without a TPM. */
  readonly securityLevel: SecurityLevel;
  /** Of its airlock, outside the pool, where the gateway has a fixed leg; else one of the pool. */
  readonly airlockNetworkId?: number;
  /** The first is the one that boots and joins networks. */
  readonly nics: readonly {
    readonly nicId: string;
    readonly macAddress?: string;
    readonly switchId: string;
    readonly portId: string;
  }[];
}

export interface IsolationConfiguration {
  readonly settings?: Partial<IsolationSettings>;
  readonly organisations?: readonly OrganisationEnrolment[];
  readonly switches?: readonly { readonly switchId: string; readonly switchType?: string }[];
  readonly nodes?: readonly NodeEnrolment[];
}

/** @throws OcxError INPUT_BAD_CONFIGURATION */
export function initialState(configuration: IsolationConfiguration): IsolationState {
  const settings = completeSettings(configuration.settings);
  const state: IsolationState = {
    settings,
    organisations: new Map(),
    nodes: new Map(),
    switches: new Map(),
    networks: new Map(),
    networkIds: networkIdPool(settings),
    leases: new Map(),
    redeemed: new Map(),
    offers: new Map(),
    actions: new Map(),
    actionCount: 0,
  };
  for (const organisation of configuration.organisations ?? []) {
    enrolOrganisation(state, organisation);
  }
  for (const { switchId, switchType = MOCK_SWITCH } of configuration.switches ?? []) {
    requireConfiguration(isName(switchId), 'a switch needs a name');
    requireConfiguration(SWITCH_TYPES.has(switchType), `no switch type ${switchType}`);
    requireConfiguration(!state.switches.has(switchId), `switch ${switchId} is listed twice`);
    state.switches.set(switchId, { switchId, switchType, ports: new Map() });
  }
  for (const node of configuration.nodes ?? []) enrolNode(state, node);
  return state;
}

function enrolOrganisation(state: IsolationState, enrolment: OrganisationEnrolment): void {
  const { name, parent = null } = enrolment;
  requireConfiguration(isName(name), 'an organisation needs a name');
  requireConfiguration(!state.organisations.has(name), `organisation ${name} is listed twice`);
  requireConfiguration(
    parent === null || state.organisations.has(parent),
    `organisation ${name} is listed before its parent`,
  );
  const organisation = newOrganisation(name, parent);
  for (const { service, rights } of enrolment.delegations ?? []) {
    organisation.delegations.set(service, [...rights]);
  }
  state.organisations.set(name, organisation);
  const { enclaveNetworkId: networkId } = enrolment;
  if (networkId === undefined) return;
  const network = ENCLAVE_PREFIX + name;
  setAside(state, networkId, network);
  const access = new Set([name]);
  state.networks.set(network, { name: network, owner: name, networkId, access, isPublic: false });
}

function setAside(state: IsolationState, networkId: number, user: string): void {
  const isPossible =
    isSafeAmount(networkId) &&
    networkId >= NETWORK_ID_MINIMUM &&
    networkId <= state.settings.networkIdMaximum;
  requireConfiguration(isPossible, `the network id of ${user} is none`);
  requireConfiguration(!isOfPool(state, networkId), `the network id of ${user} is in the pool`);
  const isTaken = state.networkIds.inUse.has(networkId);
  requireConfiguration(!isTaken, `the network id of ${user} is in use`);
  claimNetworkId(state, networkId, user);
}

function enrolNode(state: IsolationState, enrolment: NodeEnrolment): void {
  const { nodeId, owner, nodeClass, securityLevel } = enrolment;
  requireConfiguration(isName(nodeId), 'a node needs a name');
  requireConfiguration(!state.nodes.has(nodeId), `node ${nodeId} is listed twice`);
  requireConfiguration(state.organisations.has(owner), `no organisation ${owner} of ${nodeId}`);
  requireConfiguration(
    SECURITY_LEVELS.includes(securityLevel),
    `node ${nodeId} has security level none, attested or full`,
  );
  const { airlockNetworkId } = enrolment;
  if (airlockNetworkId !== undefined) setAside(state, airlockNetworkId, airlockUser(nodeId));
  const node = newNode(nodeId, owner, nodeClass, securityLevel);
  for (const { nicId, macAddress, switchId, portId } of enrolment.nics) {
    const wired = state.switches.get(switchId);
    requireConfiguration(wired !== undefined, `no switch ${switchId} at node ${nodeId}`);
    requireConfiguration(isName(nicId) && isName(portId), `a NIC of ${nodeId} needs names`);
    const isNew = node.nics.every((nic) => nic.nicId !== nicId && nic.port?.portId !== portId);
    requireConfiguration(isNew, `NIC ${nicId} or port ${portId} of ${nodeId} is listed twice`);
    requireConfiguration(!wired.ports.has(portId), `port ${portId} is wired twice`);
    const isOwn =
      macAddress === undefined ||
      (isMacAddress(macAddress) &&
        !hasMacAddress([node], macAddress) &&
        !hasMacAddress(state.nodes.values(), macAddress));
    requireConfiguration(isOwn, `NIC ${nicId} of ${nodeId} has no hardware address of its own`);
    wired.ports.set(portId, { nodeId, nicId });
    node.nics.push(newNic(nicId, macAddress ?? null, { switchId, portId }));
  }
  node.state = 'free';
  node.power = 'off';
  state.nodes.set(nodeId, node);
}

export function newOrganisation(name: string, parent: string | null): Organisation {
  const principal = { role: 'organisation', name } as const;
  return { name, parent, principal, delegations: new Map() };
}

/** However it is spelt; a NIC without an address has none in common with any. */
export function hasMacAddress(nodes: Iterable<Node>, macAddress: string | null): boolean {
  const wanted = macAddress?.toLowerCase();
  if (wanted === undefined) return false;
  for (const { nics } of nodes) {
    if (nics.some((nic) => nic.macAddress?.toLowerCase() === wanted)) return true;
  }
  return false;
}

export function newNic(nicId: string, macAddress: string | null, port: Nic['port']): Nic {
  const none = NO_ATTACHMENTS;
  return {
    nicId,
    macAddress,
    port,
    attachments: none,
    intended: none,
    unsettled: none,
    actionId: null,
  };
}

export function newNode(
  nodeId: string,
  owner: string | null,
  nodeClass: string,
  securityLevel: SecurityLevel,
): Node {
  return {
    nodeId,
    owner,
    nodeClass,
    securityLevel,
    nics: [],
    metadata: new Map(),
    state: 'enrolled',
    organisation: null,
    outOfBandEnabled: false,
    actionId: null,
    power: 'unknown',
    intendedPower: 'off',
    bmcGrantee: null,
    intendedGrantee: null,
    bootDevice: null,
    mediaImage: null,
    secureBoot: null,
    airlockNetworkId: null,
    leaseId: null,
    offerIds: [],
    reservations: [],
    leaving: [],
    fencingToken: 0,
    tenure: 0,
    effectCount: 0,
    bootCount: 0,
    verdict: null,
    joined: false,
    walk: null,
    step: 0,
    resumption: null,
    stateBefore: 'enrolled',
    withheldAs: 'maintenance',
    powerNext: false,
    operations: [],
    recoveries: 0,
    retryAtMs: null,
    timerAtMs: null,
    changedMs: 0,
    trouble: null,
    lastUseEndMs: null,
    evidence: null,
  };
}
