import test from 'ava';
import { MINUTE_MS } from '../../core/kernel/units.ts';
import {
  A,
  ADMIN,
  B,
  STRANGER,
  Site,
  activeSite,
  handSite,
  smallSite,
  startedSite,
  terms,
} from './site.ts';

const A1 = { organisation: 'org-a', nodeId: 'a1' } as const;
const NEW_NODE = {
  kind: 'NodeRegister',
  nodeId: 'new-1',
  owner: null,
  nodeClass: 'standard',
  securityLevel: 'none',
} as const;
const CONNECT = {
  kind: 'NetworkConnect',
  nodeId: 'a1',
  nicId: 'nic0',
  network: 'net-a',
  channel: 'vlan/native',
} as const;
const DETACH = { kind: 'NetworkDetach', nodeId: 'a1', nicId: 'nic0', network: 'net-a' } as const;
const LIST_FREE = { kind: 'NodeList', onlyFree: true } as const;

test('behaviour 5: a free node that is connected leaves the list of free nodes', (t) => {
  const site = new Site(smallSite());
  t.deepEqual(site.view(A, LIST_FREE)['nodes'], ['a1', 'a2', 'b1', 'b2']);
  site.done(A, { kind: 'NodeConnect', ...A1 });
  t.is(site.node('a1').organisation, 'org-a');
  t.deepEqual(site.view(A, LIST_FREE)['nodes'], ['a2', 'b1', 'b2']);
});

test('behaviour 6: a node that one organisation has stays its own', (t) => {
  const site = new Site(smallSite());
  site.done(ADMIN, NEW_NODE);
  site.addHardware('new-1');
  site.settle(ADMIN, { kind: 'NodeReturn', nodeId: 'new-1' });
  site.done(A, { kind: 'NodeConnect', organisation: 'org-a', nodeId: 'new-1' });
  const other = { kind: 'NodeConnect', organisation: 'org-b', nodeId: 'new-1' } as const;
  t.is(site.refused(B, other), 'CONFLICT_BLOCKED');
  t.is(site.node('new-1').organisation, 'org-a');
  t.is(
    site.refused(B, { kind: 'NodeConnect', organisation: 'org-b', nodeId: 'a1' }),
    'CONFLICT_PROJECT_MISMATCH',
    'a free node of another owner has to be leased',
  );
});

test('behaviour 7: connect and detach find neither unknown nodes nor organisations', (t) => {
  const site = new Site(smallSite());
  for (const kind of ['NodeConnect', 'NodeDetach'] as const) {
    t.is(site.refused(A, { kind, ...A1, nodeId: 'x' }), 'NOT_FOUND_NODE');
    t.is(site.refused(ADMIN, { kind, ...A1, organisation: 'x' }), 'NOT_FOUND_ORGANISATION');
  }
});

test('behaviour 8: a node cannot be detached from whom it is not with', (t) => {
  const site = new Site(smallSite());
  t.is(site.refused(A, { kind: 'NodeDetach', ...A1 }), 'NOT_FOUND_NODE');
});

test('behaviours 9 and 11: a node on a network, or on its way off one, is not detached', (t) => {
  const site = handSite();
  site.settle(A, CONNECT);
  t.is(site.refused(A, { kind: 'NodeDetach', ...A1 }), 'CONFLICT_BLOCKED');
  site.done(A, DETACH);
  t.is(site.refused(A, { kind: 'NodeDetach', ...A1 }), 'CONFLICT_BLOCKED');
  site.run(MINUTE_MS);
  site.settle(A, { kind: 'NodeDetach', ...A1 });
  t.is(site.node('a1').state, 'free');
});

test('behaviour 10: a node with NICs on no network is detached', (t) => {
  const site = handSite();
  site.settle(A, { kind: 'NodeDetach', ...A1 });
  t.is(site.node('a1').organisation, null);
  t.is(site.node('a1').state, 'free');
});

test('behaviour 12: a node with out-of-band management is not detached, without it is', (t) => {
  const site = handSite();
  site.settle(A, { kind: 'OutOfBandSet', nodeId: 'a1', enabled: true });
  t.is(site.hardware.get('a1')!.bmcGrantee, 'org-a');
  t.is(site.refused(A, { kind: 'NodeDetach', ...A1 }), 'CONFLICT_BLOCKED');
  site.settle(A, { kind: 'OutOfBandSet', nodeId: 'a1', enabled: false });
  t.is(site.hardware.get('a1')!.bmcGrantee, null);
  site.done(A, { kind: 'NodeDetach', ...A1 });
});

test('behaviour 13: a node in use or with NICs is not deleted, an empty free one is', (t) => {
  const site = handSite();
  const remove = { kind: 'NodeDelete', nodeId: 'a1' } as const;
  t.is(site.refused(ADMIN, remove), 'CONFLICT_BLOCKED');
  site.settle(A, { kind: 'NodeDetach', ...A1 });
  t.is(site.refused(ADMIN, remove), 'CONFLICT_BLOCKED');
  for (const nic of [0, 1]) {
    site.done(ADMIN, { kind: 'PortUnwire', switchId: `switch-${nic}`, portId: `a1-${nic}` });
    site.done(ADMIN, { kind: 'NicDelete', nodeId: 'a1', nicId: `nic${nic}` });
  }
  site.done(ADMIN, remove);
  t.is(site.refused(ADMIN, remove), 'NOT_FOUND_NODE');
});

