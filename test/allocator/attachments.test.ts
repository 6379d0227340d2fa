import test from 'ava';
import { MINUTE_MS } from '../../core/kernel/units.ts';
import {
  A,
  ADMIN,
  B,
  NO_EFFECT,
  STRANGER,
  Site,
  TENANT,
  UNCERTAIN,
  activeSite,
  handSite,
  makeNetwork,
  smallSite,
  startedSite,
} from './site.ts';

const AT = { nodeId: 'a1', nicId: 'nic0' } as const;
const CONNECT = {
  kind: 'NetworkConnect',
  ...AT,
  network: 'net-a',
  channel: 'vlan/native',
} as const;
const DETACH = { kind: 'NetworkDetach', ...AT, network: 'net-a' } as const;

function action(site: Site, { actionId }: { actionId: string }): Record<string, unknown> {
  return site.view(ADMIN, { kind: 'ActionShow', actionId });
}

/** a1 on a switch that wants the native network first; its networks and their ids. */
function nativeFirstSite(): { site: Site; tagged: string } {
  const { nodes, ...rest } = smallSite();
  const switches = [{ switchId: 'switch-0', switchType: 'cisco-nexus' }, { switchId: 'switch-1' }];
  const renamed = nodes!.map(({ nics, ...node }, index) => {
    const [first, second] = nics;
    return { ...node, nics: [{ ...first!, portId: `ethernet1/${index + 1}` }, second!] };
  });
  const site = handSite({ ...rest, nodes: renamed, switches });
  makeNetwork(site, 'net-2', 'org-a');
  return { site, tagged: `vlan/${site.state.networks.get('net-2')!.networkId}` };
}

test('behaviour 20: connecting answers with an action; the attachment comes with its end', (t) => {
  const site = handSite();
  const answer = site.done(A, CONNECT) as { actionId: string };
  t.is(action(site, answer)['status'], 'applying');
  t.deepEqual(site.nic('a1').attachments, []);
  site.run(MINUTE_MS);
  t.is(action(site, answer)['status'], 'done');
  t.is(site.nic('a1').attachments.length, 1);
  t.deepEqual(site.observe('a1').ports['a1-0'], site.nic('a1').attachments as never);
});

test('behaviour 21: a node in nobody’s use is not connected', (t) => {
  const site = handSite();
  t.is(site.refused(A, { ...CONNECT, nodeId: 'a2' }), 'CONFLICT_PROJECT_MISMATCH');
});

test('behaviour 22: a network of somebody else is not connected without a grant', (t) => {
  const site = handSite();
  makeNetwork(site, 'net-b', 'org-b');
  const connect = { ...CONNECT, network: 'net-b' };
  t.is(site.refused(A, connect), 'CONFLICT_PROJECT_MISMATCH');
  site.done(B, { kind: 'NetworkGrant', network: 'net-b', organisation: 'org-a' });
  site.done(A, connect);
});

test('behaviour 23: a NIC that is not wired is not connected', (t) => {
  const site = new Site(smallSite());
  site.done(ADMIN, { kind: 'NicRegister', nodeId: 'a1', nicId: 'nic9', macAddress: null });
  site.done(A, { kind: 'NodeConnect', organisation: 'org-a', nodeId: 'a1' });
  makeNetwork(site, 'net-a', 'org-a');
  t.is(site.refused(A, { ...CONNECT, nicId: 'nic9' }), 'NOT_FOUND_PORT');
});

test('behaviours 24 and 25: one attachment for each network and each channel of a NIC', (t) => {
  const site = handSite();
  makeNetwork(site, 'net-2', 'org-a');
  site.settle(A, CONNECT);
  const { networkId } = site.state.networks.get('net-a')!;
  t.is(site.refused(A, { ...CONNECT, channel: `vlan/${networkId}` }), 'CONFLICT_BLOCKED');
  t.is(site.refused(A, { ...CONNECT, network: 'net-2' }), 'CONFLICT_BLOCKED');
});

test('behaviour 26: a NIC with a pending action takes no second one', (t) => {
  const site = handSite();
  site.done(A, CONNECT);
  t.is(site.refused(A, CONNECT), 'CONFLICT_BLOCKED');
  t.is(site.refused(A, DETACH), 'CONFLICT_BLOCKED');
  site.done(A, { ...CONNECT, nicId: 'nic1' });
});

test('behaviour 27: only channels of the network are legal', (t) => {
  const site = handSite();
  for (const channel of ['vlan/4000', 'native', 'vlan/', 'vlan/native ']) {
    t.is(site.refused(A, { ...CONNECT, channel }), 'INPUT_BAD_ARGUMENT');
  }
});

