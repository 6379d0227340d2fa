import test from 'ava';
import { MINUTE_MS } from '../../core/kernel/units.ts';
import {
  A,
  ADMIN,
  ATTESTER,
  END_MS,
  MARKET,
  START_MS,
  Site,
  TENANT,
  activate,
  activeSite,
  report,
  reportOf,
  smallSite,
  startedSite,
  terms,
} from './site.ts';

const NODE = { leaseId: 'lease-1', nodeId: 'a1' } as const;

test('behaviour 91: a node walks to the tenant and back, each step in its order', (t) => {
  const site = new Site(smallSite());
  site.done(MARKET, { kind: 'LeaseCreate', terms: terms() });
  t.is(site.node('a1').state, 'reserved');
  site.runUntil(START_MS + MINUTE_MS);
  t.is(site.node('a1').state, 'airlock');
  site.settle(TENANT, { kind: 'AirlockPowerOn', ...NODE });
  t.is(site.node('a1').state, 'attesting');
  report(site, 'a1', 'trusted');
  site.done(TENANT, { kind: 'EnclaveJoin', ...NODE });
  t.is(site.node('a1').state, 'allocated');
  site.run(MINUTE_MS);
  t.is(site.node('a1').state, 'provisioning');
  site.done(TENANT, { kind: 'NodeActive', ...NODE });
  t.is(site.node('a1').state, 'active');
  site.runUntil(END_MS);
  t.is(site.node('a1').state, 'releasing');
  site.run(MINUTE_MS);
  t.is(site.node('a1').state, 'free');
  const kinds: string[] = site.deviceEffects('a1').map(({ kind }) => kind);
  t.deepEqual(kinds, [
    ...['PowerOff', 'RotateBmcToken', 'ConfigurePort', 'ConfigurePort'],
    ...['SetBootDevice', 'PowerOn', 'ConfigurePort', 'ConfigurePort'],
    ...['PowerOff', 'RotateBmcToken', 'ConfigurePort', 'ConfigurePort'],
    ...['WipeNode', 'ObserveNode'],
  ]);
  t.is(site.state.leases.size, 0);
  t.deepEqual([...site.state.networkIds.inUse.values()], ['enclave:org-t']);
  t.like(site.node('a1').evidence, { memoryScrubbed: true, disksErased: true, bmcReset: true });
});

test('the parties are told what concerns them', (t) => {
  const site = activeSite();
  site.runUntil(END_MS + MINUTE_MS);
  t.deepEqual(site.told('LeaseStarted'), ['org-t lease-1', 'org-a lease-1']);
  t.deepEqual(site.told('NodeInAirlock'), ['org-t a1']);
  t.deepEqual(site.told('NodePowered'), ['org-t a1', 'attester a1']);
  t.deepEqual(site.told('NodeInEnclave'), ['org-t a1']);
  t.deepEqual(site.told('LeaseEnding'), ['org-t lease-1', 'org-a lease-1']);
  t.deepEqual(site.told('NodeCutOff'), ['org-t a1', 'org-a a1', 'attester a1']);
  t.deepEqual(site.told('NodeFreed'), ['org-t a1', 'org-a a1']);
  t.deepEqual(site.told('LeaseEnded'), ['org-t lease-1', 'org-a lease-1', 'attester lease-1']);
});

test('behaviour 91: a node that fails attestation is cut off and stays rejected', (t) => {
  const site = startedSite({ nodeIds: ['a1', 'a2'] });
  site.settle(TENANT, { kind: 'AirlockPowerOn', ...NODE });
  report(site, 'a1', 'rejected');
  t.is(site.node('a1').state, 'rejected');
  site.run(MINUTE_MS);
  t.true(site.isCutOff('a1'));
  t.is(site.refused(TENANT, { kind: 'EnclaveJoin', ...NODE }), 'NOT_FOUND_NODE');
  site.runUntil(END_MS + MINUTE_MS);
  t.is(site.state.leases.size, 0);
  t.is(site.node('a1').state, 'rejected');
  t.is(site.node('a2').state, 'free');
  const later = terms({ leaseId: 'lease-2', startMs: END_MS * 2, endMs: END_MS * 3 });
  t.is(site.refused(A, { kind: 'LeaseCreate', terms: later }), 'CONFLICT_BLOCKED');
});