test('behaviour 14: a node is not registered twice', (t) => {
  const site = new Site(smallSite());
  t.is(site.refused(ADMIN, { ...NEW_NODE, nodeId: 'a1' }), 'CONFLICT_DUPLICATE');
  t.is(site.refused(ADMIN, { ...NEW_NODE, owner: 'org-x' }), 'NOT_FOUND_ORGANISATION');
});

test('behaviour 15: NICs may share a label across nodes, not on one', (t) => {
  const site = new Site(smallSite());
  const add = { kind: 'NicRegister', nicId: 'nic9', macAddress: null } as const;
  site.done(ADMIN, { ...add, nodeId: 'a1' });
  site.done(ADMIN, { ...add, nodeId: 'a2' });
  t.is(site.refused(ADMIN, { ...add, nodeId: 'a1' }), 'CONFLICT_DUPLICATE');
});

test('two NICs never have the same hardware address, however it is spelt', (t) => {
  const site = new Site(smallSite());
  const add = { kind: 'NicRegister', nodeId: 'a1', nicId: 'nic8' } as const;
  site.done(ADMIN, { ...add, macAddress: '02:00:00:00:00:Fe' });
  const again = { ...add, nodeId: 'b1', nicId: 'nic9' };
  t.is(site.refused(ADMIN, { ...again, macAddress: '02:00:00:00:00:fE' }), 'CONFLICT_DUPLICATE');
  for (const macAddress of ['02-00-00-00-00-fe', '02:00:00:00:00', '02:00:00:00:00:0g', '']) {
    t.is(site.refused(ADMIN, { ...again, macAddress }), 'INPUT_BAD_ARGUMENT', macAddress);
  }
  const { nodes, ...rest } = smallSite();
  const withAddress = (macAddress: string) => () =>
    new Site({
      ...rest,
      nodes: nodes!.map((node) => ({ ...node, nics: [{ ...node.nics[0]!, macAddress }] })),
    });
  for (const macAddress of ['02:00:00:00:00:01', 'mine']) {
    t.throws(withAddress(macAddress), { code: 'INPUT_BAD_CONFIGURATION' });
  }
});

test('behaviour 16: a NIC of a node in use is not deleted', (t) => {
  const site = new Site(smallSite());
  site.done(ADMIN, { kind: 'NicRegister', nodeId: 'a1', nicId: 'nic9', macAddress: null });
  site.done(A, { kind: 'NodeConnect', ...A1 });
  const remove = { kind: 'NicDelete', nodeId: 'a1', nicId: 'nic9' } as const;
  t.is(site.refused(ADMIN, remove), 'CONFLICT_BLOCKED');
  t.is(site.refused(ADMIN, { ...remove, nicId: 'x' }), 'NOT_FOUND_NIC');
});

test('behaviour 17: with a NIC its finished action goes', (t) => {
  const site = handSite();
  site.settle(A, CONNECT);
  const { actionId } = site.settle(A, DETACH) as { actionId: string };
  site.settle(A, { kind: 'NodeDetach', ...A1 });
  t.true(site.state.actions.has(actionId));
  site.done(ADMIN, { kind: 'PortUnwire', switchId: 'switch-0', portId: 'a1-0' });
  site.done(ADMIN, { kind: 'NicDelete', nodeId: 'a1', nicId: 'nic0' });
  t.false(site.state.actions.has(actionId));
});

test('behaviour 18: metadata is any JSON value, is overwritten and deleted', (t) => {
  const site = new Site(smallSite());
  const set = { kind: 'MetadataSet', nodeId: 'a1', key: 'ek' } as const;
  site.done(ADMIN, { ...set, value: 'one' });
  site.done(ADMIN, { ...set, value: { hash: [1, 2, null] } });
  t.deepEqual(site.node('a1').metadata.get('ek'), { hash: [1, 2, null] });
  t.is(site.refused(ADMIN, { ...set, value: Number.NaN }), 'INPUT_BAD_ARGUMENT');
  t.is(site.refused(ADMIN, { ...set, value: undefined }), 'INPUT_BAD_ARGUMENT');
  const remove = { kind: 'MetadataDelete', nodeId: 'a1', key: 'ek' } as const;
  site.done(ADMIN, remove);
  t.is(site.refused(ADMIN, remove), 'NOT_FOUND_METADATA');
});

test('behaviour 19: port and switch of a node are shown to administrators only', (t) => {
  const site = new Site(smallSite());
  const show = { kind: 'NodeShow', nodeId: 'a1' } as const;
  t.true(JSON.stringify(site.view(ADMIN, show)).includes('switch-0'));
  t.false(JSON.stringify(site.view(A, show)).includes('switch-0'));
  site.done(A, { kind: 'NodeConnect', ...A1 });
  t.is(site.view(STRANGER, show)['code'], 'DENIED_AUTHORIZATION');
});

