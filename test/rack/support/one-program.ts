/** All that the services of a rack left behind, run once more in the simulator. */
import { existsSync, readFileSync, readdirSync, statSync, appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from '../../cli/run.ts';

const START = 'effects-';

/** What reached the drivers, in the folder of the site. */
export const DEVICE_LOG = 'devices.effects.jsonl';

/** Where a process of this name logs its effects, beside its configuration. */
export function effectLogFolder(name: string): string {
  return `${START}${name}`;
}

export interface OneProgram {
  readonly ok: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly results: Readonly<Record<string, { live: number; differences: number }>>;
  readonly instances: readonly { readonly instance: string; readonly events: number }[];
  readonly findings: readonly unknown[];
}

/**
 * Holds the live run against its resimulation; every service has ended.
 *
 * @param folder of the configurations; stores are called as their processes are
 */
export async function resimulateFolder(folder: string): Promise<OneProgram> {
  const words: string[] = [];
  for (const entry of readdirSync(folder).sort()) {
    if (!entry.startsWith(START)) continue;
    const store = storeOf(folder, entry.slice(START.length));
    words.push(`sqlite:${store}`);
    for (const log of readdirSync(join(folder, entry))) {
      const path = join(folder, entry, log);
      noteEnd(path, store);
      words.push('--effects', path);
    }
  }
  words.push('--devices', join(folder, DEVICE_LOG));
  const { stdout, stderr } = await runCli(['journal', 'resimulate', ...words, '--json']);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as OneProgram;
}

/** Of a service as its process is called; an agent's has its own way. */
function storeOf(folder: string, name: string): string {
  const store = join(folder, `${name}.db`);
  return existsSync(store) ? store : join(folder, `${name}.toml.${name}.db`);
}

/** A process that was killed for good noted no end; it signed its journal until then. */
function noteEnd(log: string, store: string): void {
  const last = readFileSync(log, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  if (last === '' || last.includes('"kind":"stopped"')) return;
  const files = [store, `${store}-wal`].filter((file) => existsSync(file));
  const endMs = Math.max(...files.map((file) => Math.floor(statSync(file).mtimeMs)));
  appendFileSync(log, `${JSON.stringify({ kind: 'stopped', timeMs: endMs })}\n`);
}
