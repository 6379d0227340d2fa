/**
 * How many nodes are set up at once: from power-on until their tenant's system is up. Only nodes
 * whose profile depends on the number are counted.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { HeapQueue } from '../queue/heap-queue.ts';
import type { SimulatedNode } from './node.ts';

export class Crowd {
  #count = 0;
  readonly #bootEnds = new HeapQueue();

  poweredOn(node: SimulatedNode): void {
    if (!node.times.dependsOnNodesAtOnce || node.isOnItsWay) return;
    node.isOnItsWay = true;
    this.#count += 1;
  }

  poweredOff(node: SimulatedNode): void {
    if (!node.isOnItsWay) return;
    node.isOnItsWay = false;
    this.#count -= 1;
  }

  /** It counts until then, whatever becomes of it. */
  bootsUntil(node: SimulatedNode, dueMs: TimeMs): void {
    if (!node.isOnItsWay) return;
    node.isOnItsWay = false;
    this.#bootEnds.push(dueMs, 0, 0);
  }

  /** At least 1, the one that asks. */
  count(nowMs: TimeMs): number {
    while (this.#bootEnds.peekTime() <= nowMs) {
      this.#bootEnds.pop();
      this.#count -= 1;
    }
    return Math.max(1, this.#count);
  }

  carry(carrier: Carrier): void {
    this.#count = carrier.value('count', this.#count);
    carrier.part('bootEnds', this.#bootEnds);
  }
}
