/**
 * Nodes that their owner keeps ready for a contract without a lease: the buyer does not come for them,
 * or it has bought them to sell them on.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { contractedNodeMs } from '../../core/market/contracts.ts';
import type { Contract } from '../../core/market/contracts.ts';
import { Hoards } from './hoards.ts';
import type { LeaseDeskPorts } from './lease-desk-ports.ts';
import type { LentNodes } from './lent-nodes.ts';

type KeptNodesPorts = Pick<LeaseDeskPorts, 'later' | 'listen' | 'report'>;

/** Listen for the start of windows that nobody comes for, and for the end of those that are resold. */
const NOT_TAKEN = 'not taken';
const RESALE_OVER = 'resale over';

export class KeptNodes {
  readonly hoards = new Hoards();
  readonly #ports: KeptNodesPorts;
  readonly #nodes: LentNodes;
  /** By contract. */
  readonly #kept = new Map<string, readonly string[]>();

  constructor(ports: KeptNodesPorts, nodes: LentNodes) {
    this.#ports = ports;
    this.#nodes = nodes;
    ports.listen(NOT_TAKEN, (contract: Contract, nowMs) => {
      if (this.drop(contract.contractId, nowMs)) ports.report(contract, 'not-taken', 0, nowMs);
    });
    ports.listen(RESALE_OVER, (contract: Contract, nowMs) => {
      if (!this.drop(contract.contractId, nowMs)) return;
      ports.report(contract, 'ended', contractedNodeMs(contract), nowMs);
    });
  }

  /** The seller keeps the nodes ready until the moment at which nobody comes for them. */
  forNobody(contract: Contract, nodeIds: readonly string[]): void {
    this.#kept.set(contract.contractId, nodeIds);
    this.#ports.later(contract.startMs, NOT_TAKEN, contract);
  }

  /** Bought to be sold on: the nodes stay with their owner, who keeps them ready. */
  forResale(contract: Contract, nodeIds: readonly string[]): void {
    const pool = nodeIds.map((nodeId) => ({ nodeId, freeAtMs: contract.startMs }));
    this.hoards.add(contract, pool);
    this.#kept.set(contract.contractId, nodeIds);
    this.#ports.later(contract.endMs, RESALE_OVER, contract);
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

  carry(carrier: Carrier): void {
    carrier.part('hoards', this.hoards);
    carrier.fill('kept', this.#kept);
  }
}
