/**
 * The cells of a sweep as a job array of a site's Slurm: several cells a task, each written to the
 * shared folder when it is done. The folder is the truth: a unit is done when its file stands there,
 * whatever Slurm says of the task, so that driver, task or controller may be killed at any time.
 *
 * Whoever drives is not needed by the tasks. With `--resume` an array that is still queued is
 * followed on; what is missing after its end is submitted anew.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { submitArray, tasksLeft } from '../../backends/engines/slurm/job-array.ts';
import type { JobArray } from '../../backends/engines/slurm/job-array.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { writeAtomically } from '../files.ts';
import type { CellUnit } from './cells.ts';
import type { CellWork, SweepEngine } from './engine.ts';
import { isDone, SLURM } from './folder.ts';

export interface SlurmOptions {
  /** Null: so many that an array has at most `TASKS_WANTED` tasks. */
  readonly cellsPerTask: number | null;
  /** Given to sbatch as they are. */
  readonly sbatch: readonly string[];
  readonly tracesFolder: string | undefined;
}

/** Slurm starts about one task a second: more would wait for the scheduler, not for processors. */
const TASKS_WANTED = 200;
/** Between two looks at the folder and the queue, ms. */
const LOOK_MS = 1_000;
/** Looks in a row without an answer before the driver gives up; the array goes on. */
const SILENT_LOOKS = 300;
/** Files may show up late on a network file system, ms: so long the end of an array is doubted. */
const SETTLE_MS = 5_000;

const TASKS_SCHEMA = 'ocx-sweep-tasks/1';

/** What each task of an array is to do: units as [number of the cell, replication, key]. */
interface TaskList {
  readonly schema: typeof TASKS_SCHEMA;
  readonly tasks: readonly (readonly (readonly [number, number, string])[])[];
}

export function slurmEngine(options: SlurmOptions): SweepEngine {
  let isFirst = true;
  return async (work) => {
    // What is queued may be for the next wave of replications.
    if (work.units.length === 0) return;
    const folder = join(work.folder, SLURM);
    mkdirSync(join(folder, 'logs'), { recursive: true });
    let left = work.units;
    // Later ones are its own, whose last tasks may still be on their way out.
    const earlier = isFirst ? readArray(folder) : null;
    isFirst = false;
    if (earlier && (await tasksLeft(earlier)) > 0) {
      work.output.note(`Following the array ${earlier.jobId} that is queued already`);
      left = await follow(work, earlier, left);
    }
    while (left.length > 0) {
      const array = await submit(work, folder, left, options);
      const before = left.length;
      left = await follow(work, array, left);
      if (left.length === before) throw noProgress(folder, array, left.length);
      if (left.length > 0) work.output.note(`${left.length} cells were not done: submitted again`);
    }
  };
}

async function submit(
  { output, experiment, file, folder: sweepFolder }: CellWork,
  folder: string,
  units: readonly CellUnit[],
  options: SlurmOptions,
): Promise<JobArray> {
  const perTask = options.cellsPerTask ?? Math.ceil(units.length / TASKS_WANTED);
  const tasks = Array.from({ length: Math.ceil(units.length / perTask) }, (_, index) =>
    units
      .slice(index * perTask, (index + 1) * perTask)
      .map(({ number, replication, key }) => [number, replication, key] as const),
  );
  // A list of its own for each array: tasks of an earlier one may still be on their way.
  const jobs = `tasks-${readdirSync(folder).filter((name) => /^tasks-\d+\.json$/.test(name)).length}`;
  const list: TaskList = { schema: TASKS_SCHEMA, tasks };
  writeAtomically(join(folder, `${jobs}.json`), `${JSON.stringify(list)}\n`);
  const script = join(folder, `${jobs}.sh`);
  // With its changes, so that a task makes the same cells.
  const part = [file, ...experiment.changes];
  writeAtomically(script, scriptOf(part, sweepFolder, jobs, options.tracesFolder));
  const array = await submitArray({
    ...{ script, tasks: tasks.length, name: `ocx-${experiment.name}` },
    log: join(folder, 'logs', '%A_%a.txt'),
    options: options.sbatch,
  });
  writeAtomically(join(folder, 'array.json'), `${JSON.stringify(array)}\n`);
  output.note(`Submitted array ${array.jobId}: ${units.length} cells in ${tasks.length} tasks`);
  return array;
}

