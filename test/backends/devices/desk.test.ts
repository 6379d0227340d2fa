/** The socket between the isolation service and the process that has the credentials. */
import test from 'ava';
import { nothing } from '../../../backends/devices/failure.ts';
import { LONGEST_LINE_BYTES, uptimeMs } from '../../../backends/devices/messages.ts';
import { clientOf, codeOf, folderOf, openDesk, PORTS, powerOff } from './desk-place.ts';
import { say, SECRET, until } from './desk-place.ts';

const never = () => AbortSignal.timeout(60_000);

test('an effect goes to the device, and its outcome comes back', async (t) => {
  const { path, devices } = await openDesk(t, folderOf(t));
  const client = clientOf(t, path);
  const head = {
    nodeId: 'a1',
    fencingToken: 1,
    deadlineMs: Math.floor(performance.now()) + 60_000,
  };
  const on = { ...head, effectId: 'on', kind: 'PowerOn', bootCount: 1 } as const;
  t.is(codeOf(await client.carryOut(on, PORTS, never())), 'ok');
  t.is(devices.emulated.node('a1').power, 'on');
  const look = { ...head, effectId: 'look', kind: 'ObserveNode' } as const;
  t.deepEqual(await client.carryOut(look, PORTS, never()), {
    status: 'ok',
    value: { power: 'on', bmcGrantee: null, ports: { p: [] } },
  });
});

test('a process that dies in the middle leaves what was sent uncertain, and is found again', async (t) => {
  const folder = folderOf(t);
  const first = await openDesk(t, folder);
  first.devices.isHeld = true;
  const client = clientOf(t, first.path);
  const held = client.carryOut(powerOff('held'), PORTS, never());
  await until(() => first.devices.begun.length === 1);
  await first.stop();
  t.is(codeOf(await held), 'uncertain DEVICE_PROCESS_GONE');
  const between = client.carryOut(powerOff('between'), PORTS, AbortSignal.timeout(150));
  t.is(codeOf(await between), 'noEffect DEVICE_UNREACHABLE');
  const waiting = client.carryOut(powerOff('waiting'), PORTS, never());
  const second = await openDesk(t, folder);
  t.is(codeOf(await waiting), 'ok', 'it was not sent before there was a process');
  t.deepEqual(second.devices.begun, ['waiting']);
});

test('an earlier leader is refused, what it has begun is ended, and a new process knows it too', async (t) => {
  const folder = folderOf(t);
  const place = await openDesk(t, folder);
  const [first, second] = [clientOf(t, place.path, 1), clientOf(t, place.path, 2)];
  place.devices.isHeld = true;
  const begun = first.carryOut(powerOff('begun'), PORTS, never());
  await until(() => place.devices.begun.length === 1);
  const queued = first.carryOut(powerOff('queued'), PORTS, never());
  const taken = second.carryOut(powerOff('taken', { nodeId: 'a2' }), PORTS, never());
  t.is(codeOf(await begun), 'uncertain DEVICE_UNCONFIRMED');
  t.is(codeOf(await queued), 'noEffect DEVICE_FENCED');
  place.devices.isHeld = false;
  t.is(codeOf(await first.carryOut(powerOff('stale'), PORTS, never())), 'noEffect DEVICE_FENCED');
  t.deepEqual(place.claims, [1, 2], 'switches are told of each new leader');
  t.deepEqual(place.devices.begun, ['begun', 'taken']);
  await place.stop();
  await taken;
  const again = await openDesk(t, folder);
  t.deepEqual(again.claims, [2]);
  const late = clientOf(t, again.path, 1).carryOut(powerOff('late'), PORTS, never());
  t.is(codeOf(await late), 'noEffect DEVICE_FENCED');
  t.deepEqual(again.devices.begun, []);
});

test('a token that is behind is refused, also by a process that has not seen the larger one', async (t) => {
  const folder = folderOf(t);
  const place = await openDesk(t, folder);
  const seen = powerOff('seen', { fencingToken: 7 });
  t.is(codeOf(await clientOf(t, place.path).carryOut(seen, PORTS, never())), 'ok');
  await place.stop();
  const again = await openDesk(t, folder);
  const client = clientOf(t, again.path);
  const behind = powerOff('behind', { fencingToken: 6 });
  t.is(codeOf(await client.carryOut(behind, PORTS, never())), 'noEffect DEVICE_FENCED');
  const other = powerOff('other', { nodeId: 'a2' });
  t.is(codeOf(await client.carryOut(other, PORTS, never())), 'ok');
});

