/**
 * The event queue of a simulated world: objects by time, priority and order of scheduling, with
 * cancellation. Objects sit in a table; only their handles go through the future-event list.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import { invariant } from '../../core/kernel/errors.ts';
import { CalendarQueue } from './calendar-queue.ts';
import type { FutureEventList } from './future-event-list.ts';

/** Names one scheduled event; good until it was handed out or cancelled, harmless afterwards. */
export type EventToken = number;

/** 2^26: a token is stamp · 2^26 + slot, and stays a safe integer. */
const SLOTS = 67_108_864;
const STAMP_MASK = 0x7ffffff;
/** Cancelled entries are swept out once there are this many and they outnumber the others. */
const SWEEP_MINIMUM = 1_024;

export class EventQueue<Item> {
  /** Time of the event handed out last; scheduling before it is a bug and throws. */
  nowMs = -Infinity;
  /** Priority of the event handed out last. */
  priority = 0;
  readonly #list: FutureEventList;
  readonly #items: (Item | undefined)[] = [];
  /** Odd while the event of a slot waits; counts up whenever that changes. */
  #stamps = new Int32Array(64);
  readonly #free: number[] = [];
  #cancelled = 0;

  /** @param list the future-event list to use; any gives the same history */
  constructor(list: FutureEventList = new CalendarQueue()) {
    invariant(list.size === 0, 'an event queue starts with an empty list');
    this.#list = list;
  }

  /** Events that wait, cancelled ones not counted. */
  get size(): number {
    return this.#list.size - this.#cancelled;
  }

  /**
   * @param timeMs finite, ≥ `nowMs`
   * @param priority integer in [−32,768, 32,767]; at equal times the lower goes first
   * @throws OcxError INVARIANT_VIOLATED for a time in the past or a key that has no order
   */
  schedule(timeMs: number, priority: number, item: Item): EventToken {
    if (!(timeMs >= this.nowMs)) {
      invariant(false, `event at ${timeMs} ms would be in the past (now ${this.nowMs} ms)`);
    }
    const reused = this.#free.length > 0;
    const slot = reused ? this.#free[this.#free.length - 1]! : this.#items.length;
    this.#list.push(timeMs, priority, slot);
    if (reused) this.#free.pop();
    else if (slot === this.#stamps.length) this.#growStamps();
    this.#items[slot] = item;
    const stamp = (this.#stamps[slot]! + 1) & STAMP_MASK;
    this.#stamps[slot] = stamp;
    return stamp * SLOTS + slot;
  }

  /** Takes an event back; false when it was already handed out or cancelled. */
  cancel(token: EventToken): boolean {
    const slot = token % SLOTS;
    const stamp = (token - slot) / SLOTS;
    if ((stamp & 1) === 0 || this.#stamps[slot] !== stamp) return false;
    this.#stamps[slot] = (stamp + 1) & STAMP_MASK;
    this.#items[slot] = undefined;
    this.#cancelled += 1;
    if (this.#cancelled > SWEEP_MINIMUM && this.#cancelled > this.size) this.#sweep();
    return true;
  }

  /** Time of the next event; Infinity when none waits. */
  nextTimeMs(): number {
    this.#skipCancelled();
    return this.#list.peekTime();
  }

  /** Hands out the next event and moves `nowMs` to its time; undefined when none waits. */
  next(): Item | undefined {
    for (;;) {
      const slot = this.#list.pop();
      if (slot < 0) return undefined;
      const item = this.#items[slot];
      if (this.#release(slot)) {
        this.nowMs = this.#list.poppedTimeMs;
        this.priority = this.#list.poppedPriority;
        return item;
      }
      this.#cancelled -= 1;
    }
  }

  #skipCancelled(): void {
    while (this.#cancelled > 0) {
      const slot = this.#list.peek();
      if (slot < 0 || (this.#stamps[slot]! & 1) === 1) return;
      this.#list.pop();
      this.#release(slot);
      this.#cancelled -= 1;
    }
  }

  /** Puts the list together again without what was cancelled; the order stays. */
  #sweep(): void {
    const list = this.#list;
    const kept: { timeMs: number; priority: number; slot: number }[] = [];
    for (let slot = list.pop(); slot >= 0; slot = list.pop()) {
      if ((this.#stamps[slot]! & 1) === 1) {
        kept.push({ timeMs: list.poppedTimeMs, priority: list.poppedPriority, slot });
      } else this.#release(slot);
    }
    for (const { timeMs, priority, slot } of kept) list.push(timeMs, priority, slot);
    this.#cancelled = 0;
  }

  /** Makes a slot free that the list has let go of; whether its event was still awaited. */
  #release(slot: number): boolean {
    this.#free.push(slot);
    const stamp = this.#stamps[slot]!;
    if ((stamp & 1) === 0) return false;
    this.#stamps[slot] = (stamp + 1) & STAMP_MASK;
    this.#items[slot] = undefined;
    return true;
  }

  #growStamps(): void {
    invariant(this.#stamps.length < SLOTS, 'too many events wait at once');
    const stamps = new Int32Array(this.#stamps.length * 2);
    stamps.set(this.#stamps);
    this.#stamps = stamps;
  }

  carry(carrier: Carrier): void {
    this.nowMs = carrier.value('nowMs', this.nowMs);
    this.priority = carrier.value('priority', this.priority);
    carrier.part('list', this.#list);
    carrier.fill('items', this.#items);
    this.#stamps = carrier.value('stamps', this.#stamps);
    carrier.fill('free', this.#free);
    this.#cancelled = carrier.value('cancelled', this.#cancelled);
  }
}
