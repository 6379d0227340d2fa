/**
 * How long virtual machines live: survival over the duration bins of the processed Azure V1
 * stream, from a Kaplan–Meier estimate, with an exponential tail beyond what the data identify.
 *
 * Bins (the data's `interval_map`): 0 = 0 s; 1–12 = 300·k s; 13–35 = (k−12, k−11] h; 36–44 =
 * (k−35, k−34] d; 45 = (10, 20] d; 46 = longer.
 */
import type { RandomStream } from '../../core/kernel/random.ts';

export const BINS = 47;
/** The last bin in which the development part of the data has deaths; censored at 3.5 days. */
export const LAST_BIN = 38;
const STEP_SECONDS = 300;
const HOUR = 3_600;
const DAY = 86_400;
/** Age at which the tail takes over. */
export const TAIL_START_SECONDS = 3.5 * DAY;

/**
 * P(lifetime beyond bin b), b = 0…38; Kaplan–Meier over 259,159 virtual machines of the
 * development part (Azure V1, Cortez et al., SOSP 2017).
 */
export const AZURE_SURVIVAL: readonly number[] = [
  0.9729, 0.8854, 0.7702, 0.66, 0.5538, 0.4706, 0.425, 0.3942, 0.3657, 0.3418, 0.3307, 0.3203,
  0.3102, 0.2326, 0.2015, 0.1809, 0.1671, 0.1543, 0.1423, 0.1323, 0.123, 0.1146, 0.1069, 0.0984,
  0.0902, 0.0841, 0.0781, 0.0719, 0.0661, 0.0636, 0.06, 0.0577, 0.0553, 0.0535, 0.0511, 0.0488,
  0.0323, 0.0281, 0.0274,
];

/**
 * Mean lifetime of the whole Azure V1 trace, hours: 104,371,713 VM-hours over 2,013,767 virtual
 * machines. It fixes the tail, which the development part alone does not show.
 */
export const AZURE_MEAN_LIFETIME_HOURS = 104_371_713 / 2_013_767;

/** Bounds (low, high] of a bin in seconds; both equal where a bin is one value. */
export function binBounds(bin: number): readonly [number, number] {
  if (bin <= 12) return [bin * STEP_SECONDS, bin * STEP_SECONDS];
  if (bin <= 35) return [(bin - 12) * HOUR, (bin - 11) * HOUR];
  if (bin <= 44) return [(bin - 35) * DAY, Math.min((bin - 34) * DAY, tailCap(bin))];
  return bin === 45 ? [10 * DAY, 20 * DAY] : [20 * DAY, 20 * DAY];
}

/** Nothing dies within the data between 3.5 d and 4 d. */
function tailCap(bin: number): number {
  return bin === LAST_BIN ? TAIL_START_SECONDS : Infinity;
}

/** A bin number of the data, by a duration in seconds that is a multiple of 300. */
export function binOfSeconds(seconds: number): number {
  if (seconds <= HOUR) return Math.ceil(seconds / STEP_SECONDS);
  if (seconds <= DAY) return Math.ceil(seconds / HOUR) + 11;
  if (seconds <= 10 * DAY) return Math.ceil(seconds / DAY) + 34;
  return seconds <= 20 * DAY ? 45 : 46;
}

/**
 * Kaplan–Meier survival by bin: deaths and censorings counted by bin; a machine censored in a bin
 * was at risk in it.
 */
export function kaplanMeier(deaths: ArrayLike<number>, censored: ArrayLike<number>): number[] {
  let atRisk = 0;
  for (let bin = 0; bin < deaths.length; bin++) atRisk += deaths[bin]! + censored[bin]!;
  const survival: number[] = [];
  let alive = 1;
  for (let bin = 0; bin < deaths.length; bin++) {
    if (atRisk > 0) alive *= 1 - deaths[bin]! / atRisk;
    survival.push(alive);
    atRisk -= deaths[bin]! + censored[bin]!;
  }
  return survival;
}

/** Lifetimes of one kind of virtual machine. */
export class Lifetimes {
  readonly #survival: readonly number[];
  readonly tailMeanSeconds: number;

  /** @param survival P(beyond bin b), b = 0…38 at least */
  constructor(survival: readonly number[], tailMeanSeconds: number) {
    this.#survival = survival.slice(0, LAST_BIN + 1);
    this.tailMeanSeconds = tailMeanSeconds;
  }

  /** Share that lives longer than 3.5 days. */
  get tailShare(): number {
    return this.#survival[LAST_BIN]!;
  }

  /** Mean seconds of those that live at most 3.5 days, times their share. */
  get bodyMeanSeconds(): number {
    let sum = 0;
    for (let bin = 0, before = 1; bin <= LAST_BIN; bin++) {
      const [low, high] = binBounds(bin);
      const middle = low === high ? low : (low + high + STEP_SECONDS) / 2;
      sum += (before - this.#survival[bin]!) * middle;
      before = this.#survival[bin]!;
    }
    return sum;
  }

  get meanSeconds(): number {
    return this.bodyMeanSeconds + this.tailShare * (TAIL_START_SECONDS + this.tailMeanSeconds);
  }

  /**
   * A lifetime in seconds from a quantile in [0, 1) (the same for machines that share their
   * batch's fate) and a stream for the place within the bin.
   */
  at(quantile: number, stream: RandomStream): number {
    const survival = this.#survival;
    const alive = 1 - quantile;
    if (alive <= survival[LAST_BIN]!) return TAIL_START_SECONDS + this.#tail(stream);
    let bin = 0;
    while (survival[bin]! >= alive) bin += 1;
    return secondsInBin(bin, stream);
  }

  /**
   * A lifetime of a machine that still ran when it was in this bin: it outlives the bin, which is
   * how the Kaplan–Meier estimate counts it.
   */
  beyondBin(bin: number, stream: RandomStream): number {
    const reached = this.#survival[Math.min(bin, LAST_BIN)]!;
    return this.at(1 - (1 - stream.uniform()) * reached, stream);
  }

  #tail(stream: RandomStream): number {
    return stream.exponential(this.tailMeanSeconds);
  }
}

/** Mean of the tail that gives a survival curve a mean lifetime; at least a day. */
export function tailMeanFor(survival: readonly number[], meanLifetimeSeconds: number): number {
  const curve = new Lifetimes(survival, 0);
  if (curve.tailShare === 0) return DAY;
  return Math.max(DAY, (meanLifetimeSeconds - curve.meanSeconds) / curve.tailShare);
}

/** A duration of this bin, a multiple of 300 s. */
export function secondsInBin(bin: number, stream: RandomStream): number {
  const [low, high] = binBounds(bin);
  const steps = (high - low) / STEP_SECONDS;
  return steps === 0 ? low : low + STEP_SECONDS * (1 + stream.integer(steps));
}
