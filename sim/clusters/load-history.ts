/**
 * What a cloud knows of its own load: the highest need of every hour so far, and from it how much a
 * further node would be used.
 *
 * The same hours of earlier days and weeks stand for the hours to come (seasonal naive forecast;
 * Hyndman & Athanasopoulos, Forecasting: principles and practice, §5.2). Several of them give a
 * distribution instead of one peak: a node that was needed in a third of those hours will serve a
 * third of the time, and is worth no more (the newsvendor's critical fractile read backwards;
 * Arrow, Harris & Marschak, Econometrica 19, 1951).
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import { DAY_MS, HOUR_MS, WEEK_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';

/** How far back the hours lie that stand for an hour to come. */
const LAGS_MS: readonly number[] = [DAY_MS, WEEK_MS, 2 * WEEK_MS, 3 * WEEK_MS, 4 * WEEK_MS];

/** Shares of use are told apart to this part: finer ones would only make more bids. */
const SHARE_STEPS = 12;

/** Consecutive nodes that are expected to be used for the same share of a window. */
export interface NeedTier {
  readonly nodes: number;
  /** Of the window's hours, 0 exclusive to 1. */
  readonly share: number;
}

export class LoadHistory {
  /** Highest need seen in each hour since time 0, filled up to now. */
  readonly #hourlyPeak: number[] = [];

  /** The load was `load` in [from, to); calls come in the order of time. */
  add(fromMs: TimeMs, toMs: TimeMs, load: number): void {
    const last = Math.floor((toMs - 1) / HOUR_MS);
    for (let hour = Math.floor(fromMs / HOUR_MS); hour <= last; hour++) {
      this.#hourlyPeak[hour] = Math.max(this.#hourlyPeak[hour] ?? 0, load);
    }
  }

  /** Peak of the same hours a day and a week ago; the larger, 0 without a past. */
  peak(fromMs: TimeMs, toMs: TimeMs): number {
    let peak = 0;
    for (const lag of LAGS_MS.slice(0, 2)) {
      if (fromMs < lag || toMs - fromMs > lag) continue;
      const last = Math.floor((toMs - lag - 1) / HOUR_MS);
      for (let hour = Math.floor((fromMs - lag) / HOUR_MS); hour <= last; hour++) {
        peak = Math.max(peak, this.#hourlyPeak[hour] ?? 0);
      }
    }
    return peak;
  }

  /**
   * Nodes beyond `covered` by the share of [from, to) in which they are expected to be needed: in
   * the same hours of earlier days and weeks, or because the load stays as it is. Most used first.
   */
  tiers(fromMs: TimeMs, toMs: TimeMs, load: number, covered: number): NeedTier[] {
    const samples = this.#samples(fromMs, toMs, load);
    return tiersOf(samples, covered);
  }

  /** As `peak`, for a window ahead: the last day and week that were over by now. */
  peakAhead(nowMs: TimeMs, fromMs: TimeMs, toMs: TimeMs): number {
    const lags = [DAY_MS, WEEK_MS].map((period) => lagOf(nowMs, toMs, period));
    return Math.max(...lags.flatMap((lag) => this.#past(fromMs - lag, toMs - lag)), 0);
  }

  /** As `tiers`, for a window ahead: what the load is now says nothing about it. */
  tiersAhead(nowMs: TimeMs, fromMs: TimeMs, toMs: TimeMs, covered: number): NeedTier[] {
    const week = lagOf(nowMs, toMs, WEEK_MS);
    const lags = [lagOf(nowMs, toMs, DAY_MS), week, week + WEEK_MS, week + 2 * WEEK_MS];
    const samples = lags.flatMap((lag) => this.#past(fromMs - lag, toMs - lag));
    return samples.length > 0 ? tiersOf(samples, covered) : [];
  }

  /** The hours of a window in the past; none where it began before time 0. */
  #past(fromMs: TimeMs, toMs: TimeMs): number[] {
    if (fromMs < 0) return [];
    const first = Math.floor(fromMs / HOUR_MS);
    const hours = Math.ceil((toMs - fromMs) / HOUR_MS);
    return Array.from({ length: hours }, (_, hour) => this.#hourlyPeak[first + hour] ?? 0);
  }

  /** What hours like those of the window needed; as many for the load now as for each lag. */
  #samples(fromMs: TimeMs, toMs: TimeMs, load: number): number[] {
    const hours = Math.max(1, Math.ceil((toMs - fromMs) / HOUR_MS));
    const samples = new Array<number>(hours).fill(Math.ceil(load));
    for (const lag of LAGS_MS) {
      if (fromMs < lag || toMs - fromMs > lag) continue;
      const first = Math.floor((fromMs - lag) / HOUR_MS);
      for (let i = 0; i < hours; i++) samples.push(this.#hourlyPeak[first + i] ?? 0);
    }
    return samples;
  }

  carry(carrier: Carrier): void {
    carrier.fill('hourlyPeak', this.#hourlyPeak);
  }
}

/** Whole periods by which a window must be moved back to be over by now. */
function lagOf(nowMs: TimeMs, toMs: TimeMs, periodMs: number): number {
  return Math.ceil((toMs - nowMs) / periodMs) * periodMs;
}

function tiersOf(samples: number[], covered: number): NeedTier[] {
  samples.sort((a, b) => b - a);
  const tiers: { nodes: number; share: number }[] = [];
  for (let level = Math.floor(covered) + 1, needed = samples.length; ; level++) {
    while (needed > 0 && samples[needed - 1]! < level) needed -= 1;
    const share = Math.floor((needed / samples.length) * SHARE_STEPS) / SHARE_STEPS;
    if (share === 0) return tiers;
    const last = tiers.at(-1);
    if (last?.share === share) last.nodes += 1;
    else tiers.push({ nodes: 1, share });
  }
}
