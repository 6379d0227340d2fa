import test from 'ava';
import type { BmcFault } from '../../../../backends/bmc/emulator/faults.ts';
import { SYSTEM } from '../../../../backends/bmc/emulator/resources.ts';
import { bmcContract } from '../../../contract/bmc-contract.ts';
import { CREDENTIALS, openEmulated, QUICK, REDFISH_KIND } from '../emulated-bmc.ts';

bmcContract(REDFISH_KIND, test);

const FOREVER = Number.POSITIVE_INFINITY;

for (const [fault, times] of [
  ['sessionEnds', 1],
  ['wrongEtag', FOREVER],
  ['noSessions', FOREVER],
  ['sessionsTaken', 2],
  ['powersSlowly', 3],
  ['unavailable', 2],
  ['needsMode', FOREVER],
  ['refusesMode', FOREVER],
  ['needsSettings', FOREVER],
  ['tasks', FOREVER],
  ['failedTasks', 1],
  ['noGracefulShutdown', FOREVER],
  ['refusesNone', FOREVER],
  ['lostReply', 3],
] as const satisfies readonly (readonly [BmcFault, number])[]) {
  test(`a BMC of this kind is driven all the same: ${fault}`, async (t) => {
    const place = await openEmulated();
    t.teardown(() => place.close());
    place.emulator.faults.set(fault, times);
    t.is((await place.bmc.setBootDevice('network')).status, 'ok');
    t.is((await place.bmc.powerOn()).status, 'ok');
    t.is((await place.bmc.powerOff(false)).status, 'ok');
    t.is((await place.bmc.setBootDevice('disk')).status, 'ok');
    t.is((await place.bmc.setBootDevice('none')).status, 'ok');
    t.is((await place.bmc.powerCycle()).status, 'ok');
    t.deepEqual(place.node.boots, ['Pxe', null]);
    t.true(place.node.isOn());
  });
}

test('a way of setting the boot device that worked is the first one next time', async (t) => {
  const place = await openEmulated();
  t.teardown(() => place.close());
  place.emulator.faults.set('needsMode', FOREVER);
  const patches = () => place.emulator.requests.filter((one) => one === `PATCH ${SYSTEM}`).length;
  await place.bmc.setBootDevice('network');
  t.is(patches(), 2);
  await place.bmc.setBootDevice('disk');
  t.is(patches(), 3);
});

test('a network boot is called what the BMC is said to call it', async (t) => {
  const place = await openEmulated(undefined, { networkTarget: 'UefiHttp' });
  t.teardown(() => place.close());
  t.is((await place.bmc.setBootDevice('network')).status, 'ok');
  t.is(place.emulator.chassis.boot.target, 'UefiHttp');
});

test('a BMC that shows a boot device and ignores it is found out by nobody here', async (t) => {
  const place = await openEmulated();
  t.teardown(() => place.close());
  place.emulator.faults.set('ignoresBoot', 1);
  t.is((await place.bmc.setBootDevice('network')).status, 'ok');
  t.is((await place.bmc.powerOn()).status, 'ok');
  t.deepEqual(place.node.boots, [null]);
});

test('a session is ended when the driver is closed, and not one is opened for each request', async (t) => {
  const place = await openEmulated();
  t.teardown(() => place.emulator.close());
  await place.bmc.powerCycle();
  t.is(place.emulator.sessions.size, 1);
  await place.bmc.close();
  t.is(place.emulator.sessions.size, 0);
});

test('wrong credentials are a refusal, and no request is made with them again and again', async (t) => {
  const place = await openEmulated(undefined, {
    credentials: { ...CREDENTIALS, password: 'another' },
  });
  t.teardown(() => place.close());
  const outcome = await place.bmc.powerOn();
  t.is(outcome.status === 'ok' ? 'ok' : outcome.error.code, 'DEVICE_DENIED');
  t.true(place.emulator.requests.length < 6, place.emulator.requests.join(' '));
  t.notRegex(JSON.stringify(outcome), /another/);
});

test('a BMC whose system is not the only one is not guessed at', async (t) => {
  const place = await openEmulated(undefined, { systemId: '2' });
  t.teardown(() => place.close());
  const outcome = await place.bmc.powerOn();
  t.is(outcome.status === 'ok' ? 'ok' : outcome.error.code, 'DEVICE_UNSUPPORTED');
});

test('a BMC that is not there is no success, and nothing has happened', async (t) => {
  const place = await openEmulated();
  await place.emulator.close();
  const outcome = await place.bmc.powerOff(true, AbortSignal.timeout(200));
  t.is(outcome.status, 'noEffect');
  await place.bmc.close();
});

test('an image in the virtual drive is seen there, and gone when it was taken out', async (t) => {
  const place = await openEmulated();
  t.teardown(() => place.close());
  place.emulator.faults.set('lostReply', 1);
  t.is((await place.bmc.setMedia('http://10.0.0.1/boot.iso')).status, 'ok');
  t.is(place.emulator.chassis.image, 'http://10.0.0.1/boot.iso');
  t.is((await place.bmc.setMedia(null)).status, 'ok');
  t.is(place.emulator.chassis.image, null);
});

test('the inventory has what the BMC says', async (t) => {
  const place = await openEmulated();
  t.teardown(() => place.close());
  t.deepEqual(await place.bmc.inventory(), {
    status: 'ok',
    value: {
      manufacturer: 'Open Cloud eXchange',
      model: 'emulated node',
      serialNumber: 'N-1',
      processorThreads: 2,
      memoryMib: 512,
      macAddresses: ['52:54:00:00:00:01'],
    },
  });
});

test('a node that is just powering on is asked to shut down, not cut off', async (t) => {
  const place = await openEmulated(undefined, {}, { ...QUICK, softOffMs: 30_000 });
  t.teardown(() => place.close());
  await place.bmc.powerOn();
  place.emulator.faults.set('powersSlowly', 1);
  t.is((await place.bmc.powerOff(false)).status, 'ok');
  t.deepEqual(place.emulator.resets, ['On', 'GracefulShutdown']);
});

test('a node whose operating system does not stop is switched off after a while', async (t) => {
  const place = await openEmulated();
  t.teardown(() => place.close());
  await place.bmc.powerOn();
  place.emulator.faults.set('dropped', 1);
  t.is((await place.bmc.powerOff(false)).status, 'ok');
  t.deepEqual(place.emulator.resets, ['On', 'GracefulShutdown', 'ForceOff']);
});

test('secure boot is switched on and off, seen, and reset with the firmware', async (t) => {
  const place = await openEmulated();
  t.teardown(() => place.close());
  const { belongings, faults } = place.emulator;
  t.is((await place.bmc.setSecureBoot(true)).status, 'ok');
  t.true(belongings.secureBoot);
  faults.set('lostReply', 1);
  t.is((await place.bmc.setSecureBoot(false)).status, 'ok', 'seen, though the answer was lost');
  t.false(belongings.secureBoot);
  await place.bmc.setSecureBoot(true);
  t.is((await place.bmc.resetFirmware()).status, 'ok');
  t.false(belongings.secureBoot);
});
