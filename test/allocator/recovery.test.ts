import test from 'ava';
import { MINUTE_MS } from '../../core/kernel/units.ts';
import type { IsolationDeviceEffect, NodeObservation } from '../../core/allocator/protocol.ts';
import {
  A,
  ADMIN,
  ATTESTER,
  END_MS,
  NO_EFFECT,
  START_MS,
  Site,
  TENANT,
  UNCERTAIN,
  activeSite,
  handSite,
  makeNetwork,
  report,
  reportOf,
  smallSite,
  startedSite,
  terms,
  type Answer,
} from './site.ts';

type Kind = IsolationDeviceEffect['kind'];
const RELEASE: Kind[] = ['PowerOff', 'RotateBmcToken', 'ConfigurePort', 'WipeNode', 'ObserveNode'];
const HANDOVER: Kind[] = ['PowerOff', 'RotateBmcToken', 'ConfigurePort'];

/** The first effects of a kind get this answer, the rest are obeyed. */
function failing(site: Site, kind: Kind, answer: Answer, times = 1): void {
  let left = times;
  site.behaviour = (effect) => (effect.kind === kind && left-- > 0 ? answer : 'obey');
}

function strange(site: Site, nodeId = 'a1'): NodeObservation {
  const observation = site.observe(nodeId);
  const ports = { ...observation.ports, [`${nodeId}-1`]: [{ networkId: 9, channel: 'vlan/9' }] };
  return { ...observation, ports };
}

test('A6: an uncertain outcome anywhere in the release never leads to free by itself', (t) => {
  for (const kind of RELEASE) {
    for (const answer of [UNCERTAIN, 'obeyAndTimeOut', 'lost', 'obeyAndLose'] as const) {
      const site = activeSite();
      failing(site, kind, answer);
      site.runUntil(END_MS + 4 * 60 * MINUTE_MS);
      t.deepEqual(site.told('NodeWithheld'), ['org-t a1', 'org-a a1'], kind);
      t.is(site.node('a1').state, 'free');
      t.true(site.isCutOff('a1'));
      t.is(site.hardware.get('a1')!.residueOf, null);
    }
  }
});

test('a handover that becomes uncertain goes on where the hardware shows that it happened', (t) => {
  for (const kind of HANDOVER) {
    const site = new Site(smallSite());
    site.done(A, { kind: 'LeaseCreate', terms: terms() });
    failing(site, kind, 'obeyAndTimeOut');
    site.runUntil(START_MS + MINUTE_MS);
    t.is(site.node('a1').state, 'airlock');
    t.deepEqual(site.told('NodeWithheld'), ['org-t a1', 'org-a a1']);
    const count = site.deviceEffects('a1').filter((effect) => effect.kind === 'PowerOff').length;
    t.is(count, 1, 'nothing was done twice');
  }
});

test('a handover that becomes uncertain starts over where it did not happen', (t) => {
  for (const kind of ['RotateBmcToken', 'ConfigurePort'] as const) {
    const site = new Site(smallSite());
    site.done(A, { kind: 'LeaseCreate', terms: terms() });
    failing(site, kind, UNCERTAIN);
    site.runUntil(START_MS + MINUTE_MS);
    t.is(site.node('a1').state, 'airlock');
    const count = site.deviceEffects('a1').filter((effect) => effect.kind === 'PowerOff').length;
    t.is(count, 2, kind);
  }
});

test('an uncertain power-on counts as a boot of its own if it happened, and not if not', (t) => {
  for (const [answer, state, bootCount] of [
    ['obeyAndTimeOut', 'attesting', 1],
    [UNCERTAIN, 'airlock', 1],
  ] as const) {
    const site = startedSite();
    failing(site, 'PowerOn', answer);
    site.settle(TENANT, { kind: 'AirlockPowerOn', leaseId: 'lease-1', nodeId: 'a1' });
    t.is(site.node('a1').state, state);
    t.is(site.node('a1').bootCount, bootCount);
    site.settle(TENANT, { kind: 'AirlockPowerOn', leaseId: 'lease-1', nodeId: 'a1' });
    t.is(site.node('a1').bootCount, 2);
  }
});

