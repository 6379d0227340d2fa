/**
 * How long nodes are idle before their owner offers them: the prospectus asks that they be shared
 * "as soon as available" (§4.2, question 2).
 *
 * Idle nodes have no identity. Those that are idle for longest are offered first, and of nodes that
 * go into use again the offered ones go first.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import { MINUTE_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { overlapMs } from '../clusters/window.ts';
import type { MeasuredWindow } from '../clusters/window.ts';

/** Longer times are counted as this: a week. */
const MOST_MINUTES = 7 * 24 * 60;

export class TimeToOffer {
  readonly #window: MeasuredWindow;
  /** Idle and not offered yet, oldest first. */
  readonly #waiting: { readonly sinceMs: TimeMs; nodes: number }[] = [];
  #offered = 0;
  #idle = 0;
  readonly #minutes = new Map<number, number>();

  constructor(window: MeasuredWindow) {
    this.#window = window;
  }

  /** So many nodes are idle from now on. */
  idle(nodes: number, nowMs: TimeMs): void {
    const change = nodes - this.#idle;
    this.#idle = nodes;
    if (change > 0) this.#waiting.push({ sinceMs: nowMs, nodes: change });
    if (change >= 0) return;
    const fromOffered = Math.min(-change, this.#offered);
    this.#offered -= fromOffered;
    this.#take(-change - fromOffered);
  }

  /** So many of the idle nodes are offered now; fewer than before: some were taken back. */
  offer(nodes: number, nowMs: TimeMs): void {
    const change = Math.min(nodes, this.#idle) - this.#offered;
    this.#offered += change;
    if (change < 0) {
      this.#waiting.push({ sinceMs: nowMs, nodes: -change });
      return;
    }
    const counts = overlapMs(this.#window, nowMs, nowMs + 1) > 0;
    this.#take(change, (sinceMs, taken) => {
      if (!counts) return;
      const minutes = Math.min(MOST_MINUTES, Math.ceil((nowMs - sinceMs) / MINUTE_MS));
      this.#minutes.set(minutes, (this.#minutes.get(minutes) ?? 0) + taken);
    });
  }

  #take(nodes: number, each: (sinceMs: TimeMs, nodes: number) => void = () => {}): void {
    for (let left = nodes; left > 0 && this.#waiting.length > 0;) {
      const oldest = this.#waiting[0]!;
      const taken = Math.min(left, oldest.nodes);
      each(oldest.sinceMs, taken);
      oldest.nodes -= taken;
      left -= taken;
      if (oldest.nodes === 0) this.#waiting.shift();
    }
  }

  /** Nodes by the minutes they were idle before they were offered, ascending. */
  histogram(): readonly (readonly [minutes: number, nodes: number])[] {
    return [...this.#minutes].sort(([a], [b]) => a - b);
  }

  carry(carrier: Carrier): void {
    carrier.fill('waiting', this.#waiting);
    this.#offered = carrier.value('offered', this.#offered);
    this.#idle = carrier.value('idle', this.#idle);
    carrier.fill('minutes', this.#minutes);
  }
}
