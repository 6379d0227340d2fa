import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { Bmc } from '../../../../backends/bmc/bmc.ts';
import { Ipmi } from '../../../../backends/bmc/ipmi/ipmi.ts';
import { Ipmitool } from '../../../../backends/bmc/ipmi/ipmitool.ts';
import type { IpmiOptions } from '../../../../backends/bmc/ipmi/ipmitool.ts';
import { bmcContract } from '../../../contract/bmc-contract.ts';
import type { BmcKind } from '../../../contract/bmc-contract.ts';
import { CREDENTIALS, QUICK, REDFISH_KIND } from '../emulated-bmc.ts';
import { ChassisFolder } from './chassis-folder.ts';

const ADDRESS = { host: '127.0.0.1', allowedHosts: ['127.0.0.1'], ...CREDENTIALS };
const LONG_MS = 60_000;

const IPMI_KIND: BmcKind = {
  name: 'IPMI',
  faults: REDFISH_KIND.faults,
  hasMedia: false,
  open: async (between = (protocol) => protocol) => {
    const folder = new ChassisFolder('ipmitool.sh');
    const program = join(folder.path, 'ipmitool.sh');
    const bmc = new Bmc(between(new Ipmi({ ...ADDRESS, program, runMs: 800 })), QUICK);
    return {
      bmc,
      patienceMs: 2500,
      isOn: async () => folder.isOn(),
      boots: async () => folder.boots(),
      powerRequests: async () => folder.lines('asked').length,
      inject: async (fault, times) => folder.inject(fault, times),
      close: async () => {
        await bmc.close();
        folder.remove();
      },
    };
  },
};

bmcContract(IPMI_KIND, test);

/** A run of a script in place of ipmitool. */
function tool(t: ExecutionContext, script: string, options: Partial<IpmiOptions> = {}): Ipmitool {
  const folder = new ChassisFolder('ipmitool.sh');
  t.teardown(() => folder.remove());
  const program = join(folder.path, 'script.sh');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  return new Ipmitool({ ...ADDRESS, program, ...options });
}

const never = () => AbortSignal.timeout(LONG_MS);

test('the password is in the environment and in no argument; nothing else of ours is there', async (t) => {
  process.env['OCX_TEST_SECRET'] = 'of another kind';
  const ran = await tool(t, 'echo "$@"; env').run(['chassis', 'status; reboot'], never());
  t.is(ran.status, 'ok');
  const [line = '', ...environment] = ran.status === 'ok' ? ran.value.trim().split('\n') : [];
  t.true(line.startsWith('-I lanplus -H 127.0.0.1 -p 623 -U admin -E -C 17 '), line);
  t.true(line.endsWith('chassis status; reboot'), line);
  t.false(line.includes(CREDENTIALS.password));
  t.true(environment.includes(`IPMI_PASSWORD=${CREDENTIALS.password}`));
  const names = environment.map((one) => one.split('=')[0]!);
  const own = names.filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name));
  t.deepEqual(own.sort(), ['IPMI_PASSWORD', 'LANG', 'LC_ALL', 'PATH']);
});

test('a program that prints without end, hangs, fails or is missing is no success', async (t) => {
  const flood = await tool(t, 'while :; do echo "$*"; done').run([], never());
  t.like(flood, { status: 'uncertain', error: { code: 'DEVICE_BAD_ANSWER' } });
  const begin = performance.now();
  const hung = await tool(t, 'sleep 30 & wait', { runMs: 200 }).run([], never());
  t.like(hung, { status: 'uncertain', error: { code: 'DEVICE_LATE' } });
  t.true(performance.now() - begin < 10_000);
  const missing = await new Ipmitool({ ...ADDRESS, program: 'no-such-program' }).run([], never());
  t.like(missing, { status: 'noEffect', error: { code: 'DEVICE_UNSUPPORTED' } });
  const late = await tool(t, 'echo').run([], AbortSignal.abort());
  t.like(late, { status: 'noEffect', error: { code: 'DEVICE_LATE' } });
});

for (const [complaint, status, code] of [
  ['Error: Unable to establish IPMI v2 / RMCP+ session', 'noEffect', 'DEVICE_UNREACHABLE'],
  ['Address lookup for x failed', 'noEffect', 'DEVICE_UNREACHABLE'],
  ['x: Insufficient privilege level', 'noEffect', 'DEVICE_DENIED'],
  [
    "Error requesting SOL parameter 'Set In Progress (0)': Invalid command",
    'noEffect',
    'DEVICE_UNSUPPORTED',
  ],
  ['x: Command not supported in present state', 'noEffect', 'DEVICE_REFUSED'],
  [' Device not present (Invalid data field in request)', 'noEffect', 'DEVICE_REFUSED'],
  ['Close Session command failed', 'uncertain', 'DEVICE_BROKEN'],
  ['first line\nsecond \u001b[31m line', 'uncertain', 'DEVICE_BROKEN'],
  ['', 'uncertain', 'DEVICE_BROKEN'],
] as const) {
  test(`a complaint of ipmitool is understood: ${JSON.stringify(complaint)}`, async (t) => {
    const ran = await tool(t, `cat >&2 <<'END'\n${complaint}\nEND\nexit 1`).run([], never());
    t.like(ran, { status, error: { code } });
    t.regex(ran.status === 'ok' ? '' : ran.error.message, /^[^\p{C}]+$/u);
  });
}

for (const [what, change] of [
  ['a host that is not allowed', { host: '10.0.0.6' }],
  ['a host that is an option', { host: '-v', allowedHosts: ['-v'] }],
  ['a port that is none', { port: 0 }],
  ['a user that is too long', { userName: 'x'.repeat(17) }],
  ['a user with a space', { userName: 'a b' }],
  ['a password that is too long', { password: 'x'.repeat(21) }],
  ['a password with a zero byte', { password: 'x\0' }],
] as const) {
  test(`an address of IPMI is refused: ${what}`, (t) => {
    t.throws(() => new Ipmitool({ ...ADDRESS, ...change }), { code: 'INPUT_BMC_ADDRESS' });
  });
}
