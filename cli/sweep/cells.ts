/** The cells of a sweep: each a comparison of its own, done one replication at a time. */
import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { createHighsSolver } from '../../backends/solver/highs.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import type { Experiment, ExperimentCell } from '../../sim/experiment/sweep/experiment.ts';
import { executeTask, planTasks } from '../../sim/experiment/task.ts';
import type { TaskContext } from '../../sim/experiment/task.ts';
import { STATIC_VARIANT } from '../../sim/scenario/load.ts';
import type { LoadedScenario } from '../../sim/scenario/load.ts';
import { nearestRemedy } from '../../sim/scenario/nearest.ts';
import { contextWith, loadComparison } from '../compose.ts';
import type { ComparisonSource } from '../compose.ts';
import { readInputText } from '../files.ts';
import { encodeCell } from './cell-file.ts';

/** What a worker needs to do any cell; plain data. */
export interface CellSource {
  readonly source: ComparisonSource;
  /** Beside `static`; empty: all of the scenario. */
  readonly variants: readonly string[];
}

/** What each worker starts from. */
export interface SweepWorkerData {
  readonly cells: readonly CellSource[];
}

/** One replication of one cell. */
export interface CellUnit {
  /** Among the cells of this sweep. */
  readonly cell: number;
  /** Among those of the whole experiment: names its file. */
  readonly number: number;
  readonly replication: number;
  readonly key: string;
}

/** Contexts kept at a time: two workers may be at the border between two cells. */
const CONTEXTS_KEPT = 2;

/** @param file path of the experiment; scenarios are found from its folder */
export function cellSources(
  experiment: Experiment,
  file: string,
  tracesFolder: string | undefined,
): CellSource[] {
  const texts = new Map<string, string>();
  return experiment.cells.map(({ scenario, settings }) => {
    const path = resolve(dirname(file), scenario);
    const text = texts.get(path) ?? readInputText(path);
    texts.set(path, text);
    return {
      source: { file: path, text, settings, tracesFolder },
      variants: experiment.variants,
    };
  });
}

/** @throws OcxError where the scenario, with the settings of the cell, is not valid */
export function loadCell({ source, variants }: CellSource): LoadedScenario {
  const loaded = loadComparison(source);
  if (variants.length === 0) return loaded;
  const wanted = new Set([STATIC_VARIANT, ...variants]);
  const known = loaded.variants.map(({ name }) => name);
  const unknown = variants.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new OcxError({
      code: 'INPUT_EXPERIMENT_VALUE',
      message: `the scenario has no variant ${JSON.stringify(unknown)}`,
      place: { file: source.file, keyPath: 'variants' },
      remedy: nearestRemedy(unknown, known),
    });
  }
  return { ...loaded, variants: loaded.variants.filter(({ name }) => wanted.has(name)) };
}

/**
 * Everything that a cell's results depend on: results under another key are another cell's. How many
 * replications there are is not among it: one more leaves the others as they were.
 *
 * @returns the key of each replication
 */
export function cellKeys(loaded: LoadedScenario, version: string): (replication: number) => string {
  const scenario = { ...loaded.scenario, replications: null };
  const variants = loaded.variants.map((variant) => ({
    ...variant,
    scenario: { ...variant.scenario, replications: null },
  }));
  const cell = sha256(canonicalJson({ version, scenario, variants }));
  return (replication) => sha256(`${cell} ${replication}`);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Where a cell went wrong: its levels stand before what its scenario says. */
export function inCell(error: unknown, { levels }: ExperimentCell): unknown {
  if (!(error instanceof OcxError)) return error;
  const at = Object.entries(levels).map(([axis, level]) => `${axis} = ${level}`);
  const { code, message, place, remedy } = error;
  return new OcxError({
    code,
    message: `with ${at.join(', ')}: ${message}`,
    ...(place ? { place } : {}),
    ...(remedy ? { remedy } : {}),
  });
}

/** What does one unit after the other in this thread. @returns the bytes of the cell's file */
export async function cellPerformer(
  cells: readonly CellSource[],
): Promise<(unit: CellUnit) => Uint8Array> {
  const solver = await createHighsSolver();
  const contexts = new Map<number, TaskContext>();
  const contextOf = (cell: number): TaskContext => {
    let context = contexts.get(cell);
    if (!context) {
      context = contextWith(solver, cells[cell]!.source, loadCell(cells[cell]!));
      contexts.set(cell, context);
      for (const old of contexts.keys()) {
        if (contexts.size > CONTEXTS_KEPT) contexts.delete(old);
      }
    }
    return context;
  };
  return ({ cell, replication, key }) => {
    const context = contextOf(cell);
    const tasks = planTasks(context.loaded).filter((task) => task.replication === replication);
    return encodeCell(
      key,
      tasks.map((task) => executeTask(task, context)),
    );
  };
}
