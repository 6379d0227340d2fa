/**
 * What a cluster can say and do about windows that have not begun: the forward call's side of a
 * cluster. Whoever sells a window promises it; from then on its own scheduler plans without the
 * nodes, and when the window begins they are handed over.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { Spare, Want } from '../../core/agents/view.ts';
import type { TimeMs } from '../../core/kernel/units.ts';

/** Own nodes that somebody else was sold for a window ahead. */
export interface NodePromise {
  readonly promiseId: string;
  readonly nodeClass: string;
  readonly nodes: number;
  readonly fromMs: TimeMs;
  readonly untilMs: TimeMs;
  /** The owner's own id of the spare behind it. */
  readonly spareId: string;
}

export interface ForwardTrader {
  /** Nodes that it will lack, in windows that begin at `fromMs` or later. */
  futureWants(nowMs: TimeMs, fromMs: TimeMs, untilMs: TimeMs): readonly Want[];
  /** Nodes that it could lend in windows within [from, until). */
  futureSpares(nowMs: TimeMs, fromMs: TimeMs, untilMs: TimeMs): readonly Spare[];
  /** Plans without these nodes in the window. */
  promise(promise: NodePromise, nowMs: TimeMs): void;
  /**
   * The window begins: the nodes are out of service from now on, as with `lend`; they come back by
   * `restore`. @returns false where the owner keeps them, and breaks its promise
   */
  keepPromise(promiseId: string, nowMs: TimeMs): boolean;
  /** The window is not wanted any more. */
  dropPromise(promiseId: string, nowMs: TimeMs): void;
}

/** Promises that are neither kept nor dropped. */
export class Promises {
  readonly #open = new Map<string, NodePromise>();

  add(promise: NodePromise): void {
    this.#open.set(promise.promiseId, promise);
  }

  take(promiseId: string): NodePromise | undefined {
    const promise = this.#open.get(promiseId);
    this.#open.delete(promiseId);
    return promise;
  }

  /** Nodes promised in windows that meet [from, to); of one class, or of all. */
  nodesIn(fromMs: TimeMs, toMs: TimeMs, nodeClass?: string): number {
    let nodes = 0;
    for (const promise of this.#open.values()) {
      if (promise.fromMs >= toMs || promise.untilMs <= fromMs) continue;
      if (nodeClass === undefined || promise.nodeClass === nodeClass) nodes += promise.nodes;
    }
    return nodes;
  }

  /** When the first window begins; Infinity without any. */
  firstMs(nodeClass: string): TimeMs {
    let first = Infinity;
    for (const promise of this.#open.values()) {
      if (promise.nodeClass === nodeClass) first = Math.min(first, promise.fromMs);
    }
    return first;
  }

  carry(carrier: Carrier): void {
    carrier.fill('open', this.#open);
  }
}
