import test from 'ava';
import type { IsolationDeviceEffect, NodeObservation } from '../../../core/allocator/protocol.ts';
import type { Quote } from '../../../core/attester/protocol.ts';
import { defaultCalibration } from '../../../sim/hardware/calibration/calibration.ts';
import type { HardwareEffect } from '../../../sim/hardware/effects.ts';
import { NO_FAILURES } from '../../../sim/hardware/failures.ts';
import { SimulatedHardware } from '../../../sim/hardware/hardware.ts';
import type { HardwareOptions } from '../../../sim/hardware/hardware.ts';

const DEADLINE_MS = 1_000_000_000;

function hardware(options: Partial<HardwareOptions> = {}, profile = 'r630'): SimulatedHardware {
  const made = new SimulatedHardware({
    calibration: defaultCalibration(),
    storageProfile: profile,
    mode: 'deterministic',
    seed: 1,
    replication: 0,
    ...options,
  });
  for (const nodeId of ['a', 'b', '__proto__']) {
    made.addNode({
      nodeId,
      profile,
      firmware: 'uefi',
      endorsementKeyHash: `ek-${nodeId}`,
      ports: [
        { switchId: 'switch', portId: `${nodeId}-0` },
        { switchId: 'switch', portId: `${nodeId}-1` },
      ],
    });
  }
  made.storage.addImage('image', 'snapshot');
  return made;
}

type Body<E> = E extends unknown ? Omit<E, 'effectId' | 'fencingToken' | 'deadlineMs'> : never;

function device(fencingToken: number, body: Body<IsolationDeviceEffect>): HardwareEffect {
  return { ...body, effectId: 'effect', fencingToken, deadlineMs: DEADLINE_MS } as HardwareEffect;
}

const powerOn = (token: number, bootCount: number, nodeId = 'a') =>
  device(token, { kind: 'PowerOn', nodeId, bootCount });
const powerOff = (token: number, nodeId = 'a') =>
  device(token, { kind: 'PowerOff', nodeId, force: true });
const observe = (token: number, nodeId = 'a') => device(token, { kind: 'ObserveNode', nodeId });
const port = (token: number, networks: readonly number[], nodeId = 'a', nic = 0) =>
  device(token, {
    kind: 'ConfigurePort',
    nodeId,
    switchId: 'switch',
    portId: `${nodeId}-${nic}`,
    attachments: networks.map((networkId) => ({ networkId, channel: 'vlan/native' })),
  });

test('a device ignores a smaller fencing token than it has seen, and says so', (t) => {
  const made = hardware();
  t.is(made.apply(powerOn(5, 1), 0).status, 'ok');
  const stale = made.apply(powerOff(4), 1);
  t.is(stale.status, 'noEffect');
  t.is(stale.status === 'noEffect' && stale.error.code, 'DEVICE_FENCED');
  t.is(made.node('a')!.power, 'on');
  t.is(made.apply(powerOff(5), 2).status, 'ok');
  t.is(made.apply(port(5, [7]), 3).status, 'ok');
  t.is(made.apply(port(4, []), 4).status, 'noEffect');
  t.deepEqual([...made.segments.nodesOn(7)], ['a']);
});

test('what has answered a read-back obeys no older effect any more', (t) => {
  const made = hardware();
  made.apply(observe(9), 0);
  t.is(made.apply(powerOn(8, 1), 1).status, 'noEffect');
  t.is(made.apply(port(8, [7], 'a', 1), 1).status, 'noEffect');
  t.is(made.apply(powerOn(9, 1), 2).status, 'ok');
});

test('planted fault: devices without fencing obey whatever arrives last', (t) => {
  const made = hardware({ fencing: false });
  made.apply(port(5, []), 0);
  t.is(made.apply(port(4, [7]), 1).status, 'ok');
  t.deepEqual([...made.segments.nodesOn(7)], ['a']);
});

test('a read-back shows power, every port and whose the credential is', (t) => {
  const made = hardware();
  made.apply(powerOn(1, 1), 0);
  made.apply(port(1, [3]), 0);
  made.apply(device(1, { kind: 'RotateBmcToken', nodeId: 'a', grantee: 'tenant' }), 0);
  const outcome = made.apply(observe(1), 0);
  t.is(outcome.status, 'ok');
  const value = (outcome as { value: NodeObservation }).value;
  t.is(value.power, 'on');
  t.is(value.bmcGrantee, 'tenant');
  t.deepEqual(Object.keys(value.ports), ['a-0', 'a-1']);
  t.deepEqual(value.ports['a-0'], [{ networkId: 3, channel: 'vlan/native' }]);
  t.deepEqual(value.ports['a-1'], []);
});