test('an uncertain move into the enclave is settled by reading back', (t) => {
  for (const answer of ['obeyAndTimeOut', UNCERTAIN] as const) {
    const site = startedSite();
    const node = { leaseId: 'lease-1', nodeId: 'a1' };
    site.settle(TENANT, { kind: 'AirlockPowerOn', ...node });
    report(site, 'a1', 'trusted');
    failing(site, 'ConfigurePort', answer);
    site.done(TENANT, { kind: 'EnclaveJoin', ...node });
    site.run(3_000);
    t.is(site.node('a1').state, 'quarantined');
    site.run(MINUTE_MS);
    t.is(site.node('a1').state, answer === UNCERTAIN ? 'airlock' : 'provisioning');
  }
});

test('a rejected verdict on a quarantined node withholds it', (t) => {
  const site = startedSite();
  const node = { leaseId: 'lease-1', nodeId: 'a1' };
  site.settle(TENANT, { kind: 'AirlockPowerOn', ...node });
  report(site, 'a1', 'trusted');
  site.behaviour = () => 'lost';
  site.done(TENANT, { kind: 'EnclaveJoin', ...node });
  site.run(3 * MINUTE_MS);
  t.is(site.node('a1').state, 'quarantined');
  t.is(site.refused(ATTESTER, reportOf(site, 'a1', 'trusted')), 'CONFLICT_STATE');
  report(site, 'a1', 'rejected');
  site.behaviour = () => 'obey';
  site.run(10 * MINUTE_MS);
  t.is(site.node('a1').state, 'rejected');
  t.true(site.isCutOff('a1'));
});

test('T4: an ejection that becomes uncertain shuts all it can, and starts with the ports', (t) => {
  for (const answer of [UNCERTAIN, 'lost'] as const) {
    const site = activeSite();
    let failures = 0;
    site.behaviour = (effect) =>
      effect.kind === 'PowerOff' || (effect.kind === 'ConfigurePort' && failures++ < 1)
        ? answer
        : 'obey';
    report(site, 'a1', 'stale');
    site.run(3 * MINUTE_MS);
    t.not(site.node('a1').state, 'airlock');
    t.deepEqual(site.observe('a1').ports, { 'a1-0': [], 'a1-1': [] });
    site.behaviour = () => 'obey';
    site.run(10 * MINUTE_MS);
    t.is(site.node('a1').state, 'airlock');
  }
});

test('T4: a stale verdict acts at once on a node whose networks are uncertain', (t) => {
  const site = activeSite();
  const connect = { nodeId: 'a1', nicId: 'nic1', network: 'net-t', channel: 'vlan/native' };
  makeNetwork(site, 'net-t', 'org-t');
  site.behaviour = (effect) => (effect.kind === 'ObserveNode' ? 'lost' : 'obeyAndTimeOut');
  site.done(TENANT, { kind: 'NetworkConnect', ...connect });
  site.run(5_000);
  t.is(site.node('a1').state, 'quarantined');
  site.behaviour = (effect) => (effect.kind === 'ObserveNode' ? 'lost' : 'obey');
  report(site, 'a1', 'stale');
  t.deepEqual(site.observe('a1').ports, { 'a1-0': [], 'a1-1': [] });
  site.behaviour = () => 'obey';
  site.run(10 * MINUTE_MS);
  t.is(site.node('a1').state, 'airlock');
});

test('no effect: tried again with a back-off that doubles, then quarantined', (t) => {
  const site = new Site(smallSite({ retryLimit: 3, retryBaseMs: 1_000, retryMaximumMs: 3_000 }));
  site.done(A, { kind: 'LeaseCreate', terms: terms() });
  const tries: number[] = [];
  site.behaviour = (effect) => {
    if (effect.kind !== 'PowerOff') return 'obey';
    tries.push(site.nowMs - START_MS);
    return tries.length <= 4 ? NO_EFFECT : 'obey';
  };
  site.runUntil(START_MS + 13_999);
  t.deepEqual(tries, [0, 3_000, 7_000, 12_000]);
  t.is(site.node('a1').state, 'handover');
  site.run(1);
  t.is(site.node('a1').state, 'quarantined');
  site.run(MINUTE_MS);
  t.is(site.node('a1').state, 'airlock');
});

test('late, repeated and stale outcomes change nothing', (t) => {
  const site = activeSite();
  site.runUntil(END_MS + 1_000);
  const [first] = site.deviceEffects('a1').slice(-1);
  t.is(first!.kind, 'PowerOff');
  site.run(2_000);
  const state = JSON.stringify([...site.state.nodes]);
  for (const effect of site.deviceEffects('a1').slice(0, -1)) {
    for (const outcome of [{ status: 'ok', value: undefined }, NO_EFFECT, UNCERTAIN] as const) {
      t.deepEqual([...site.outcome(effect.effectId, outcome)], []);
    }
  }
  for (const effectId of ['', '#', 'a1', 'a1#', 'a1#x', 'zz#1', '__proto__#1']) {
    t.deepEqual([...site.outcome(effectId, { status: 'ok', value: undefined })], []);
  }
  t.is(JSON.stringify([...site.state.nodes]), state);
});

