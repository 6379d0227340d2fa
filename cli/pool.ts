/** Does the tasks of a comparison with any number of workers; the answers come in task order. */
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { OcxError } from '../core/kernel/errors.ts';
import { executeTask } from '../sim/experiment/task.ts';
import type { Task, TaskResult } from '../sim/experiment/task.ts';
import type { LoadedScenario } from '../sim/scenario/load.ts';
import { taskContext } from './compose.ts';
import type { ComparisonSource } from './compose.ts';
import type { WorkerAnswer } from './worker.ts';

export function defaultWorkers(): number {
  return Math.max(1, availableParallelism());
}

/** @param done called after each task with the number done so far */
export async function executeTasks(
  source: ComparisonSource,
  loaded: LoadedScenario,
  tasks: readonly Task[],
  workers: number,
  done: (count: number) => void,
): Promise<TaskResult[]> {
  let count = 0;
  if (workers === 1) {
    const context = await taskContext(source, loaded);
    const results: TaskResult[] = [];
    for (const task of tasks) {
      results.push(executeTask(task, context));
      done(++count);
      // Lets signals and progress through between two tasks.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return results;
  }
  const pool = new Piscina({
    filename: new URL(`./worker${import.meta.url.slice(-3)}`, import.meta.url).href,
    workerData: source,
    minThreads: Math.min(workers, tasks.length),
    maxThreads: Math.min(workers, tasks.length),
  });
  const results: TaskResult[] = new Array(tasks.length);
  const failures: { readonly index: number; readonly error: unknown }[] = [];
  let next = 0;
  const work = async () => {
    while (next < tasks.length && failures.length === 0) {
      const index = next++;
      try {
        const answer = (await pool.run(tasks[index], { name: 'work' })) as WorkerAnswer;
        if (answer.refusal) throw new OcxError(answer.refusal);
        results[index] = answer.result;
        done(++count);
      } catch (error) {
        failures.push({ index, error });
      }
    }
  };
  // After a failure nothing more is begun, but what is under way ends: an answer that comes while
  // the pool is being taken down would be an error of its own.
  await Promise.all(Array.from({ length: workers }, work));
  await pool.destroy();
  const [first] = failures.sort((a, b) => a.index - b.index);
  if (first) throw first.error;
  return results;
}
