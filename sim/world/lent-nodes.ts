/**
 * Nodes that are out of their owner's service: to how many contracts each is promised, and when it is the
 * owner's again.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Contract } from '../../core/market/contracts.ts';
import type { PooledNode } from './hoards.ts';
import type { Member } from './member.ts';

/** A seller's node with the contracts that it is promised to. */
interface Hold {
  readonly seller: Member;
  readonly nodeClass: string;
  /** When the seller was told to expect it back. */
  dueMs: TimeMs;
  contracts: number;
}

/** A node chosen in this round that its seller's cluster does not know of yet. */
interface FreshNode {
  readonly entry: PooledNode;
  readonly hold: Hold;
  readonly spareId: string;
}

export class LentNodes {
  readonly #touched: (member: Member) => void;
  readonly #holds = new Map<string, Hold>();
  readonly #recalled = new Set<string>();
  #fresh: FreshNode[] = [];

  /** @param touched is told of members whose cluster was changed */
  constructor(touched: (member: Member) => void) {
    this.#touched = touched;
  }

  holdOf(nodeId: string): Readonly<Hold> {
    return this.#holds.get(nodeId)!;
  }

  /** Nodes that the seller has had in use until now, or idle; `lendFresh` takes them from it. */
  takeFresh(contract: Contract, seller: Member, nodes: number): PooledNode[] {
    const spareId = spareOf(contract);
    const nodeClass = seller.conduct.substitutes.get(spareId) ?? contract.nodeClass;
    return seller.takeNodes(nodeClass, nodes).map((nodeId) => {
      const entry: PooledNode = { nodeId, freeAtMs: 0 };
      const hold: Hold = { seller, nodeClass, dueMs: Infinity, contracts: 0 };
      this.#holds.set(nodeId, hold);
      this.#fresh.push({ entry, hold, spareId });
      return entry;
    });
  }

  /**
   * Tells the sellers what they have lent in this round, and when it comes back: only once all
   * contracts have their nodes is it known which of them serve more than one.
   */
  lendFresh(nowMs: TimeMs): void {
    const lots = new Map<string, { first: FreshNode; nodes: number }>();
    for (const fresh of this.#fresh) {
      const { hold, entry, spareId } = fresh;
      hold.dueMs = entry.freeAtMs;
      const key = JSON.stringify([hold.seller.name, hold.nodeClass, spareId, hold.dueMs]);
      const lot = lots.get(key);
      if (lot) lot.nodes += 1;
      else lots.set(key, { first: fresh, nodes: 1 });
    }
    this.#fresh = [];
    for (const { first, nodes } of lots.values()) {
      const { seller, nodeClass, dueMs } = first.hold;
      seller.cluster.lend(nodeClass, nodes, first.spareId, nowMs, dueMs);
      seller.lent.change(nodes, nowMs);
      this.#touched(seller);
    }
  }

  /** Nodes whose class has lost them in the seller's service already; fewer where some are missing. */
  takePromised(contract: Contract, seller: Member, nowMs: TimeMs): string[] {
    const { nodeClass, nodes, endMs: dueMs } = contract;
    const nodeIds = seller.takeNodes(nodeClass, nodes);
    for (const nodeId of nodeIds) {
      this.#holds.set(nodeId, { seller, nodeClass, dueMs, contracts: 1 });
    }
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
    hold.seller.cluster.restore(hold.nodeClass, 1, nowMs, hold.dueMs);
    this.#touched(hold.seller);
  }

  carry(carrier: Carrier): void {
    carrier.fills({ holds: this.#holds, recalled: this.#recalled });
    this.#fresh = carrier.value('fresh', this.#fresh);
  }
}

/** The seller's own id of the spare behind an ask. */
function spareOf(contract: Contract): string {
  return contract.askId.slice(contract.seller.length + 1);
}
