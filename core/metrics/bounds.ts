/**
 * Bounds on hardware and on demand met that hold whatever mechanism is used. A result beyond one
 * of them is a bug.
 *
 * All three look at demand as windows: node-time that was released at one instant and is due at
 * another, as divisible work on interchangeable nodes (a relaxation of every real cluster).
 */
import { HOUR_MS } from '../kernel/units.ts';
import type { NodeMs, TimeMs } from '../kernel/units.ts';

/** Columns of equal length. */
export interface DemandWindows {
  readonly releaseMs: ArrayLike<number>;
  readonly dueMs: ArrayLike<number>;
  readonly nodeMs: ArrayLike<number>;
}

export function joinWindows(all: readonly DemandWindows[]) {
  const column = (pick: (windows: DemandWindows) => ArrayLike<number>) =>
    all.flatMap((windows) => Array.from(pick(windows)));
  return {
    releaseMs: column((windows) => windows.releaseMs),
    dueMs: column((windows) => windows.dueMs),
    nodeMs: column((windows) => windows.nodeMs),
  };
}

/** Work bound: nodes that the work takes if it could be spread evenly over [startMs, endMs). */
export function workBound(met: DemandWindows, startMs: TimeMs, endMs: TimeMs): number {
  let work = 0;
  for (let i = 0; i < met.nodeMs.length; i++) work += met.nodeMs[i]!;
  return work / (endMs - startMs);
}

/**
 * Interval bound: max over [a, b) of node-time released at or after a and due by b, over b − a
 * (the demand bound function of real-time scheduling; Baruah, Mok & Rosier 1990). Instants are
 * looked at by the hour, which leaves it a valid lower bound. O(items + hours²).
 */
export function intervalBound(met: DemandWindows): number {
  const items = met.nodeMs.length;
  if (items === 0) return 0;
  const order = Array.from({ length: items }, (_, i) => i).sort(
    (i, j) => met.releaseMs[j]! - met.releaseMs[i]!,
  );
  let first = Infinity;
  let last = 0;
  for (let i = 0; i < items; i++) {
    first = Math.min(first, Math.floor(met.releaseMs[i]! / HOUR_MS));
    last = Math.max(last, Math.ceil(met.dueMs[i]! / HOUR_MS));
  }
  const dueAt = new Float64Array(last + 1);
  let bound = 0;
  let next = 0;
  let earliestDue = last;
  for (let a = last - 1; a >= first; a--) {
    while (next < items && met.releaseMs[order[next]!]! >= a * HOUR_MS) {
      const item = order[next++]!;
      const due = Math.ceil(met.dueMs[item]! / HOUR_MS);
      dueAt[due]! += met.nodeMs[item]!;
      earliestDue = Math.min(earliestDue, due);
    }
    let work = 0;
    for (let b = Math.max(a + 1, earliestDue); b <= last; b++) {
      work += dueAt[b]!;
      bound = Math.max(bound, work / ((b - a) * HOUR_MS));
    }
  }
  return bound;
}

/**
 * Most node-time that any policy with full information could finish on `nodes` nodes: earliest
 * due first on divisible work, hour by hour, which is optimal for unit jobs with release times
 * and deadlines (Horn 1974); releases are rounded down and dues up, so it stays an upper bound.
 */
export function optimumUpperBound(demand: DemandWindows, nodes: number): NodeMs {
  const items = demand.nodeMs.length;
  const order = Array.from({ length: items }, (_, i) => i).sort(
    (i, j) => demand.releaseMs[i]! - demand.releaseMs[j]! || i - j,
  );
  const heap = new DueHeap(demand.dueMs);
  const left = Float64Array.from(demand.nodeMs);
  let finished = 0;
  let next = 0;
  let hour = 0;
  while (next < items || heap.size > 0) {
    if (heap.size === 0) hour = Math.floor(demand.releaseMs[order[next]!]! / HOUR_MS);
    while (next < items && Math.floor(demand.releaseMs[order[next]!]! / HOUR_MS) <= hour) {
      heap.push(order[next++]!);
    }
    let capacity = nodes * HOUR_MS;
    while (heap.size > 0 && capacity > 0) {
      const item = heap.peek();
      if (Math.ceil(demand.dueMs[item]! / HOUR_MS) <= hour) {
        heap.pop();
        continue;
      }
      const amount = Math.min(capacity, left[item]!);
      finished += amount;
      capacity -= amount;
      left[item]! -= amount;
      if (left[item]! <= 0) heap.pop();
    }
    hour += 1;
  }
  return finished;
}

/** A binary heap of items, earliest due first. */
class DueHeap {
  readonly #due: ArrayLike<number>;
  readonly #items: number[] = [];

  constructor(due: ArrayLike<number>) {
    this.#due = due;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): number {
    return this.#items[0]!;
  }

  push(item: number): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#due[items[parent]!]! <= this.#due[item]!) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  pop(): void {
    const items = this.#items;
    const last = items.pop()!;
    if (items.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#due[items[child + 1]!]! < this.#due[items[child]!]!) {
        child += 1;
      }
      if (this.#due[items[child]!]! >= this.#due[last]!) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = last;
  }
}