test('a larger token ends what a smaller one has begun', async (t) => {
  const { path, devices } = await openDesk(t, folderOf(t));
  const client = clientOf(t, path);
  devices.isHeld = true;
  const begun = client.carryOut(powerOff('begun'), PORTS, never());
  await until(() => devices.begun.length === 1);
  const next = client.carryOut(powerOff('next', { fencingToken: 2 }), PORTS, never());
  t.is(codeOf(await begun), 'uncertain DEVICE_UNCONFIRMED');
  devices.isHeld = false;
  await until(() => devices.begun.includes('next'));
  client.close();
  await next;
});

test('a command that is late is not begun, and one that nobody waits for is ended', async (t) => {
  const { path, devices } = await openDesk(t, folderOf(t));
  const client = clientOf(t, path);
  const late = powerOff('late', { inMs: -1 });
  t.is(codeOf(await client.carryOut(late, PORTS, never())), 'noEffect DEVICE_LATE');
  t.deepEqual(devices.begun, []);
  devices.isHeld = true;
  const cancelled = client.carryOut(powerOff('cancelled'), PORTS, AbortSignal.timeout(60));
  t.is(codeOf(await cancelled), 'uncertain DEVICE_UNCONFIRMED');
  const short = client.carryOut(powerOff('short', { inMs: 60 }), PORTS, never());
  t.is(codeOf(await short), 'uncertain DEVICE_UNCONFIRMED');
});

test('what is no message of the protocol ends the connection and does nothing', async (t) => {
  const { path, devices, log } = await openDesk(t, folderOf(t));
  const hello = { kind: 'hello', epoch: 1 };
  const effect = powerOff('e');
  const good = { kind: 'carryOut', call: 1, epoch: 1, deadlineUptimeMs: uptimeMs() + 1e4, effect };
  const bad: (string | object)[] = [
    'not json\n',
    'x'.repeat(LONGEST_LINE_BYTES + 2),
    { kind: 'readCredentials', nodeId: 'a1' },
    { ...good, ports: PORTS, password: 'x' },
    { ...good, ports: [{ switchId: 's', portId: 'p', address: '10.0.0.1' }] },
    { ...good, ports: Array.from({ length: 65 }, () => PORTS[0]) },
    { ...good, ports: PORTS, effect: { ...effect, kind: 'Shell', command: 'reboot' } },
    { ...good, ports: PORTS, effect: { ...effect, nodeId: 'a1\nb' } },
    { ...good, ports: PORTS, epoch: -1 },
    { kind: 'hello', epoch: '1' },
  ];
  for (const line of bad) {
    t.regex(await say(path, hello, line), /"refused","code":"DEVICE_PROTOCOL"/);
  }
  t.regex(await say(path, { ...good, ports: PORTS }), /has to be hello/);
  const twice = { ...good, ports: PORTS };
  devices.isHeld = true;
  t.regex(await say(path, hello, twice, twice), /used twice/);
  t.true(log.every((line) => JSON.parse(line) !== null));
  t.true(devices.begun.length <= 1);
});

test('no secret leaves with an error, however a device or a driver repeats it', async (t) => {
  const { path, devices, log } = await openDesk(t, folderOf(t));
  const client = clientOf(t, path);
  const basic = Buffer.from(`${SECRET.user}:${SECRET.password}`).toString('base64');
  const said: string[] = [];
  for (const message of [
    `no: ${SECRET.password}`,
    `got ${basic}`,
    encodeURIComponent(SECRET.password),
  ]) {
    devices.fails = nothing('DEVICE_REFUSED', message);
    said.push(JSON.stringify(await client.carryOut(powerOff(message), PORTS, never())));
  }
  devices.fails = new Error(`cannot log in as ${SECRET.user} with ${SECRET.password}`);
  const thrown = await client.carryOut(powerOff('thrown'), PORTS, never());
  t.is(codeOf(thrown), 'uncertain DEVICE_DRIVER_FAILED');
  said.push(JSON.stringify(thrown), ...log);
  t.true(said.length > 7);
  for (const text of said) {
    t.false(/correct.horse|Y29ycmVjdC/.test(text), text);
    t.false(text.includes(basic.slice(0, 20)), text);
  }
});

test('where nobody listens nothing has happened', async (t) => {
  const client = clientOf(t, `${folderOf(t)}/nothing.sock`);
  const sent = client.carryOut(powerOff('e'), PORTS, AbortSignal.timeout(250));
  t.is(codeOf(await sent), 'noEffect DEVICE_UNREACHABLE');
});
