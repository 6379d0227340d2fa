import test from 'ava';
import { MINUTE_MS } from '../../core/kernel/units.ts';
import {
  A,
  ADMIN,
  END_MS,
  MARKET,
  NO_EFFECT,
  ORCHESTRATOR,
  STRANGER,
  Site,
  TENANT,
  UNCERTAIN,
  activeSite,
  handSite,
  smallSite,
  startedSite,
} from './site.ts';

const POWER = { kind: 'PowerControl', nodeId: 'a1', operation: 'on', force: false } as const;
const ENABLE = { kind: 'OutOfBandSet', nodeId: 'a1', enabled: true } as const;

function enabledSite(): Site {
  const site = handSite();
  site.settle(A, ENABLE);
  return site;
}

function kindsSince(site: Site, count: number): string[] {
  return site
    .deviceEffects('a1')
    .slice(count)
    .map(({ kind }) => kind);
}

test('behaviour 53: to strangers the BMC of a node is not there', (t) => {
  const site = enabledSite();
  for (const from of [STRANGER, TENANT, MARKET]) {
    t.is(site.refused(from, POWER), 'NOT_FOUND_NODE');
    t.is(site.refused(from, ENABLE), 'NOT_FOUND_NODE');
    t.is(site.refused(from, { kind: 'PowerStatus', nodeId: 'a1' }), 'NOT_FOUND_NODE');
  }
});

test('behaviour 54: the old credential is void before the next holder gets one', (t) => {
  const site = activeSite();
  t.is(site.hardware.get('a1')!.bmcGrantee, 'org-t');
  site.runUntil(END_MS + MINUTE_MS);
  site.done(A, { kind: 'NodeConnect', organisation: 'org-a', nodeId: 'a1' });
  site.settle(A, ENABLE);
  const grantees = site
    .deviceEffects('a1')
    .flatMap((effect) => (effect.kind === 'RotateBmcToken' ? [effect.grantee] : []));
  t.deepEqual(grantees, ['org-t', null, 'org-a']);
});

test('behaviour 55: without a right to the node there is no power action', (t) => {
  const site = handSite();
  t.is(site.refused(A, POWER), 'CONFLICT_BLOCKED', 'out-of-band management is disabled');
  site.settle(A, ENABLE);
  const before = site.deviceEffects('a1').length;
  t.is(site.refused(STRANGER, POWER), 'NOT_FOUND_NODE');
  t.deepEqual(kindsSince(site, before), []);
});

test('behaviour 56: soft and forced cycles differ, and a cycle switches on what is off', (t) => {
  const site = enabledSite();
  let before = site.deviceEffects('a1').length;
  site.settle(A, { ...POWER, operation: 'cycle' });
  t.deepEqual(kindsSince(site, before), ['PowerOn']);
  t.is(site.hardware.get('a1')!.power, 'on');
  for (const force of [false, true]) {
    before = site.deviceEffects('a1').length;
    site.settle(A, { ...POWER, operation: 'cycle', force });
    t.deepEqual(kindsSince(site, before), ['PowerOff', 'PowerOn']);
    t.like(site.lastEffect('a1', 'PowerOff'), { force });
  }
  t.is(site.node('a1').bootCount, 3);
});

test('behaviour 57: an unknown boot device is refused and changes nothing', (t) => {
  const site = enabledSite();
  const before = site.deviceEffects('a1').length;
  const set = { kind: 'BootDeviceSet', nodeId: 'a1' } as const;
  t.is(site.refused(A, { ...set, device: 'floppy' as 'disk' }), 'INPUT_BAD_ARGUMENT');
  t.deepEqual(kindsSince(site, before), []);
  site.settle(A, { ...set, device: 'disk' });
  t.like(site.lastEffect('a1', 'SetBootDevice'), { device: 'disk' });
});

test('one action at a time for each BMC', (t) => {
  const site = enabledSite();
  site.done(A, POWER);
  t.is(site.refused(A, POWER), 'CONFLICT_BLOCKED');
  site.run(MINUTE_MS);
  site.done(A, POWER);
});

test('the power is read back by an action that shows it', (t) => {
  const site = enabledSite();
  site.settle(A, POWER);
  const { actionId } = site.done(A, { kind: 'PowerStatus', nodeId: 'a1' }) as { actionId: string };
  const show = { kind: 'ActionShow', actionId } as const;
  t.like(site.view(A, show), { status: 'applying', power: null });
  site.run(MINUTE_MS);
  t.like(site.view(A, show), { status: 'done', power: 'on' });
});

