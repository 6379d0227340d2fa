/** Who shares a network with whom, as the switches really have it at this instant. */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { Attachments, SimulatedNode } from './node.ts';

export class SegmentMap {
  /** Network id → node id → number of ports of the node in it. */
  readonly #members = new Map<number, Map<string, number>>();

  /** A port of the node goes from one set of networks to another. */
  replace(node: SimulatedNode, before: Attachments, after: Attachments): void {
    const { nodeId } = node.specification;
    for (const { networkId } of after) this.#add(networkId, nodeId);
    for (const { networkId } of before) this.#remove(networkId, nodeId);
  }

  /** Ids of the nodes that have a port in the network. */
  nodesOn(networkId: number): Iterable<string> {
    return this.#members.get(networkId)?.keys() ?? [];
  }

  /** Networks with at least one node, with their nodes. */
  *occupied(): IterableIterator<readonly [networkId: number, nodeIds: readonly string[]]> {
    for (const [networkId, nodes] of this.#members) yield [networkId, [...nodes.keys()]];
  }

  /** Whether two nodes can see each other's frames. */
  share(nodeId: string, otherNodeId: string): boolean {
    for (const nodes of this.#members.values()) {
      if (nodes.has(nodeId) && nodes.has(otherNodeId)) return true;
    }
    return false;
  }

  #add(networkId: number, nodeId: string): void {
    let nodes = this.#members.get(networkId);
    if (nodes === undefined) {
      nodes = new Map();
      this.#members.set(networkId, nodes);
    }
    nodes.set(nodeId, (nodes.get(nodeId) ?? 0) + 1);
  }

  #remove(networkId: number, nodeId: string): void {
    const nodes = this.#members.get(networkId);
    if (nodes === undefined) return;
    const ports = (nodes.get(nodeId) ?? 0) - 1;
    if (ports > 0) nodes.set(nodeId, ports);
    else nodes.delete(nodeId);
    if (nodes.size === 0) this.#members.delete(networkId);
  }

  carry(carrier: Carrier): void {
    carrier.fill('members', this.#members);
  }
}
