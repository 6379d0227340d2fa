/**
 * Everything that lives at one instant packed anew, by first fit decreasing: what a cloud would need
 * if it could move machines at will. It is no lower bound in the strict sense, since first fit
 * decreasing is no optimum; in one dimension it takes at most 11/9 of it and 6/9 of a node more (Dósa,
 * "The tight bound of first fit decreasing bin-packing algorithm is FFD(I) ≤ 11/9 OPT(I) + 6/9",
 * ESCAPE 2007). The sizes are ordered by dominant share.
 *
 * Machines of one size are placed in one go: nodes that hold the same stand in groups, in order.
 */
import { dominantShare, RESOURCES, type Units } from './node-class.ts';

/** Nodes in a row with the same left. */
interface Group {
  nodes: number;
  readonly free: readonly number[];
}

export class Repacker {
  readonly #capacity: Units;
  readonly #sizes: readonly Units[];
  /** Numbers of sizes by descending dominant share. */
  readonly #order: readonly number[];

  constructor(capacity: Units, sizes: readonly Units[]) {
    this.#capacity = capacity;
    this.#sizes = sizes;
    const shares = sizes.map((size) => dominantShare(size, capacity));
    this.#order = [...shares.keys()].sort((a, b) => shares[b]! - shares[a]! || a - b);
  }

  /** Nodes for so many machines of each size; each must fit an empty node. */
  nodes(counts: ArrayLike<number>): number {
    let groups: Group[] = [];
    let sum = 0;
    for (const size of this.#order) {
      if (counts[size]! > 0) groups = this.#add(groups, this.#sizes[size]!, counts[size]!);
    }
    for (const { nodes } of groups) sum += nodes;
    return sum;
  }

  #add(groups: readonly Group[], size: Units, count: number): Group[] {
    const next: Group[] = [];
    let left = count;
    for (const group of groups) left = fill(next, group, size, left);
    const each = most(this.#capacity, size);
    const empty = { nodes: Math.ceil(left / each), free: this.#capacity };
    if (left > 0) fill(next, empty, size, left);
    return next;
  }
}

/** Places machines of a size on a group, node by node; returns how many are left over. */
function fill(next: Group[], group: Group, size: Units, count: number): number {
  const each = Math.min(most(group.free, size), count);
  if (each === 0) {
    next.push(group);
    return count;
  }
  const full = Math.min(group.nodes, Math.floor(count / each));
  const rest = full < group.nodes ? count - full * each : 0;
  next.push({ nodes: full, free: left(group.free, size, each) });
  if (rest > 0) next.push({ nodes: 1, free: left(group.free, size, rest) });
  const untouched = group.nodes - full - (rest > 0 ? 1 : 0);
  if (untouched > 0) next.push({ nodes: untouched, free: group.free });
  return count - full * each - rest;
}

/** How many machines of a size fit. */
function most(free: readonly number[], size: Units): number {
  let fits = Infinity;
  for (let i = 0; i < RESOURCES; i++) {
    if (size[i]! > 0) fits = Math.min(fits, Math.floor(free[i]! / size[i]!));
  }
  return fits;
}

function left(free: readonly number[], size: Units, count: number): number[] {
  return free.map((amount, i) => amount - count * size[i]!);
}
