/**
 * Nodes that their owner keeps ready for a contract without a lease: the buyer does not come for them,
 * or it has bought them to sell them on.
 */
import type { TimeMs } from '../../core/kernel/units.ts';
import { contractedNodeMs } from '../../core/market/contracts.ts';
import type { Contract } from '../../core/market/contracts.ts';
import { Hoards } from './hoards.ts';
import type { LeaseDeskPorts } from './lease-desk-ports.ts';
import type { LentNodes } from './lent-nodes.ts';

export class KeptNodes {
  readonly hoards = new Hoards();
  readonly #ports: Pick<LeaseDeskPorts, 'later' | 'report'>;
  readonly #nodes: LentNodes;
  /** By contract. */
  readonly #kept = new Map<string, readonly string[]>();

  constructor(ports: Pick<LeaseDeskPorts, 'later' | 'report'>, nodes: LentNodes) {
    this.#ports = ports;
    this.#nodes = nodes;
  }

  /** The seller keeps the nodes ready until the moment at which nobody comes for them. */
  forNobody(contract: Contract, nodeIds: readonly string[]): void {
    this.#kept.set(contract.contractId, nodeIds);
    this.#ports.later(contract.startMs, (atMs) => {
      if (!this.drop(contract.contractId, atMs)) return;
      this.#ports.report(contract, 'not-taken', 0, atMs);
    });
  }

  /** Bought to be sold on: the nodes stay with their owner, who keeps them ready. */
  forResale(contract: Contract, nodeIds: readonly string[]): void {
    const pool = nodeIds.map((nodeId) => ({ nodeId, freeAtMs: contract.startMs }));
    this.hoards.add(contract, pool);
    this.#kept.set(contract.contractId, nodeIds);
    this.#ports.later(contract.endMs, (atMs) => {
      if (!this.drop(contract.contractId, atMs)) return;
      this.#ports.report(contract, 'ended', contractedNodeMs(contract), atMs);
    });
  }

  /** Lets nodes go that were kept ready without a lease. @returns whether they still were */
  drop(contractId: string, atMs: TimeMs): boolean {
    const nodeIds = this.#kept.get(contractId);
    if (!nodeIds) return false;
    this.#kept.delete(contractId);
    this.hoards.end(contractId);
    for (const nodeId of nodeIds) this.#nodes.letGo(nodeId, atMs);
    return true;
  }
}