function scriptOf(
  part: readonly string[],
  folder: string,
  jobs: string,
  traces: string | undefined,
): string {
  const main = fileURLToPath(new URL(`../main${import.meta.url.slice(-3)}`, import.meta.url));
  const words = [process.execPath, main, 'sweep', ...part, '--quiet', '--out', folder];
  return [
    '#!/bin/bash',
    `export INIT_CWD=${quote(process.cwd())}`,
    ...(traces === undefined ? [] : [`export OCX_TRACES=${quote(traces)}`]),
    `exec ${words.map(quote).join(' ')} --task-list ${jobs} --task "$SLURM_ARRAY_TASK_ID"`,
    '',
  ].join('\n');
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** @returns units that are not done when the array has ended */
async function follow(
  { output, folder, finished }: CellWork,
  array: JobArray,
  units: readonly CellUnit[],
): Promise<readonly CellUnit[]> {
  let left = units;
  const look = () => {
    left = left.filter((unit) => {
      if (!isDone(folder, unit)) return true;
      finished(unit);
      return false;
    });
  };
  for (let silent = 0; ; await sleep(LOOK_MS)) {
    look();
    if (left.length === 0) return left;
    try {
      const waiting = await tasksLeft(array);
      silent = 0;
      if (waiting === 0) break;
    } catch (error) {
      // A controller that restarts is silent for a while; the tasks do not need it.
      if (++silent === 1) output.note(`Slurm does not answer; waiting (array ${array.jobId})`);
      if (silent >= SILENT_LOOKS) throw error;
    }
  }
  await sleep(SETTLE_MS);
  look();
  return left;
}

function readArray(folder: string): JobArray | null {
  try {
    const array = JSON.parse(readFileSync(join(folder, 'array.json'), 'utf8')) as JobArray;
    return /^\d+$/.test(array.jobId) ? array : null;
  } catch {
    return null;
  }
}

function noProgress(folder: string, { jobId }: JobArray, left: number): OcxError {
  const logs = join(folder, 'logs');
  const [first] = readdirSync(logs)
    .filter((name) => name.startsWith(`${jobId}_`))
    .sort();
  const said = first === undefined ? '' : readFileSync(join(logs, first), 'utf8').trim();
  const last = said.split('\n').at(-1) ?? '';
  return new OcxError({
    code: 'RESOURCE_SLURM_TASKS',
    message: `array ${jobId} ended with ${left} cells not done${last && `; its first log ends: ${last.slice(0, 300)}`}`,
    place: { file: first === undefined ? logs : join(logs, first) },
    remedy: 'see the logs; the folder must be shared by all nodes. Go on with --resume',
  });
}

/**
 * Units of one task, as they are now. Only its own cells are looked into.
 *
 * @param unitsOfCell by replication, of a cell of the whole experiment; empty where there is none
 * @throws INPUT_SWEEP_TASK
 */
export function unitsOfTask(
  folder: string,
  jobs: string,
  task: number,
  unitsOfCell: (cell: number) => readonly CellUnit[],
): CellUnit[] {
  const file = join(folder, SLURM, `${jobs}.json`);
  const list = /^tasks-\d+$/.test(jobs) && existsSync(file) ? readTasks(file) : null;
  const wanted = list?.tasks[task];
  if (!wanted) {
    throw new OcxError({
      code: 'INPUT_SWEEP_TASK',
      message: `there is no task ${task} in ${jobs}`,
      place: { file },
      remedy: 'these options are for the jobs that --engine slurm submits',
    });
  }
  const cells = new Set(wanted.map(([cell]) => cell));
  const units = new Map([...cells].map((cell) => [cell, unitsOfCell(cell)]));
  return wanted.map(([cell, replication, key]) => {
    const unit = units.get(cell)?.[replication];
    if (unit?.key === key) return unit;
    throw new OcxError({
      code: 'INPUT_SWEEP_TASK',
      message: 'the experiment or the program has changed since the array was submitted',
      place: { file },
      remedy: 'end the array with scancel, and sweep again with --resume',
    });
  });
}

function readTasks(file: string): TaskList | null {
  const list = JSON.parse(readFileSync(file, 'utf8')) as TaskList;
  return list.schema === TASKS_SCHEMA ? list : null;
}