test('a new node is enrolled, and free only once it has been wiped and read back', (t) => {
  const site = new Site(smallSite());
  site.done(ADMIN, NEW_NODE);
  site.addHardware('new-1');
  t.is(site.node('new-1').state, 'enrolled');
  const connect = { kind: 'NodeConnect', organisation: 'org-a', nodeId: 'new-1' } as const;
  t.is(site.refused(A, connect), 'CONFLICT_BLOCKED');
  site.done(ADMIN, { kind: 'NodeReturn', nodeId: 'new-1' });
  t.is(site.node('new-1').state, 'releasing');
  site.run(MINUTE_MS);
  t.is(site.node('new-1').state, 'free');
  t.is(site.refused(ADMIN, { kind: 'NodeReturn', nodeId: 'new-1' }), 'CONFLICT_STATE');
});

test('behaviour 52: with a maintenance pool, detached nodes go there first', (t) => {
  const maintenance = { organisation: 'org-b', service: 'janitor' };
  const site = handSite(smallSite({ maintenance }));
  site.done(A, { kind: 'NodeDetach', ...A1 });
  t.is(site.node('a1').organisation, 'org-b');
  t.is(site.node('a1').state, 'maintenance');
  t.deepEqual(site.effects.at(-1)!.kind, 'Reply');
  t.true(
    site.effects.some((effect) => effect.kind === 'CallMaintenance' && effect.nodeId === 'a1'),
  );
  site.run(100 * MINUTE_MS);
  t.is(site.node('a1').state, 'maintenance', 'nobody answered the call: it stays in the pool');
  site.settle(B, { kind: 'NodeDetach', organisation: 'org-b', nodeId: 'a1' });
  t.is(site.node('a1').state, 'free');
  t.is(site.hardware.get('a1')!.residueOf, null);
});

test('behaviour 52: a lease does not pull a node out of the maintenance pool', (t) => {
  const site = handSite(smallSite({ maintenance: { organisation: 'org-b', service: 'janitor' } }));
  site.done(A, { kind: 'LeaseCreate', terms: terms() });
  site.done(A, { kind: 'NodeDetach', ...A1 });
  site.runUntil(terms().startMs + MINUTE_MS);
  t.is(site.node('a1').state, 'maintenance');
  site.done(B, { kind: 'NodeDetach', organisation: 'org-b', nodeId: 'a1' });
  site.run(2 * MINUTE_MS);
  t.is(site.node('a1').state, 'airlock');
});

test('a node that is being withdrawn is returned only once it is cut off', (t) => {
  const site = activeSite();
  site.done(ADMIN, { kind: 'NodeWithdraw', nodeId: 'a1', state: 'maintenance' });
  t.is(site.refused(ADMIN, { kind: 'NodeReturn', nodeId: 'a1' }), 'CONFLICT_STATE');
  site.run(MINUTE_MS);
  site.settle(ADMIN, { kind: 'NodeReturn', nodeId: 'a1' });
  t.is(site.node('a1').state, 'free');
});

test('an operator withdraws a node from whatever it is doing, and returns it', (t) => {
  for (const state of ['maintenance', 'broken', 'offline'] as const) {
    for (const site of [new Site(smallSite()), handSite(), startedSite(), activeSite()]) {
      site.settle(ADMIN, { kind: 'NodeWithdraw', nodeId: 'a1', state });
      t.is(site.node('a1').state, state);
      t.true(site.isCutOff('a1'));
      t.is(site.state.leases.size, 0);
      t.is(site.refused(A, { kind: 'LeaseCreate', terms: terms() }), 'CONFLICT_BLOCKED');
      site.settle(ADMIN, { kind: 'NodeReturn', nodeId: 'a1' });
      t.is(site.node('a1').state, 'free');
    }
  }
});

test('the lease of a broken node need not wait for its devices, the node is not clean', (t) => {
  const site = activeSite();
  site.behaviour = () => 'lost';
  site.done(ADMIN, { kind: 'NodeWithdraw', nodeId: 'a1', state: 'broken' });
  t.is(site.state.leases.size, 0);
  t.deepEqual(site.told('NodeWithheld'), ['org-t a1', 'org-a a1']);
  site.run(100 * MINUTE_MS);
  t.is(site.node('a1').state, 'quarantined');
  site.behaviour = () => 'obey';
  site.run(20 * MINUTE_MS);
  t.is(site.node('a1').state, 'broken');
  t.true(site.isCutOff('a1'));
});

test('an owner that uses its node itself is cut off when the lease that it made begins', (t) => {
  const site = handSite();
  site.settle(A, CONNECT);
  site.settle(A, { kind: 'OutOfBandSet', nodeId: 'a1', enabled: true });
  site.settle(A, { kind: 'PowerControl', nodeId: 'a1', operation: 'on', force: false });
  site.done(A, { kind: 'LeaseCreate', terms: terms() });
  t.is(site.node('a1').state, 'allocated');
  site.runUntil(terms().startMs + 2 * MINUTE_MS);
  t.is(site.node('a1').state, 'airlock');
  t.is(site.node('a1').organisation, null);
  t.is(site.hardware.get('a1')!.residueOf, null);
});
