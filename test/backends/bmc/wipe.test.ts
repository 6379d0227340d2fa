/** What a wipe shows of a node behind a Redfish BMC, and what it must not claim. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { wipeNode } from '../../../backends/bmc/wipe.ts';
import type { WipePlan } from '../../../backends/bmc/wipe.ts';
import type { BmcFault } from '../../../backends/bmc/emulator/faults.ts';
import { openEmulated } from './emulated-bmc.ts';

const PLAN: WipePlan = { offMs: 40, keptAccounts: [], drives: 'erase', firmware: 'reset' };
const FOREVER = 1_000_000;
const COMPLETE = { memoryScrubbed: true, disksErased: true, bmcReset: true };

async function used(t: ExecutionContext) {
  const place = await openEmulated();
  t.teardown(() => place.close());
  const { belongings, chassis } = place.emulator;
  await place.bmc.powerOn();
  await place.bmc.setBootDevice('network');
  await place.bmc.setMedia('http://127.0.0.1/left.iso');
  belongings.accounts.set('left', { userName: 'left', password: 'left', isEnabled: true });
  const wipe = (plan: Partial<WipePlan> = {}, forMs = 20_000) =>
    wipeNode(place.bmc, { ...PLAN, ...plan }, AbortSignal.timeout(forMs));
  return { ...place, belongings, chassis, wipe };
}

test('everything that was left is gone, and the evidence says so', async (t) => {
  const { wipe, node, belongings, chassis } = await used(t);
  t.deepEqual(await wipe(), { status: 'ok', value: COMPLETE });
  t.false(node.isOn());
  t.deepEqual([...belongings.accounts.keys()], ['1']);
  t.is(chassis.image, null);
  t.is(chassis.boot.enabled, 'Disabled');
  t.is(node.drivesErased, 1);
  t.true(node.firmwareResets >= 1);
});

for (const fault of ['lostReply', 'tasks', 'hangs', 'sessionEnds', 'unavailable'] as const) {
  test(`a BMC with the fault ${fault} is wiped all the same`, async (t) => {
    const { wipe, emulator, belongings } = await used(t);
    emulator.faults.set(fault, fault === 'sessionEnds' ? 1 : 2);
    t.deepEqual(await wipe(), { status: 'ok', value: COMPLETE });
    t.is(belongings.accounts.size, 1);
  });
}

test('an account that cannot be deleted is switched off', async (t) => {
  const { wipe, emulator, belongings } = await used(t);
  emulator.faults.set('fixedAccounts', FOREVER);
  t.deepEqual(await wipe(), { status: 'ok', value: COMPLETE });
  t.false(belongings.admits('left', 'left'));
});

test('an account that the operator keeps stays, and no other', async (t) => {
  const { wipe, belongings } = await used(t);
  belongings.accounts.set('monitor', { userName: 'monitor', password: 'm', isEnabled: true });
  t.deepEqual(await wipe({ keptAccounts: ['monitor'] }), { status: 'ok', value: COMPLETE });
  t.deepEqual([...belongings.accounts.keys()], ['1', 'monitor']);
});

test('what a BMC did not do is never evidence', async (t) => {
  const cases: [BmcFault, 'uncertain' | 'noEffect'][] = [
    ['keepsAccounts', 'uncertain'],
    ['eraseFails', 'uncertain'],
    ['eraseHangs', 'uncertain'],
    ['forgetsBoot', 'uncertain'],
  ];
  await Promise.all(
    cases.map(async ([fault, expected]) => {
      const { wipe, emulator } = await used(t);
      emulator.faults.set(fault, FOREVER);
      t.is((await wipe({}, 1_500)).status, expected, fault);
    }),
  );
});

test('a BMC that refuses to delete an account and to switch it off gives no evidence of a reset', async (t) => {
  const { wipe, emulator, bmc } = await used(t);
  await bmc.setMedia(null);
  await bmc.setBootDevice('none');
  await bmc.powerOff(true);
  emulator.faults.set('refuses', FOREVER);
  t.like(await wipe({ drives: 'none' }), { status: 'ok', value: { bmcReset: false } });
});

test('a node that is switched on while its memory has to forget gives no evidence of that', async (t) => {
  const { wipe, node } = await used(t);
  const wiped = wipe({ offMs: 400, drives: 'none', firmware: 'fixed' });
  const watch = setInterval(() => {
    if (node.boots.length === 1 && !node.isOn()) setTimeout(() => node.switchOn(null), 200);
    if (node.boots.length > 1 || !node.isOn()) clearInterval(watch);
  }, 5);
  t.like(await wiped, { status: 'ok', value: { memoryScrubbed: false } });
});

test('a node without drives is shown to have none; a BMC that shows none can prove nothing', async (t) => {
  const { wipe, node, emulator } = await used(t);
  Object.defineProperty(node, 'eraseDrives', { value: undefined });
  t.deepEqual(await wipe(), { status: 'ok', value: COMPLETE });
  const show = emulator.belongings.show.bind(emulator.belongings);
  emulator.belongings.show = (path) => (path.endsWith('/Storage/0') ? {} : show(path));
  t.like(await wipe(), { status: 'ok', value: { disksErased: false } });
});
