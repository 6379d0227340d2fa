import test from 'ava';
import { MINUTE_MS } from '../../core/kernel/units.ts';
import {
  A,
  ADMIN,
  B,
  MARKET,
  STRANGER,
  Site,
  TENANT,
  activeSite,
  handSite,
  makeNetwork,
  smallSite,
} from './site.ts';

const NEW = {
  kind: 'NetworkCreate',
  network: 'net-1',
  owner: null,
  access: null,
  isPublic: false,
  networkId: null,
} as const;
const CONNECT = {
  kind: 'NetworkConnect',
  nodeId: 'a1',
  nicId: 'nic0',
  network: 'net-a',
  channel: 'vlan/native',
} as const;
const LIST = { kind: 'AttachmentList', network: 'net-a', organisation: null } as const;

function onNetworks(): Site {
  const site = handSite();
  site.settle(A, CONNECT);
  site.done(A, { kind: 'NetworkGrant', network: 'net-a', organisation: 'org-b' });
  site.done(B, { kind: 'NodeConnect', organisation: 'org-b', nodeId: 'b1' });
  site.settle(B, { ...CONNECT, nodeId: 'b1' });
  return site;
}

test('behaviour 35: an administrator makes public, imported and one-organisation networks', (t) => {
  const site = new Site(smallSite());
  site.done(ADMIN, { ...NEW, network: 'public', isPublic: true });
  site.done(ADMIN, { ...NEW, network: 'imported', isPublic: true, networkId: 77 });
  site.done(ADMIN, { ...NEW, network: 'one-imported', access: 'org-a', networkId: 78 });
  site.done(ADMIN, { ...NEW, network: 'one', access: 'org-a' });
  t.deepEqual([...site.state.networks.get('one-imported')!.access], ['org-a']);
  t.is(site.state.networks.get('one-imported')!.networkId, 78);
});

test('behaviour 35: an organisation neither chooses ids nor gives others the first access', (t) => {
  const site = new Site(smallSite());
  const own = { ...NEW, owner: 'org-a', access: 'org-a' } as const;
  t.is(site.refused(A, { ...own, networkId: 77 }), 'INPUT_BAD_ARGUMENT');
  t.is(site.refused(A, { ...own, access: 'org-b' }), 'INPUT_BAD_ARGUMENT');
  t.is(site.refused(A, { ...own, access: null }), 'INPUT_BAD_ARGUMENT');
  t.is(site.refused(A, { ...own, isPublic: true }), 'INPUT_BAD_ARGUMENT');
  site.done(A, own);
  t.is(site.refused(A, own), 'CONFLICT_DUPLICATE');
});

test('behaviour 36: nobody makes networks for the site or for somebody else', (t) => {
  const site = new Site(smallSite());
  t.is(site.refused(A, NEW), 'DENIED_AUTHORIZATION');
  const others = { ...NEW, owner: 'org-b', access: 'org-b' } as const;
  t.is(site.refused(A, others), 'DENIED_AUTHORIZATION');
  t.is(site.refused(ADMIN, { ...others, owner: 'x', access: 'x' }), 'NOT_FOUND_ORGANISATION');
});

test('behaviour 37: with the pool exhausted no network is made', (t) => {
  const site = new Site(smallSite({ networkIdFirst: 2, networkIdLast: 2 }));
  site.done(ADMIN, NEW);
  t.is(site.refused(ADMIN, { ...NEW, network: 'net-2' }), 'CONFLICT_ALLOCATION');
  site.done(ADMIN, { kind: 'NetworkDelete', network: 'net-1' });
  site.done(ADMIN, { ...NEW, network: 'net-2' });
  t.is(site.state.networks.get('net-2')!.networkId, 2, 'the id is used again');
});

test('behaviour 37: an id of the pool that was claimed explicitly is not given out again', (t) => {
  const site = new Site(smallSite({ networkIdFirst: 2, networkIdLast: 4 }));
  site.done(ADMIN, { ...NEW, network: 'claimed', networkId: 3 });
  site.done(ADMIN, NEW);
  site.done(ADMIN, { ...NEW, network: 'net-2' });
  t.is(site.state.networks.get('net-2')!.networkId, 4);
  site.done(ADMIN, { kind: 'NetworkDelete', network: 'net-1' });
  site.done(ADMIN, { ...NEW, network: 'again', networkId: 2 });
  t.is(site.refused(ADMIN, { ...NEW, network: 'none' }), 'CONFLICT_ALLOCATION');
});

test('behaviour 38: a network in use, or with an action under way, is not deleted', (t) => {
  const site = handSite();
  const remove = { kind: 'NetworkDelete', network: 'net-a' } as const;
  site.done(A, CONNECT);
  t.is(site.refused(A, remove), 'CONFLICT_BLOCKED');
  site.run(MINUTE_MS);
  t.is(site.refused(A, remove), 'CONFLICT_BLOCKED');
  const detach = { kind: 'NetworkDetach', nodeId: 'a1', nicId: 'nic0', network: 'net-a' } as const;
  site.done(A, detach);
  t.is(site.refused(A, remove), 'CONFLICT_BLOCKED');
  site.run(MINUTE_MS);
  const { networkId } = site.state.networks.get('net-a')!;
  site.done(A, remove);
  site.done(ADMIN, NEW);
  t.is(site.state.networks.get('net-1')!.networkId, networkId);
});

