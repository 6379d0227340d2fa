/**
 * The whole walk of a lease with the credentials in a process of their own: real requests to
 * emulated Redfish BMCs, and what happens when that process is killed.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { DeviceProcess } from '../../backends/devices/process.ts';
import { until } from '../backends/devices/desk-place.ts';
import { DevicesProcess, devicesToml, emulatedSwitch, PASSWORD } from '../cli/devices-process.ts';
import { startBmcs, writeDevices } from '../cli/devices-process.ts';
import { temporaryFolder } from '../cli/run.ts';
import { configuration, Service, TOKENS, type Who } from '../cli/served-process.ts';

const IS_ROOT = process.getuid!() === 0;

const SERIAL = 'serial.sock';

/** A serial port that answers what is typed. */
async function serialPort(t: ExecutionContext, path: string): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('login: ');
    socket.on('data', (chunk) => socket.write(`<${String(chunk)}>`));
  }).listen(path);
  await once(server, 'listening');
  chmodSync(path, 0o777);
  t.teardown(() => server.close());
}

test('the lessee has the console of its node over the API, nobody else has, and it ends with the lease', async (t) => {
  const folder = temporaryFolder(t);
  chmodSync(folder, 0o755);
  const bmcs = await startBmcs(t, ['a1']);
  await serialPort(t, join(folder, SERIAL));
  const more = `console = "unix:${join(folder, SERIAL)}"`;
  const switches = ['switch-0', 'switch-1'].map(emulatedSwitch);
  writeDevices(folder, devicesToml(bmcs, switches, more));
  await DevicesProcess.start(t, folder);
  const serve = { driver: 'process', socket: 'devices.sock' };
  writeFileSync(join(folder, 'serve.json'), configuration({ devices: serve }));
  const service = await Service.start(t, folder);
  const call = (
    who: Who,
    method: string,
    body?: string,
    contentType = 'application/octet-stream',
  ) =>
    fetch(`${service.url}/v1/nodes/a1/console`, {
      method,
      headers: { authorization: `Bearer ${TOKENS[who].token}`, 'content-type': contentType },
      ...(body === undefined ? {} : { body }),
    });
  t.is((await call('t', 'GET')).status, 404, 'before the lease');
  await service.run(t, 'a', 'lease create l1 --owner org-a --lessee org-t --node a1 --hours 2');
  await service.until(t, 'node show a1', 'airlock');
  for (const who of ['a', 'admin'] as const) t.is((await call(who, 'GET')).status, 404, who);
  t.is((await call('t', 'POST', 'too early')).status, 409);
  const console = await call('t', 'GET');
  t.is(console.status, 200);
  let heard = '';
  const ended = (async () => {
    for await (const chunk of console.body!) heard += Buffer.from(chunk).toString();
  })().catch(() => {});
  t.is((await call('t', 'POST', 'uname -a')).status, 204);
  t.is((await call('a', 'POST', 'reboot')).status, 404);
  t.is((await call('t', 'POST', '{}', 'application/json')).status, 415);
  t.is((await call('t', 'POST', 'x'.repeat(5000))).status, 413);
  await until(() => heard.includes('<uname -a>'));
  t.false(heard.includes('reboot'));
  await service.run(t, 't', 'lease return l1');
  await ended;
  t.is((await call('t', 'GET')).status, 404, 'after the lease');
  await service.until(t, 'node show a1', 'free');
});

test('a command that reaches the process late, because it was stopped, is not begun', async (t) => {
  const folder = temporaryFolder(t);
  const bmcs = await startBmcs(t, ['a1']);
  writeDevices(folder, devicesToml(bmcs, []));
  const devices = await DevicesProcess.start(t, folder);
  const client = new DeviceProcess({
    socket: join(folder, 'devices.sock'),
    epoch: async () => 1,
    nowMs: Date.now,
  });
  t.teardown(() => client.close());
  const never = AbortSignal.timeout(60_000);
  const node = { nodeId: 'a1', fencingToken: 1 };
  const head = { ...node, kind: 'PowerOn', bootCount: 1 } as const;
  const inMs = (ms: number) => Date.now() + ms;
  const first = { ...head, effectId: 'first', deadlineMs: inMs(20_000) };
  t.like(await client.carryOut(first, [], never), { status: 'ok' });
  const off = { ...node, kind: 'PowerOff', force: true, effectId: 'off' } as const;
  t.like(await client.carryOut({ ...off, deadlineMs: inMs(20_000) }, [], never), { status: 'ok' });
  devices.child.kill('SIGSTOP');
  const late = client.carryOut({ ...head, effectId: 'late', deadlineMs: inMs(500) }, [], never);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  devices.child.kill('SIGCONT');
  t.like(await late, { status: 'noEffect', error: { code: 'DEVICE_LATE' } });
  t.false(await bmcs.get('a1')!.chassis.node.isOn());
  t.is(bmcs.get('a1')!.resets.filter((type) => type === 'On').length, 1);
});

test('a lease is carried out by the process of the devices, and its secrets are nowhere else', async (t) => {
  const folder = temporaryFolder(t);
  chmodSync(folder, 0o755);
  const bmcs = await startBmcs(t, ['a1']);
  const { belongings, chassis } = bmcs.get('a1')!;
  const site = JSON.parse(configuration()).site as { switches: { switchId: string }[] };
  const switches = site.switches.map(({ switchId }) => emulatedSwitch(switchId));
  writeDevices(folder, devicesToml(bmcs, switches));
  const drop = IS_ROOT ? ['--user', 'nobody', '--group', 'daemon'] : [];
  const devices = await DevicesProcess.start(t, folder, ...drop);
  t.not(devices.uid, 0, 'it is not root');
  const serve = { driver: 'process', socket: 'devices.sock', readBackSeconds: 1 };
  writeFileSync(join(folder, 'serve.json'), configuration({ devices: serve }));
  const service = await Service.start(t, folder);
  await service.run(t, 'a', 'lease create l1 --owner org-a --lessee org-t --node a1 --hours 2');
  await service.until(t, 'node show a1', 'airlock');
  belongings.accounts.set('x', { userName: 'left', password: 'left', isEnabled: true });
  await service.until(t, 'node show a1', 'quarantined');
  t.is(await devices.end('SIGKILL'), null);
  const again = await DevicesProcess.start(t, folder, ...drop);
  await service.run(t, 't', 'lease return l1');
  await service.until(t, 'node show a1', 'free');
  t.is(belongings.accounts.size, 1, 'what was left is gone');
  t.is(await chassis.node.isOn(), false);
  const shown = await service.run(t, 'admin', 'node show a1');
  t.like(shown, { evidence: { memoryScrubbed: true, disksErased: true, bmcReset: true } });
  t.is(await service.end('SIGTERM'), 0);
  t.is(await again.end('SIGTERM'), 0);
  const holders = spawnSync('grep', ['-rl', PASSWORD, folder], { encoding: 'utf8' });
  t.is(holders.stdout.trim(), join(folder, 'devices.toml'));
  t.false(`${devices.said}${again.said}`.includes(PASSWORD));
  t.regex(again.said, /"event":"command","effect":"WipeNode"/);
});
