/** A command line by SSH: the system's client, a real server, an emulated switch behind it. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { CliSwitch } from '../../backends/switches/cli/cli-switch.ts';
import { NXOS } from '../../backends/switches/cli/nxos.ts';
import { sshDial } from '../../backends/switches/cli/ssh.ts';
import type { SshOptions } from '../../backends/switches/cli/ssh.ts';
import { ConfirmedSwitch, SWITCH_TIMINGS } from '../../backends/switches/confirmed-switch.ts';
import { freePort } from './support/free-port.ts';
import { run } from './support/wires.ts';

const EMULATOR = new URL('./support/nxos-on-stdio.ts', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'ocx-ssh-'));
let server: ChildProcess;
let options: SshOptions;

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const came = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return came;
}

test.before(async () => {
  const port = await freePort();
  for (const name of ['host', 'user', 'stranger']) {
    run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name));
  }
  const key = (name: string) => readFileSync(join(folder, `${name}.pub`), 'utf8').trim();
  writeFileSync(join(folder, 'authorized'), `${key('user')}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'known'), `[127.0.0.1]:${port} ${key('host')}\n`);
  writeFileSync(join(folder, 'others'), `[127.0.0.1]:${port} ${key('stranger')}\n`);
  writeFileSync(
    join(folder, 'config'),
    [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${join(folder, 'host')}`,
      `AuthorizedKeysFile ${join(folder, 'authorized')}`,
      `PidFile ${join(folder, 'pid')}`,
      'PasswordAuthentication no',
      'PermitRootLogin prohibit-password',
      'UsePAM no',
      'StrictModes no',
      `ForceCommand ${process.execPath} ${EMULATOR}`,
      '',
    ].join('\n'),
  );
  if (!existsSync('/run/sshd')) mkdirSync('/run/sshd', { mode: 0o755 });
  server = spawn('/usr/sbin/sshd', ['-D', '-f', join(folder, 'config'), '-E', join(folder, 'log')]);
  for (let turn = 0; turn < 200 && !(await isListening(port)); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { username } = userInfo();
  const files = { keyFile: join(folder, 'user'), knownHostsFile: join(folder, 'known') };
  options = { host: '127.0.0.1', port, user: username, ...files };
});

test.after.always(async () => {
  const gone = once(server, 'exit');
  server.kill('SIGTERM');
  await gone;
  rmSync(folder, { recursive: true, force: true });
});

function soon(): AbortSignal {
  return AbortSignal.timeout(20_000);
}

test('ports are set and read back by SSH, with pages, over a terminal that comes and goes', async (t) => {
  const dialect = new CliSwitch(NXOS, sshDial(options));
  const driver = new ConfirmedSwitch(dialect, SWITCH_TIMINGS);
  const wanted = [
    { networkId: 103, channel: 'vlan/native' },
    { networkId: 104, channel: 'vlan/104' },
  ];
  t.is((await driver.configurePort('Ethernet1/1', wanted, soon())).status, 'ok');
  t.deepEqual(await driver.readPort('Ethernet1/1', soon()), { status: 'ok', value: wanted });
  t.deepEqual(await driver.readPort('Ethernet1/2', soon()), { status: 'ok', value: [] });
  t.is((await driver.configurePort('Ethernet1/1', [], soon())).status, 'ok');
  await driver.close();
});

test('another host, another key and a port without a server are no connection', async (t) => {
  for (const wrong of [
    { knownHostsFile: join(folder, 'others') },
    { keyFile: join(folder, 'stranger') },
    { port: await freePort() },
  ]) {
    const dialect = new CliSwitch(NXOS, sshDial({ ...options, ...wrong }));
    const seen = await dialect.read('Ethernet1/1', soon());
    const code = seen.status === 'ok' ? 'ok' : `${seen.status} ${seen.error.code}`;
    t.is(code, 'noEffect DEVICE_UNREACHABLE');
    await dialect.close();
  }
});

test('addresses that are options or files that are none are turned down at once', (t) => {
  for (const wrong of [
    { host: '-oProxyCommand=x' },
    { user: '-x' },
    { keyFile: 'key' },
    { port: 1.5 },
  ]) {
    t.throws(() => sshDial({ ...options, ...wrong }), { code: 'INPUT_SWITCH_ADDRESS' });
  }
});
