import { BareNode, Chassis } from '../../../backends/bmc/emulator/chassis.ts';
import { Faults } from '../../../backends/bmc/emulator/faults.ts';
import { ChassisControl } from '../../../backends/rack/chassis-control.ts';
import test from 'ava';

test('what ipmi_sim asks its program for is done to the node', async (t) => {
  const node = new BareNode();
  const control = new ChassisControl(new Chassis(node, new Faults()));
  const ask = (words: string) => control.answer(words.split(' '));
  t.is(await ask('get power boot'), 'power:0\nboot:none\n');
  await ask('set boot pxe');
  t.is(await ask('get boot'), 'boot:pxe\n');
  await ask('set power 1');
  // ipmitool sends a request again where the answer is late.
  await ask('set power 1');
  t.deepEqual(node.boots, ['Pxe']);
  t.is(await ask('get power boot'), 'power:1\nboot:none\n');
  await ask('set reset 1');
  t.deepEqual(node.boots, ['Pxe', null]);
  await ask('set power 0');
  t.false(node.isOn());
  for (const nonsense of ['', 'set', 'set power', 'get', 'set colour red', 'boot']) {
    t.is(await ask(nonsense), '');
  }
  t.false(node.isOn());
});
