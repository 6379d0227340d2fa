/** A binary heap on typed arrays: O(log n) whatever the distribution of times. */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { FutureEventList } from './future-event-list.ts';
import { checkKey } from './future-event-list.ts';

/** 2^37: how far priorities stand apart in the combined key; |priority| ≤ 2^15 keeps it exact. */
const PRIORITY_STEP = 137_438_953_472;
const INITIAL_CAPACITY = 64;

export class HeapQueue implements FutureEventList {
  size = 0;
  poppedTimeMs = -Infinity;
  poppedPriority = 0;
  #sequence = 0;
  #times = new Float64Array(INITIAL_CAPACITY);
  /** priority · 2^37 + sequence: one comparison settles all ties of time. */
  #orders = new Float64Array(INITIAL_CAPACITY);
  #payloads = new Int32Array(INITIAL_CAPACITY);

  push(timeMs: number, priority: number, payload: number): void {
    checkKey(timeMs, priority, payload);
    if (this.size === this.#times.length) this.#grow();
    this.#rise(timeMs, priority * PRIORITY_STEP + this.#sequence++, payload);
  }

  /**
   * Gives entries other payloads, in the same order.
   *
   * @param payloads by old payload; −1 takes its entries out
   */
  renumber(payloads: Int32Array): void {
    const { size } = this;
    this.size = 0;
    for (let at = 0; at < size; at++) {
      const payload = payloads[this.#payloads[at]!]!;
      // Those before `at` are in their places, in at most `at` of them.
      if (payload >= 0) this.#rise(this.#times[at]!, this.#orders[at]!, payload);
    }
  }

  #rise(timeMs: number, order: number, payload: number): void {
    const times = this.#times;
    const orders = this.#orders;
    const payloads = this.#payloads;
    let hole = this.size++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const parentTime = times[parent]!;
      if (parentTime < timeMs || (parentTime === timeMs && orders[parent]! < order)) break;
      times[hole] = parentTime;
      orders[hole] = orders[parent]!;
      payloads[hole] = payloads[parent]!;
      hole = parent;
    }
    times[hole] = timeMs;
    orders[hole] = order;
    payloads[hole] = payload;
  }

  pop(): number {
    if (this.size === 0) return -1;
    const payload = this.#payloads[0]!;
    this.poppedTimeMs = this.#times[0]!;
    this.poppedPriority = Math.floor(this.#orders[0]! / PRIORITY_STEP);
    this.size -= 1;
    if (this.size > 0) this.#sink();
    return payload;
  }

  peek(): number {
    return this.size === 0 ? -1 : this.#payloads[0]!;
  }

  /** Payloads of all entries, in no order. */
  payloads(): Int32Array {
    return this.#payloads.subarray(0, this.size);
  }

  peekTime(): number {
    return this.size === 0 ? Infinity : this.#times[0]!;
  }

  clear(): void {
    this.size = 0;
  }

  /** Moves the last entry into the hole at the root and down to its place. */
  #sink(): void {
    const times = this.#times;
    const orders = this.#orders;
    const payloads = this.#payloads;
    const last = this.size;
    const time = times[last]!;
    const order = orders[last]!;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= last) break;
      let childTime = times[child]!;
      if (child + 1 < last) {
        const otherTime = times[child + 1]!;
        if (
          otherTime < childTime ||
          (otherTime === childTime && orders[child + 1]! < orders[child]!)
        ) {
          child += 1;
          childTime = otherTime;
        }
      }
      if (time < childTime || (time === childTime && order < orders[child]!)) break;
      times[hole] = childTime;
      orders[hole] = orders[child]!;
      payloads[hole] = payloads[child]!;
      hole = child;
    }
    times[hole] = time;
    orders[hole] = order;
    payloads[hole] = payloads[last]!;
  }

  #grow(): void {
    const capacity = this.#times.length * 2;
    const times = new Float64Array(capacity);
    times.set(this.#times);
    this.#times = times;
    const orders = new Float64Array(capacity);
    orders.set(this.#orders);
    this.#orders = orders;
    const payloads = new Int32Array(capacity);
    payloads.set(this.#payloads);
    this.#payloads = payloads;
  }

  carry(carrier: Carrier): void {
    this.size = carrier.value('size', this.size);
    this.poppedTimeMs = carrier.value('poppedTimeMs', this.poppedTimeMs);
    this.poppedPriority = carrier.value('poppedPriority', this.poppedPriority);
    this.#sequence = carrier.value('sequence', this.#sequence);
    this.#times = carrier.value('times', this.#times);
    this.#orders = carrier.value('orders', this.#orders);
    this.#payloads = carrier.value('payloads', this.#payloads);
  }
}
