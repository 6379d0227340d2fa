/** A worker thread of a comparison: does one task after another for one scenario. */
import { workerData } from 'node:worker_threads';
import { executeTask } from '../sim/experiment/task.ts';
import type { Task, TaskResult } from '../sim/experiment/task.ts';
import { loadComparison, taskContext } from './compose.ts';
import type { ComparisonSource } from './compose.ts';
import { answerOf } from './worker-answer.ts';
import type { WorkerAnswer } from './worker-answer.ts';

// piscina hands its own data first, the source second.
const source = (Array.isArray(workerData) ? workerData[1] : workerData) as ComparisonSource;
const context = taskContext(source, loadComparison(source));

export function work(task: Task): Promise<WorkerAnswer<TaskResult>> {
  return answerOf(async () => executeTask(task, await context));
}