test('an outcome that comes after its deadline is uncertain, and stays so', (t) => {
  const site = activeSite();
  site.behaviour = (effect) => (effect.kind === 'PowerOff' ? 'lost' : 'obey');
  site.runUntil(END_MS + 2 * MINUTE_MS);
  const effect = site.deviceEffects('a1').find(({ deadlineMs }) => deadlineMs <= site.nowMs);
  t.is(effect!.kind, 'PowerOff');
  t.is(site.node('a1').state, 'quarantined');
  t.deepEqual([...site.outcome(effect!.effectId, { status: 'ok', value: undefined })], []);
  t.is(site.node('a1').state, 'quarantined');
});

test('a node that hangs in its release is cut off at once by whatever device obeys', (t) => {
  const site = activeSite();
  site.behaviour = (effect) => (effect.kind === 'PowerOff' ? 'lost' : 'obey');
  site.runUntil(END_MS + 3 * MINUTE_MS);
  t.deepEqual(site.observe('a1').ports, { 'a1-0': [], 'a1-1': [] });
  t.is(site.observe('a1').bmcGrantee, null);
  t.is(site.observe('a1').power, 'on');
  t.not(site.node('a1').state, 'free');
});

test('a read-back that finds something left starts the release over', (t) => {
  const site = activeSite();
  let observations = 0;
  site.behaviour = (effect) => {
    if (effect.kind !== 'ObserveNode' || observations++ > 0) return 'obey';
    return { status: 'ok', value: strange(site) };
  };
  site.runUntil(END_MS + 11_000);
  t.is(site.node('a1').state, 'quarantined');
  t.is(site.node('a1').trouble, 'DEVICE_READ_BACK');
  site.run(MINUTE_MS);
  t.is(site.node('a1').state, 'free');
  const wipes = site.deviceEffects('a1').filter(({ kind }) => kind === 'WipeNode');
  t.is(wipes.length, 2);
});

test('a read-back that does not show every port is none', (t) => {
  const site = activeSite();
  const partial = () => ({ ...site.observe('a1'), ports: { 'a1-0': [] } });
  site.behaviour = (effect) =>
    effect.kind === 'ObserveNode' ? { status: 'ok', value: partial() } : 'obey';
  site.runUntil(END_MS + 30 * MINUTE_MS);
  t.is(site.node('a1').state, 'quarantined');
  t.is(site.node('a1').trouble, 'DEVICE_UNCERTAIN');
  site.behaviour = () => 'obey';
  site.run(6 * MINUTE_MS);
  t.is(site.node('a1').state, 'free');
});

test('a read-back has to show nothing on any port, no power and no credential', (t) => {
  const extra = (site: Site) => {
    const { ports, ...rest } = site.observe('a1');
    return { ...rest, ports: { ...ports, other: [{ networkId: 3, channel: 'vlan/3' }] } };
  };
  const power = (site: Site) => ({ ...site.observe('a1'), power: 'on' });
  const grantee = (site: Site) => ({ ...site.observe('a1'), bmcGrantee: 'org-t' });
  for (const wrong of [extra, power, grantee]) {
    const site = activeSite();
    site.behaviour = (effect) =>
      effect.kind === 'ObserveNode' ? { status: 'ok', value: wrong(site) } : 'obey';
    site.runUntil(END_MS + 30 * MINUTE_MS);
    t.not(site.node('a1').state, 'free', wrong.name);
    t.is(site.node('a1').trouble, 'DEVICE_READ_BACK');
  }
});

test('a device that answers nonsense has not answered', (t) => {
  const nonsense = [undefined, null, 7, 'off', [], {}, { power: 'off', ports: {}, bmcGrantee: 1 }];
  for (const value of [...nonsense, { power: 'off', ports: { p: [{}] }, bmcGrantee: null }]) {
    const site = activeSite();
    failing(site, 'ObserveNode', { status: 'ok', value });
    site.runUntil(END_MS + 11_000);
    t.is(site.node('a1').state, 'quarantined');
    site.run(5 * MINUTE_MS);
    t.is(site.node('a1').state, 'free');
  }
});

