/**
 * The hold model as a bare loop on a calendar queue: everything inlined, number of events and
 * width of a day known beforehand, no resizing, no fallback, no checks. It is the yardstick for
 * what the machine allows, not a queue that anyone could use.
 */
import type { HoldLoop } from './hold-loop.ts';

export const calendarLoop: HoldLoop = (initialTimes, events, increments, handlers) => {
  const pending = initialTimes.length;
  let buckets = 16;
  while (buckets < pending) buckets *= 2;
  const mask = buckets - 1;
  const incrementMask = increments.length - 1;
  // Increments have mean 1: `pending` events wait in the coming unit of time.
  const daysPerUnit = pending;
  const heads = new Int32Array(buckets).fill(-1);
  const times = new Float64Array(pending * 2);
  const words = new Int32Array(times.buffer);
  for (let node = 0; node < pending; node++) {
    const time = initialTimes[node]!;
    insert(heads, times, words, node, time, Math.floor(time * daysPerUnit) & mask);
  }
  let day = 0;
  let bucket = 0;
  let now = 0;
  for (let event = 0; event < events; event++) {
    let node = heads[bucket]!;
    while (node < 0 || Math.floor(times[2 * node]! * daysPerUnit) !== day) {
      day += 1;
      bucket = (bucket + 1) & mask;
      node = heads[bucket]!;
    }
    heads[bucket] = words[4 * node + 2]!;
    now = times[2 * node]!;
    handlers[node & 3]!(now);
    const time = now + increments[event & incrementMask]!;
    insert(heads, times, words, node, time, Math.floor(time * daysPerUnit) & mask);
  }
  return now;
};

/** Behind everything that is not later: first in, first out on ties. */
function insert(
  heads: Int32Array,
  times: Float64Array,
  words: Int32Array,
  node: number,
  time: number,
  bucket: number,
): void {
  times[2 * node] = time;
  let before = -1;
  let current = heads[bucket]!;
  while (current >= 0 && times[2 * current]! <= time) {
    before = current;
    current = words[4 * current + 2]!;
  }
  words[4 * node + 2] = current;
  if (before < 0) heads[bucket] = node;
  else words[4 * before + 2] = node;
}
