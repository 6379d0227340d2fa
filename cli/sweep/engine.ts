/** What does the cells of a sweep that are not done yet, wherever it does them. */
import { OcxError } from '../../core/kernel/errors.ts';
import type { Experiment } from '../../sim/experiment/sweep/experiment.ts';
import type { Output } from '../command.ts';
import { spread } from '../pool.ts';
import { cellPerformer } from './cells.ts';
import type { CellSource, CellUnit, SweepWorkerData } from './cells.ts';
import { writeCell } from './folder.ts';

export interface CellWork {
  readonly output: Output;
  readonly experiment: Experiment;
  /** Path of the experiment's file. */
  readonly file: string;
  readonly sources: readonly CellSource[];
  /** Units that are left, in order. */
  readonly units: readonly CellUnit[];
  /** The sweep's. */
  readonly folder: string;
  /** To be told of each unit once its file stands. */
  finished(unit: CellUnit): void;
}

/** Resolves once every unit's file stands in the folder. */
export type SweepEngine = (work: CellWork) => Promise<void>;

/** Threads of this process. */
export function localEngine(workers: number): SweepEngine {
  return ({ sources, units, folder, finished }) =>
    spread<CellUnit, Uint8Array>(
      {
        worker: 'sweep/worker',
        data: { cells: sources } satisfies SweepWorkerData,
        items: units,
        alone: () => cellPerformer(sources),
        finished: (bytes, unit) => {
          writeCell(folder, unit, bytes);
          finished(unit);
        },
      },
      workers,
    ).catch((error: unknown) => {
      throw ofWorker(error);
    });
}

/** A thread that is gone (out of memory, for instance) is no bug, and takes only its own cell with it. */
function ofWorker(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof OcxError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const isGone = code?.startsWith('ERR_WORKER_') || /^worker exited/i.test(error.message);
  if (!isGone) return error;
  return new OcxError({
    code: 'RESOURCE_WORKER',
    message: `a worker thread has ended by itself: ${error.message}`,
    remedy: 'finished cells are kept: go on with --resume, and fewer --jobs where memory is short',
  });
}
