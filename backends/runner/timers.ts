/**
 * The timers that a service has set: any number of them, one wake-up of the clock for the earliest.
 * A timer is gone once it has been called; set again under the same id it moves.
 */
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Clock } from './clock.ts';

interface Entry {
  readonly timerId: string;
  readonly atMs: TimeMs;
}

export class Timers {
  readonly #clock: Clock;
  readonly #fire: (timerId: string) => void;
  readonly #current = new Map<string, Entry>();
  /** The earliest last; entries that are not current any more are dropped when they come up. */
  readonly #queue: Entry[] = [];
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
    const entry = { timerId, atMs };
    this.#current.set(timerId, entry);
    this.#insert(entry);
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
      due.push(this.#queue.pop()!);
    }
    for (const entry of due) {
      if (this.#current.get(entry.timerId) !== entry) continue;
      this.#current.delete(entry.timerId);
      this.#fire(entry.timerId);
    }
    if (this.#isRunning) this.#arm();
  }

  #first(): Entry | undefined {
    for (let first = this.#queue.at(-1); first; first = this.#queue.at(-1)) {
      if (this.#current.get(first.timerId) === first) return first;
      this.#queue.pop();
    }
    return undefined;
  }

  /** Behind all that are not later. */
  #insert(entry: Entry): void {
    const queue = this.#queue;
    let [low, high] = [0, queue.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (queue[middle]!.atMs > entry.atMs) low = middle + 1;
      else high = middle;
    }
    queue.splice(low, 0, entry);
  }
}
