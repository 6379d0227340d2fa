/** The clients of others, unmodified, against the emulated BMC: it must be what they take for one. */
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { CREDENTIALS, openEmulated } from '../backends/bmc/emulated-bmc.ts';
import type { EmulatedPlace } from '../backends/bmc/emulated-bmc.ts';
import { missingProgram } from './support/ipmi-sim.ts';

const run = promisify(execFile);
const RUN_MS = 30_000;

async function client(
  place: EmulatedPlace,
  authentication: 'Basic' | 'Session',
  ...command: readonly string[]
): Promise<string> {
  const { userName, password } = CREDENTIALS;
  const target = ['-r', place.emulator.host, '-u', userName, '-p', password, '-S', 'Never', '-n'];
  const all = [...target, '-A', authentication, ...command];
  return (await run('redfishtool', all, { timeout: RUN_MS })).stdout;
}

async function walk(t: ExecutionContext, authentication: 'Basic' | 'Session'): Promise<void> {
  const place = await openEmulated();
  t.teardown(() => place.close());
  const ask = (...command: string[]) => client(place, authentication, 'Systems', ...command);
  t.regex(await ask('list'), /\/redfish\/v1\/Systems\/1/);
  t.is(JSON.parse(await ask('-1', 'get'))['PowerState'], 'Off');
  await ask('-1', 'setBootOverride', 'Once', 'Pxe');
  await ask('-1', 'reset', 'On');
  t.deepEqual(place.node.boots, ['Pxe']);
  place.emulator.faults.set('tasks', 1);
  await ask('-1', 'reset', 'ForceOff');
  t.false(place.node.isOn());
  t.is(JSON.parse(await ask('-1', 'get'))['PowerState'], 'Off');
  t.is(place.emulator.sessions.size, 0, 'sessions are ended');
}

if (missingProgram('redfishtool') === null) {
  test.serial('redfishtool drives the emulated BMC with basic authentication', (t) =>
    walk(t, 'Basic'),
  );
  test.serial('redfishtool drives the emulated BMC with sessions', (t) => walk(t, 'Session'));
} else {
  test.skip('redfishtool is not installed (apt-get install redfishtool)', () => undefined);
}

/** Debian's own Python: another one does not see Debian's packages. */
const PYTHON = '/usr/bin/python3';
const WALK = fileURLToPath(new URL('support/sushy-walk.py', import.meta.url));

if (spawnSync(PYTHON, ['-c', 'import sushy'], { timeout: RUN_MS }).status === 0) {
  test.serial('sushy, the client of Ironic, drives the emulated BMC', async (t) => {
    const place = await openEmulated();
    t.teardown(() => place.close());
    const env = { BMC_PASSWORD: CREDENTIALS.password, PATH: process.env['PATH'] ?? '' };
    const ran = await run(PYTHON, [WALK, place.emulator.url], { timeout: RUN_MS, env });
    t.deepEqual(JSON.parse(ran.stdout), [
      'Off',
      'Pxe',
      'On',
      'http://127.0.0.1/boot.iso',
      false,
      ['52:54:00:00:00:01'],
      2,
      'Off',
    ]);
    t.deepEqual(place.node.boots, ['Pxe']);
    t.is(place.emulator.sessions.size, 0, 'the session is ended');
  });
} else {
  test.skip('sushy is not installed (apt-get install python3-sushy)', () => undefined);
}