test('a rejected node comes back only by an operator, and only wiped and verified', (t) => {
  const site = startedSite();
  site.settle(TENANT, { kind: 'AirlockPowerOn', ...NODE });
  report(site, 'a1', 'rejected');
  site.run(MINUTE_MS);
  const before = site.deviceEffects('a1').length;
  t.is(site.refused(A, { kind: 'NodeReturn', nodeId: 'a1' }), 'DENIED_AUTHORIZATION');
  site.settle(ADMIN, { kind: 'NodeReturn', nodeId: 'a1' });
  t.is(site.node('a1').state, 'free');
  const kinds: string[] = site.deviceEffects('a1').map(({ kind }) => kind);
  t.deepEqual(kinds.slice(before).slice(-2), ['WipeNode', 'ObserveNode']);
  t.is(site.hardware.get('a1')!.residueOf, null);
});

test('level none: the node joins the enclave while off, and is powered on inside it', (t) => {
  const site = startedSite({ owner: 'org-b', nodeIds: ['b1'], securityLevel: 'none' });
  const node = { leaseId: 'lease-1', nodeId: 'b1' };
  t.is(site.node('b1').state, 'airlock');
  site.settle(TENANT, { kind: 'EnclaveJoin', ...node });
  t.is(site.node('b1').state, 'allocated');
  t.is(site.hardware.get('b1')!.power, 'off');
  site.settle(TENANT, { kind: 'AirlockPowerOn', ...node });
  t.is(site.node('b1').state, 'provisioning');
  site.done(TENANT, { kind: 'NodeActive', ...node });
  t.deepEqual(site.told('NodePowered'), ['org-t b1']);
});

test('level none: the node may also be powered on in the airlock and join then', (t) => {
  const site = startedSite({ owner: 'org-b', nodeIds: ['b1'], securityLevel: 'none' });
  const node = { leaseId: 'lease-1', nodeId: 'b1' };
  site.settle(TENANT, { kind: 'AirlockPowerOn', ...node });
  t.is(site.node('b1').state, 'airlock');
  site.settle(TENANT, { kind: 'EnclaveJoin', ...node });
  t.is(site.node('b1').state, 'provisioning');
});

test('T1: the enclave opens only to a fresh trusted verdict on the present boot', (t) => {
  const site = startedSite();
  t.is(site.refused(TENANT, { kind: 'EnclaveJoin', ...NODE }), 'CONFLICT_STATE');
  site.settle(TENANT, { kind: 'AirlockPowerOn', ...NODE });
  t.is(site.refused(TENANT, { kind: 'EnclaveJoin', ...NODE }), 'ATTEST_REQUIRED');
  report(site, 'a1', 'stale');
  t.is(site.refused(TENANT, { kind: 'EnclaveJoin', ...NODE }), 'ATTEST_REQUIRED');
  report(site, 'a1', 'trusted', { validUntilMs: site.nowMs + 10 });
  site.run(10);
  t.is(site.refused(TENANT, { kind: 'EnclaveJoin', ...NODE }), 'ATTEST_STALE');
  const old = reportOf(site, 'a1', 'trusted');
  site.settle(TENANT, { kind: 'AirlockPowerOn', ...NODE });
  t.is(site.node('a1').bootCount, 2);
  t.is(site.refused(ATTESTER, old), 'ATTEST_WRONG_BOOT');
  t.is(site.refused(TENANT, { kind: 'EnclaveJoin', ...NODE }), 'ATTEST_REQUIRED');
  report(site, 'a1', 'trusted');
  site.settle(TENANT, { kind: 'EnclaveJoin', ...NODE });
  t.is(site.node('a1').state, 'provisioning');
});

test('a verdict that expires on the way into the enclave does not count any more', (t) => {
  const site = startedSite();
  site.settle(TENANT, { kind: 'AirlockPowerOn', ...NODE });
  report(site, 'a1', 'trusted', { validUntilMs: site.nowMs + 1_000 });
  site.settle(TENANT, { kind: 'EnclaveJoin', ...NODE });
  t.is(site.node('a1').state, 'airlock');
  t.deepEqual(site.told('NodeInEnclave'), []);
});

