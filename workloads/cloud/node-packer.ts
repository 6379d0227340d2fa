/**
 * Places virtual machines on nodes when they arrive and leaves them there until they end, as a cloud
 * without migration does. A node is open while something is on it: one that became empty is given
 * back, and taken again (the lowest number first) only when no open node has room.
 */
import { BestFitIndex, FirstFitIndex, type NodeIndex } from './node-index.ts';
import { dominantShare, type Units } from './node-class.ts';

/**
 * - `first-fit`: machines in order of arrival, each on the open node with the lowest number.
 * - `first-fit-decreasing`: those that arrive at one instant by descending dominant share.
 * - `best-fit`: each where least is left of its dominant resource, see `BestFitIndex`.
 */
export type OnlinePacking = 'first-fit' | 'first-fit-decreasing' | 'best-fit';

/** Nodes of one class, with what is free on them. */
export class NodePacker {
  /** Nodes with something on them. */
  open = 0;
  readonly #capacity: Units;
  readonly #sizes: readonly Units[];
  readonly #index: NodeIndex;
  /** Dominant share by size, where that decides the order. */
  readonly #shares: Float64Array | null;
  readonly #cores: number[] = [];
  readonly #memory: number[] = [];
  readonly #gpus: number[] = [];
  readonly #machines: number[] = [];
  /** No node below this one is closed. */
  #lowestClosed = 0;

  /** @param sizes all that will be placed; each must fit an empty node */
  constructor(packing: OnlinePacking, capacity: Units, sizes: readonly Units[]) {
    this.#capacity = capacity;
    this.#sizes = sizes;
    this.#index =
      packing === 'best-fit' ? new BestFitIndex(capacity, leastOf(sizes)) : new FirstFitIndex();
    this.#shares =
      packing === 'first-fit-decreasing'
        ? Float64Array.from(sizes, (size) => dominantShare(size, capacity))
        : null;
  }

  /** Puts what arrives at one instant into the order in which it is placed. */
  arrange(rows: number[], sizeOf: Int32Array): void {
    const shares = this.#shares;
    if (shares === null || rows.length < 2) return;
    rows.sort((a, b) => shares[sizeOf[b]!]! - shares[sizeOf[a]!]! || a - b);
  }

  /** Places a machine; returns its node. */
  place(size: number): number {
    const units = this.#sizes[size]!;
    const found = this.#index.find(units);
    const node = found >= 0 ? found : this.#openNode();
    this.#change(node, units, -1);
    this.#machines[node]! += 1;
    return node;
  }

  /** A machine leaves its node. */
  remove(size: number, node: number): void {
    this.#machines[node]! -= 1;
    if (this.#machines[node] === 0) {
      this.#index.close(node);
      this.open -= 1;
      this.#lowestClosed = Math.min(this.#lowestClosed, node);
    } else this.#change(node, this.#sizes[size]!, 1);
  }

  #openNode(): number {
    while ((this.#machines[this.#lowestClosed] ?? 0) > 0) this.#lowestClosed += 1;
    const node = this.#lowestClosed;
    [this.#cores[node], this.#memory[node], this.#gpus[node]] = this.#capacity;
    this.#machines[node] = 0;
    this.open += 1;
    return node;
  }

  #change(node: number, [cores, memory, gpus]: Units, sign: number): void {
    this.#cores[node]! += sign * cores;
    this.#memory[node]! += sign * memory;
    this.#gpus[node]! += sign * gpus;
    this.#index.set(node, this.#cores[node]!, this.#memory[node]!, this.#gpus[node]!);
  }
}

function leastOf(sizes: readonly Units[]): Units {
  const least = [Infinity, Infinity, Infinity] as [number, number, number];
  for (const size of sizes) size.forEach((amount, i) => (least[i] = Math.min(least[i]!, amount)));
  return least;
}
