/**
 * `index.json` beside the results folders: a list of runs for people and scripts. It can be made
 * again from the manifests at any time; each run's manifest is the truth. One writer at a time.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { JSONFilePreset } from 'lowdb/node';
import type { Manifest } from '../core/metrics/manifest.ts';

interface IndexedRun {
  readonly folder: string;
  readonly scenario: string;
  readonly seed: number;
  readonly replications: number;
  readonly startedAt: string;
  readonly durationSeconds: number;
}

interface ResultsIndex {
  runs: IndexedRun[];
}

/** Lists the run; entries whose folder is gone are dropped, folders that are missing are added. */
export async function indexRun(folder: string, manifest: Manifest): Promise<void> {
  const parent = dirname(folder);
  const path = join(parent, 'index.json');
  try {
    const index = await JSONFilePreset<ResultsIndex>(path, { runs: [] });
    const found = new Map(index.data.runs.map((run) => [run.folder, run]));
    for (const name of readdirSync(parent)) {
      const other = found.has(name) ? null : readManifest(join(parent, name));
      if (other) found.set(name, entryOf(name, other));
    }
    found.set(basename(folder), entryOf(basename(folder), manifest));
    index.data.runs = [...found.values()]
      .filter((run) => existsSync(join(parent, run.folder)))
      .sort((a, b) => (a.folder < b.folder ? -1 : 1));
    await index.write();
  } catch (error) {
    // An index that cannot be read is made anew next time; the results themselves are written.
    if (!(error instanceof SyntaxError) && !isSystemError(error)) throw error;
  }
}

function entryOf(folder: string, manifest: Manifest): IndexedRun {
  const { scenario, seed, replications, startedAt, durationSeconds } = manifest;
  const { name } = scenario as { name: string };
  return { folder, scenario: name, seed, replications, startedAt, durationSeconds };
}

function readManifest(folder: string): Manifest | null {
  const path = join(folder, 'manifest.json');
  if (!existsSync(path)) return null;
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
