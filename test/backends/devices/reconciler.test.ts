import test from 'ava';
import { wiredPorts } from '../../../backends/runner/isolation.ts';
import { readBack } from '../../../backends/devices/reconciler.ts';
import type { IsolationDeviceEffect } from '../../../core/allocator/protocol.ts';
import { ask, begunLease, LiveSite, rest, START } from '../runner/live-site.ts';
import { A } from '../../allocator/site.ts';

test('a port that was changed behind our back, or a node that was switched on, is quarantined', async (t) => {
  const site = new LiveSite(t);
  const runner = await site.start();
  await runner.submit(ask('c1', A, begunLease()));
  site.clock.set(START + 1);
  await rest();
  const round = () =>
    readBack({
      state: runner.state,
      nowMs: () => site.clock.nowMs(),
      observe: async (effect: IsolationDeviceEffect) =>
        site.devices.obey(effect, wiredPorts(runner.state, effect.nodeId)),
      report: (event) => runner.take(event as never),
    });
  site.clock.set(START + 10);
  t.deepEqual(await round(), [], 'all is as it is meant to be');
  t.is(runner.state.nodes.get('a1')!.state, 'airlock');
  site.devices.node('a1').ports.set('switch-0 a1-0', [{ networkId: 99, channel: 'vlan/native' }]);
  site.devices.node('b2').power = 'on';
  site.clock.set(START + 20);
  t.deepEqual(await round(), ['a1', 'b2']);
  t.is(runner.state.nodes.get('a1')!.trouble, 'DEVICE_DRIFT');
  await rest();
  t.is(site.devices.node('b2').power, 'off', 'it is taken back');
  t.deepEqual(site.devices.node('a1').ports.get('switch-0 a1-0'), []);
});
