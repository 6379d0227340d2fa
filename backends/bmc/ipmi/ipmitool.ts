/**
 * One run of `ipmitool`: arguments as a list, no shell, the password in its environment only, the
 * language fixed, its time and its output bounded.
 */
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { OcxError } from '../../../core/kernel/errors.ts';
import type { Outcome } from '../../../core/kernel/service.ts';
import { doubtful, nothing } from '../../devices/failure.ts';
import type { Failure } from '../../devices/failure.ts';

export interface IpmiOptions {
  readonly host: string;
  readonly port?: number;
  /** `host` of all BMCs that there are. */
  readonly allowedHosts: readonly string[];
  readonly userName: string;
  readonly password: string;
  /** 17 (SHA-256) where the BMC has it; 3 (SHA-1) for older ones. */
  readonly cipherSuite?: number;
  readonly privilege?: 'OPERATOR' | 'ADMINISTRATOR';
  /** The boot device is for UEFI. */
  readonly isUefi?: boolean;
  readonly program?: string;
  /** How long one run may take. */
  readonly runMs?: number;
}

const IPMI_PORT = 623;
const CIPHER_SUITE = 17;
const RUN_MS = 20_000;
const LARGEST_OUTPUT_BYTES = 65_536;
/** IPMI 2.0 has no room for more. */
const LONGEST_PASSWORD_BYTES = 20;
const HOST = /^[0-9A-Za-z:][0-9A-Za-z.:-]{0,252}$/;
const USER = /^[\x21-\x7e]{1,16}$/;
/** Said where no session came about, so that the command was never sent. */
const NO_SESSION = /unable to establish|could not open socket|address lookup/i;
const DENIED = /insufficient privilege|RAKP 2|unauthorized name/i;
const UNSUPPORTED = /invalid command|command not supported(?! in present state)/i;
const TURNED_DOWN =
  /invalid data field|parameter out of range|request data|not supported in present state/i;

export class Ipmitool {
  readonly #options: IpmiOptions;
  readonly #arguments: readonly string[];

  /** @throws INPUT_BMC_ADDRESS */
  constructor(options: IpmiOptions) {
    const { host, port = IPMI_PORT, userName, password } = options;
    const wrong = !options.allowedHosts.includes(host)
      ? 'the address of a BMC is not among the allowed hosts'
      : !HOST.test(host) || !Number.isInteger(port) || port < 1 || port > 65_535
        ? 'the address of a BMC has a host and a port'
        : !USER.test(userName)
          ? 'a user of IPMI has at most 16 characters'
          : Buffer.byteLength(password) > LONGEST_PASSWORD_BYTES || password.includes('\0')
            ? 'a password of IPMI has at most 20 bytes'
            : null;
    if (wrong) throw new OcxError({ code: 'INPUT_BMC_ADDRESS', message: wrong });
    this.#options = options;
    const { cipherSuite = CIPHER_SUITE, privilege = 'ADMINISTRATOR' } = options;
    const target = ['-I', 'lanplus', '-H', host, '-p', `${port}`, '-U', userName, '-E'];
    this.#arguments = [...target, '-C', `${cipherSuite}`, '-L', privilege, '-N', '2', '-R', '2'];
  }

  get host(): string {
    return this.#options.host;
  }

  get userName(): string {
    return this.#options.userName;
  }

  /** Runs on, with pipes: serial over LAN. */
  start(command: readonly string[]): ChildProcessByStdio<Writable, Readable, null> {
    return spawn(this.#options.program ?? 'ipmitool', [...this.#arguments, ...command], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: this.#environment(),
    });
  }

  /** What the command printed. */
  async run(command: readonly string[], signal: AbortSignal): Promise<Outcome<string>> {
    if (signal.aborted) return nothing('DEVICE_LATE', 'the deadline passed before it was sent');
    const until = AbortSignal.any([signal, AbortSignal.timeout(this.#options.runMs ?? RUN_MS)]);
    const { promise, resolve } = Promise.withResolvers<Outcome<string>>();
    const child = spawn(this.#options.program ?? 'ipmitool', [...this.#arguments, ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: this.#environment(),
    });
    let output = '';
    let complaints = '';
    let isTooMuch = false;
    const end = () => {
      child.kill('SIGKILL');
      // A child of its own may still hold them open.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const take = (chunk: Buffer, isOutput: boolean) => {
      if (isOutput) output += chunk.toString('latin1');
      else complaints += chunk.toString('latin1');
      isTooMuch ||= output.length + complaints.length > LARGEST_OUTPUT_BYTES;
      if (isTooMuch) end();
    };
    child.stdout.on('data', (chunk: Buffer) => take(chunk, true));
    child.stderr.on('data', (chunk: Buffer) => take(chunk, false));
    until.addEventListener('abort', end, { once: true });
    child.on('error', (error: NodeJS.ErrnoException) => {
      resolve(nothing('DEVICE_UNSUPPORTED', `ipmitool cannot be run (${error.code})`));
    });
    child.on('close', (code) => {
      until.removeEventListener('abort', end);
      if (isTooMuch) resolve(doubtful('DEVICE_BAD_ANSWER', 'ipmitool printed too much'));
      else if (code === 0) resolve({ status: 'ok', value: output });
      else if (code === null) resolve(doubtful('DEVICE_LATE', 'ipmitool did not end in time'));
      else resolve(failureOf(complaints || output));
    });
    return promise;
  }

  /** The password is here and not among the arguments, which everybody can read. */
  #environment(): NodeJS.ProcessEnv {
    const { PATH = '' } = process.env;
    return { PATH, LC_ALL: 'C', LANG: 'C', IPMI_PASSWORD: this.#options.password };
  }
}

/** The last line says it best. */
function failureOf(complaints: string): Failure {
  const said = complaints.trim().split('\n').at(-1) ?? '';
  const message = `ipmitool: ${said}`;
  if (DENIED.test(complaints)) return nothing('DEVICE_DENIED', message);
  if (NO_SESSION.test(complaints)) return nothing('DEVICE_UNREACHABLE', message);
  if (UNSUPPORTED.test(complaints)) return nothing('DEVICE_UNSUPPORTED', message);
  if (TURNED_DOWN.test(complaints)) return nothing('DEVICE_REFUSED', message);
  return doubtful('DEVICE_BROKEN', message);
}
