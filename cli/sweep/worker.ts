/** A worker thread of a sweep: does one cell after another. */
import { workerData } from 'node:worker_threads';
import { answerOf } from '../worker-answer.ts';
import type { WorkerAnswer } from '../worker-answer.ts';
import { cellPerformer } from './cells.ts';
import type { CellUnit, SweepWorkerData } from './cells.ts';

// piscina hands its own data first, the cells second.
const data = (Array.isArray(workerData) ? workerData[1] : workerData) as SweepWorkerData;
const performer = cellPerformer(data.cells);

export function work(unit: CellUnit): Promise<WorkerAnswer<Uint8Array>> {
  return answerOf(async () => (await performer)(unit));
}
