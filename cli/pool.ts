/** Spreads work over any number of workers; the answers come in the order of the work. */
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { OcxError } from '../core/kernel/errors.ts';
import { executeTask } from '../sim/experiment/task.ts';
import type { Task, TaskResult } from '../sim/experiment/task.ts';
import type { LoadedScenario } from '../sim/scenario/load.ts';
import { taskContext } from './compose.ts';
import type { ComparisonSource } from './compose.ts';
import type { WorkerAnswer } from './worker-answer.ts';

/** Work that can be done in pieces, here or in threads. */
export interface Work<Item, Result> {
  /** Name of the worker's file without its ending; it exports `work(item)`. */
  readonly worker: string;
  /** What each worker starts from; plain data. */
  readonly data: unknown;
  readonly items: readonly Item[];
  /** Makes what does one item after the other in this thread. */
  alone(): Promise<(item: Item) => Result | Promise<Result>>;
  /** Called after each item, in the order in which they end. */
  finished(result: Result, item: Item, index: number): void;
}

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
  const results: TaskResult[] = new Array(tasks.length);
  let count = 0;
  await spread<Task, TaskResult>(
    {
      worker: 'worker',
      data: source,
      items: tasks,
      alone: async () => {
        const context = await taskContext(source, loaded);
        return (task) => executeTask(task, context);
      },
      finished: (result, _, index) => {
        results[index] = result;
        done(++count);
      },
    },
    workers,
  );
  return results;
}

/** @throws what the first item that failed has thrown */
export async function spread<Item, Result>(
  work: Work<Item, Result>,
  workers: number,
): Promise<void> {
  if (work.items.length === 0) return;
  if (workers === 1) {
    const perform = await work.alone();
    for (const [index, item] of work.items.entries()) {
      work.finished(await perform(item), item, index);
      // Lets signals and progress through between two items.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return;
  }
  await spreadOverThreads(work, Math.min(workers, work.items.length));
}

async function spreadOverThreads<Item, Result>(
  { worker, data, items, finished }: Work<Item, Result>,
  threads: number,
): Promise<void> {
  const pool = new Piscina({
    filename: new URL(`./${worker}${import.meta.url.slice(-3)}`, import.meta.url).href,
    workerData: data,
    minThreads: threads,
    maxThreads: threads,
  });
  const failures: { readonly index: number; readonly error: unknown }[] = [];
  let next = 0;
  const takeItems = async () => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      try {
        const answer = (await pool.run(items[index], { name: 'work' })) as WorkerAnswer<Result>;
        if (answer.refusal) throw new OcxError(answer.refusal);
        finished(answer.result as Result, items[index]!, index);
      } catch (error) {
        failures.push({ index, error });
      }
    }
  };
  // After a failure nothing more is begun, but what is under way ends: an answer that comes while
  // the pool is being taken down would be an error of its own.
  await Promise.all(Array.from({ length: threads }, takeItems));
  await pool.destroy();
  const [first] = failures.sort((a, b) => a.index - b.index);
  if (first) throw first.error;
}
