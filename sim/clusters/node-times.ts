/** When nodes will be free, counted: how many at each instant, so that cost goes by instants. */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { TimeMs } from '../../core/kernel/units.ts';

export class NodeTimes {
  /** Ascending, with the nodes at each. */
  readonly #atMs: TimeMs[] = [];
  readonly #nodes: number[] = [];

  /** So many more nodes are free from then on. */
  add(atMs: TimeMs, nodes: number): void {
    if (nodes <= 0) return;
    let at = this.#atMs.length;
    while (at > 0 && this.#atMs[at - 1]! > atMs) at -= 1;
    if (at > 0 && this.#atMs[at - 1] === atMs) {
      this.#nodes[at - 1]! += nodes;
      return;
    }
    this.#atMs.splice(at, 0, atMs);
    this.#nodes.splice(at, 0, nodes);
  }

  /** First instant at which so many are free; undefined where there are not as many at all. */
  freeMs(nodes: number): TimeMs | undefined {
    let left = nodes;
    for (let at = 0; at < this.#atMs.length; at++) {
      left -= this.#nodes[at]!;
      if (left <= 0) return this.#atMs[at]!;
    }
    return undefined;
  }

  /** The nodes that are free first are in use until then; there must be as many. */
  occupy(nodes: number, untilMs: TimeMs): void {
    let left = nodes;
    let gone = 0;
    while (left > 0 && this.#nodes[gone]! <= left) left -= this.#nodes[gone++]!;
    if (left > 0) this.#nodes[gone]! -= left;
    this.#atMs.splice(0, gone);
    this.#nodes.splice(0, gone);
    this.add(untilMs, nodes);
  }
}

/** Nodes that are with others, counted by class and by when they are to be back. */
export class LentOut {
  readonly #byClass = new Map<string, Map<TimeMs, number>>();

  add(nodeClass: string, dueMs: TimeMs, nodes: number): void {
    let due = this.#byClass.get(nodeClass);
    if (!due) this.#byClass.set(nodeClass, (due = new Map()));
    due.set(dueMs, (due.get(dueMs) ?? 0) + nodes);
  }

  /** As many of them as there are are back. */
  remove(nodeClass: string, dueMs: TimeMs, nodes: number): void {
    const due = this.#byClass.get(nodeClass);
    const left = (due?.get(dueMs) ?? 0) - nodes;
    if (left > 0) due!.set(dueMs, left);
    else due?.delete(dueMs);
  }

  of(nodeClass: string): Iterable<readonly [dueMs: TimeMs, nodes: number]> {
    return this.#byClass.get(nodeClass) ?? [];
  }

  carry(carrier: Carrier): void {
    carrier.fill('byClass', this.#byClass);
  }
}
