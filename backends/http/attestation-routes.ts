/** Every call of an attestation service's API but those of nodes; see `agent-calls.ts` for them. */
import { ATTESTER_COMMANDS } from '../../core/attester/attester.ts';
import type { AttesterCommand } from '../../core/attester/protocol.ts';
import type { AttesterState } from '../../core/attester/state.ts';
import {
  ATTESTER_QUERIES,
  REGISTRY_QUERIES,
  viewAttester,
  type AttesterQueryKind,
} from '../../core/attester/views.ts';
import { change, pathOf } from './service-facade.ts';
import type { CommandRoute, Gauge, QueryRoute, ServiceFacade } from './service-facade.ts';

const ATTESTATION = '/leases/:leaseId/nodes/:nodeId/attestation';
/** A list of a site's files may be long. */
const POLICY_BYTES_MAXIMUM = 16 * 1024 * 1024;

export const ATTESTATION_COMMANDS: readonly CommandRoute<AttesterCommand['kind']>[] = [
  change(201, 'POST /nodes', 'RegisterNode', { creates: 'nodeId', wholeBody: 'node' }),
  change(200, 'DELETE /nodes/:nodeId', 'UnregisterNode'),
  change(201, 'POST /policies', 'PutPolicy', {
    creates: 'policyId',
    wholeBody: 'policy',
    bodyBytesMaximum: POLICY_BYTES_MAXIMUM,
  }),
  change(202, `POST ${ATTESTATION}`, 'AttestNode'),
  change(200, `POST ${ATTESTATION}/forget`, 'ForgetNode'),
];

export const ATTESTATION_QUERIES: readonly QueryRoute<AttesterQueryKind>[] = [
  { path: '/nodes', query: 'RegistryList' },
  { path: '/nodes/:nodeId', query: 'RegistryShow' },
  { path: '/policies', query: 'PolicyList' },
  { path: '/policies/:policyId', query: 'PolicyShow' },
  { path: '/attestations', query: 'AttestationList' },
  { path: ATTESTATION, query: 'AttestationShow' },
];

export const attestationFacade: ServiceFacade<AttesterState> = {
  name: 'attestation',
  commands: ATTESTATION_COMMANDS,
  commandFields: ATTESTER_COMMANDS,
  queries: ATTESTATION_QUERIES,
  queryFields: ATTESTER_QUERIES,
  administratorQueries: REGISTRY_QUERIES,
  // What a command names is told only to who names a lease of its own or runs the registry.
  visibleBy: new Map(),

  location({ path, creates, command }, fields) {
    if (creates !== undefined) return path + pathOf(fields[creates]);
    if (command !== 'AttestNode') return null;
    const { leaseId, nodeId } = fields;
    return `${pathOf('leases', leaseId, 'nodes', nodeId)}/attestation`;
  },

  view: (state, _nowMs, query) => viewAttester(state, query),

  gauges(state) {
    const byVerdict: Record<string, number> = {};
    for (const { verdict } of state.watches.values()) {
      byVerdict[verdict] = (byVerdict[verdict] ?? 0) + 1;
    }
    const watches = Object.entries(byVerdict).map(([verdict, value]): Gauge => {
      return { name: 'ocx_attestations', labels: `verdict="${verdict}"`, value };
    });
    const nodes = { name: 'ocx_registered_nodes', labels: '', value: state.nodes.size };
    return [nodes, ...watches];
  },
};
