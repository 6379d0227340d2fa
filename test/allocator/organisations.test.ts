import test from 'ava';
import { MINUTE_MS } from '../../core/kernel/units.ts';
import {
  A,
  ADMIN,
  MARKET,
  STRANGER,
  Site,
  handSite,
  makeNetwork,
  smallSite,
  startedSite,
  terms,
} from './site.ts';

const CREATE = { kind: 'OrganisationCreate', organisation: 'org-new', parent: null } as const;
const DELETE_A = { kind: 'OrganisationDelete', organisation: 'org-a' } as const;
const DELETE_U = { kind: 'OrganisationDelete', organisation: 'org-u' } as const;

test('behaviour 1: an organisation that exists is not made again', (t) => {
  const site = new Site(smallSite());
  site.done(ADMIN, CREATE);
  t.is(site.refused(ADMIN, CREATE), 'CONFLICT_DUPLICATE');
});

test('behaviour 2: an organisation with a node is not deleted, without it is', (t) => {
  const site = new Site(smallSite());
  site.done(ADMIN, CREATE);
  site.done(ADMIN, {
    kind: 'NodeRegister',
    nodeId: 'site-1',
    owner: null,
    nodeClass: 'standard',
    securityLevel: 'none',
  });
  site.addHardware('site-1');
  site.settle(ADMIN, { kind: 'NodeReturn', nodeId: 'site-1' });
  const node = { organisation: 'org-new', nodeId: 'site-1' };
  site.done(ADMIN, { kind: 'NodeConnect', ...node });
  const remove = { kind: 'OrganisationDelete', organisation: 'org-new' } as const;
  t.is(site.refused(ADMIN, remove), 'CONFLICT_BLOCKED');
  site.settle(ADMIN, { kind: 'NodeDetach', ...node });
  site.done(ADMIN, remove);
  t.false(site.state.organisations.has('org-new'));
  t.is(site.refused(ADMIN, DELETE_A), 'CONFLICT_BLOCKED', 'it owns nodes');
});

test('behaviour 3: an organisation with a network is not deleted, without it is', (t) => {
  const site = new Site(smallSite());
  makeNetwork(site, 'net-u', 'org-u');
  t.is(site.refused(ADMIN, DELETE_U), 'CONFLICT_BLOCKED');
  site.done(STRANGER, { kind: 'NetworkDelete', network: 'net-u' });
  site.done(ADMIN, DELETE_U);
  t.false(site.state.organisations.has('org-u'));
});

test('behaviours 2 and 3: neither is one that has access, leases, offers or members', (t) => {
  const site = new Site(smallSite());
  makeNetwork(site, 'net-a', 'org-a');
  site.done(A, { kind: 'NetworkGrant', network: 'net-a', organisation: 'org-u' });
  t.is(site.refused(ADMIN, DELETE_U), 'CONFLICT_BLOCKED');
  site.done(A, { kind: 'NetworkRevoke', network: 'net-a', organisation: 'org-u' });
  site.done(A, { kind: 'LeaseCreate', terms: terms({ lessee: 'org-u' }) });
  t.is(site.refused(ADMIN, DELETE_U), 'CONFLICT_BLOCKED');
  site.done(A, { kind: 'LeaseCancel', leaseId: 'lease-1' });
  site.done(ADMIN, { ...CREATE, parent: 'org-u' });
  t.is(site.refused(ADMIN, DELETE_U), 'CONFLICT_BLOCKED');
  site.done(ADMIN, { kind: 'OrganisationDelete', organisation: 'org-new' });
  const ids = site.state.networkIds.inUse.size;
  site.done(ADMIN, DELETE_U);
  t.is(site.state.networkIds.inUse.size, ids - 1, 'its enclave network goes with it');
});

test('behaviour 4: an organisation that is not there cannot be deleted', (t) => {
  const site = new Site(smallSite());
  const remove = { kind: 'OrganisationDelete', organisation: '__proto__' } as const;
  t.is(site.refused(ADMIN, remove), 'NOT_FOUND_ORGANISATION');
});

test('a name like __proto__ is a name like any other', (t) => {
  const site = new Site(smallSite());
  site.done(ADMIN, { ...CREATE, organisation: '__proto__' });
  site.done(ADMIN, { kind: 'MetadataSet', nodeId: 'a1', key: '__proto__', value: { admin: true } });
  t.true(site.state.organisations.has('__proto__'));
  t.is(({} as { admin?: boolean }).admin, undefined);
  t.deepEqual(site.view(ADMIN, { kind: 'OrganisationList' })['organisations'], [
    '__proto__',
    'org-a',
    'org-b',
    'org-t',
    'org-u',
  ]);
});

test('a market leases out nodes only of owners that have delegated it the right', (t) => {
  const site = new Site(smallSite());
  const delegation = { organisation: 'org-a', service: 'market', right: 'leasing' } as const;
  t.is(site.refused(A, { kind: 'DelegationGrant', ...delegation }), 'CONFLICT_DUPLICATE');
  site.done(MARKET, { kind: 'LeaseCreate', terms: terms() });
  site.done(A, { kind: 'DelegationRevoke', ...delegation });
  t.is(site.refused(A, { kind: 'DelegationRevoke', ...delegation }), 'NOT_FOUND_DELEGATION');
  const second = terms({ leaseId: 'lease-2', nodeIds: ['a2'] });
  t.is(site.refused(MARKET, { kind: 'LeaseCreate', terms: second }), 'DENIED_AUTHORIZATION');
  t.is(site.refused(MARKET, { kind: 'LeaseCancel', leaseId: 'lease-1' }), 'NOT_FOUND_LEASE');
  t.is(
    site.refused(MARKET, { kind: 'DelegationGrant', ...delegation }),
    'DENIED_AUTHORIZATION',
    'a service cannot give itself a right',
  );
  site.done(A, { kind: 'DelegationGrant', ...delegation });
  site.done(MARKET, { kind: 'LeaseCreate', terms: second });
});

test('an organisation sees its nodes, networks and delegations, and nobody else does', (t) => {
  const site = handSite();
  const show = { kind: 'OrganisationShow', organisation: 'org-a' } as const;
  t.deepEqual(site.view(A, show), {
    organisation: 'org-a',
    parent: null,
    nodes: ['a1'],
    networks: ['net-a'],
    delegations: [{ service: 'market', rights: ['leasing'] }],
  });
  t.is(site.view(STRANGER, show)['code'], 'DENIED_AUTHORIZATION');
  t.is(site.view(ADMIN, { ...show, organisation: 'org-x' })['code'], 'NOT_FOUND_ORGANISATION');
});

test('the enclave network of a lessee is made once and used by all its leases', (t) => {
  const site = startedSite({ nodeIds: ['a1'] });
  const other = terms({ leaseId: 'lease-2', nodeIds: ['a2'], startMs: site.nowMs + MINUTE_MS });
  site.done(A, { kind: 'LeaseCreate', terms: other });
  const names = [...site.state.networks.keys()];
  t.deepEqual(names, ['enclave:org-t']);
});
