/**
 * Every call of the isolation service's API: method, path, and the command or query behind it. The
 * names in a path are fields of the command; all its other fields make up the body, and their
 * schema follows from the core's own list of fields.
 */
import { COMMAND_FIELDS, type CommandKind } from '../../core/allocator/commands.ts';
import type { IsolationState } from '../../core/allocator/state.ts';
import {
  ADMINISTRATOR_QUERIES,
  QUERY_FIELDS,
  viewIsolation,
  type IsolationQuery,
  type QueryKind,
} from '../../core/allocator/views.ts';
import { change, pathOf } from './service-facade.ts';
import type { CommandRoute, Gauge, QueryRoute, ServiceFacade } from './service-facade.ts';

const ORGANISATION = '/organisations/:organisation';
const NODE = '/nodes/:nodeId';
const NIC = `${NODE}/nics/:nicId`;
const SWITCH = '/switches/:switchId';
const PORT = `${SWITCH}/ports/:portId`;
const NETWORK = '/networks/:network';
const LEASE = '/leases/:leaseId';
const LEASED = `${LEASE}/nodes/:nodeId`;
const RIGHT = `${ORGANISATION}/delegations/:service/:right`;

export const COMMAND_ROUTES: readonly CommandRoute<CommandKind>[] = [
  change(201, 'POST /organisations', 'OrganisationCreate', { creates: 'organisation' }),
  change(200, `DELETE ${ORGANISATION}`, 'OrganisationDelete'),
  change(200, `PUT ${RIGHT}`, 'DelegationGrant'),
  change(200, `DELETE ${RIGHT}`, 'DelegationRevoke'),
  change(200, `PUT ${ORGANISATION}${NODE}`, 'NodeConnect'),
  change(202, `DELETE ${ORGANISATION}${NODE}`, 'NodeDetach'),

  change(201, 'POST /nodes', 'NodeRegister', { creates: 'nodeId' }),
  change(200, `DELETE ${NODE}`, 'NodeDelete'),
  change(201, `POST ${NODE}/nics`, 'NicRegister'),
  change(200, `DELETE ${NIC}`, 'NicDelete'),
  change(200, `PUT ${NODE}/metadata/:key`, 'MetadataSet'),
  change(200, `DELETE ${NODE}/metadata/:key`, 'MetadataDelete'),
  change(202, `POST ${NODE}/withdraw`, 'NodeWithdraw'),
  change(202, `POST ${NODE}/return`, 'NodeReturn'),
  change(202, `PUT ${NIC}${NETWORK}`, 'NetworkConnect'),
  change(202, `DELETE ${NIC}${NETWORK}`, 'NetworkDetach'),
  change(202, `PUT ${NODE}/out-of-band`, 'OutOfBandSet'),
  change(202, `POST ${NODE}/power`, 'PowerControl'),
  change(202, `POST ${NODE}/power-status`, 'PowerStatus'),
  change(202, `PUT ${NODE}/boot-device`, 'BootDeviceSet'),
  change(202, `PUT ${NODE}/media`, 'MediaSet'),
  change(202, `PUT ${NODE}/secure-boot`, 'SecureBootSet'),

  change(201, 'POST /switches', 'SwitchRegister', { creates: 'switchId' }),
  change(200, `DELETE ${SWITCH}`, 'SwitchDelete'),
  change(201, `POST ${SWITCH}/ports`, 'PortRegister'),
  change(200, `DELETE ${PORT}`, 'PortDelete'),
  change(200, `PUT ${PORT}/nic`, 'PortWire'),
  change(200, `DELETE ${PORT}/nic`, 'PortUnwire'),
  change(202, `POST ${PORT}/revert`, 'PortRevert'),

  change(201, 'POST /networks', 'NetworkCreate', { creates: 'network' }),
  change(200, `DELETE ${NETWORK}`, 'NetworkDelete'),
  change(200, `PUT ${NETWORK}/access/:organisation`, 'NetworkGrant'),
  change(200, `DELETE ${NETWORK}/access/:organisation`, 'NetworkRevoke'),

  change(201, 'POST /offers', 'OfferCreate', { creates: 'offerId' }),
  change(200, 'DELETE /offers/:offerId', 'OfferDelete'),
  change(201, 'POST /offers/:offerId/claim', 'OfferClaim', { creates: 'leaseId' }),

  change(201, 'POST /leases', 'LeaseCreate', { creates: 'leaseId', wholeBody: 'terms' }),
  change(201, 'POST /leases/:parentLeaseId/sub-leases', 'LeaseSublet', {
    creates: 'leaseId',
    wholeBody: 'terms',
  }),
  change(200, `PATCH ${LEASE}`, 'LeaseUpdate'),
  change(202, `POST ${LEASE}/cancel`, 'LeaseCancel'),
  change(202, `POST ${LEASE}/recall`, 'LeaseRecall'),
  change(202, `POST ${LEASE}/return`, 'LeaseReturn'),
  change(202, `POST ${LEASED}/power-on`, 'AirlockPowerOn'),
  change(202, `POST ${LEASED}/attestation`, 'AttestationReport'),
  change(202, `POST ${LEASED}/join`, 'EnclaveJoin'),
  change(200, `POST ${LEASED}/active`, 'NodeActive'),
];

