/** In what the EASY of one simulator differs from that of another. */
import { OcxError } from '../../../core/kernel/errors.ts';

/**
 * Two simulators that both say "EASY" seldom agree on the start of every job. These are the choices
 * that papers leave open:
 *
 * - `pass`: when the scheduler looks. `event`: after every single submission and termination, as
 *   pyss and GridSim's descendants do; `instant`: once after all of one instant; a number: every so
 *   many seconds where something happened, as Slurm's backfill thread does (`bf_interval`, 30 s).
 * - `elapsed`: whether a processor whose estimated end is now counts as `free` before the termination
 *   was seen (pyss), or is `busy` until then. It makes a difference with `pass: 'event'` only.
 * - `extra`: whether a job that ends after the reservation begins may start on processors which
 *   that leaves over. Without, jobs must end in time: simpler, and starts fewer.
 */
export interface EasyVariant {
  readonly pass: 'event' | 'instant' | number;
  readonly elapsed: 'free' | 'busy';
  readonly extra: boolean;
}

/** What pyss does, and what published waits were made with. */
export const PYSS_VARIANT: EasyVariant = { pass: 'event', elapsed: 'free', extra: true };

export function isPyssVariant(variant: EasyVariant): boolean {
  return variant.pass === 'event' && variant.elapsed === 'free' && variant.extra;
}

/** @throws OcxError INPUT_ARGUMENT for a period that is none */
export function checkVariant({ pass, elapsed }: EasyVariant): void {
  const isPass = pass === 'event' || pass === 'instant' || (Number.isFinite(pass) && pass > 0);
  if (isPass && (elapsed === 'free' || elapsed === 'busy')) return;
  throw new OcxError({
    code: 'INPUT_ARGUMENT',
    message: `a scheduler cannot look ${JSON.stringify(pass)} with elapsed ${JSON.stringify(elapsed)}`,
    remedy: 'give event, instant or seconds above 0; and free or busy',
  });
}
