/**
 * A sweep's folder while it grows: each finished cell is a file of its own under `cells/`, written
 * under a temporary name and renamed, so that after a kill whatever is there is whole.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import type { TaskResult } from '../../sim/experiment/task.ts';
import { requireWritable, writeAtomically } from '../files.ts';
import { decodeCell, isCellOf } from './cell-file.ts';
import type { CellUnit } from './cells.ts';

const CELLS = 'cells';
/** What a job array needs and says, beside the cells. */
export const SLURM = 'slurm';
const PLAN = 'plan.json';
const PLAN_SCHEMA = 'ocx-sweep-plan/1';
const CELL_FILE = /^\d+-\d+\.json\.zst$/;
const TEMPORARY = /^\..*\.tmp$/;

/** What a sweep's folder may hold; anything else in it is somebody's own. */
const OURS =
  /^(manifest\.json|sweep\.(json|csv)|variance\.csv|report\.html|figures|cells|slurm|\..*\.tmp)$/;

interface Plan {
  readonly schema: typeof PLAN_SCHEMA;
  readonly experiment: string;
}

/**
 * Makes the folder ready. Without `resume` an earlier result gives way, but an unfinished one
 * does not: its cells may have taken hours.
 *
 * @throws INPUT_OUT_IN_USE, INPUT_SWEEP_UNFINISHED, INPUT_SWEEP_OTHER
 */
export function openSweepFolder(folder: string, experiment: string, resume: boolean): void {
  const plan = readPlan(folder);
  if (existsSync(folder) && !isOurs(folder, plan)) {
    const message = 'the folder holds something that is not a sweep of ours';
    throw refusal('INPUT_OUT_IN_USE', folder, message, 'choose a new or empty folder with --out');
  }
  requireWritable(folder);
  if (resume && plan && plan.experiment !== experiment) {
    const message = `the folder holds the experiment ${JSON.stringify(plan.experiment)}`;
    throw refusal('INPUT_SWEEP_OTHER', folder, message, 'choose its own folder with --out');
  }
  if (!resume && plan && !existsSync(join(folder, 'sweep.json'))) {
    const message = 'the folder holds an unfinished sweep';
    const remedy = 'go on with --resume, or choose another folder with --out';
    throw refusal('INPUT_SWEEP_UNFINISHED', folder, message, remedy);
  }
  const cells = join(folder, CELLS);
  for (const name of existsSync(cells) ? readdirSync(cells) : []) {
    const stale = TEMPORARY.test(name) || (!resume && CELL_FILE.test(name));
    if (stale) rmSync(join(cells, name), { force: true });
  }
  if (!resume) rmSync(join(folder, SLURM), { recursive: true, force: true });
  if (!resume) removeResults(folder);
  mkdirSync(cells, { recursive: true });
  const mine: Plan = { schema: PLAN_SCHEMA, experiment };
  writeAtomically(join(cells, PLAN), `${JSON.stringify(mine)}\n`);
}

/** Results of an earlier run, or of a part, do not stand beside cells of this one. */
export function removeResults(folder: string): void {
  for (const name of ['sweep.json', 'sweep.csv', 'variance.csv'])
    rmSync(join(folder, name), { force: true });
}

export function writeCell(folder: string, unit: CellUnit, bytes: Uint8Array): void {
  writeAtomically(cellPath(folder, unit), bytes);
}

/** Makes room for a cell: what stands in its place is broken, or of another version. */
export function removeCell(folder: string, unit: CellUnit): void {
  rmSync(cellPath(folder, unit), { force: true });
}

/** Whether the cell is done, under this key. */
export function isDone(folder: string, unit: CellUnit): boolean {
  const path = cellPath(folder, unit);
  return existsSync(path) && isCellOf(readFileSync(path), unit.key);
}

/** Null where the cell is not done, or under another key. */
export function readCell(folder: string, unit: CellUnit): TaskResult[] | null {
  const path = cellPath(folder, unit);
  return existsSync(path) ? decodeCell(readFileSync(path), unit.key) : null;
}

function cellPath(folder: string, { number, replication }: CellUnit): string {
  return join(folder, CELLS, `${String(number).padStart(4, '0')}-${replication}.json.zst`);
}

function isOurs(folder: string, plan: Plan | null): boolean {
  try {
    const names = readdirSync(folder);
    return names.length === 0 || (plan !== null && names.every((name) => OURS.test(name)));
  } catch {
    return false;
  }
}

function readPlan(folder: string): Plan | null {
  try {
    const plan = JSON.parse(readFileSync(join(folder, CELLS, PLAN), 'utf8')) as Plan | null;
    return plan?.schema === PLAN_SCHEMA ? plan : null;
  } catch {
    return null;
  }
}

function refusal(code: string, file: string, message: string, remedy: string): OcxError {
  return new OcxError({ code, message, place: { file }, remedy });
}
