/**
 * Changes to an allocation that can be undone together: the neighbourhood search and the payments'
 * "what if somebody were not there" are both made of them.
 */
import type { Allocation, Parts } from './allocation.ts';

interface RemovedFill {
  readonly option: number;
  readonly nodes: number;
  readonly parts: Parts;
  readonly surplus: number;
}

export class Rebuilder {
  readonly allocation: Allocation;
  readonly removed: RemovedFill[] = [];
  readonly added: number[] = [];

  constructor(allocation: Allocation) {
    this.allocation = allocation;
  }

  /** Takes a served bid out; not one that was added since the last `keep` or `undo`. */
  remove(bid: number): void {
    const { allocation } = this;
    this.removed.push({
      option: allocation.optionOf[bid]!,
      nodes: allocation.nodesOf[bid]!,
      parts: allocation.partsOf[bid]!,
      surplus: allocation.surplusOf[bid]!,
    });
    allocation.release(bid);
  }

  /** Serves an option of a bid that is not served, if it fits and pays. */
  add(option: number, avoided = -1): boolean {
    if (!this.allocation.serveWithSurplus(option, avoided)) return false;
    this.added.push(this.allocation.instance.optionBid[option]!);
    return true;
  }

  /** Puts all back as it was at the last `keep` or `undo`. */
  undo(): void {
    this.dropAdded();
    this.restoreRemoved();
  }

  keep(): void {
    this.removed.length = 0;
    this.added.length = 0;
  }

  dropAdded(): void {
    for (const bid of this.added) this.allocation.release(bid);
    this.added.length = 0;
  }

  restoreRemoved(): void {
    for (const { option, nodes, parts, surplus } of this.removed) {
      this.allocation.restore(option, nodes, parts, surplus);
    }
    this.removed.length = 0;
  }
}
