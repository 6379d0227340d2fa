/**
 * The timers that a service has set: any number of them, one wake-up of the clock for the earliest.
 * A timer is gone once it has been called; set again under the same id it moves.
 */
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Clock } from './clock.ts';

interface Entry {
  readonly timerId: string;
  readonly atMs: TimeMs;
  /** Order of setting, for those of the same time. */
  readonly order: number;
}

export class Timers {
  readonly #clock: Clock;
  readonly #fire: (timerId: string) => void;
  readonly #current = new Map<string, Entry>();
  /** A binary heap; entries that are not current any more are dropped when they come up. */
  #heap: Entry[] = [];
  #orders = 0;
  #callOff: (() => void) | null = null;
  #wakesAtMs = Infinity;
  #isRunning = false;

  constructor(clock: Clock, fire: (timerId: string) => void) {
    this.#clock = clock;
    this.#fire = fire;
  }

  get size(): number {
    return this.#current.size;
  }

  set(timerId: string, atMs: TimeMs): void {
    const entry = { timerId, atMs, order: this.#orders++ };
    this.#current.set(timerId, entry);
    this.#push(entry);
    if (this.#isRunning) this.#arm();
  }

  cancel(timerId: string): void {
    this.#current.delete(timerId);
  }

  /** From here on timers fire; what is overdue does so at once, the earliest first. */
  start(): void {
    this.#isRunning = true;
    this.#arm();
  }

  stop(): void {
    this.#isRunning = false;
    this.#callOff?.();
    this.#callOff = null;
    this.#wakesAtMs = Infinity;
  }

  #arm(): void {
    const first = this.#first();
    if (!first || first.atMs >= this.#wakesAtMs) return;
    this.#callOff?.();
    this.#wakesAtMs = first.atMs;
    this.#callOff = this.#clock.wakeAt(first.atMs, () => this.#wake());
  }

  #wake(): void {
    this.#callOff = null;
    this.#wakesAtMs = Infinity;
    const nowMs = this.#clock.nowMs();
    // Only those that are due now: a timer that is set in the past by one of them waits for its turn.
    const due: Entry[] = [];
    for (let first = this.#first(); first && first.atMs <= nowMs; first = this.#first()) {
      due.push(this.#pop());
    }
    for (const entry of due) {
      if (this.#current.get(entry.timerId) !== entry) continue;
      this.#current.delete(entry.timerId);
      this.#fire(entry.timerId);
    }
    if (this.#isRunning) this.#arm();
  }

  #first(): Entry | undefined {
    while (this.#heap.length > 0) {
      const first = this.#heap[0]!;
      if (this.#current.get(first.timerId) === first) return first;
      this.#pop();
    }
    return undefined;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): Entry {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