test('nodes share a segment exactly while both have a port in it', (t) => {
  const made = hardware();
  made.apply(port(1, [3, 4]), 0);
  made.apply(port(1, [3], 'a', 1), 0);
  made.apply(port(1, [4], 'b'), 0);
  t.true(made.segments.share('a', 'b'));
  t.deepEqual(
    [...made.segments.occupied()],
    [
      [3, ['a']],
      [4, ['a', 'b']],
    ],
  );
  made.apply(port(2, [3]), 1);
  t.false(made.segments.share('a', 'b'));
  made.apply(port(2, []), 2);
  t.deepEqual([...made.segments.nodesOn(3)], ['a'], 'its other port is still there');
  made.apply(port(2, [], 'a', 1), 3);
  t.deepEqual([...made.segments.occupied()], [[4, ['b']]]);
});

test('a boot that nobody asked for keeps the boot’s number but not the TPM’s counter', (t) => {
  const made = hardware();
  made.apply(powerOn(1, 6), 0);
  const request = {
    kind: 'RequestQuote',
    effectId: 'quote',
    leaseId: 'lease',
    nodeId: 'a',
    nonce: 'f00d',
    deadlineMs: DEADLINE_MS,
  } as const;
  const quote = () => (made.apply(request, 1) as { value: Quote }).value;
  const before = quote();
  t.is(before.bootCount, 6);
  t.is(before.endorsementKeyHash, 'ek-a');
  made.powerCycle('a', 10);
  const after = quote();
  t.is(after.bootCount, 6);
  t.is(after.resetCount, before.resetCount + 1);
  t.is(made.dueMs(request, 20), 21 - 1 + 730, 'a second quote of one boot is quick');
  made.powerCycle('a', 30);
  t.is(made.dueMs(request, 40), 30 + 232_000, 'the first of a boot waits for firmware and client');
  made.apply(powerOff(1), 50);
  t.is(made.apply(request, 60).status, 'noEffect');
});

test('a tenant’s system boots only from a disk that is exposed to the node for its lease', (t) => {
  const made = hardware();
  let sequence = 0;
  const storage = (body: object) =>
    made.apply(
      { ...body, effectId: 'e', sequence: ++sequence, deadlineMs: DEADLINE_MS } as HardwareEffect,
      0,
    ).status;
  const boot = (leaseId: string) =>
    storage({
      kind: 'BootNode',
      nodeId: 'a',
      leaseId,
      fencingToken: 1,
      method: 'diskless',
      securityLevel: 'none',
      fromAttestedFirmware: false,
    });
  made.apply(powerOn(1, 1), 0);
  t.is(boot('lease'), 'noEffect');
  const clone = { kind: 'CloneImage', imageId: 'image', snapshotId: 'snapshot', diskId: 'disk' };
  t.is(storage({ ...clone, snapshotId: 'another' }), 'noEffect');
  t.is(storage(clone), 'ok');
  t.is(storage({ kind: 'ExposeDisk', diskId: 'disk', nodeId: 'a', leaseId: 'lease' }), 'ok');
  t.is(boot('another'), 'noEffect');
  t.is(boot('lease'), 'ok');
  t.is(made.node('a')!.residueLease, 'lease');
  t.is(storage({ kind: 'DestroyDisk', diskId: 'disk' }), 'noEffect', 'it is exposed');
  t.is(storage({ kind: 'HideDisk', diskId: 'disk' }), 'ok');
  t.is(storage({ kind: 'DestroyDisk', diskId: 'disk' }), 'ok');
  sequence -= 3;
  t.is(storage(clone), 'noEffect', 'a late copy of the clone finds newer effects');
  t.is(made.storage.images.get('image')!.damages, 0);
  made.apply(device(1, { kind: 'WipeNode', nodeId: 'a' }), 5);
  t.is(made.node('a')!.residueLease, null);
  t.is(made.node('a')!.power, 'off');
});

