/** `manifest.json`: what was run, on what, with which inputs. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canonicalJson } from '../core/kernel/canonical-json.ts';
import type { Manifest } from '../core/metrics/manifest.ts';
import type { TaskSource } from '../sim/experiment/task.ts';
import type { Scenario } from '../sim/scenario/schema.ts';
import { readVersion } from './version.ts';

export interface ManifestInput {
  readonly startedAt: Date;
  readonly workers: number;
  readonly scenario: Scenario;
  readonly file: string;
  readonly command: string;
  readonly sources: readonly TaskSource[];
}

export function makeManifest(input: ManifestInput): Manifest {
  const { scenario, startedAt } = input;
  return {
    schema: 'ocx-manifest/1',
    ocxVersion: readVersion(),
    nodeVersion: process.versions.node,
    gitCommit: gitCommit(),
    command: input.command,
    scenarioFile: basename(input.file),
    scenarioHash: createHash('sha256').update(canonicalJson(scenario)).digest('hex'),
    scenario,
    inputs: input.sources,
    seed: scenario.seed,
    replications: scenario.replications,
    startedAt: startedAt.toISOString(),
    durationSeconds: (Date.now() - startedAt.getTime()) / 1000,
    host: {
      platform: `${process.platform}-${process.arch}`,
      cpus: availableParallelism(),
      workers: input.workers,
    },
  };
}

/** Which sources these are: results of others are not mixed with theirs. */
export function sourcesVersion(): string {
  return `${readVersion()} ${gitCommit() ?? ''}`.trim();
}

/** Null outside a checkout; of these sources, not of where the user stands. */
export function gitCommit(): string | null {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: dirname(fileURLToPath(import.meta.url)),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}
