/** The site as it is configured before the first event. */
import {
  NETWORK_ID_MINIMUM,
  requireConfiguration,
  completeSettings,
  type IsolationSettings,
} from './settings.ts';
import { isSafeAmount } from '../kernel/units.ts';
import { airlockUser, claimNetworkId, isOfPool, networkIdPool } from './network-ids.ts';
import { NO_ATTACHMENTS } from './devices.ts';
import { ENCLAVE_PREFIX } from './walk.ts';
import { MOCK_SWITCH } from './switch-types.ts';
import type { SecurityLevel } from '../kernel/security-level.ts';
import type { Principal } from '../kernel/service.ts';
import type { CommandKind, CommandOf, IsolationCommand } from './commands.ts';
import type { Isolation, Verdict } from './isolation.ts';
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

/** Who enrols what is configured, before anybody else can speak. */
const OPERATOR: Principal = { role: 'admin', name: 'operator' };

/**
 * What is configured is given as the operator's commands are, and refused as they are.
 *
 * @throws OcxError INPUT_BAD_CONFIGURATION
 */
export function initialState(
  configuration: IsolationConfiguration,
  judge: (isolation: Isolation, command: IsolationCommand) => Verdict,
): IsolationState {
  const { organisations = [], switches = [], nodes = [] } = configuration;
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
  const give: Give = (kind, fields) => {
    const command = { kind, ...fields, commandId: 'enrolment', timeMs: 0, from: OPERATOR };
    const verdict = judge({ state, nowMs: 0, effects: [] }, command as never);
    requireConfiguration(typeof verdict === 'function', refusalOf(kind, fields, verdict));
    verdict();
  };
  for (const organisation of organisations) enrolOrganisation(state, organisation, give);
  for (const { switchId, switchType = MOCK_SWITCH } of switches) {
    give('SwitchRegister', { switchId, switchType });
  }
  for (const node of nodes) enrolNode(state, node, give);
  return state;
}

type Give = <K extends CommandKind>(
  kind: K,
  fields: Omit<CommandOf<K>, 'kind' | 'commandId' | 'timeMs' | 'from'>,
) => void;

function refusalOf(kind: string, fields: object, verdict: Verdict): string {
  const said = typeof verdict === 'function' ? '' : verdict.message;
  return `${kind} ${Object.values(fields).join(' ')}: ${said}`.slice(0, 300);
}

function enrolOrganisation(
  state: IsolationState,
  enrolment: OrganisationEnrolment,
  give: Give,
): void {
  const { name: organisation, parent = null, delegations = [], enclaveNetworkId } = enrolment;
  give('OrganisationCreate', { organisation, parent });
  for (const { service, rights } of delegations) {
    for (const right of rights) give('DelegationGrant', { organisation, service, right });
  }
  if (enclaveNetworkId === undefined) return;
  setAside(state, enclaveNetworkId, ENCLAVE_PREFIX + organisation);
  makeEnclave(state, organisation, enclaveNetworkId);
}

/** An operator states that the node is off, cut off and clean. */
function enrolNode(state: IsolationState, enrolment: NodeEnrolment, give: Give): void {
  const { nodeId, owner, nodeClass, securityLevel, airlockNetworkId, nics } = enrolment;
  give('NodeRegister', { nodeId, owner, nodeClass, securityLevel });
  if (airlockNetworkId !== undefined) setAside(state, airlockNetworkId, airlockUser(nodeId));
  for (const { nicId, macAddress = null, switchId, portId } of nics) {
    give('NicRegister', { nodeId, nicId, macAddress });
    give('PortRegister', { switchId, portId });
    give('PortWire', { switchId, portId, nodeId, nicId });
  }
  Object.assign(state.nodes.get(nodeId)!, { state: 'free', power: 'off' });
}

export function makeEnclave(state: IsolationState, lessee: string, networkId: number): void {
  const name = ENCLAVE_PREFIX + lessee;
  const access = new Set([lessee]);
  state.networks.set(name, { name, owner: lessee, networkId, access, isPublic: false });
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
