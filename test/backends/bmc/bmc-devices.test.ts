import test from 'ava';
import { BmcDevices } from '../../../backends/bmc/bmc-devices.ts';
import { EmulatedDevices } from '../../../backends/devices/emulated.ts';
import { DeviceLanes } from '../../../backends/devices/lanes.ts';
import type { IsolationDeviceEffect } from '../../../core/allocator/protocol.ts';
import { openEmulated } from './emulated-bmc.ts';

const HEAD = { effectId: 'e', nodeId: 'n1', fencingToken: 1, deadlineMs: 60_000 };
const PORTS = [{ switchId: 's', portId: 'p' }];

test('power and boot device go to the BMC, ports to the others, and a reading has both', async (t) => {
  const place = await openEmulated();
  t.teardown(() => place.close());
  const others = new EmulatedDevices();
  const lanes = new DeviceLanes(new BmcDevices(new Map([['n1', place.bmc]]), others), () => 0);
  const carryOut = (effect: IsolationDeviceEffect) => lanes.carryOut(effect, PORTS, async () => {});
  const attachments = [{ networkId: 101, channel: 'vlan/native' }];
  t.is((await carryOut({ ...HEAD, kind: 'SetBootDevice', device: 'network' })).status, 'ok');
  t.is((await carryOut({ ...HEAD, kind: 'PowerOn', bootCount: 1 })).status, 'ok');
  t.deepEqual(place.node.boots, ['Pxe']);
  const port = { ...HEAD, kind: 'ConfigurePort', ...PORTS[0]!, attachments } as const;
  t.is((await carryOut(port)).status, 'ok');
  t.deepEqual(await carryOut({ ...HEAD, kind: 'ObserveNode' }), {
    status: 'ok',
    value: { power: 'on', bmcGrantee: null, ports: { p: attachments } },
  });
  t.is((await carryOut({ ...HEAD, kind: 'PowerOff', force: true })).status, 'ok');
  t.false(place.node.isOn());
});

test('what the others say about the power does not count, and without the BMC there is no reading', async (t) => {
  const place = await openEmulated();
  t.teardown(() => place.close());
  const others = new EmulatedDevices();
  others.node('n1').power = 'on';
  const devices = new BmcDevices(new Map([['n1', place.bmc]]), others);
  const observe = { ...HEAD, kind: 'ObserveNode' } as const;
  const seen = await devices.carryOut(observe, [], AbortSignal.timeout(30_000));
  t.like(seen, { status: 'ok', value: { power: 'off' } });
  place.emulator.faults.set('hangs', Number.POSITIVE_INFINITY);
  t.is((await devices.carryOut(observe, [], AbortSignal.timeout(300))).status, 'noEffect');
});

test('a node without a BMC is not switched by anybody else', async (t) => {
  const others = new EmulatedDevices();
  const devices = new BmcDevices(new Map(), others);
  const on = { ...HEAD, kind: 'PowerOn', bootCount: 1 } as const;
  t.like(await devices.carryOut(on, [], AbortSignal.timeout(30_000)), { status: 'noEffect' });
  t.is(others.node('n1').power, 'off');
});
