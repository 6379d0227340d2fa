/** The hold model as a bare loop on a binary heap of typed arrays, ties by sequence number. */
import type { HoldLoop } from './hold-loop.ts';

export const heapLoop: HoldLoop = (initialTimes, events, increments, handlers) => {
  const incrementMask = increments.length - 1;
  const pending = initialTimes.length;
  const times = new Float64Array(pending);
  const sequences = new Float64Array(pending);
  const nodes = new Int32Array(pending);
  let sequence = 0;
  for (let node = 0; node < pending; node++) {
    rise(times, sequences, nodes, node, initialTimes[node]!, sequence++, node);
  }
  let now = 0;
  for (let event = 0; event < events; event++) {
    now = times[0]!;
    const node = nodes[0]!;
    sink(times, sequences, nodes, pending - 1);
    handlers[node & 3]!(now);
    const time = now + increments[event & incrementMask]!;
    rise(times, sequences, nodes, pending - 1, time, sequence++, node);
  }
  return now;
};

/** Moves the hole at a leaf up to where the new entry belongs. */
function rise(
  times: Float64Array,
  sequences: Float64Array,
  nodes: Int32Array,
  leaf: number,
  time: number,
  sequence: number,
  node: number,
): void {
  let hole = leaf;
  while (hole > 0) {
    const parent = (hole - 1) >> 1;
    const parentTime = times[parent]!;
    if (parentTime < time || (parentTime === time && sequences[parent]! < sequence)) break;
    times[hole] = parentTime;
    sequences[hole] = sequences[parent]!;
    nodes[hole] = nodes[parent]!;
    hole = parent;
  }
  times[hole] = time;
  sequences[hole] = sequence;
  nodes[hole] = node;
}

/** Moves the entry at `last` into the hole at the root and down to its place. */
function sink(times: Float64Array, sequences: Float64Array, nodes: Int32Array, last: number): void {
  const time = times[last]!;
  const sequence = sequences[last]!;
  let hole = 0;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= last) break;
    let childTime = times[child]!;
    const other = child + 1;
    if (other < last) {
      const otherTime = times[other]!;
      if (
        otherTime < childTime ||
        (otherTime === childTime && sequences[other]! < sequences[child]!)
      ) {
        child = other;
        childTime = otherTime;
      }
    }
    if (time < childTime || (time === childTime && sequence < sequences[child]!)) break;
    times[hole] = childTime;
    sequences[hole] = sequences[child]!;
    nodes[hole] = nodes[child]!;
    hole = child;
  }
  times[hole] = time;
  sequences[hole] = sequence;
  nodes[hole] = nodes[last]!;
}
