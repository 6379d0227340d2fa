/**
 * Programs of the host that is the switch: arguments as a list, no shell, the language fixed, time
 * and output bounded. A run that is given up is ended, so that it can do nothing later.
 */
import { spawn } from 'node:child_process';
import type { Outcome } from '../../../core/kernel/service.ts';
import { doubtful, nothing } from '../../devices/failure.ts';

export interface Host {
  /** What it printed. `noEffect` with code `DEVICE_REFUSED`: it ran, and said no. */
  run(
    program: 'ip' | 'bridge' | 'nft',
    parameters: readonly string[],
    signal: AbortSignal,
    input?: string,
  ): Promise<Outcome<string>>;
}

/** The caller's own may hold programs of the same names. */
const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
const LARGEST_OUTPUT_BYTES = 4_194_304;

/** @param namespace network namespace that the bridge is in; null: this process's own */
export function localHost(namespace: string | null): Host {
  const prefix = namespace === null ? [] : ['ip', 'netns', 'exec', namespace];
  return {
    async run(program, parameters, signal, input = '') {
      if (signal.aborted) return nothing('DEVICE_LATE', 'the deadline passed before it was begun');
      const [first, ...rest] = [...prefix, program, ...parameters];
      const { promise, resolve } = Promise.withResolvers<Outcome<string>>();
      const child = spawn(first!, rest, {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
      });
      const output: Buffer[] = [];
      const complaints: Buffer[] = [];
      let bytes = 0;
      const end = () => child.kill('SIGKILL');
      const take = (chunk: Buffer, into: Buffer[]) => {
        bytes += chunk.length;
        if (bytes > LARGEST_OUTPUT_BYTES) end();
        else into.push(chunk);
      };
      child.stdout.on('data', (chunk: Buffer) => take(chunk, output));
      child.stderr.on('data', (chunk: Buffer) => take(chunk, complaints));
      // It may end before it has read everything.
      child.stdin.on('error', () => {});
      child.stdin.end(input);
      signal.addEventListener('abort', end, { once: true });
      child.on('error', (error: NodeJS.ErrnoException) => {
        resolve(nothing('DEVICE_UNSUPPORTED', `${program} cannot be run (${error.code})`));
      });
      child.on('close', (code) => {
        signal.removeEventListener('abort', end);
        const said = Buffer.concat(complaints).toString('utf8').trim().split('\n')[0] ?? '';
        if (code === 0) resolve({ status: 'ok', value: Buffer.concat(output).toString('utf8') });
        else if (code === null) resolve(doubtful('DEVICE_LATE', `${program} did not end in time`));
        else resolve(nothing('DEVICE_REFUSED', `${program}: ${said}`));
      });
      return promise;
    },
  };
}