test('behaviour 90: with a dead attester a node loses its enclave when its verdict expires', (t) => {
  const site = startedSite();
  site.settle(TENANT, { kind: 'AirlockPowerOn', ...NODE });
  report(site, 'a1', 'trusted', { validUntilMs: START_MS + 10 * MINUTE_MS });
  site.settle(TENANT, { kind: 'EnclaveJoin', ...NODE });
  site.runUntil(START_MS + 10 * MINUTE_MS - 1);
  t.is(site.node('a1').state, 'provisioning');
  site.runUntil(START_MS + 11 * MINUTE_MS);
  t.is(site.node('a1').state, 'airlock');
  t.is(site.hardware.get('a1')!.power, 'off');
  t.is(site.told('NodeInAirlock').length, 2);
});

test('a verdict that is renewed in time keeps the enclave open', (t) => {
  const site = startedSite();
  site.settle(TENANT, { kind: 'AirlockPowerOn', ...NODE });
  report(site, 'a1', 'trusted', { validUntilMs: START_MS + 10 * MINUTE_MS });
  site.settle(TENANT, { kind: 'EnclaveJoin', ...NODE });
  report(site, 'a1', 'trusted', { validUntilMs: START_MS + 20 * MINUTE_MS });
  site.runUntil(START_MS + 15 * MINUTE_MS);
  t.is(site.node('a1').state, 'provisioning');
  site.runUntil(START_MS + 21 * MINUTE_MS);
  t.is(site.node('a1').state, 'airlock');
});

test('T4: a node that fails a check at run time leaves all networks in the same step', (t) => {
  const site = activeSite();
  const effects = site.deviceEffects('a1').length;
  report(site, 'a1', 'rejected');
  const sent = site.deviceEffects('a1').slice(effects);
  t.deepEqual(
    sent.map((effect) => (effect.kind === 'ConfigurePort' ? effect.attachments : effect.kind)),
    [[], [], 'PowerOff'],
  );
  t.is(site.node('a1').state, 'rejected');
  site.run(MINUTE_MS);
  t.true(site.isCutOff('a1'));
});

test('a stale verdict at run time sends the node back to its airlock, to be measured anew', (t) => {
  const site = activeSite();
  report(site, 'a1', 'stale');
  site.run(MINUTE_MS);
  t.is(site.node('a1').state, 'airlock');
  activate(site, 'a1');
  t.is(site.node('a1').state, 'active');
});

test('powering a measured node on again takes it through the airlock and a new verdict', (t) => {
  const site = activeSite();
  site.settle(TENANT, { kind: 'AirlockPowerOn', ...NODE });
  t.is(site.node('a1').state, 'attesting');
  t.is(site.node('a1').bootCount, 2);
  t.is(site.refused(TENANT, { kind: 'NodeActive', ...NODE }), 'CONFLICT_STATE');
});

test('N4: every airlocked node is alone in a network of its own', (t) => {
  const site = startedSite({ nodeIds: ['a1', 'a2'] });
  const [first, second] = ['a1', 'a2'].map((nodeId) => site.observe(nodeId).ports[`${nodeId}-0`]!);
  t.is(first!.length, 1);
  t.is(second!.length, 1);
  t.not(first![0]!.networkId, second![0]!.networkId);
  t.deepEqual(site.observe('a1').ports['a1-1'], []);
});

test('release goes ahead with orchestrator, market and attester dead', (t) => {
  for (const site of [startedSite(), activeSite()]) {
    site.runUntil(END_MS + MINUTE_MS);
    t.is(site.node('a1').state, 'free');
    t.is(site.state.leases.size, 0);
    t.is(site.hardware.get('a1')!.residueOf, null);
  }
});

test('a hostile tenant and a hostile attester cannot hold up the release', (t) => {
  const site = activeSite();
  site.runUntil(END_MS);
  const tries = [
    site.refused(TENANT, { kind: 'AirlockPowerOn', ...NODE }),
    site.refused(TENANT, { kind: 'EnclaveJoin', ...NODE }),
    site.refused(TENANT, { kind: 'NodeActive', ...NODE }),
    site.refused(TENANT, { kind: 'LeaseReturn', leaseId: 'lease-1', nodeIds: null }),
    site.refused(ATTESTER, reportOf(site, 'a1', 'trusted')),
    site.refused(ATTESTER, reportOf(site, 'a1', 'rejected')),
  ];
  t.deepEqual([...new Set(tries)], ['CONFLICT_STATE']);
  site.run(MINUTE_MS);
  t.is(site.node('a1').state, 'free');
});

