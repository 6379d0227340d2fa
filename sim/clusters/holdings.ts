/** Nodes that a cluster has: its own by class, and lots borrowed from others. */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { BorrowedLot } from './cluster.ts';

export interface HeldLot {
  readonly lot: BorrowedLot;
  /** Bought, not yet ready. */
  expected: number;
  ready: number;
  /** Moved forward by a recall. */
  usableUntilMs: TimeMs;
}

export class Holdings {
  /** Own nodes in service (not lent), by class. */
  readonly own: Map<string, number>;
  readonly lots = new Map<string, HeldLot>();
  #ownTotal = 0;
  #readyTotal = 0;

  constructor(nodesByClass: Readonly<Record<string, number>>) {
    this.own = new Map(Object.entries(nodesByClass));
    for (const nodes of this.own.values()) this.#ownTotal += nodes;
  }

  ownNodes(): number {
    return this.#ownTotal;
  }

  /** Own and borrowed nodes that can be used now. */
  readyNodes(): number {
    return this.#ownTotal + this.#readyTotal;
  }

  /** Nodes that will still be there, or have come, at `atMs`. */
  nodesAt(atMs: TimeMs): number {
    let nodes = this.#ownTotal;
    for (const held of this.lots.values()) {
      if ((held.lot.fromMs ?? 0) > atMs) continue;
      if (held.usableUntilMs > atMs) nodes += held.ready + held.expected;
    }
    return nodes;
  }

  lend(nodeClass: string, nodes: number): void {
    this.own.set(nodeClass, (this.own.get(nodeClass) ?? 0) - nodes);
    this.#ownTotal -= nodes;
  }

  restore(nodeClass: string, nodes: number): void {
    this.lend(nodeClass, -nodes);
  }

  expect(lot: BorrowedLot): void {
    this.lots.set(lot.leaseId, {
      lot,
      expected: lot.nodes,
      ready: 0,
      usableUntilMs: lot.usableUntilMs,
    });
  }

  addReady(leaseId: string, nodes: number): HeldLot | undefined {
    const held = this.lots.get(leaseId);
    if (!held) return undefined;
    held.expected -= nodes;
    held.ready += nodes;
    this.#readyTotal += nodes;
    return held;
  }

  loseExpected(leaseId: string, nodes: number): HeldLot | undefined {
    const held = this.lots.get(leaseId);
    if (held) held.expected -= nodes;
    return held;
  }

  loseReady(leaseId: string, nodes: number): HeldLot | undefined {
    const held = this.lots.get(leaseId);
    if (!held) return undefined;
    const lost = Math.min(nodes, held.ready);
    held.ready -= lost;
    this.#readyTotal -= lost;
    return held;
  }

  /** Forgets the lot; its nodes are gone. */
  end(leaseId: string): HeldLot | undefined {
    const held = this.lots.get(leaseId);
    if (!held) return undefined;
    this.lots.delete(leaseId);
    this.#readyTotal -= held.ready;
    return held;
  }

  /** Earliest end of a lot; Infinity without any. */
  nextEndMs(): TimeMs {
    let next = Infinity;
    for (const held of this.lots.values()) next = Math.min(next, held.usableUntilMs);
    return next;
  }

  carry(carrier: Carrier): void {
    carrier.fills({ own: this.own, lots: this.lots });
    this.#ownTotal = carrier.value('ownTotal', this.#ownTotal);
    this.#readyTotal = carrier.value('readyTotal', this.#readyTotal);
  }
}