test('a service that exposes the golden image itself is seen to have damaged it', (t) => {
  const made = hardware();
  made.apply(powerOn(1, 1), 0);
  const common = { effectId: 'e', sequence: 1, deadlineMs: DEADLINE_MS, nodeId: 'a' };
  made.apply(
    { ...common, kind: 'ExposeDisk', diskId: 'image', leaseId: 'lease', fencingToken: 1 },
    0,
  );
  made.apply(
    {
      ...common,
      kind: 'BootNode',
      leaseId: 'lease',
      fencingToken: 1,
      method: 'diskless',
      securityLevel: 'none',
      fromAttestedFirmware: false,
    },
    0,
  );
  t.is(made.storage.images.get('image')!.damages, 1);
});

test('what takes longer than its deadline is reported as unknown at the deadline', (t) => {
  const made = hardware();
  const effect = { ...device(1, { kind: 'WipeNode', nodeId: 'a' }), deadlineMs: 60_000 };
  const { completesAtMs, outcome } = made.perform(effect, 1_000);
  t.is(completesAtMs, 60_000);
  t.is(outcome.status, 'uncertain');
});

test('failures come at the configured rates, and off means none', (t) => {
  const bmc = { noEffect: 0.1, uncertainApplied: 0.05, uncertainNotApplied: 0.05 };
  const rates = { ...NO_FAILURES, bmc };
  const made = hardware({ failureRates: rates });
  const counts = { ok: 0, noEffect: 0, uncertain: 0 };
  let applied = 0;
  for (let i = 1; i <= 20_000; i++) {
    const grantee = `tenant-${i}`;
    const effect = device(1, { kind: 'RotateBmcToken', nodeId: 'a', grantee });
    const { outcome } = made.perform(effect, i);
    counts[outcome.status] += 1;
    if (outcome.status === 'uncertain' && made.node('a')!.bmcGrantee === grantee) applied += 1;
  }
  t.true(Math.abs(counts.noEffect / 20_000 - 0.1) < 0.01);
  t.true(Math.abs(counts.uncertain / 20_000 - 0.1) < 0.01);
  t.true(Math.abs(applied / counts.uncertain - 0.5) < 0.05);
  t.is(made.perform(port(1, [3]), 0).outcome.status, 'ok', 'switches do not fail here');
  const reliable = hardware();
  for (let i = 1; i <= 1_000; i++) {
    t.is(reliable.perform(powerOff(1), i).outcome.status, 'ok');
  }
});

test('nodes break after the configured mean time, and then neither boot nor wipe', (t) => {
  const rates = { ...NO_FAILURES, nodeMeanTimeBetweenFailuresHours: 100 };
  const made = hardware({ failureRates: rates });
  let total = 0;
  for (let i = 0; i < 4_000; i++) total += made.nextFailureMs('a', 0);
  t.true(Math.abs(total / 4_000 / 3_600_000 / 100 - 1) < 0.05);
  t.is(hardware().nextFailureMs('a', 0), Infinity);
  made.failNode('a');
  t.is(made.apply(powerOn(1, 1), 0).status, 'noEffect');
  t.is(made.apply(device(1, { kind: 'WipeNode', nodeId: 'a' }), 0).status, 'noEffect');
  t.is(made.apply(port(1, []), 0).status, 'ok');
  made.repairNode('a');
  t.is(made.apply(powerOn(1, 1), 0).status, 'ok');
});

test('hostile names are names like any other', (t) => {
  const made = hardware();
  t.is(made.apply(powerOn(1, 1, '__proto__'), 0).status, 'ok');
  t.is(made.apply(port(1, [3], '__proto__'), 0).status, 'ok');
  t.is(made.node('__proto__')!.power, 'on');
  t.is(made.apply(powerOn(1, 1, 'constructor'), 0).status, 'noEffect');
});

test('one effect costs a few microseconds at most, even where the machine is busy', (t) => {
  const made = hardware();
  const effects = [powerOff(1), port(1, [2]), powerOn(1, 1), port(1, []), observe(1)];
  const round = (times: number) => {
    for (let i = 0; i < times; i++) for (const effect of effects) made.perform(effect, i);
  };
  round(20_000);
  const before = process.cpuUsage();
  round(40_000);
  const { user, system } = process.cpuUsage(before);
  const microseconds = (user + system) / (40_000 * effects.length);
  t.log(`${microseconds.toFixed(2)} µs per effect`);
  t.true(microseconds < 5);
});
