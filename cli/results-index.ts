/**
 * `index.json` beside the results folders: a list of runs for people and scripts. It can be made
 * again from the manifests at any time; each run's manifest is the truth. One writer at a time.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Low } from 'lowdb';
import { JSONFile } from 'lowdb/node';
import type { Manifest } from '../core/metrics/manifest.ts';
import { parseManifest } from '../reports/stored/parse.ts';

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

/** Lists the run and all others beside it, from their manifests. */
export async function indexRun(folder: string, manifest: Manifest): Promise<void> {
  const parent = dirname(folder);
  const path = join(parent, 'index.json');
  try {
    // Not lowdb's preset, which keeps everything in memory where NODE_ENV says `test`.
    const index = new Low<ResultsIndex>(new JSONFile(path), { runs: [] });
    const found = new Map<string, IndexedRun>();
    for (const name of readdirSync(parent)) {
      const other = name === basename(folder) ? manifest : readManifest(join(parent, name));
      if (other) found.set(name, entryOf(name, other));
    }
    index.data.runs = [...found.values()].sort((a, b) => (a.folder < b.folder ? -1 : 1));
    await index.write();
  } catch (error) {
    // Without an index the results are still there, and the next run makes it anew.
    if (!isSystemError(error)) throw error;
  }
}

function entryOf(folder: string, manifest: Manifest): IndexedRun {
  const { scenario, seed, replications, startedAt, durationSeconds } = manifest;
  const { name } = scenario as { name: string };
  return { folder, scenario: name, seed, replications, startedAt, durationSeconds };
}

/** Null where there is none of ours: folders beside ours may be anybody's. */
function readManifest(folder: string): Manifest | null {
  try {
    return parseManifest(readFileSync(join(folder, 'manifest.json'), 'utf8'), folder);
  } catch {
    return null;
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
