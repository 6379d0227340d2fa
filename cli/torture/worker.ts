/** A worker thread of `ocx torture`: runs one seed after another. */
import { workerData } from 'node:worker_threads';
import { answerOf } from '../worker-answer.ts';
import type { WorkerAnswer } from '../worker-answer.ts';
import { tortureSeed } from './seed.ts';
import type { SeedSummary, TortureWorkerData } from './seed.ts';

// piscina hands its own data first, the seeds second.
const data = (Array.isArray(workerData) ? workerData[1] : workerData) as TortureWorkerData;

export function work(seed: number): Promise<WorkerAnswer<SeedSummary>> {
  return answerOf(() => tortureSeed(seed, data.mutant));
}
