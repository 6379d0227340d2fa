/**
 * The whole walk of a lease with the credentials in a process of their own: real requests to
 * emulated Redfish BMCs, and what happens when that process is killed.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { DevicesProcess, devicesToml, emulatedSwitch, PASSWORD } from '../cli/devices-process.ts';
import { startBmcs, writeDevices } from '../cli/devices-process.ts';
import { temporaryFolder } from '../cli/run.ts';
import { configuration, Service } from '../cli/served-process.ts';

const IS_ROOT = process.getuid!() === 0;

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
