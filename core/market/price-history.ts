/**
 * What each class traded for lately: the published facts that margins and safeguards go by. Bounded
 * in time and number, and kept for configured classes only, since names of classes are free.
 */
import type { Millicredits, TimeMs } from '../kernel/units.ts';
import type { ClassPrice } from './orders.ts';

export interface PricePoint {
  readonly timeMs: TimeMs;
  readonly millicreditsPerNodeSlot: Millicredits;
}

/** By class: oldest first. */
export type PriceHistory = Map<string, PricePoint[]>;

/** Points kept of one class: one a minute for a day. */
export const MOST_PRICE_POINTS = 1_440;

export function priceHistoryOf(nodeClasses: readonly string[]): PriceHistory {
  return new Map(nodeClasses.map((name) => [name, []]));
}

/** Adds what was traded at prices now; forgets what is older than the window. */
export function notePrices(
  history: PriceHistory,
  prices: readonly ClassPrice[],
  timeMs: TimeMs,
  windowMs: TimeMs,
): void {
  for (const { nodeClass, millicreditsPerNodeSlot } of prices) {
    const points = history.get(nodeClass);
    if (points && millicreditsPerNodeSlot !== null)
      points.push({ timeMs, millicreditsPerNodeSlot });
  }
  for (const points of history.values()) {
    let old = Math.max(0, points.length - MOST_PRICE_POINTS);
    while (old < points.length && points[old]!.timeMs < timeMs - windowMs) old += 1;
    if (old > 0) points.splice(0, old);
  }
}

export function lastPrice(history: PriceHistory, nodeClass: string): Millicredits | null {
  return history.get(nodeClass)?.at(-1)?.millicreditsPerNodeSlot ?? null;
}

/** The lower median, an actual price; null where nothing was traded. */
export function medianPrice(history: PriceHistory, nodeClass: string): Millicredits | null {
  const points = history.get(nodeClass) ?? [];
  if (points.length === 0) return null;
  const sorted = points.map((point) => point.millicreditsPerNodeSlot).sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1]!;
}

/** Root mean square of the changes from one price to the next; 0 with fewer than two prices. */
export function priceDeviation(history: PriceHistory, nodeClass: string): number {
  const points = history.get(nodeClass) ?? [];
  let squares = 0;
  for (let i = 1; i < points.length; i++) {
    const change = points[i]!.millicreditsPerNodeSlot - points[i - 1]!.millicreditsPerNodeSlot;
    squares += change * change;
  }
  return points.length > 1 ? Math.sqrt(squares / (points.length - 1)) : 0;
}