test('reading that fails has no effect: the node stays in use', (t) => {
  const site = enabledSite();
  site.behaviour = (effect) => (effect.kind === 'ObserveNode' ? UNCERTAIN : 'obey');
  const { actionId } = site.settle(A, { kind: 'PowerStatus', nodeId: 'a1' }) as {
    actionId: string;
  };
  t.is(site.view(A, { kind: 'ActionShow', actionId })['status'], 'failed');
  t.is(site.node('a1').state, 'allocated');
});

test('an uncertain power action is settled by reading back', (t) => {
  for (const [answer, status] of [
    ['obeyAndTimeOut', 'verified'],
    [UNCERTAIN, 'failed'],
  ] as const) {
    const site = enabledSite();
    site.behaviour = (effect) => (effect.kind === 'PowerOn' ? answer : 'obey');
    const { actionId } = site.settle(A, POWER) as { actionId: string };
    t.is(site.view(A, { kind: 'ActionShow', actionId })['status'], status);
    t.is(site.node('a1').state, 'allocated');
    t.is(site.node('a1').power, status === 'verified' ? 'on' : 'off');
  }
});

test('an uncertain power-off by a lessee is settled too, and its node stays in use', (t) => {
  for (const answer of ['obeyAndTimeOut', UNCERTAIN] as const) {
    const site = activeSite();
    site.behaviour = (effect) => (effect.kind === 'PowerOff' ? answer : 'obey');
    const off = { ...POWER, operation: 'off', force: true } as const;
    const { actionId } = site.settle(TENANT, off) as { actionId: string };
    const { status } = site.view(TENANT, { kind: 'ActionShow', actionId });
    t.is(status, answer === UNCERTAIN ? 'failed' : 'verified');
    t.is(site.node('a1').state, 'active');
  }
});

test('a networking action that fails leaves the credential under way alone', (t) => {
  const site = handSite(smallSite({ retryLimit: 0 }));
  site.behaviour = (effect) => (effect.kind === 'ConfigurePort' ? NO_EFFECT : 'obey');
  const at = { nodeId: 'a1', nicId: 'nic0', network: 'net-a', channel: 'vlan/native' };
  site.done(A, { kind: 'NetworkConnect', ...at });
  site.settle(A, ENABLE);
  t.true(site.node('a1').outOfBandEnabled);
  t.is(site.node('a1').intendedGrantee, 'org-a');
  t.is(site.node('a1').bmcGrantee, 'org-a');
});

test('a credential that nobody asked for keeps the node quarantined', (t) => {
  const site = enabledSite();
  site.behaviour = (effect) => (effect.kind === 'PowerOn' ? UNCERTAIN : 'obey');
  site.done(A, POWER);
  site.hardware.get('a1')!.bmcGrantee = 'org-u';
  site.run(MINUTE_MS);
  t.is(site.node('a1').state, 'quarantined');
  t.true(site.isCutOff('a1'));
});

test('out-of-band management that could not be enabled is not enabled', (t) => {
  const site = handSite(smallSite({ retryLimit: 0 }));
  site.behaviour = () => NO_EFFECT;
  site.settle(A, ENABLE);
  t.false(site.node('a1').outOfBandEnabled);
  site.behaviour = () => 'obey';
  t.is(site.refused(A, POWER), 'CONFLICT_BLOCKED');
  site.settle(A, { kind: 'NodeDetach', organisation: 'org-a', nodeId: 'a1' });
});

test('a measured node is switched on by its walk only, and off by its lessee at any time', (t) => {
  const site = activeSite();
  t.is(site.refused(TENANT, POWER), 'CONFLICT_BLOCKED');
  t.is(site.refused(TENANT, { ...POWER, operation: 'cycle' }), 'CONFLICT_BLOCKED');
  site.settle(ORCHESTRATOR, { ...POWER, operation: 'off', force: true });
  t.is(site.hardware.get('a1')!.power, 'off');
  t.is(site.refused(A, POWER), 'NOT_FOUND_NODE', 'the owner has no path to it while it is leased');
});

test('a node of level none is power-cycled by its lessee once it is in the enclave', (t) => {
  const site = startedSite({ owner: 'org-b', nodeIds: ['b1'], securityLevel: 'none' });
  const cycle = { ...POWER, nodeId: 'b1', operation: 'cycle' } as const;
  t.is(site.refused(TENANT, cycle), 'CONFLICT_BLOCKED');
  site.settle(TENANT, { kind: 'EnclaveJoin', leaseId: 'lease-1', nodeId: 'b1' });
  site.settle(TENANT, cycle);
  t.is(site.hardware.get('b1')!.power, 'on');
});

