/** Open nodes by what is free on them: where a machine goes, without a look at every node. */
import { invariant } from '../../core/kernel/errors.ts';
import { dominantResource, type Units } from './node-class.ts';

/** Finds the node that a rule chooses. Nodes are numbers from 0. */
export interface NodeIndex {
  /** The node for a machine of this size among those that are open and have room; −1 for none. */
  find(size: Units): number;
  /** A node is open, with so much free. */
  set(node: number, cores: number, memory: number, gpus: number): void;
  /** A node that was open is not any more. */
  close(node: number): void;
}

const NONE = -1;

/**
 * First fit: the open node with the lowest number that has room. A binary tree over the numbers holds
 * the most that is free of each resource below it; where no single node below has all of it, the
 * search goes on to the right.
 */
export class FirstFitIndex implements NodeIndex {
  #leaves = 64;
  #cores = new Float64Array(128).fill(NONE);
  #memory = new Float64Array(128).fill(NONE);
  #gpus = new Float64Array(128).fill(NONE);

  find([cores, memory, gpus]: Units): number {
    return this.#search(1, cores, memory, gpus);
  }

  set(node: number, cores: number, memory: number, gpus: number): void {
    while (node >= this.#leaves) this.#grow();
    let at = this.#leaves + node;
    this.#cores[at] = cores;
    this.#memory[at] = memory;
    this.#gpus[at] = gpus;
    for (at >>= 1; at >= 1; at >>= 1) if (!this.#refresh(at)) return;
  }

  close(node: number): void {
    this.set(node, NONE, NONE, NONE);
  }

  #search(at: number, cores: number, memory: number, gpus: number): number {
    if (this.#cores[at]! < cores || this.#memory[at]! < memory || this.#gpus[at]! < gpus) {
      return NONE;
    }
    if (at >= this.#leaves) return at - this.#leaves;
    const left = this.#search(2 * at, cores, memory, gpus);
    return left >= 0 ? left : this.#search(2 * at + 1, cores, memory, gpus);
  }

  /** Whether the most below a place is another than it was. */
  #refresh(at: number): boolean {
    const cores = Math.max(this.#cores[2 * at]!, this.#cores[2 * at + 1]!);
    const memory = Math.max(this.#memory[2 * at]!, this.#memory[2 * at + 1]!);
    const gpus = Math.max(this.#gpus[2 * at]!, this.#gpus[2 * at + 1]!);
    const isSame =
      this.#cores[at] === cores && this.#memory[at] === memory && this.#gpus[at] === gpus;
    this.#cores[at] = cores;
    this.#memory[at] = memory;
    this.#gpus[at] = gpus;
    return !isSame;
  }

  #grow(): void {
    const grow = (old: Float64Array) => {
      const grown = new Float64Array(4 * this.#leaves).fill(NONE);
      grown.set(old.subarray(this.#leaves, 2 * this.#leaves), 2 * this.#leaves);
      return grown;
    };
    [this.#cores, this.#memory, this.#gpus] = [this.#cores, this.#memory, this.#gpus].map(grow) as [
      Float64Array<ArrayBuffer>,
      Float64Array<ArrayBuffer>,
      Float64Array<ArrayBuffer>,
    ];
    this.#leaves *= 2;
    for (let at = this.#leaves - 1; at >= 1; at--) this.#refresh(at);
  }
}

/** Open nodes with equal free cores and GPUs. */
interface Row {
  readonly cores: number;
  readonly gpus: number;
  /** memory · 2^20 + node, ascending. */
  readonly entries: number[];
}

/** Most nodes, so that memory and node are one exact number. */
const MOST_NODES = 0x10_0000;

/**
 * Best fit by the dominant resource: of the open nodes with room, the one with the least left of the
 * resource in which the machine has its dominant share; then the one with the least left over all
 * resources, as shares; then the lowest number. With one resource this is best fit as everybody
 * has it.
 *
 * In a row of nodes with equal free cores and GPUs that one is the first with enough memory. Nodes
 * that no size fits on are in no row.
 */
export class BestFitIndex implements NodeIndex {
  readonly #capacity: Units;
  readonly #least: Units;
  /** By cores, then GPUs. */
  readonly #rows: Row[] = [];
  /** Of each node in a row. */
  readonly #rowOf: (Row | undefined)[] = [];
  readonly #memoryOf: number[] = [];

  /** @param least of each resource, what the smallest machine takes */
  constructor(capacity: Units, least: Units) {
    this.#capacity = capacity;
    this.#least = least;
  }

  find(size: Units): number {
    const [cores, memory, gpus] = size;
    const resource = dominantResource(size, this.#capacity);
    let best = NONE;
    let bestLeft = Infinity;
    let bestSum = Infinity;
    for (let at = this.#firstRow(cores); at < this.#rows.length; at++) {
      const row = this.#rows[at]!;
      if (resource === 0 && row.cores > bestLeft) break;
      if (row.gpus < gpus || row.entries.length === 0) continue;
      const place = placeOf(row.entries, memory * MOST_NODES);
      if (place === row.entries.length) continue;
      const entry = row.entries[place]!;
      const free = Math.floor(entry / MOST_NODES);
      const left = resource === 0 ? row.cores : resource === 1 ? free : row.gpus;
      if (left > bestLeft) continue;
      const sum = this.#shares(row.cores, free, row.gpus);
      const node = entry % MOST_NODES;
      const isBetter = left < bestLeft || sum < bestSum || (sum === bestSum && node < best);
      if (!isBetter) continue;
      best = node;
      bestLeft = left;
      bestSum = sum;
    }
    return best;
  }

  set(node: number, cores: number, memory: number, gpus: number): void {
    invariant(node < MOST_NODES, 'more nodes than can be packed');
    this.close(node);
    if (cores < this.#least[0] || memory < this.#least[1] || gpus < this.#least[2]) return;
    const row = this.#row(cores, gpus);
    const entry = memory * MOST_NODES + node;
    row.entries.splice(placeOf(row.entries, entry), 0, entry);
    this.#rowOf[node] = row;
    this.#memoryOf[node] = memory;
  }

  close(node: number): void {
    const row = this.#rowOf[node];
    if (row === undefined) return;
    row.entries.splice(placeOf(row.entries, this.#memoryOf[node]! * MOST_NODES + node), 1);
    this.#rowOf[node] = undefined;
  }

  #shares(cores: number, memory: number, gpus: number): number {
    const [allCores, allMemory, allGpus] = this.#capacity;
    const ofGpus = allGpus > 0 && allGpus < Infinity ? gpus / allGpus : 0;
    return cores / allCores + memory / allMemory + ofGpus;
  }

  #firstRow(cores: number): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#rows[middle]!.cores < cores) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #row(cores: number, gpus: number): Row {
    let at = this.#firstRow(cores);
    const rows = this.#rows;
    while (at < rows.length && rows[at]!.cores === cores && rows[at]!.gpus < gpus) at += 1;
    const there = rows[at];
    if (there !== undefined && there.cores === cores && there.gpus === gpus) return there;
    const row = { cores, gpus, entries: [] };
    rows.splice(at, 0, row);
    return row;
  }
}

/** The first entry at or above a number. */
function placeOf(entries: readonly number[], entry: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle]! < entry) low = middle + 1;
    else high = middle;
  }
  return low;
}
