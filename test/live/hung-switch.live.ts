/** A switch that hangs holds up its own ports and nobody else's. */
import test from 'ava';
import { DeviceLanes } from '../../backends/devices/lanes.ts';
import type { Devices } from '../../backends/devices/devices.ts';
import { ConfirmedSwitch, SWITCH_TIMINGS } from '../../backends/switches/confirmed-switch.ts';
import { FilteredBridge } from '../../backends/switches/linux-bridge/filtered-bridge.ts';
import { localHost } from '../../backends/switches/linux-bridge/host.ts';
import { OpenVswitch } from '../../backends/switches/openvswitch/openvswitch.ts';
import type { SwitchDriver } from '../../backends/switches/protocol.ts';
import type { Outcome } from '../../core/kernel/service.ts';
import { BRIDGE, PrivateOpenVswitch } from './support/openvswitch.ts';
import { Wires } from './support/wires.ts';

const HELD_MS = 1000;
const DEADLINE_MS = 4000;

test('a hung switch holds up nobody else, and its own calls end at their deadline', async (t) => {
  const wires = await Wires.lay('ocxh', ['n1', 'n2']);
  t.teardown(() => wires.remove());
  const ovs = await PrivateOpenVswitch.start(wires.switchNamespace);
  t.teardown(() => ovs.remove());
  const hung = new OpenVswitch({ address: { path: ovs.socket }, bridge: BRIDGE });
  const other = new FilteredBridge(localHost(wires.switchNamespace), 'ocx0');
  const drivers: Record<string, SwitchDriver> = {
    hung: new ConfirmedSwitch(hung),
    other: new ConfirmedSwitch(other, { ...SWITCH_TIMINGS, pollMs: 20 }),
  };
  const devices: Devices = {
    carryOut: async (effect, _, signal) =>
      effect.kind === 'ConfigurePort'
        ? drivers[effect.switchId]!.configurePort(effect.portId, effect.attachments, signal)
        : Promise.reject(new Error('only ports are asked for')),
  };
  const lanes = new DeviceLanes(devices, () => Math.round(performance.now()));
  let effects = 0;
  const configure = async (switchId: string, portId: string, networkId: number | null) => {
    const begin = performance.now();
    const outcome: Outcome<unknown> = await lanes.carryOut(
      {
        kind: 'ConfigurePort',
        effectId: `e${effects++}`,
        nodeId: portId,
        fencingToken: 1,
        deadlineMs: Math.round(begin) + DEADLINE_MS,
        switchId,
        portId,
        attachments: networkId === null ? [] : [{ networkId, channel: 'vlan/native' }],
      },
      [],
      async () => {},
    );
    return { status: outcome.status, tookMs: performance.now() - begin };
  };

  t.is((await configure('hung', 'n1', 101)).status, 'ok', 'it works before');
  const rounds = async () => {
    let longestMs = 0;
    for (let turn = 0; turn < 8; turn++) {
      const { status, tookMs } = await configure('other', 'n2', turn % 2 === 0 ? 101 : null);
      t.is(status, 'ok');
      longestMs = Math.max(longestMs, tookMs);
    }
    return longestMs;
  };
  const usualMs = await rounds();
  ovs.database.kill('SIGSTOP');
  const held = [configure('hung', 'n1', 102), configure('hung', 'n1', 103)];
  const longestMs = await rounds();
  t.true(longestMs - usualMs < HELD_MS, `${longestMs} ms, not ${usualMs} ms`);
  t.log(`other switch: ${Math.round(longestMs)} ms at most, ${Math.round(usualMs)} ms before`);
  for (const { status, tookMs } of await Promise.all(held)) {
    t.not(status, 'ok');
    t.true(tookMs < DEADLINE_MS + HELD_MS, `${tookMs} ms`);
  }
  ovs.database.kill('SIGCONT');
  t.is((await configure('hung', 'n1', 104)).status, 'ok', 'and it works after');
  for (const driver of Object.values(drivers)) await driver.close();
});
