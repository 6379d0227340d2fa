/**
 * The isolation service and the process with the credentials, each with a log of its own: two
 * witnesses of what devices were asked, held against the resimulation and against each other.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { DevicesProcess, devicesToml, emulatedSwitch } from '../cli/devices-process.ts';
import { startBmcs, writeDevices } from '../cli/devices-process.ts';
import { runCli, temporaryFolder } from '../cli/run.ts';
import { configuration, Service } from '../cli/served-process.ts';

const LOGS = {
  service: 'effects/isolation.effects.jsonl',
  devices: 'devices.effects.jsonl',
} as const;

test('two witnesses of a walk agree; a command that a driver was sent twice is found', async (t) => {
  const folder = temporaryFolder(t);
  const switches = ['switch-0', 'switch-1'].map(emulatedSwitch);
  writeDevices(folder, devicesToml(await startBmcs(t, ['a1', 'a2', 'b1', 'b2']), switches));
  const more = ['--effects', join(folder, LOGS.devices)];
  const first = await DevicesProcess.start(t, folder, ...more);
  const devices = { driver: 'process', socket: 'devices.sock', readBackSeconds: 1 };
  writeFileSync(join(folder, 'serve.json'), configuration({ devices, effectLogs: 'effects' }));
  const service = await Service.start(t, folder);
  const lease = 'lease create l1 --owner org-a --lessee org-t --node a1 --hours 2';
  await service.run(t, 'a', lease);
  await service.until(t, 'node show a1', 'airlock');
  await first.end('SIGKILL');
  await DevicesProcess.start(t, folder, ...more);
  await service.run(t, 't', 'lease join l1 a1');
  await service.until(t, 'node show a1', 'allocated');
  await service.run(t, 't', 'lease return l1');
  await service.until(t, 'node show a1', 'free');
  t.is(await service.end('SIGTERM'), 0);

  const resimulate = () => {
    const line = ['journal', 'resimulate', 'sqlite:store.db', '--effects', LOGS.service];
    return runCli([...line, '--devices', LOGS.devices, '--json'], { workingDirectory: folder });
  };
  const { stdout, stderr } = await resimulate();
  const { findings, counts } = JSON.parse(stdout) as { findings: unknown; counts: object };
  t.log(JSON.stringify(counts));
  t.deepEqual(findings, [], stderr);

  const path = join(folder, LOGS.devices);
  const lines = readFileSync(path, 'utf8').split('\n');
  const rotation = lines.find((line) => line.includes('"RotateBmcToken"'))!;
  writeFileSync(path, [...lines.slice(0, -1), rotation, ''].join('\n'));
  const planted = await resimulate();
  t.is(planted.exitCode, 1);
  t.regex(planted.stderr, /RotateBmcToken a1#\d+ reached BMC of a1 once more/);
});
