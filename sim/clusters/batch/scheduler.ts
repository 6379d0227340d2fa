/** The batch schedulers by name. What each does is written in `replay.ts` and `cluster.ts`. */
import type { QueueOrder } from './job-queue.ts';

/**
 * - `fcfs`: strictly first come first served.
 * - `easy`: the first job in the queue holds a reservation; a later one may start if it does not
 *   delay it (Lifka, "The ANL/IBM SP scheduling system", JSSPP 1995).
 * - `easy-sjbf`: the same, later jobs tried in ascending estimate (Tsafrir, Etsion & Feitelson,
 *   IEEE TPDS 18(6), 2007).
 * - `conservative`: every job holds a reservation (Mu'alem & Feitelson, IEEE TPDS 12(6), 2001).
 * - `sjf`, `ljf`: the job with the shortest or longest estimate first; nobody overtakes it, so one
 *   that does not fit holds up all others.
 * - `easy++`: `easy-sjbf` by predicted run times, see `replay-prediction.ts`.
 * - `maui`: priorities with fair share, and EASY in their order, see `replay-fair-share.ts`.
 */
export type Scheduler =
  'fcfs' | 'easy' | 'easy-sjbf' | 'conservative' | 'sjf' | 'ljf' | 'easy++' | 'maui';

/** What a batch cluster or a replay can run. */
export const SCHEDULERS: readonly Scheduler[] = [
  'fcfs',
  'easy',
  'easy-sjbf',
  'conservative',
  'sjf',
  'ljf',
  'easy++',
  'maui',
];

/** In which order jobs wait. */
export function queueOrder(scheduler: Scheduler): QueueOrder {
  if (scheduler === 'sjf') return 'estimate';
  return scheduler === 'ljf' ? 'longest' : 'submission';
}
