/** Clients of others, unmodified, drive a leased node through its lease's Redfish service. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { PASSWORD } from '../cli/devices-process.ts';
import { Service } from '../cli/served-process.ts';
import { LeasedPlace, macAddress, type Credential } from './support/leased-place.ts';

const run = promisify(execFile);
const RUN_MS = 60_000;
const ORIGIN = 'http://127.0.0.1';
/** Debian's own Python: another one does not see Debian's packages. */
const PYTHON = '/usr/bin/python3';
const WALK = fileURLToPath(new URL('support/sushy-walk.py', import.meta.url));

const hostOf = (place: LeasedPlace) => new URL(place.service.url).host;

function redfishtool(
  place: LeasedPlace,
  { userName, password }: Credential,
  authentication: 'Basic' | 'Session',
  ...command: readonly string[]
): Promise<{ stdout: string }> {
  const target = ['-r', hostOf(place), '-u', userName, '-p', password, '-S', 'Never', '-n'];
  return run('redfishtool', [...target, '-A', authentication, 'Systems', ...command], {
    timeout: RUN_MS,
  });
}

for (const authentication of ['Basic', 'Session'] as const) {
  test.serial(`redfishtool drives a leased node: ${authentication}`, async (t) => {
    const place = await LeasedPlace.open(t, ORIGIN);
    const own = await place.credential(t, 'l1', 'a1');
    const ask = (...command: string[]) => redfishtool(place, own, authentication, ...command);
    t.regex((await ask('list')).stdout, /\/redfish\/v1\/Systems\/a1/);
    const powerState = async () =>
      (JSON.parse((await ask('-1', 'get')).stdout) as { PowerState: string }).PowerState;
    t.is(await powerState(), 'Off');
    await ask('-1', 'setBootOverride', 'Once', 'Pxe');
    await ask('-1', 'reset', 'On');
    t.is(await powerState(), 'On');
    t.deepEqual(place.boots('a1'), ['Pxe']);
    await ask('-1', 'reset', 'ForceOff');
    t.is(await powerState(), 'Off');
    t.deepEqual(place.boots('a2'), [], 'the other node has not been touched');
    await place.service.run(t, 't', 'lease return l1');
    const refused = await ask('-1', 'reset', 'On').catch((error: { stdout?: string }) => error);
    t.true(refused instanceof Error, 'the credential is void');
    await place.service.until(t, 'node show a1', 'free');
    t.deepEqual(place.boots('a1'), ['Pxe']);
    t.is(await place.service.end('SIGTERM'), 0);
  });
}

test.serial('sushy drives a leased node, also after the service was killed', async (t) => {
  const place = await LeasedPlace.open(t, ORIGIN);
  const own = await place.credential(t, 'l1', 'a1');
  const walk = async () => {
    const env = {
      ...{ BMC_USER: own.userName, BMC_PASSWORD: own.password, BMC_NODE: 'a1' },
      PATH: process.env['PATH'] ?? '',
    };
    const ran = await run(PYTHON, [WALK, place.service.url], { timeout: RUN_MS, env });
    return JSON.parse(ran.stdout) as unknown;
  };
  const seen = ['Off', 'Pxe', 'On', `${ORIGIN}/boot.iso`, false, [macAddress('a1')], 16, 'Off'];
  t.deepEqual(await walk(), seen);
  await place.service.end('SIGKILL');
  place.service = await Service.start(t, place.folder);
  t.deepEqual(await place.credential(t, 'l1', 'a1'), own);
  t.deepEqual(await walk(), seen);
  t.deepEqual(place.boots('a1'), ['Pxe', 'Pxe']);
  const { chassis, belongings } = place.bmcs.get('a1')!;
  const asked = async (line: string) => {
    const { actionId } = await place.service.run(t, 't', line);
    for (let status = 'applying'; status !== 'done';) {
      const action = await place.service.run(t, 't', `node action ${String(actionId)}`);
      status = String(action['status']);
      t.not(status, 'failed', line);
    }
  };
  await asked(`node insert a1 ${ORIGIN}/rescue.iso`);
  t.is(chassis.image, `${ORIGIN}/rescue.iso`);
  await asked('node boot a1 media');
  t.is(chassis.boot.target, 'Cd');
  await asked('node eject a1');
  t.is(chassis.image, null);
  await asked('node secure-boot a1 on');
  t.true(belongings.secureBoot);
  const refused = await place.service.cli('t', 'node insert a1 http://10.0.0.1/x.iso');
  t.regex(refused.stderr, /^INPUT_BAD_ARGUMENT: /);
  t.regex((await place.service.cli('t', 'node secure-boot a1 maybe')).stderr, /^INPUT_BAD_/);
  t.false(JSON.stringify(own).includes(PASSWORD), 'it is no credential of the BMC');
  t.is(await place.service.end('SIGTERM'), 0);
});