test('a lease that ends in the middle of its handover is released all the same', (t) => {
  for (let afterMs = 0; afterMs <= 20_000; afterMs += 1_000) {
    const site = startedSite({ endMs: START_MS + afterMs + 1 });
    site.run(MINUTE_MS);
    t.is(site.node('a1').state, 'free', `ended ${afterMs} ms after its start`);
    t.true(site.isCutOff('a1'));
  }
});

test('a recallable lease drains for its notice and ends then; a firm one cannot be recalled', (t) => {
  const site = activeSite({ recallNoticeMs: 10 * MINUTE_MS });
  const recalledMs = site.nowMs;
  site.done(A, { kind: 'LeaseRecall', leaseId: 'lease-1' });
  t.is(site.node('a1').state, 'draining');
  t.deepEqual(site.notices('LeaseEnding')[0], {
    kind: 'LeaseEnding',
    leaseId: 'lease-1',
    atMs: recalledMs + 10 * MINUTE_MS,
    reason: 'recall',
  });
  t.is(site.refused(A, { kind: 'LeaseRecall', leaseId: 'lease-1' }), 'CONFLICT_STATE');
  site.runUntil(recalledMs + 10 * MINUTE_MS - 1);
  t.is(site.hardware.get('a1')!.power, 'on');
  site.run(MINUTE_MS);
  t.is(site.node('a1').state, 'free');
  t.is(site.told('LeaseEnding').length, 2);
  t.is(activeSite().refused(A, { kind: 'LeaseRecall', leaseId: 'lease-1' }), 'CONFLICT_FIRM');
});

test('a node that is handed over while its lease is recalled stays draining', (t) => {
  const site = new Site(smallSite());
  site.done(A, { kind: 'LeaseCreate', terms: terms({ recallNoticeMs: MINUTE_MS }) });
  site.runUntil(START_MS);
  site.done(A, { kind: 'LeaseRecall', leaseId: 'lease-1' });
  site.run(30_000);
  t.is(site.node('a1').state, 'draining');
  t.is(site.refused(TENANT, { kind: 'AirlockPowerOn', ...NODE }), 'CONFLICT_STATE');
  site.run(2 * MINUTE_MS);
  t.is(site.node('a1').state, 'free');
});

test('a lessee gives back some nodes early, or all', (t) => {
  const site = activeSite({ nodeIds: ['a1', 'a2'] });
  site.settle(TENANT, { kind: 'LeaseReturn', leaseId: 'lease-1', nodeIds: ['a1'] });
  t.is(site.node('a1').state, 'free');
  t.is(site.node('a2').state, 'active');
  t.deepEqual(site.told('LeaseEnded'), []);
  const again = { kind: 'LeaseReturn', leaseId: 'lease-1', nodeIds: ['a1'] } as const;
  t.is(site.refused(TENANT, again), 'NOT_FOUND_NODE');
  site.settle(TENANT, { kind: 'LeaseReturn', leaseId: 'lease-1', nodeIds: null });
  t.is(site.node('a2').state, 'free');
  t.is(site.state.leases.size, 0);
});

test('the fencing token of a node grows with every handover and every release', (t) => {
  const site = activeSite();
  site.runUntil(END_MS + MINUTE_MS);
  const next = { leaseId: 'lease-2', startMs: END_MS + 100_000, endMs: END_MS * 2 };
  site.done(A, { kind: 'LeaseCreate', terms: terms(next) });
  site.runUntil(END_MS * 2 + MINUTE_MS);
  const tokens = site.deviceEffects('a1').map(({ fencingToken }) => fencingToken);
  t.deepEqual([...new Set(tokens)], [1, 2, 3, 4]);
  t.deepEqual(
    tokens,
    [...tokens].sort((a, b) => a - b),
  );
});

test('without a network id for the airlock the handover waits until there is one', (t) => {
  const configuration = smallSite({ networkIdFirst: 2, networkIdLast: 3 });
  const site = startedSite({ nodeIds: ['a1', 'a2'] }, configuration);
  t.is(site.node('a1').state, 'airlock');
  t.is(site.node('a2').state, 'handover');
  activate(site, 'a1');
  site.run(10 * MINUTE_MS);
  t.is(site.node('a2').state, 'handover', 'N2: the id of a1 comes back when its ports were seen');
  site.done(TENANT, { kind: 'LeaseReturn', leaseId: 'lease-1', nodeIds: ['a1'] });
  site.run(10 * MINUTE_MS);
  t.is(site.node('a2').state, 'airlock');
});
