/** The batch schedulers by name. What each does is written in `replay.ts` and `cluster.ts`. */

/**
 * - `fcfs`: strictly first come first served.
 * - `easy`: the first job in the queue holds a reservation; a later one may start if it does not
 *   delay it (Lifka, "The ANL/IBM SP scheduling system", JSSPP 1995).
 * - `easy-sjbf`: the same, later jobs tried in ascending estimate (Tsafrir, Etsion & Feitelson,
 *   IEEE TPDS 18(6), 2007).
 * - `conservative`: every job holds a reservation (Mu'alem & Feitelson, IEEE TPDS 12(6), 2001).
 */
export type Scheduler = 'fcfs' | 'easy' | 'easy-sjbf' | 'conservative';

export const SCHEDULERS: readonly Scheduler[] = ['fcfs', 'easy', 'easy-sjbf', 'conservative'];