test('a free node is not switched on, not even by an administrator', (t) => {
  const site = new Site(smallSite());
  t.is(site.refused(ADMIN, POWER), 'CONFLICT_BLOCKED');
  t.is(site.refused(ADMIN, ENABLE), 'CONFLICT_BLOCKED');
  site.settle(ADMIN, { kind: 'NodeWithdraw', nodeId: 'a1', state: 'maintenance' });
  site.settle(ADMIN, POWER);
  t.is(site.hardware.get('a1')!.power, 'on');
  site.settle(ADMIN, { kind: 'NodeReturn', nodeId: 'a1' });
  t.is(site.node('a1').state, 'free');
  t.is(site.hardware.get('a1')!.power, 'off');
});

const ORIGIN = 'http://media.example:8080';

test('an image goes into the virtual drive from where the site lets its BMCs fetch, and nowhere else', (t) => {
  const site = handSite(smallSite({ mediaOrigins: [ORIGIN] }));
  site.settle(A, ENABLE);
  const set = (image: string | null) => ({ kind: 'MediaSet', nodeId: 'a1', image }) as const;
  const before = site.deviceEffects('a1').length;
  for (const image of [
    `${ORIGIN}.evil/boot.iso`,
    `${ORIGIN}@evil/boot.iso`,
    ORIGIN,
    'http://169.254.169.254/secrets',
    'file:///etc/shadow',
    `${ORIGIN}/a b`,
    `${ORIGIN}/${'x'.repeat(1_000)}`,
    '',
  ]) {
    t.is(site.refused(A, set(image)), 'INPUT_BAD_ARGUMENT', image);
  }
  t.deepEqual(kindsSince(site, before), []);
  site.settle(A, set(`${ORIGIN}/boot.iso`));
  t.is(site.node('a1').mediaImage, `${ORIGIN}/boot.iso`);
  t.like(site.lastEffect('a1', 'SetMedia'), { image: `${ORIGIN}/boot.iso` });
  site.settle(A, set(null));
  t.is(site.node('a1').mediaImage, null);
  const closed = enabledSite();
  t.is(
    closed.refused(A, set(`${ORIGIN}/boot.iso`)),
    'INPUT_BAD_ARGUMENT',
    'by default from nowhere',
  );
  t.throws(() => new Site(smallSite({ mediaOrigins: [`${ORIGIN}/path`] })), {
    code: 'INPUT_BAD_CONFIGURATION',
  });
});

test('what the next boot uses is known until it was used; no tenant finds what the last one set', (t) => {
  const site = activeSite({}, smallSite({ mediaOrigins: [ORIGIN] }));
  const { nodeId } = POWER;
  site.settle(TENANT, { kind: 'MediaSet', nodeId, image: `${ORIGIN}/boot.iso` });
  site.settle(TENANT, { kind: 'SecureBootSet', nodeId, enabled: true });
  site.settle(TENANT, { kind: 'BootDeviceSet', nodeId, device: 'media' });
  t.like(site.node('a1'), { bootDevice: 'media', secureBoot: true });
  site.runUntil(END_MS + MINUTE_MS);
  t.like(site.node('a1'), { bootDevice: null, mediaImage: null, secureBoot: null, state: 'free' });
  site.done(A, { kind: 'NodeConnect', organisation: 'org-a', nodeId: 'a1' });
  site.settle(A, ENABLE);
  site.settle(A, { kind: 'BootDeviceSet', nodeId, device: 'disk' });
  t.is(site.node('a1').bootDevice, 'disk');
  site.settle(A, POWER);
  t.is(site.node('a1').bootDevice, null, 'the boot has used it up');
});

test('no read-back shows what is in the drive: a change that is uncertain counts as failed', (t) => {
  const site = enabledSite();
  site.behaviour = (effect) => (effect.kind === 'SetMedia' ? UNCERTAIN : 'obey');
  const { actionId } = site.settle(A, { kind: 'MediaSet', nodeId: 'a1', image: null }) as {
    actionId: string;
  };
  const action = site.view(A, { kind: 'ActionShow', actionId });
  t.like(action, { status: 'failed', code: 'DEVICE_UNCERTAIN', type: 'setMedia' });
});

test('a node that its lessee shut down from within is known to be off', (t) => {
  const site = activeSite();
  t.is(site.node('a1').power, 'on');
  site.hardware.get('a1')!.power = 'off';
  site.run(1_000);
  const observation = site.observe('a1');
  const event = { kind: 'NodeObserved', nodeId: 'a1', timeMs: site.nowMs } as const;
  site.event({ ...event, observedAtMs: site.nowMs, observation });
  t.like(site.node('a1'), { power: 'off', intendedPower: 'off', state: 'active' });
});
