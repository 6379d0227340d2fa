/** Defects found in the systems that this one descends from; none may come back. */
import test from 'ava';
import { MINUTE_MS, SECOND_MS } from '../../core/kernel/units.ts';
import {
  A,
  ADMIN,
  B,
  END_MS,
  MARKET,
  NO_EFFECT,
  START_MS,
  Site,
  STRANGER,
  TENANT,
  UNCERTAIN,
  activeSite,
  handSite,
  makeNetwork,
  smallSite,
  startedSite,
  terms,
} from './site.ts';

const CONNECT = {
  kind: 'NetworkConnect',
  nodeId: 'a1',
  nicId: 'nic0',
  network: 'net-a',
  channel: 'vlan/native',
} as const;

test('hil-connect-times-out-after-applying: the port counts as live until it was read back', (t) => {
  const site = handSite();
  site.behaviour = (effect) => (effect.kind === 'ConfigurePort' ? 'obeyAndTimeOut' : 'lost');
  site.done(A, CONNECT);
  site.run(10 * SECOND_MS);
  t.is(site.node('a1').state, 'quarantined');
  const detach = { kind: 'NodeDetach', organisation: 'org-a', nodeId: 'a1' } as const;
  t.is(site.refused(A, detach), 'CONFLICT_BLOCKED');
  t.is(site.refused(A, { kind: 'NetworkDelete', network: 'net-a' }), 'CONFLICT_BLOCKED');
  site.behaviour = () => 'obey';
  site.run(5 * MINUTE_MS);
  t.is(site.node('a1').state, 'allocated');
  t.deepEqual(site.nic('a1').attachments, site.observe('a1').ports['a1-0'] as never);
  t.is(site.refused(A, detach), 'CONFLICT_BLOCKED', 'now it is known to be on the network');
});

test('hil-double-allocation: of a thousand leases of one node exactly one is made', (t) => {
  const site = new Site(smallSite());
  const codes = Array.from({ length: 1_000 }, (_, index) => {
    const lessee = ['org-t', 'org-u', 'org-b'][index % 3]!;
    const wanted = terms({ leaseId: `lease-${index}`, lessee });
    const from = index % 2 === 0 ? A : MARKET;
    return site.send(from, { kind: 'LeaseCreate', terms: wanted }).refusal?.code ?? 'accepted';
  });
  t.is(codes.filter((code) => code === 'accepted').length, 1);
  t.is(codes.filter((code) => code === 'CONFLICT_LEASE').length, 999);
});

test('hil-double-allocation: of two connects of one node one is made', (t) => {
  const site = new Site(smallSite());
  const connect = { kind: 'NodeConnect', organisation: 'org-a', nodeId: 'a1' } as const;
  site.done(A, connect);
  t.is(site.refused(A, connect), 'CONFLICT_BLOCKED');
  t.is(site.refused(ADMIN, connect), 'CONFLICT_BLOCKED');
});

test('hil-node-freed-while-port-live: a switch that fails in the release keeps the node', (t) => {
  for (const answer of [NO_EFFECT, UNCERTAIN, 'lost', 'obeyAndLose'] as const) {
    const site = activeSite();
    site.behaviour = (effect) => (effect.kind === 'ConfigurePort' ? answer : 'obey');
    site.runUntil(END_MS + 60 * MINUTE_MS);
    t.not(site.node('a1').state, 'free');
    t.is(site.hardware.get('a1')!.power, 'off');
    site.behaviour = () => 'obey';
    site.run(10 * MINUTE_MS);
    t.is(site.node('a1').state, 'free');
    t.true(site.isCutOff('a1'));
  }
});

test('hil-pending-action-poison-pill: what cannot be done is refused, what hangs is ended', (t) => {
  const site = handSite(smallSite({ retryLimit: 1 }));
  site.done(ADMIN, { kind: 'PortUnwire', switchId: 'switch-1', portId: 'a2-1' });
  site.done(A, { kind: 'NodeConnect', organisation: 'org-a', nodeId: 'a2' });
  const unwired = { ...CONNECT, nodeId: 'a2', nicId: 'nic1' };
  t.is(site.refused(A, unwired), 'NOT_FOUND_PORT');
  t.is(site.state.actions.size, 0);
  site.behaviour = (effect) => (effect.kind === 'ConfigurePort' ? NO_EFFECT : 'obey');
  const { actionId } = site.done(A, CONNECT) as { actionId: string };
  site.behaviour = (effect) => (effect.nodeId === 'a1' ? NO_EFFECT : 'obey');
  site.done(A, { ...CONNECT, nodeId: 'a2' });
  site.run(MINUTE_MS);
  t.is(site.state.actions.get(actionId)!.status, 'failed');
  t.is(site.nic('a2').attachments.length, 1, 'the next action did not wait for it');
});

