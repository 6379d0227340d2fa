/** Programs of other simulators: where they are, and how one is run. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export const PEERS_FOLDER = join(import.meta.dirname, '..', 'peers');
/** Debian's own, which has Debian's packages. */
export const PYTHON = '/usr/bin/python3';
/** Options of a process whose output is text, up to 64 MiB of it. */
export const TEXT = { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;

/** The version of SimPy that is installed; null where there is none. */
export function simpyVersion(): string | null {
  const found = spawnSync(PYTHON, ['-c', 'import simpy; print(simpy.__version__)'], TEXT);
  return found.status === 0 ? found.stdout.trim() : null;
}

/** A program that reads lines and prints its CPU seconds, then one wait a line. */
export function runPeer(
  program: string,
  words: readonly string[],
  lines: readonly string[],
): { readonly seconds: number; readonly waits: readonly number[] } {
  const { status, stdout, stderr } = spawnSync(program, words, {
    ...TEXT,
    input: `${lines.join('\n')}\n`,
  });
  if (status !== 0) throw new Error(`${program} failed: ${stderr.trim().slice(-300)}`);
  const [seconds, ...waits] = stdout.trimEnd().split('\n').map(Number);
  return { seconds: seconds!, waits };
}
