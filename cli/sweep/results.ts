/** The files of a finished sweep; the cells beside them stay. */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import { renderSweep } from '../../reports/sweep/write.ts';
import type { Experiment } from '../../sim/experiment/sweep/experiment.ts';
import { writeAtomically } from '../files.ts';
import { gitCommit } from '../manifest.ts';
import { readVersion } from '../version.ts';
import type { CellSource } from './cells.ts';
import type { GatheredSweep } from './gather.ts';

interface SweepOrigin {
  readonly startedAt: Date;
  readonly workers: number;
  /** As it was given. */
  readonly file: string;
  readonly experiment: Experiment;
  readonly sources: readonly CellSource[];
}

/** `sweep.json` stands last: a folder that has it is finished. */
export async function writeSweep(
  folder: string,
  gathered: GatheredSweep,
  origin: SweepOrigin,
): Promise<void> {
  const { results } = gathered;
  for (const [path, text] of await renderSweep(results)) writeAtomically(join(folder, path), text);
  const manifest = sweepManifest(gathered, origin);
  writeAtomically(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);
  writeAtomically(join(folder, 'sweep.json'), `${JSON.stringify(results, null, 1)}\n`);
}

/** What was run, on what, with which inputs. */
function sweepManifest({ results, sources }: GatheredSweep, origin: SweepOrigin) {
  const { experiment, startedAt, workers, file } = origin;
  return {
    schema: 'ocx-sweep-manifest/1',
    ocxVersion: readVersion(),
    nodeVersion: process.versions.node,
    gitCommit: gitCommit(),
    command: ['ocx sweep', basename(file), ...experiment.changes].join(' '),
    experimentFile: basename(file),
    experimentHash: createHash('sha256').update(canonicalJson(experiment)).digest('hex'),
    scenarioFiles: [...new Set(origin.sources.map(({ source }) => basename(source.file)))],
    experiment,
    inputs: sources,
    seed: results.seed,
    replications: results.replications,
    startedAt: startedAt.toISOString(),
    durationSeconds: (Date.now() - startedAt.getTime()) / 1000,
    host: {
      platform: `${process.platform}-${process.arch}`,
      cpus: availableParallelism(),
      workers,
    },
  };
}