test('behaviour 28: detaching takes the attachment away; there has to be one', (t) => {
  const site = handSite();
  t.is(site.refused(A, DETACH), 'INPUT_BAD_ARGUMENT');
  site.settle(A, CONNECT);
  site.done(A, DETACH);
  t.is(site.nic('a1').attachments.length, 1);
  site.run(MINUTE_MS);
  t.deepEqual(site.nic('a1').attachments, []);
  t.deepEqual(site.observe('a1').ports['a1-0'], []);
});

test('behaviour 29: what is not there is not found, whichever part it is', (t) => {
  const site = handSite();
  for (const command of [CONNECT, DETACH]) {
    t.is(site.refused(A, { ...command, nodeId: 'x' }), 'NOT_FOUND_NODE');
    t.is(site.refused(A, { ...command, nicId: 'x' }), 'NOT_FOUND_NIC');
    t.is(site.refused(A, { ...command, network: 'x' }), 'NOT_FOUND_NETWORK');
  }
});

test('behaviour 30: where a switch needs it, native comes first and goes last', (t) => {
  const { site, tagged } = nativeFirstSite();
  const second = { ...CONNECT, network: 'net-2', channel: tagged };
  t.is(site.refused(A, second), 'CONFLICT_BLOCKED');
  site.settle(A, CONNECT);
  site.settle(A, second);
  t.is(site.refused(A, DETACH), 'CONFLICT_BLOCKED');
  site.settle(A, { ...DETACH, network: 'net-2' });
  site.settle(A, DETACH);
  t.deepEqual(site.nic('a1').attachments, []);
});

test('behaviour 31: of three actions the failing one fails, the others are done', (t) => {
  const site = handSite(smallSite({ retryLimit: 0 }));
  site.done(A, { kind: 'NodeConnect', organisation: 'org-a', nodeId: 'a2' });
  site.behaviour = (effect) => (effect.nodeId === 'a2' ? NO_EFFECT : 'obey');
  const first = site.done(A, CONNECT) as { actionId: string };
  const second = site.done(A, { ...CONNECT, nicId: 'nic1' }) as { actionId: string };
  const third = site.done(A, { ...CONNECT, nodeId: 'a2' }) as { actionId: string };
  site.run(MINUTE_MS);
  t.deepEqual(
    [first, second, third].map((answer) => action(site, answer)['status']),
    ['done', 'done', 'failed'],
  );
  t.is(site.node('a2').state, 'allocated', 'nothing happened, so nothing is uncertain');
  t.deepEqual(site.nic('a2').intended, []);
});

test('behaviour 32: a failed action is replaced by the next one on its NIC', (t) => {
  const site = handSite(smallSite({ retryLimit: 0 }));
  site.behaviour = () => NO_EFFECT;
  const first = site.settle(A, CONNECT) as { actionId: string };
  t.like(action(site, first), { status: 'failed', code: 'DEVICE_BUSY' });
  site.behaviour = () => 'obey';
  const second = site.done(A, CONNECT) as { actionId: string };
  t.is(action(site, second)['status'], 'applying');
  t.is(action(site, first)['code'], 'NOT_FOUND_ACTION');
});

test('an action that had no effect is tried again a bounded number of times', (t) => {
  const site = handSite(smallSite({ retryLimit: 2, retryBaseMs: 1_000 }));
  const tries: number[] = [];
  site.behaviour = () => {
    tries.push(site.nowMs);
    return NO_EFFECT;
  };
  const answer = site.done(A, CONNECT) as { actionId: string };
  site.run(2_500);
  t.is(action(site, answer)['status'], 'queued');
  site.run(MINUTE_MS);
  t.is(action(site, answer)['status'], 'failed');
  t.deepEqual(tries, [0, 3_000, 7_000]);
});

test('behaviour 33: reverting a port takes all off it, however many there are', (t) => {
  for (const networks of [[], ['net-a'], ['net-a', 'net-2']]) {
    const site = handSite();
    makeNetwork(site, 'net-2', 'org-a');
    for (const network of networks) {
      const { networkId } = site.state.networks.get(network)!;
      const channel = network === 'net-a' ? 'vlan/native' : `vlan/${networkId}`;
      site.settle(A, { ...CONNECT, network, channel });
    }
    t.is(site.nic('a1').attachments.length, networks.length);
    site.settle(ADMIN, { kind: 'PortRevert', switchId: 'switch-0', portId: 'a1-0' });
    t.deepEqual(site.nic('a1').attachments, []);
    t.deepEqual(site.observe('a1').ports['a1-0'], []);
  }
});

