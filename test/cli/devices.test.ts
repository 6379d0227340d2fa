/** The process with the credentials, as its own user, and the isolation service as another. */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { DevicesProcess, devicesToml, PASSWORD } from './devices-process.ts';
import { startBmcs, writeDevices } from './devices-process.ts';
import { runCli, temporaryFolder } from './run.ts';

/** Users that every Debian and every other Linux has. */
const [DEVICES_USER, API_USER] = ['nobody', { name: 'daemon', uid: 1, gid: 1 }] as const;
const OUTSIDER = { uid: 2, gid: 2 };
const IS_ROOT = process.getuid!() === 0;

function openFolder(t: ExecutionContext): string {
  const folder = temporaryFolder(t);
  chmodSync(folder, 0o755);
  return folder;
}

/** What a program says when another user runs it. */
function as(user: { uid: number; gid: number }, program: string, ...parameters: string[]) {
  const { uid, gid } = user;
  const ran = spawnSync(program, parameters, { uid, gid, encoding: 'utf8', cwd: '/' });
  return { status: ran.status, said: `${ran.stdout}${ran.stderr}` };
}

/** Exit code 0 where the socket lets this user in. */
const KNOCK = `require('node:net').connect(process.argv[1])
  .on('connect', () => process.exit(0)).on('error', () => process.exit(1))`;

(IS_ROOT ? test : test.skip)(
  'the user of the API cannot read credentials: not the file, not the process; it can send commands',
  async (t) => {
    const folder = openFolder(t);
    writeDevices(folder, devicesToml(await startBmcs(t, ['a1']), []));
    const parameters = ['--user', DEVICES_USER, '--group', API_USER.name];
    const { child, uid } = await DevicesProcess.start(t, folder, ...parameters);
    const { pid } = child;
    t.is(uid, 65_534);
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    t.regex(status, /^Uid:\t65534\t65534\t65534\t65534$/m);
    t.regex(status, /^CapEff:\t0+$/m);
    t.regex(status, /^Groups:\t65534 $/m, 'none of the groups of root');
    for (const reader of [API_USER, OUTSIDER, { uid: 65_534, gid: 65_534 }]) {
      for (const path of [
        join(folder, 'devices.toml'),
        `/proc/${pid}/environ`,
        `/proc/${pid}/mem`,
      ]) {
        const { status: code, said } = as(reader, 'head', '-c', '1', path);
        t.not(code, 0, `${reader.uid} reads ${path}`);
        t.regex(said, /Permission denied|Operation not permitted/);
      }
    }
    t.not(as(API_USER, 'cat', `${folder}/devices.toml.state/custody.jsonl`).status, 0);
    const socket = join(folder, 'devices.sock');
    t.is(statSync(socket).mode & 0o777, 0o660);
    t.is(as(API_USER, process.execPath, '-e', KNOCK, socket).status, 0);
    t.is(as(OUTSIDER, process.execPath, '-e', KNOCK, socket).status, 1);
    const cannot = as(
      { uid: 65_534, gid: 65_534 },
      'head',
      '-c',
      '1',
      join(folder, 'devices.toml'),
    );
    t.not(cannot.status, 0, 'even its own user cannot read root’s file again');
  },
);

test('a file of credentials that others may read is refused', async (t) => {
  const folder = temporaryFolder(t);
  for (const mode of [0o604, 0o640, 0o620, 0o601]) {
    writeDevices(folder, '', 0o600);
    chmodSync(join(folder, 'devices.toml'), mode);
    const { exitCode, stderr } = await start(folder);
    t.is(exitCode, 2);
    t.regex(stderr, /^INPUT_DEVICES_EXPOSED: /);
  }
});

const start = (folder: string, ...more: string[]) =>
  runCli(['devices', '--config', 'devices.toml', '--socket', 's.sock', ...more], {
    workingDirectory: folder,
  });

test('what is wrong with the credentials is told without them', async (t) => {
  const folder = temporaryFolder(t);
  const entry = (more: string) => `[[bmcs]]
nodeId = "n1"
protocol = "redfish"
address = "http://127.0.0.1:1"
user = "u"
password = "${PASSWORD}"
${more}`;
  const cases: [string, RegExp][] = [
    [`${entry('')}password = "${PASSWORD}`, /^INPUT_DEVICES_SYNTAX: .*devices\.toml:/],
    [entry(`passwort = "${PASSWORD}"`), /^INPUT_DEVICES_VALUE: .*bmcs\.0\.passwort/],
    [entry(`drives = "${PASSWORD}"`), /^INPUT_DEVICES_VALUE: .*bmcs\.0\.drives/],
    [entry('') + entry(''), /^INPUT_DEVICES_TWICE: n1/],
    [`[[switches]]\nswitchId = "s"\ndriver = "${PASSWORD}"`, /^INPUT_DEVICES_DRIVER: /],
    [
      entry('').replace('http://127.0.0.1:1', `http://u:${PASSWORD}@127.0.0.1:1`),
      /^INPUT_BMC_ADDRESS: /,
    ],
    [entry('').replace('127.0.0.1', '10.0.0.1'), /^INPUT_BMC_ADDRESS: .*https/],
    [
      entry('')
        .replace('redfish', 'ipmi')
        .replace('http://127.0.0.1:1', '127.0.0.1')
        .replace(PASSWORD, `${PASSWORD}-too-long-for-ipmi`),
      /^INPUT_BMC_ADDRESS: .*20 bytes/,
    ],
  ];
  for (const [text, said] of cases) {
    writeDevices(folder, text);
    const { exitCode, stdout, stderr } = await start(folder, '--debug');
    t.is(exitCode, 2, stderr);
    t.regex(stderr, said);
    t.false(`${stdout}${stderr}`.includes(PASSWORD), stderr);
  }
});

test('who it is to become has to be somebody, and somebody else', async (t) => {
  const folder = temporaryFolder(t);
  writeDevices(folder, '');
  for (const user of ['no-such-user-here', 'root', '-x']) {
    const { exitCode, stderr } = await start(folder, '--user', user);
    t.is(exitCode, 2);
    t.regex(stderr, /^INPUT_USER: /);
  }
});
