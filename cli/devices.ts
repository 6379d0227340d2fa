/**
 * `ocx devices`: the one process that knows the credentials of BMCs and switches. It reads them,
 * becomes a user of its own, and carries out commands that come in on a local socket.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { openEffectLog } from '../backends/runner/effect-log.ts';
import { OcxError } from '../core/kernel/errors.ts';
import { defineCommand, runCommand } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { wireDevices } from './device-drivers.ts';
import { readDevicesConfiguration } from './devices-configuration.ts';
import { removeStaleSocket, toldToEnd } from './live-service.ts';

interface DevicesOptions extends CommonOptions {
  readonly config: string;
  readonly socket: string;
  readonly state?: string;
  readonly user?: string;
  readonly group?: string;
  readonly effects?: string;
}

/** Its owner and its group may send commands; nobody else may even connect. */
const SOCKET_MODE = 0o660;

export function registerDevices(program: Command): void {
  defineCommand(program, 'devices', 'Drive BMCs and switches for the isolation service.')
    .requiredOption('--config <file>', 'BMCs and switches with their credentials; mode 600')
    .requiredOption('--socket <path>', 'where commands come in')
    .option('--state <folder>', 'what it has to remember; else beside the configuration')
    .option('--user <name>', 'started as root: the user to become')
    .option('--group <name>', 'whose members may send commands; else those of the user')
    .option('--effects <file>', 'log of what reaches the drivers; see docs/one-program.md')
    .action((options: DevicesOptions) => runCommand(options, (output) => devices(output, options)));
}

async function devices(output: Output, options: DevicesOptions): Promise<void> {
  const [file, socket] = [output.path(options.config), output.path(options.socket)];
  const configuration = readDevicesConfiguration(file);
  const folder = output.path(options.state ?? `${options.config}.state`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const effectLog =
    options.effects === undefined ? null : openEffectLog(output.path(options.effects));
  effectLog?.write({ kind: 'started', instance: 'devices', events: 0, timeMs: Date.now() });
  const { desk, close } = wireDevices(
    ...([configuration, file, join(folder, 'custody.jsonl')] as const),
    (line) => output.streams.stderr.write(`${line}\n`),
    effectLog,
  );
  try {
    await removeStaleSocket(socket);
    // Until it belongs to whom it should, nobody else can connect.
    const before = process.umask(0o177);
    await desk.listen(socket);
    process.umask(before);
    const user = identify(options);
    if (user) become(user, socket, folder);
    chmodSync(socket, SOCKET_MODE);
    const { bmcs, switches } = configuration;
    const ready = { socket, bmcs: bmcs.length, switches: switches.length, uid: process.getuid!() };
    output.result(ready, () => `Devices answer at ${socket}`);
    if (process.getuid!() === 0) {
      output.note('It runs as root: with --user a fault of a driver could do less.');
    }
    await toldToEnd();
  } finally {
    await close();
    effectLog?.close();
    removeSocket(socket);
  }
}

/** Its folder may be somebody else's by now; the next process removes what nobody listens at. */
function removeSocket(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
  }
}

interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Of the socket. */
  readonly socketGid: number;
}

/** Null where it stays who it is. @throws INPUT_USER */
function identify({ user: name, group }: DevicesOptions): User | null {
  if (name === undefined && group === undefined) return null;
  if (process.getuid!() !== 0 || name === undefined) {
    throw wrongUser('only root can become somebody else; --group goes with --user');
  }
  const [uid, gid] = ['-u', '-g'].map((flag) => numberOf('id', [flag, '--', name]));
  const socketGid = group === undefined ? gid! : numberOf('getent', ['group', '--', group]);
  if (uid === 0) throw wrongUser('the user has to be another than root');
  return { name, uid: uid!, gid: gid!, socketGid };
}

/** From what the system's own tools say, as users may live in more places than one file. */
function numberOf(program: string, parameters: readonly string[]): number {
  const { status, stdout } = spawnSync(program, parameters, { encoding: 'utf8' });
  const found = /^(?:[^:\n]*:[^:\n]*:)?(\d+)(?::[^\n]*)?\s*$/.exec(stdout ?? '')?.[1];
  if (status === 0 && found !== undefined) return Number(found);
  throw wrongUser(`there is no user or group ${parameters.at(-1)}`);
}

/** For good: files that are open stay open, everything else is the other user's. */
function become({ name, uid, gid, socketGid }: User, socket: string, folder: string): void {
  chownSync(socket, uid, socketGid);
  chownSync(folder, uid, gid);
  for (const entry of readdirSync(folder)) chownSync(join(folder, entry), uid, gid);
  process.setgroups!([gid]);
  process.setgid!(gid);
  process.setuid!(uid);
  if (process.getuid!() !== uid || process.geteuid!() !== uid || process.getegid!() !== gid) {
    throw wrongUser(`the process could not become ${name}`);
  }
}

function wrongUser(message: string): OcxError {
  return new OcxError({ code: 'INPUT_USER', message, remedy: 'see docs/devices.md' });
}