export const QUERY_ROUTES: readonly QueryRoute<QueryKind>[] = [
  { path: '/organisations', query: 'OrganisationList' },
  { path: ORGANISATION, query: 'OrganisationShow' },
  { path: `${ORGANISATION}/leases`, query: 'LeaseList' },
  { path: '/nodes', query: 'NodeList' },
  { path: NODE, query: 'NodeShow' },
  { path: '/switches', query: 'SwitchList' },
  { path: SWITCH, query: 'SwitchShow' },
  { path: PORT, query: 'PortShow' },
  { path: '/networks', query: 'NetworkList' },
  { path: NETWORK, query: 'NetworkShow' },
  { path: `${NETWORK}/attachments`, query: 'AttachmentList' },
  { path: '/actions/:actionId', query: 'ActionShow' },
  { path: '/offers', query: 'OfferList' },
  { path: '/offers/:offerId', query: 'OfferShow' },
  { path: LEASE, query: 'LeaseShow' },
];

export const isolationFacade: ServiceFacade<IsolationState> = {
  name: 'isolation',
  commands: COMMAND_ROUTES,
  commandFields: COMMAND_FIELDS,
  queries: QUERY_ROUTES,
  queryFields: QUERY_FIELDS,
  administratorQueries: ADMINISTRATOR_QUERIES,
  visibleBy: new Map([
    ['nodeId', ['NodeShow', 'nodeId']],
    ['network', ['NetworkShow', 'network']],
    ['leaseId', ['LeaseShow', 'leaseId']],
    ['parentLeaseId', ['LeaseShow', 'leaseId']],
    ['offerId', ['OfferShow', 'offerId']],
  ]),

  location({ path, creates, status }, fields, result) {
    if ('actionId' in result) return pathOf('actions', result.actionId);
    if (creates !== undefined) {
      return (creates === 'leaseId' ? '/leases' : path) + pathOf(fields[creates]);
    }
    if (status !== 202) return null;
    return 'leaseId' in fields
      ? pathOf('leases', fields['leaseId'])
      : pathOf('nodes', fields['nodeId']);
  },

  // The fields are checked there.
  view: (state, nowMs, query) => viewIsolation(state, nowMs, query as IsolationQuery),

  gauges(state) {
    const nodesByState: Record<string, number> = {};
    for (const node of state.nodes.values()) {
      nodesByState[node.state] = (nodesByState[node.state] ?? 0) + 1;
    }
    const nodes = Object.entries(nodesByState).map(([label, value]): Gauge => {
      return { name: 'ocx_nodes', labels: `state="${label}"`, value };
    });
    return [{ name: 'ocx_leases', labels: '', value: state.leases.size }, ...nodes];
  },
};
