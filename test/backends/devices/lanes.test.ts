import test from 'ava';
import type { Devices } from '../../../backends/devices/devices.ts';
import { EmulatedDevices } from '../../../backends/devices/emulated.ts';
import { DeviceLanes } from '../../../backends/devices/lanes.ts';
import type { IsolationDeviceEffect } from '../../../core/allocator/protocol.ts';
import { ok, type Outcome } from '../../../core/kernel/service.ts';

const PORTS = ['switch-0', 'switch-1'].map((switchId) => ({ switchId, portId: 'p' }));
const inCharge = async () => {};

/** Devices that answer when they are told to. */
class SlowDevices implements Devices {
  readonly begun: string[] = [];
  readonly #open = new Map<string, (outcome: Outcome<unknown>) => void>();

  carryOut(effect: IsolationDeviceEffect): Promise<Outcome<unknown>> {
    this.begun.push(effect.effectId);
    return new Promise((resolve) => this.#open.set(effect.effectId, resolve));
  }

  async finish(effectId: string): Promise<void> {
    this.#open.get(effectId)!(ok);
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function effect(
  effectId: string,
  kind: 'PowerOff' | 'ObserveNode' | 'ConfigurePort',
  given: Partial<{
    nodeId: string;
    fencingToken: number;
    deadlineMs: number;
    switchId: string;
  }> = {},
): IsolationDeviceEffect {
  const header = { effectId, nodeId: 'a1', fencingToken: 1, deadlineMs: 1_000, ...given };
  const port = { switchId: given.switchId ?? 'switch-0', portId: 'p', attachments: [] };
  if (kind === 'ConfigurePort') return { ...header, ...port, kind };
  return kind === 'PowerOff' ? { ...header, kind, force: true } : { ...header, kind };
}

function code(outcome: Outcome<unknown>): string {
  return outcome.status === 'ok' ? 'ok' : `${outcome.status} ${outcome.error.code}`;
}

test('one thing at a time on a device, and a hung one holds up no other', async (t) => {
  const devices = new SlowDevices();
  const lanes = new DeviceLanes(devices, () => 0);
  const send = (id: string, switchId: string, nodeId: string) =>
    lanes.carryOut(effect(id, 'ConfigurePort', { switchId, nodeId }), PORTS, inCharge);
  void send('hangs', 'switch-0', 'a1');
  void send('waits', 'switch-0', 'a2');
  void send('passes', 'switch-1', 'a3');
  void lanes.carryOut(effect('bmc', 'PowerOff', { nodeId: 'a1' }), PORTS, inCharge);
  await settled();
  t.deepEqual(devices.begun.sort(), ['bmc', 'hangs', 'passes']);
  await devices.finish('hangs');
  t.true(devices.begun.includes('waits'));
  for (const id of ['waits', 'passes', 'bmc']) await devices.finish(id);
  t.is(lanes.size, 0, 'nothing is kept of lanes that are empty');
});

test('a read-back waits for all that is being done to its node', async (t) => {
  const devices = new SlowDevices();
  const lanes = new DeviceLanes(devices, () => 0);
  void lanes.carryOut(effect('port', 'ConfigurePort', { switchId: 'switch-1' }), PORTS, inCharge);
  void lanes.carryOut(effect('off', 'PowerOff'), PORTS, inCharge);
  await settled();
  void lanes.carryOut(effect('look', 'ObserveNode', { fencingToken: 2 }), PORTS, inCharge);
  await settled();
  t.deepEqual(devices.begun.sort(), ['off', 'port']);
  await devices.finish('off');
  t.false(devices.begun.includes('look'));
  await devices.finish('port');
  t.true(devices.begun.includes('look'));
});

test('a reading that hangs in its BMC holds up no switch, and no reading of another node', async (t) => {
  const devices = new SlowDevices();
  const lanes = new DeviceLanes(devices, () => 0);
  void lanes.carryOut(effect('hangs', 'ObserveNode', { nodeId: 'a1' }), PORTS, inCharge);
  await settled();
  void lanes.carryOut(effect('other', 'ObserveNode', { nodeId: 'a2' }), PORTS, inCharge);
  void lanes.carryOut(effect('port', 'ConfigurePort', { nodeId: 'a3' }), PORTS, inCharge);
  void lanes.carryOut(effect('off', 'PowerOff', { nodeId: 'a1' }), PORTS, inCharge);
  await settled();
  t.deepEqual(devices.begun.sort(), ['hangs', 'other', 'port']);
  for (const id of ['hangs', 'other', 'port', 'off']) await devices.finish(id);
  t.is(lanes.size, 0);
});

test('what is behind its node’s token is never begun', async (t) => {
  const devices = new SlowDevices();
  const lanes = new DeviceLanes(devices, () => 0);
  void lanes.carryOut(effect('running', 'PowerOff'), PORTS, inCharge);
  await settled();
  const waiting = lanes.carryOut(effect('waiting', 'PowerOff'), PORTS, inCharge);
  void lanes.carryOut(effect('look', 'ObserveNode', { fencingToken: 2 }), PORTS, inCharge);
  await settled();
  await devices.finish('running');
  t.is(code(await waiting), 'noEffect DEVICE_FENCED');
  await settled();
  t.deepEqual(devices.begun, ['running', 'look']);
});

test('what waited beyond its deadline, or has no one in charge behind it, is never begun', async (t) => {
  const devices = new EmulatedDevices();
  let nowMs = 0;
  const lanes = new DeviceLanes(devices, () => nowMs);
  nowMs = 1_000;
  t.is(
    code(await lanes.carryOut(effect('late', 'PowerOff'), PORTS, inCharge)),
    'noEffect DEVICE_LATE',
  );
  nowMs = 0;
  const deposed = async () => {
    throw new Error('another process is in charge');
  };
  await t.throwsAsync(lanes.carryOut(effect('old', 'PowerOff'), PORTS, deposed), {
    message: /in charge/,
  });
  t.is(devices.nodes.size, 0, 'no device was touched');
  t.is(code(await lanes.carryOut(effect('good', 'PowerOff'), PORTS, inCharge)), 'ok');
});

test('emulated hardware obeys no smaller token, and shows every port that it is asked for', async (t) => {
  const devices = new EmulatedDevices();
  const attachments = [{ networkId: 7, channel: 'vlan/native' }];
  const connect = { ...effect('a', 'ConfigurePort', { fencingToken: 2 }), attachments };
  t.is(code(devices.obey(connect as IsolationDeviceEffect, PORTS)), 'ok');
  t.is(code(devices.obey(effect('b', 'ConfigurePort'), PORTS)), 'noEffect DEVICE_FENCED');
  t.deepEqual(devices.obey(effect('c', 'ObserveNode', { fencingToken: 2 }), [PORTS[0]!]), {
    status: 'ok',
    value: { power: 'off', bmcGrantee: null, ports: { p: attachments } },
  });
});
