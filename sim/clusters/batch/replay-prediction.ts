/**
 * EASY++ (Tsafrir, Etsion & Feitelson, "Backfilling using system-generated predictions rather than
 * user runtime estimates", IEEE TPDS 18(6), 2007), with the rules of the simulator predictsim (pyss as
 * used by Gaussier, Glesser, Reis & Trystram, SC'15):
 *
 * - At its submission a job is expected to run for the mean of the last two run times of its user that
 *   have ended by then, in whole seconds, never more than the user's estimate. Where fewer than two
 *   have ended the estimate is believed.
 * - Candidates are tried in ascending prediction.
 * - A job that outlives its prediction is expected to run for its first prediction and one step more;
 *   the steps grow, up to the estimate. Only the estimate kills.
 *
 * Claimed: shorter waits than EASY on production logs. Not claimed: that nobody is delayed. A
 * prediction that was too short lets jobs slip in front of the reserved one.
 */
import type { Carrier } from '../../../core/kernel/carried.ts';
import { runSeconds } from './replay-machine.ts';
import { EstimatePolicy } from './replay-policy.ts';
import type { PolicyMachine } from './replay-policy.ts';

/** Seconds beyond the first prediction at the first, second, … correction; then the estimate. */
export const CORRECTION_SECONDS = [
  60, 300, 900, 1_800, 3_600, 7_200, 18_000, 36_000, 72_000, 180_000, 360_000,
] as const;

export class PredictionPolicy extends EstimatePolicy {
  /** Run times of the last two jobs of a user that ended. */
  readonly #last = new Map<number, number>();
  readonly #lastButOne = new Map<number, number>();
  /** First prediction by job that waits or runs. */
  readonly #predicted = new Map<number, number>();

  constructor(machine: PolicyMachine) {
    super(machine, true);
  }

  override expected(job: number): number {
    return this.#predicted.get(job)!;
  }

  override corrected(job: number, _expected = 0, elapsed = 0): number {
    const estimate = this.machine.estimate(job);
    const first = this.#predicted.get(job)!;
    const step = CORRECTION_SECONDS.find((seconds) => first + seconds > elapsed);
    return step === undefined ? estimate : Math.min(estimate, first + step);
  }

  override submitted(job: number): void {
    this.#predicted.set(job, this.#predict(job));
  }

  override ended(job: number): void {
    const user = this.machine.table.user[job]!;
    this.#predicted.delete(job);
    const last = this.#last.get(user);
    if (last !== undefined) this.#lastButOne.set(user, last);
    this.#last.set(user, runSeconds(this.machine.table, job));
  }

  #predict(job: number): number {
    const estimate = this.machine.estimate(job);
    const user = this.machine.table.user[job]!;
    const before = this.#lastButOne.get(user);
    if (before === undefined) return estimate;
    const mean = Math.floor((before + this.#last.get(user)!) / 2);
    // A log with fractions of seconds may have a mean below one: nothing runs for no time.
    return Math.min(estimate, Math.max(1, mean));
  }

  override carry(carrier: Carrier): void {
    carrier.fills({ last: this.#last, lastButOne: this.#lastButOne, predicted: this.#predicted });
  }
}
