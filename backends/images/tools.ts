/**
 * Runs other programs: one that ends, one that stays. What stays outlives this process and is found
 * again by its command line, which names a path inside the store that no other process has.
 */
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { OcxError } from '../../core/kernel/errors.ts';
import { signalTo } from '../processes/signal.ts';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

const OUTPUT_BYTES_MAXIMUM = 1_000_000;
const POLL_MS = 20;
/** Output that is still on its way when a program has ended is waited for that long. */
const LINGER_MS = 500;
/** A program that was asked to end is killed after that: it may have to write much of a disk. */
const GRACE_MS = 15_000;
const KILLED_MS = 5_000;

/**
 * Runs the program to its end, which is also awaited where the signal kills it.
 *
 * @throws DEVICE_TOOL_MISSING, DEVICE_TOOL_FAILED with the last line that it wrote, DEVICE_TIMEOUT
 */
export async function runTool(
  command: readonly string[],
  signal: AbortSignal,
  environment: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const [program, ...rest] = command;
  if (signal.aborted) throw new OcxError({ code: 'DEVICE_TIMEOUT', message: 'no time was left' });
  const { promise, resolve, reject } = Promise.withResolvers<Ran>();
  const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin' } = process.env;
  const child = spawn(program!, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Nothing of our own environment, which may hold tokens.
    env: { PATH, LC_ALL: 'C', HOME: '/nonexistent', ...environment },
    cwd: '/',
  });
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      if (output[stream].length < OUTPUT_BYTES_MAXIMUM) output[stream] += text;
    });
  }
  child.on('error', (error: NodeJS.ErrnoException) => reject(startFailure(program!, error)));
  // A daemon that it leaves behind keeps no hold on us: what counts is its own end.
  child.on('exit', () => {
    const cut = () => [child.stdout, child.stderr].forEach((stream) => stream.destroy());
    const timer = setTimeout(cut, LINGER_MS);
    child.on('close', () => clearTimeout(timer));
  });
  child.on('close', (code, killedBy) => {
    if (code === 0) return resolve(output);
    if (signal.aborted) return reject(timeout(program!));
    const line = output.stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
    const message = `${program} ended with ${code ?? killedBy}: ${line}`;
    reject(new OcxError({ code: 'DEVICE_TOOL_FAILED', message }));
  });
  return promise.finally(() => signal.removeEventListener('abort', kill));
}

function startFailure(program: string, error: NodeJS.ErrnoException): OcxError {
  if (error.code !== 'ENOENT') {
    return new OcxError({ code: 'DEVICE_TOOL_FAILED', message: `${program}: ${error.message}` });
  }
  return new OcxError({
    code: 'DEVICE_TOOL_MISSING',
    message: `${program} is not installed`,
    remedy: 'install the packages that docs/disks.md lists',
  });
}

function timeout(program: string): OcxError {
  return new OcxError({ code: 'DEVICE_TIMEOUT', message: `${program} took too long` });
}

/** Ids of processes that have exactly this argument. */
export async function processesWith(argument: string): Promise<number[]> {
  return (await commandLines()).flatMap(({ pid, words }) =>
    words.includes(argument) ? [pid] : [],
  );
}

/** Every process's id and command line. */
export async function commandLines(): Promise<{ pid: number; words: string[] }[]> {
  const names = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name));
  const found = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
      return { pid: Number(name), words: text.split('\0').slice(0, -1) };
    }),
  );
  return found.filter(({ pid, words }) => words.length > 0 && pid !== process.pid);
}

/**
 * Ends all processes that have exactly this argument, by force where they do not go.
 *
 * @returns false where one is still there
 */
export async function endProcesses(argument: string, graceMs = GRACE_MS): Promise<boolean> {
  const killFromMs = performance.now() + graceMs;
  const deadlineMs = killFromMs + KILLED_MS;
  let told = new Set<number>();
  for (;;) {
    const pids = await processesWith(argument);
    if (pids.length === 0) return true;
    if (performance.now() > deadlineMs) return false;
    const byForce = performance.now() > killFromMs;
    for (const pid of pids) {
      if (byForce || !told.has(pid)) signalTo(pid, byForce ? 'SIGKILL' : 'SIGTERM');
    }
    told = new Set(pids);
    await sleep(POLL_MS);
  }
}
