/** A worker thread of a comparison: does one task after another for one scenario. */
import { workerData } from 'node:worker_threads';
import { OcxError } from '../core/kernel/errors.ts';
import type { Refusal } from '../core/kernel/errors.ts';
import { executeTask } from '../sim/experiment/task.ts';
import type { Task, TaskResult } from '../sim/experiment/task.ts';
import { loadComparison, taskContext } from './compose.ts';
import type { ComparisonSource } from './compose.ts';

/** A refusal crosses the thread's border as data, so that it keeps its code and place. */
export type WorkerAnswer =
  | { readonly result: TaskResult; readonly refusal: null }
  | { readonly result: null; readonly refusal: Refusal };

// piscina hands its own data first, the source second.
const source = (Array.isArray(workerData) ? workerData[1] : workerData) as ComparisonSource;
const context = taskContext(source, loadComparison(source));

export async function work(task: Task): Promise<WorkerAnswer> {
  try {
    return { result: executeTask(task, await context), refusal: null };
  } catch (error) {
    if (!(error instanceof OcxError) || error.code.startsWith('INVARIANT')) throw error;
    const { code, message, place, remedy } = error;
    return {
      result: null,
      refusal: { code, message, ...(place ? { place } : {}), ...(remedy ? { remedy } : {}) },
    };
  }
}
