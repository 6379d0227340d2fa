/**
 * A terminal by the system's own `ssh`: a key and no password, a host that is known beforehand, no
 * configuration but what is said here.
 */
import { spawn } from 'node:child_process';
import { OcxError } from '../../../core/kernel/errors.ts';
import type { Channel, Dial } from './channel.ts';

export interface SshOptions {
  readonly host: string;
  readonly port?: number;
  readonly user: string;
  /** File of the private key. */
  readonly keyFile: string;
  /** File of the host keys that are taken, as of known_hosts (sshd(8)). */
  readonly knownHostsFile: string;
}

const SSH_PORT = 22;
const CONNECT_SECONDS = 10;
/** A switch that says nothing for so long, twice, is gone. */
const ALIVE_SECONDS = 5;
const HOST = /^[0-9A-Za-z:][0-9A-Za-z.:-]{0,252}$/;
const USER = /^[A-Za-z_][\w.-]{0,31}$/;
const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** @throws INPUT_SWITCH_ADDRESS */
export function sshDial(options: SshOptions): Dial {
  const { host, port = SSH_PORT, user, keyFile, knownHostsFile } = options;
  const isSound = HOST.test(host) && USER.test(user) && Number.isInteger(port);
  const areFiles = keyFile.startsWith('/') && knownHostsFile.startsWith('/');
  if (!isSound || !areFiles) {
    const message = 'a switch is reached at a host, as a user, by files with absolute paths';
    throw new OcxError({ code: 'INPUT_SWITCH_ADDRESS', message });
  }
  const settings = [
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${knownHostsFile}`,
    'GlobalKnownHostsFile=/dev/null',
    `ConnectTimeout=${CONNECT_SECONDS}`,
    `ServerAliveInterval=${ALIVE_SECONDS}`,
    'ServerAliveCountMax=2',
    'LogLevel=ERROR',
  ].flatMap((setting) => ['-o', setting]);
  const target = ['-i', keyFile, '-p', `${port}`, '-l', user, '--', host];
  // A terminal is asked for, as switches without one do not prompt.
  const parameters = ['-tt', '-e', 'none', '-F', '/dev/null', ...settings, ...target];
  return async (signal) => {
    if (signal.aborted) throw new Error('no connection in time');
    return open(parameters);
  };
}

function open(parameters: readonly string[]): Channel {
  const env = { PATH: SYSTEM_PATH, LC_ALL: 'C', TERM: 'dumb' };
  const child = spawn('ssh', parameters, { stdio: ['pipe', 'pipe', 'pipe'], env });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-500);
  });
  child.stdin.on('error', () => {});
  child.stdout.setEncoding('utf8');
  return {
    write: (text) => void child.stdin.write(text),
    onText: (take) => void child.stdout.on('data', take),
    onEnd(end) {
      child.on('error', (error) => end(`ssh cannot be run: ${error.message}`));
      child.on('close', () => end(`ssh has ended: ${complaint.trim()}`));
    },
    close: () => void child.kill('SIGKILL'),
  };
}