test('behaviour 33: a port without a NIC cannot be reverted, nor a leased one', (t) => {
  const site = startedSite();
  site.done(ADMIN, { kind: 'PortRegister', switchId: 'switch-0', portId: 'spare' });
  const revert = { kind: 'PortRevert', switchId: 'switch-0' } as const;
  t.is(site.refused(ADMIN, { ...revert, portId: 'spare' }), 'NOT_FOUND_NIC');
  t.is(site.refused(ADMIN, { ...revert, portId: 'x' }), 'NOT_FOUND_PORT');
  t.is(site.refused(ADMIN, { ...revert, portId: 'a1-0' }), 'CONFLICT_BLOCKED');
});

test('behaviour 34: an action is shown to its organisation and to administrators', (t) => {
  const site = handSite();
  const { actionId } = site.settle(A, CONNECT) as { actionId: string };
  const show = { kind: 'ActionShow', actionId } as const;
  const shown = {
    actionId,
    nodeId: 'a1',
    nicId: 'nic0',
    type: 'connectNetwork',
    channel: 'vlan/native',
    network: 'net-a',
    organisation: 'org-a',
    status: 'done',
    code: null,
    power: null,
  };
  t.deepEqual(site.view(A, show), shown);
  t.deepEqual(site.view(ADMIN, show), shown);
  t.is(site.view(STRANGER, show)['code'], 'DENIED_AUTHORIZATION');
  t.is(site.view(A, { ...show, actionId: 'x' })['code'], 'NOT_FOUND_ACTION');
});

test('an uncertain action that was applied is verified by reading back', (t) => {
  const site = handSite();
  site.behaviour = (effect) => (effect.kind === 'ConfigurePort' ? 'obeyAndTimeOut' : 'obey');
  const answer = site.done(A, CONNECT) as { actionId: string };
  site.run(3_000);
  t.is(site.node('a1').state, 'quarantined');
  t.is(action(site, answer)['status'], 'uncertain');
  site.run(MINUTE_MS);
  t.is(action(site, answer)['status'], 'verified');
  t.is(site.node('a1').state, 'allocated');
  t.is(site.nic('a1').attachments.length, 1);
});

test('an uncertain action that was not applied fails, and its NIC is as before', (t) => {
  const site = handSite();
  site.behaviour = (effect) => (effect.kind === 'ConfigurePort' ? UNCERTAIN : 'obey');
  const answer = site.settle(A, CONNECT) as { actionId: string };
  t.like(action(site, answer), { status: 'failed', code: 'DEVICE_NO_EFFECT' });
  t.is(site.node('a1').state, 'allocated');
  t.deepEqual(site.nic('a1').intended, []);
});

test('an uncertain action that left neither keeps the node quarantined, cut off', (t) => {
  const site = handSite();
  site.behaviour = (effect) => (effect.kind === 'ConfigurePort' ? UNCERTAIN : 'obey');
  const answer = site.done(A, CONNECT) as { actionId: string };
  const strange = [{ networkId: 999, channel: 'vlan/native' }];
  site.hardware.get('a1')!.ports.set('a1-0', strange);
  site.run(3_000);
  site.behaviour = () => 'obey';
  site.run(MINUTE_MS);
  t.is(action(site, answer)['status'], 'quarantined');
  t.is(site.node('a1').state, 'quarantined');
  t.true(site.isCutOff('a1'));
});

test('a lessee puts an active node on its other networks; the enclave is its own too', (t) => {
  const site = activeSite();
  makeNetwork(site, 'net-t', 'org-t');
  const connect = { ...CONNECT, nicId: 'nic1', network: 'net-t' };
  t.is(site.refused(A, connect), 'DENIED_AUTHORIZATION', 'the owner has no part in it');
  site.settle(TENANT, connect);
  t.is(site.nic('a1', 'nic1').attachments.length, 1);
  site.runUntil(6_000_000);
  t.is(site.node('a1').state, 'free');
});

test('a lessee cannot put a node on a network before it has joined the enclave', (t) => {
  const site = startedSite();
  makeNetwork(site, 'net-t', 'org-t');
  const connect = { ...CONNECT, nicId: 'nic1', network: 'net-t' };
  t.is(site.refused(TENANT, connect), 'CONFLICT_BLOCKED');
});
