/**
 * Nodes that are out of their owner's service: to how many contracts each is promised, and when it is the
 * owner's again.
 */
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Contract } from '../../core/market/contracts.ts';
import type { PooledNode } from './hoards.ts';
import type { Member } from './member.ts';

/** A seller's node with the contracts that it is promised to. */
interface Hold {
  readonly seller: Member;
  readonly nodeClass: string;
  contracts: number;
}

export class LentNodes {
  readonly #touched: (member: Member) => void;
  readonly #holds = new Map<string, Hold>();
  readonly #recalled = new Set<string>();

  /** @param touched is told of members whose cluster was changed */
  constructor(touched: (member: Member) => void) {
    this.#touched = touched;
  }

  holdOf(nodeId: string): Readonly<Hold> {
    return this.#holds.get(nodeId)!;
  }

  /** Nodes that the seller has had in use until now, or idle. */
  takeFresh(contract: Contract, seller: Member, nodes: number, nowMs: TimeMs): PooledNode[] {
    const nodeClass = seller.conduct.substitutes.get(spareOf(contract)) ?? contract.nodeClass;
    const nodeIds = seller.takeNodes(nodeClass, nodes);
    for (const nodeId of nodeIds) this.#holds.set(nodeId, { seller, nodeClass, contracts: 0 });
    if (nodeIds.length > 0) {
      seller.cluster.lend(nodeClass, nodeIds.length, spareOf(contract), nowMs);
      seller.lent.change(nodeIds.length, nowMs);
      this.#touched(seller);
    }
    return nodeIds.map((nodeId) => ({ nodeId, freeAtMs: 0 }));
  }

  /** Nodes whose class has lost them in the seller's service already; fewer where some are missing. */
  takePromised(seller: Member, nodeClass: string, nodes: number, nowMs: TimeMs): string[] {
    const nodeIds = seller.takeNodes(nodeClass, nodes);
    for (const nodeId of nodeIds) this.#holds.set(nodeId, { seller, nodeClass, contracts: 1 });
    seller.lent.change(nodeIds.length, nowMs);
    return nodeIds;
  }

  /** Nodes of a cheating seller that others were promised. */
  soldAlready(contract: Contract, chosen: readonly { nodeId: string }[]): PooledNode[] {
    const taken = new Set(chosen.map(({ nodeId }) => nodeId));
    const { seller, nodeClass, nodes } = contract;
    return [...this.#holds]
      .filter(([, hold]) => hold.seller.name === seller && hold.nodeClass === nodeClass)
      .filter(([nodeId]) => !taken.has(nodeId))
      .slice(0, nodes - chosen.length)
      .map(([nodeId]) => ({ nodeId, freeAtMs: 0 }));
  }

  /** One more contract counts on the node. */
  promise(nodeId: string): void {
    this.#holds.get(nodeId)!.contracts += 1;
  }

  /** The owner has asked for the node, and waits for it. */
  recalled(nodeId: string, owner: Member): void {
    this.#recalled.add(nodeId);
    owner.recalled += 1;
  }

  /** One promise of the node is over; with the last one it is the seller's again. */
  letGo(nodeId: string, nowMs: TimeMs): void {
    const hold = this.#holds.get(nodeId);
    if (!hold) return;
    hold.contracts -= 1;
    if (hold.contracts > 0) return;
    this.#holds.delete(nodeId);
    hold.seller.giveBackNode(hold.nodeClass, nodeId);
    hold.seller.lent.change(-1, nowMs);
    if (this.#recalled.delete(nodeId)) hold.seller.recalled -= 1;
    hold.seller.cluster.restore(hold.nodeClass, 1, nowMs);
    this.#touched(hold.seller);
  }
}

/** The seller's own id of the spare behind an ask. */
function spareOf(contract: Contract): string {
  return contract.askId.slice(contract.seller.length + 1);
}