test('hil-hung-switch-blocks-everyone: a switch that hangs delays only its own ports', (t) => {
  const site = handSite();
  makeNetwork(site, 'net-b', 'org-b');
  site.done(B, { kind: 'NodeConnect', organisation: 'org-b', nodeId: 'b1' });
  site.behaviour = (effect) =>
    effect.kind === 'ConfigurePort' && effect.switchId === 'switch-0' ? 'lost' : 'obey';
  site.done(A, CONNECT);
  site.done(A, { ...CONNECT, nicId: 'nic1' });
  site.done(B, { ...CONNECT, nodeId: 'b1', nicId: 'nic1', network: 'net-b' });
  site.run(3 * SECOND_MS);
  t.is(site.nic('a1', 'nic0').attachments.length, 0);
  t.is(site.nic('a1', 'nic1').attachments.length, 1, 'the other switch, the same node');
  t.is(site.nic('b1', 'nic1').attachments.length, 1, 'the other switch, another node');
});

test('hil-empty-acl-becomes-public: taking the last grant away lets nobody in', (t) => {
  const site = new Site(smallSite());
  const network = 'net-site';
  site.done(ADMIN, {
    kind: 'NetworkCreate',
    network,
    owner: null,
    access: 'org-a',
    isPublic: false,
    networkId: null,
  });
  site.done(ADMIN, { kind: 'NetworkRevoke', network, organisation: 'org-a' });
  t.is(site.state.networks.get(network)!.access.size, 0);
  t.false(site.state.networks.get(network)!.isPublic);
  for (const [from, name, nodeId] of [
    [A, 'org-a', 'a1'],
    [B, 'org-b', 'b1'],
  ] as const) {
    site.done(from, { kind: 'NodeConnect', organisation: name, nodeId });
    t.is(site.refused(from, { ...CONNECT, nodeId, network }), 'CONFLICT_PROJECT_MISMATCH');
    t.is(site.view(from, { kind: 'NetworkShow', network })['code'], 'DENIED_AUTHORIZATION');
  }
  t.is(site.view(STRANGER, { kind: 'NetworkShow', network })['code'], 'DENIED_AUTHORIZATION');
});

test('hil-vlan-ids-out-of-range: ids are 1 to 4094, and each is used once', (t) => {
  const site = new Site(smallSite());
  const create = {
    kind: 'NetworkCreate',
    network: 'net-1',
    owner: null,
    access: null,
    isPublic: false,
  } as const;
  for (const networkId of [0, 1, 4_095, 4_096, 2 ** 31]) {
    t.is(site.refused(ADMIN, { ...create, networkId }), 'INPUT_BAD_ARGUMENT');
  }
  site.done(ADMIN, { ...create, networkId: 4_094 });
  const twice = { ...create, network: 'net-2', networkId: 4_094 };
  t.is(site.refused(ADMIN, twice), 'CONFLICT_DUPLICATE');
});

test('hil-node-not-powered-off-on-release: off first, then wiped, whoever gives it back', (t) => {
  const site = handSite();
  site.settle(A, { kind: 'OutOfBandSet', nodeId: 'a1', enabled: true });
  site.settle(A, { kind: 'PowerControl', nodeId: 'a1', operation: 'on', force: false });
  site.settle(A, { kind: 'OutOfBandSet', nodeId: 'a1', enabled: false });
  const before = site.deviceEffects('a1').length;
  site.settle(A, { kind: 'NodeDetach', organisation: 'org-a', nodeId: 'a1' });
  const kinds: string[] = site
    .deviceEffects('a1')
    .slice(before)
    .map(({ kind }) => kind);
  t.deepEqual(kinds, [
    'PowerOff',
    'RotateBmcToken',
    'ConfigurePort',
    'ConfigurePort',
    'WipeNode',
    'ObserveNode',
  ]);
  t.is(site.node('a1').state, 'free');
  t.is(site.hardware.get('a1')!.residueOf, null);
});

test('hil-network-cut-before-power-off: the ports go only when the power is known to be off', (t) => {
  const site = activeSite();
  site.behaviour = (effect) => (effect.kind === 'PowerOff' ? 'lost' : 'obey');
  site.runUntil(END_MS + MINUTE_MS);
  t.is(site.lastEffect('a1', 'PowerOff').fencingToken, site.node('a1').fencingToken);
  t.not(site.observe('a1').ports['a1-0']!.length, 0);
});

