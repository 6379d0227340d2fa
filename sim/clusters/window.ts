/**
 * The measured window of a run, and node-time counted inside it hour by hour. Node-time outside
 * the window never counts.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import { HOUR_MS } from '../../core/kernel/units.ts';
import type { NodeMs, TimeMs } from '../../core/kernel/units.ts';

export interface MeasuredWindow {
  /** End of the warm-up. */
  readonly startMs: TimeMs;
  readonly endMs: TimeMs;
}

/** Part of [from, to) inside the window, milliseconds. */
export function overlapMs(window: MeasuredWindow, fromMs: TimeMs, toMs: TimeMs): number {
  const from = Math.max(fromMs, window.startMs);
  const to = Math.min(toMs, window.endMs);
  return to > from ? to - from : 0;
}

/** Node-milliseconds by hour of the window. */
export class HourlyNodeTime {
  readonly #window: MeasuredWindow;
  /** Node-ms in each hour since the window's start. */
  readonly hours: Float64Array;

  constructor(window: MeasuredWindow) {
    this.#window = window;
    this.hours = new Float64Array(Math.ceil((window.endMs - window.startMs) / HOUR_MS));
  }

  /** Adds `nodes` held over [from, to); what lies outside the window is left out. */
  add(fromMs: TimeMs, toMs: TimeMs, nodes: number): void {
    if (nodes === 0) return;
    const start = this.#window.startMs;
    const to = Math.min(toMs, this.#window.endMs) - start;
    let at = Math.max(fromMs, start) - start;
    while (at < to) {
      const hour = Math.floor(at / HOUR_MS);
      const until = Math.min(to, (hour + 1) * HOUR_MS);
      this.hours[hour]! += nodes * (until - at);
      at = until;
    }
  }

  total(): NodeMs {
    let sum = 0;
    for (const value of this.hours) sum += value;
    return sum;
  }

  carry(carrier: Carrier): void {
    carrier.fill('hours', this.hours);
  }
}

/** Demand that cannot wait, as windows of one hour. */
export function hourlyDemand(hours: Float64Array, window: MeasuredWindow) {
  const releaseMs: number[] = [];
  const dueMs: number[] = [];
  const nodeMs: number[] = [];
  for (const [hour, amount] of hours.entries()) {
    if (amount === 0) continue;
    releaseMs.push(window.startMs + hour * HOUR_MS);
    dueMs.push(window.startMs + (hour + 1) * HOUR_MS);
    nodeMs.push(amount);
  }
  return { releaseMs, dueMs, nodeMs };
}