test('evidence that lacks a leg is no evidence', (t) => {
  const whole = { memoryScrubbed: true, disksErased: true, bmcReset: true };
  for (const leg of Object.keys(whole)) {
    const site = activeSite();
    const value = { ...whole, [leg]: false };
    site.behaviour = (effect) => (effect.kind === 'WipeNode' ? { status: 'ok', value } : 'obey');
    site.runUntil(END_MS + 60 * MINUTE_MS);
    t.not(site.node('a1').state, 'free');
    t.is(site.node('a1').trouble, 'DEVICE_WIPE_INCOMPLETE');
    site.behaviour = () => 'obey';
    site.run(20 * MINUTE_MS);
    t.is(site.node('a1').state, 'free');
  }
});

test('N7: drift quarantines a node in whatever state it is, and shuts it', (t) => {
  const sites = [new Site(smallSite()), handSite(), startedSite(), activeSite()];
  for (const site of sites) {
    site.run(1);
    const before = site.node('a1').state;
    const event = { kind: 'NodeObserved', nodeId: 'a1', timeMs: site.nowMs } as const;
    const seen = { observedAtMs: site.nowMs, observation: site.observe('a1') };
    site.event({ ...event, ...seen });
    t.is(site.node('a1').state, before, 'what is as it should be changes nothing');
    site.event({ ...event, ...seen, observation: strange(site) });
    t.is(site.node('a1').state, 'quarantined');
    t.is(site.node('a1').trouble, 'DEVICE_DRIFT');
    site.run(20 * MINUTE_MS);
    t.true(site.isCutOff('a1'));
    t.is(site.node('a1').state, 'quarantined', 'drift is forgiven by nobody but an operator');
    t.is(
      site.refused(A, {
        kind: 'LeaseCreate',
        terms: terms({ leaseId: 'l', startMs: END_MS, endMs: END_MS * 2 }),
      }),
      'CONFLICT_BLOCKED',
    );
    site.done(ADMIN, { kind: 'NodeReturn', nodeId: 'a1' });
    site.run(2 * MINUTE_MS);
    t.is(site.node('a1').state, site.state.leases.size > 0 ? 'airlock' : 'free');
  }
});

test('N7: a node that drifted is shut as soon as its devices obey, however late', (t) => {
  for (const answer of [NO_EFFECT, UNCERTAIN, 'lost'] as const) {
    const site = activeSite();
    site.behaviour = () => answer;
    site.event({
      kind: 'NodeObserved',
      nodeId: 'a1',
      timeMs: site.nowMs + 1,
      observedAtMs: site.nowMs + 1,
      observation: strange(site),
    });
    site.run(20 * MINUTE_MS);
    t.false(site.isCutOff('a1'));
    site.behaviour = () => 'obey';
    site.run(8 * MINUTE_MS);
    t.true(site.isCutOff('a1'));
    t.is(site.node('a1').state, 'quarantined');
  }
});

test('A7: a node that drifted comes back to its owner after the end of its lease', (t) => {
  const site = activeSite();
  site.event({
    kind: 'NodeObserved',
    nodeId: 'a1',
    timeMs: site.nowMs + 1,
    observedAtMs: site.nowMs + 1,
    observation: strange(site),
  });
  site.runUntil(END_MS + 2 * MINUTE_MS);
  t.is(site.node('a1').state, 'free');
  t.is(site.state.leases.size, 0);
});

test('a read-back of before the last change, or of nonsense, or of nobody, is no drift', (t) => {
  const site = activeSite();
  const event = { kind: 'NodeObserved', nodeId: 'a1', timeMs: site.nowMs } as const;
  site.event({ ...event, observedAtMs: 1, observation: strange(site) });
  site.event({ ...event, observedAtMs: site.nowMs, observation: {} as NodeObservation });
  site.event({ ...event, nodeId: 'x', observedAtMs: site.nowMs, observation: strange(site) });
  t.is(site.node('a1').state, 'active');
  site.runUntil(END_MS + 1_000);
  site.event({ ...event, observedAtMs: END_MS + 1_000, observation: strange(site) });
  t.is(site.node('a1').state, 'releasing', 'a node on its way is read back at its end anyway');
});