test('hil-late-command-after-reassignment: it dies at the device, by its fencing token', (t) => {
  const site = activeSite();
  const late = site.deviceEffects('a1').slice();
  site.runUntil(END_MS + MINUTE_MS);
  site.done(A, {
    kind: 'LeaseCreate',
    terms: terms({
      leaseId: 'lease-2',
      lessee: 'org-u',
      startMs: site.nowMs,
      endMs: END_MS * 2,
    }),
  });
  site.run(MINUTE_MS);
  t.is(site.node('a1').state, 'airlock');
  const before = site.observe('a1');
  for (const effect of late) t.is(site.obey(effect).status, 'noEffect', effect.kind);
  t.deepEqual(site.observe('a1'), before);
});

test('hil-maintenance-called-before-commit: when the pool is called the node is in it', (t) => {
  const site = handSite(smallSite({ maintenance: { organisation: 'org-b', service: 'janitor' } }));
  const effects = site.event({
    kind: 'NodeDetach',
    organisation: 'org-a',
    nodeId: 'a1',
    from: A,
    commandId: 'detach',
    timeMs: site.nowMs,
  });
  t.true(effects.some(({ kind }) => kind === 'CallMaintenance'));
  t.is(site.node('a1').organisation, 'org-b');
});

test('esi-leap-lease-stuck-in-expire: a stuck node is neither leased nor handed over', (t) => {
  const site = activeSite();
  site.done(A, {
    kind: 'LeaseCreate',
    terms: terms({
      leaseId: 'lease-2',
      lessee: 'org-u',
      startMs: END_MS + MINUTE_MS,
      endMs: END_MS * 2,
    }),
  });
  site.behaviour = (effect) => (effect.kind === 'WipeNode' ? NO_EFFECT : 'obey');
  site.runUntil(END_MS + 30 * MINUTE_MS);
  t.is(site.state.leases.get('lease-2')!.state, 'running');
  t.is(site.node('a1').leaseId, 'lease-1', 'the node is still the stuck lease’s');
  t.is(site.hardware.get('a1')!.residueOf, 'lease-1');
  const third = terms({ leaseId: 'lease-3', startMs: END_MS * 3, endMs: END_MS * 4 });
  t.is(site.refused(A, { kind: 'LeaseCreate', terms: third }), 'CONFLICT_BLOCKED');
  site.behaviour = () => 'obey';
  site.run(10 * MINUTE_MS);
  t.is(site.node('a1').leaseId, 'lease-2');
  t.is(site.node('a1').state, 'airlock');
  t.is(site.hardware.get('a1')!.residueOf, null, 'wiped before it went to the next tenant');
});

test('esi-leap-late-retry-forgets-to-clean: the end of a lease is never final without a wipe', (t) => {
  const site = activeSite();
  let failures = 0;
  site.behaviour = (effect) => (effect.kind === 'PowerOff' && failures++ < 20 ? NO_EFFECT : 'obey');
  site.runUntil(END_MS + 3 * 60 * MINUTE_MS);
  t.is(site.node('a1').state, 'free');
  const ended = site.log.findIndex(({ effects }) =>
    effects.some((effect) => effect.kind === 'Notify' && effect.notice.kind === 'LeaseEnded'),
  );
  const wiped = site.log.findIndex(({ effects }) =>
    effects.some((effect) => effect.kind === 'WipeNode'),
  );
  t.true(wiped >= 0 && wiped < ended);
});

test('esi-leap-grandchild-lease: a sub-lease is not let on', (t) => {
  const site = startedSite();
  const parties = { leaseId: 'sub-1', owner: 'org-t', lessee: 'org-u' };
  const sub = terms({ ...parties, startMs: site.nowMs, endMs: END_MS - MINUTE_MS });
  site.done(TENANT, { kind: 'LeaseSublet', parentLeaseId: 'lease-1', terms: sub });
  site.run(2 * MINUTE_MS);
  const grandchild = { ...sub, leaseId: 'sub-2', owner: 'org-u', lessee: 'org-b' };
  const sublet = { kind: 'LeaseSublet', parentLeaseId: 'sub-1', terms: grandchild } as const;
  t.is(site.refused(STRANGER, sublet), 'CONFLICT_SUBLEASE');
});

test('esi-leap-minute-granularity: a lease begins and ends on its millisecond', (t) => {
  const site = new Site(smallSite());
  site.done(A, { kind: 'LeaseCreate', terms: terms() });
  site.runUntil(START_MS - 1);
  t.is(site.deviceEffects('a1').length, 0);
  site.runUntil(START_MS);
  t.is(site.deviceEffects('a1').length, 1);
  const started = site.log.at(-1)!.event.timeMs;
  site.runUntil(END_MS);
  t.is(started, START_MS);
  t.is(site.node('a1').state, 'releasing');
});
