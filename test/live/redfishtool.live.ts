/** DMTF's own client, unmodified, against the emulated BMC: it must be what others take for one. */
import { execFile } from 'node:child_process';
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