test('a holder of the credential may switch the power, others may not', (t) => {
  const drift = (site: Site, power: 'on' | 'off') => {
    site.run(1);
    const observation = { ...site.observe('a1'), power };
    const event = { kind: 'NodeObserved', nodeId: 'a1', timeMs: site.nowMs } as const;
    site.event({ ...event, observedAtMs: site.nowMs, observation });
    return site.node('a1').state;
  };
  t.is(drift(activeSite(), 'off'), 'active');
  t.is(drift(new Site(smallSite()), 'on'), 'quarantined');
});

test('an effect of before that lands late is stopped by the fencing token of its device', (t) => {
  const site = startedSite();
  const node = { leaseId: 'lease-1', nodeId: 'a1' };
  site.settle(TENANT, { kind: 'AirlockPowerOn', ...node });
  report(site, 'a1', 'trusted');
  site.behaviour = (effect) => (effect.kind === 'ConfigurePort' ? 'lost' : 'obey');
  site.done(TENANT, { kind: 'EnclaveJoin', ...node });
  const late = site.lastEffect('a1', 'ConfigurePort');
  site.behaviour = () => 'obey';
  site.runUntil(END_MS + MINUTE_MS);
  t.is(site.node('a1').state, 'free');
  t.is(site.obey(late).status, 'noEffect');
  t.true(site.isCutOff('a1'));
});

test('a dead device is asked again and again, each time after a longer wait up to a bound', (t) => {
  const site = activeSite();
  site.behaviour = () => 'lost';
  site.runUntil(END_MS + 5 * 60 * MINUTE_MS);
  const asked = site
    .deviceEffects('a1')
    .filter(({ kind }) => kind === 'ObserveNode')
    .map(({ deadlineMs }) => deadlineMs);
  const waits = asked.slice(1).map((atMs, index) => atMs - asked[index]!);
  t.true(waits.length > 40);
  t.is(Math.max(...waits), 6 * MINUTE_MS, 'five minutes, and the minute of the deadline');
  t.deepEqual(waits.slice(0, 3), [65_000, 70_000, 80_000]);
});

test('the wait of a node that is broken over and over does not grow for ever', (t) => {
  const site = activeSite();
  site.behaviour = (effect) => (effect.kind === 'WipeNode' ? UNCERTAIN : 'obey');
  site.runUntil(END_MS + 24 * 60 * MINUTE_MS);
  t.is(site.node('a1').state, 'quarantined');
  site.behaviour = () => 'obey';
  site.run(6 * MINUTE_MS);
  t.is(site.node('a1').state, 'free');
});

test('the timer of a node is set again when it comes early', (t) => {
  const site = startedSite();
  site.behaviour = () => 'lost';
  site.done(TENANT, { kind: 'AirlockPowerOn', leaseId: 'lease-1', nodeId: 'a1' });
  const early = { kind: 'TimerFired', timerId: 'node/a1', timeMs: site.nowMs } as const;
  const effects = site.event(early);
  t.deepEqual(
    effects.map(({ kind }) => kind),
    ['SetTimer'],
  );
  for (const timerId of ['node/x', 'lease/x', 'offer/x', 'x']) {
    t.deepEqual([...site.event({ ...early, timerId })], []);
  }
  const lease = site.event({ ...early, timerId: 'lease/lease-1' });
  t.like(lease[0], { kind: 'SetTimer', atMs: END_MS });
});

test('after the faults every walk comes to its end', (t) => {
  for (const kind of [...RELEASE, 'PowerOn', 'SetBootDevice'] as const) {
    for (const answer of [NO_EFFECT, UNCERTAIN, 'lost', 'obeyAndLose'] as const) {
      const site = new Site(smallSite());
      site.done(A, { kind: 'LeaseCreate', terms: terms() });
      failing(site, kind, answer, 7);
      site.runUntil(START_MS + 30 * MINUTE_MS);
      for (const command of ['AirlockPowerOn', 'EnclaveJoin', 'NodeActive'] as const) {
        const node = { leaseId: 'lease-1', nodeId: 'a1' };
        if (command === 'EnclaveJoin') site.send(ATTESTER, reportOf(site, 'a1', 'trusted'));
        site.send(TENANT, { kind: command, ...node });
        site.run(10 * MINUTE_MS);
      }
      site.runUntil(END_MS + 60 * MINUTE_MS);
      if (kind === 'WipeNode' && typeof answer === 'string') site.run(15 * 60 * MINUTE_MS);
      t.is(site.node('a1').state, 'free', `${kind} ${JSON.stringify(answer)}`);
      t.is(site.state.leases.size, 0);
    }
  }
});
