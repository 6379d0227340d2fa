/** The attestation service's table: a policy and an attested node of ghent's. */
import { attestationFacade } from '../../../../backends/http/attestation-routes.ts';
import { canonicalJson } from '../../../../core/kernel/canonical-json.ts';
import { viewAttester } from '../../../../core/attester/views.ts';
import {
  ADMIN,
  attester,
  attestNode,
  attestWell,
  GHENT,
  LYON,
  POLICY,
} from '../../../attester/service.ts';
import type { Attester } from '../../../attester/service.ts';
import { worldOfDriver } from './driver-world.ts';
import type { Case, ServiceTable } from './matrix.ts';

const ROLES = {
  admin: ADMIN,
  tenant: GHENT,
  stranger: LYON,
  gateway: { role: 'service', name: 'airlock' },
  'a service with the tenant’s name': { role: 'service', name: 'ghent' },
  'an organisation with the operator’s name': { role: 'organisation', name: 'operator' },
  'a service with the operator’s name': { role: 'service', name: 'operator' },
} as const;
type Role = keyof typeof ROLES;
const EVERYBODY = Object.keys(ROLES) as Role[];

/** A policy is a name's, whatever its role: no site gives one name to two parties. */
const OWNERS = ['tenant', 'a service with the tenant’s name'] as const;

function attested(): Attester {
  const service = attester();
  attestWell(service);
  return service;
}

function on(allowed: readonly Role[], fields: object = {}, open: () => Attester = attested): Case {
  return {
    allowed,
    prepare() {
      const service = open();
      const view = (query: Parameters<typeof viewAttester>[1]) =>
        viewAttester(service.state, query);
      return { world: worldOfDriver(service, view, () => canonicalJson(service.state)), fields };
    },
  };
}

const { kind: _, ...ATTEST } = attestNode({ bootCount: 8 });
const WATCHED = { leaseId: ATTEST.leaseId, nodeId: ATTEST.nodeId } as const;

export const ATTESTATION: ServiceTable = {
  facade: attestationFacade,
  roles: ROLES,
  cases: {
    RegisterNode: on(['admin'], {
      node: { nodeId: 'n3', endorsementKeyHash: 'ek-3', profile: 'model-1' },
    }),
    UnregisterNode: on(['admin'], { nodeId: 'n2' }),
    PutPolicy: on(OWNERS, { policy: { ...POLICY, version: 2, owner: 'ghent' } }),
    AttestNode: on(['tenant'], ATTEST),
    ForgetNode: on(['tenant'], { ...WATCHED, fencingToken: 1 }),
    RegistryList: on(['admin']),
    RegistryShow: on(['admin'], { nodeId: 'n1' }),
    PolicyList: on(EVERYBODY),
    PolicyShow: on(['admin', ...OWNERS], { policyId: 'strict' }),
    AttestationList: on(EVERYBODY),
    AttestationShow: on(['admin', 'tenant'], WATCHED),
  },
};