test('N2: a network whose last connection was given up half-way counts as in use', (t) => {
  const site = handSite();
  site.behaviour = () => 'lost';
  site.done(A, CONNECT);
  site.done(ADMIN, { kind: 'NodeWithdraw', nodeId: 'a1', state: 'maintenance' });
  const remove = { kind: 'NetworkDelete', network: 'net-a' } as const;
  t.is(site.refused(A, remove), 'CONFLICT_BLOCKED');
  site.run(10 * MINUTE_MS);
  t.is(site.refused(A, remove), 'CONFLICT_BLOCKED');
  site.behaviour = () => 'obey';
  site.run(10 * MINUTE_MS);
  t.true(site.isCutOff('a1'));
  site.done(A, remove);
});

test('behaviour 39: neither the site’s networks nor those of others can be deleted', (t) => {
  const site = new Site(smallSite());
  site.done(ADMIN, { ...NEW, access: 'org-a' });
  makeNetwork(site, 'net-b', 'org-b');
  t.is(site.refused(A, { kind: 'NetworkDelete', network: 'net-1' }), 'DENIED_AUTHORIZATION');
  t.is(site.refused(A, { kind: 'NetworkDelete', network: 'net-b' }), 'DENIED_AUTHORIZATION');
  t.is(site.refused(A, { kind: 'NetworkDelete', network: 'x' }), 'NOT_FOUND_NETWORK');
});

test('behaviour 40: owners grant, once, and strangers do not', (t) => {
  const site = handSite();
  const grant = { kind: 'NetworkGrant', network: 'net-a', organisation: 'org-b' } as const;
  t.is(site.refused(STRANGER, grant), 'DENIED_AUTHORIZATION');
  t.is(site.refused(A, { ...grant, organisation: 'x' }), 'NOT_FOUND_ORGANISATION');
  site.done(A, grant);
  t.is(site.refused(A, grant), 'CONFLICT_DUPLICATE');
  site.done(B, { kind: 'NodeConnect', organisation: 'org-b', nodeId: 'b1' });
  site.settle(B, { ...CONNECT, nodeId: 'b1' });
  t.is(site.nic('b1').attachments.length, 1);
});

test('behaviour 41: access is revoked only with no node on the network, by those concerned', (t) => {
  const site = onNetworks();
  const revoke = { kind: 'NetworkRevoke', network: 'net-a', organisation: 'org-b' } as const;
  t.is(site.refused(A, revoke), 'CONFLICT_BLOCKED');
  t.is(site.refused(STRANGER, revoke), 'DENIED_AUTHORIZATION');
  t.is(site.refused(ADMIN, { ...revoke, organisation: 'org-a' }), 'CONFLICT_BLOCKED');
  t.is(site.refused(ADMIN, { ...revoke, organisation: 'org-u' }), 'NOT_FOUND_ACCESS');
  site.settle(B, { kind: 'NetworkDetach', nodeId: 'b1', nicId: 'nic0', network: 'net-a' });
  site.done(B, revoke);
  t.is(site.refused(B, { ...CONNECT, nodeId: 'b1' }), 'CONFLICT_PROJECT_MISMATCH');
});

test('behaviour 42: others see only their own attachments, owner and administrator see all', (t) => {
  const site = onNetworks();
  const nodesSeen = (from: typeof A, query: Parameters<Site['view']>[1] = LIST) =>
    (site.view(from, query)['attachments'] as { nodeId: string }[]).map(({ nodeId }) => nodeId);
  t.deepEqual(nodesSeen(ADMIN), ['a1', 'b1']);
  t.deepEqual(nodesSeen(A), ['a1', 'b1']);
  t.deepEqual(nodesSeen(B), ['b1']);
  t.deepEqual(nodesSeen(A, { ...LIST, organisation: 'org-b' }), ['b1']);
  t.is(site.view(B, { ...LIST, organisation: 'org-a' })['code'], 'DENIED_AUTHORIZATION');
  t.is(site.view(STRANGER, LIST)['code'], 'DENIED_AUTHORIZATION');
});

test('a network is seen by its owner, by those on its list, and by all where it is public', (t) => {
  const site = onNetworks();
  site.done(ADMIN, { ...NEW, network: 'public', isPublic: true });
  const seen = (from: typeof A) =>
    (site.view(from, { kind: 'NetworkList' })['networks'] as { network: string }[]).map(
      ({ network }) => network,
    );
  t.deepEqual(seen(ADMIN), ['net-a', 'public']);
  t.deepEqual(seen(B), ['net-a', 'public']);
  t.deepEqual(seen(STRANGER), ['public']);
  t.deepEqual(seen(MARKET), []);
  const show = { kind: 'NetworkShow', network: 'net-a' } as const;
  t.is(site.view(STRANGER, show)['code'], 'DENIED_AUTHORIZATION');
  t.like(site.view(B, show), { network: 'net-a', owner: 'org-a', isPublic: false });
});

test('an enclave network is its lessee’s to share, and nobody’s to delete', (t) => {
  const site = activeSite();
  const network = 'enclave:org-t';
  site.done(TENANT, { kind: 'NetworkGrant', network, organisation: 'org-b' });
  site.done(B, { kind: 'NodeConnect', organisation: 'org-b', nodeId: 'b1' });
  site.settle(B, { ...CONNECT, nodeId: 'b1', network });
  t.is(site.nic('b1').attachments.length, 1);
  for (const from of [TENANT, ADMIN]) {
    t.is(site.refused(from, { kind: 'NetworkDelete', network }), 'CONFLICT_BLOCKED');
  }
  t.is(site.refused(ADMIN, { ...NEW, network: 'enclave:org-b' }), 'INPUT_BAD_ARGUMENT');
});
