/** What the lease desk knows of a lease, and what is left of it in the results. */
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Contract } from '../../core/market/contracts.ts';
import type { LeaseOutcome } from '../../core/metrics/outcome.ts';

/** A lease that is not over. */
export interface OpenLease {
  readonly contract: Contract;
  /** Class of the nodes that are handed over, whatever the contract says. */
  readonly givenClass: string;
  /** Whose nodes they are; the seller, unless it sold on what it had bought. */
  readonly owner: string;
  readonly nodeIds: readonly string[];
  /** Nodes that are neither back with their owner nor withheld. */
  readonly outNodeIds: Set<string>;
  readonly endMs: TimeMs;
  /** Node id → when it became ready. */
  readonly readyAtMs: Map<string, TimeMs>;
  setupMs: number;
  readyNodes: number;
  lostNodes: number;
  usedNodeMs: number;
  endedAtMs: TimeMs | null;
  end: LeaseOutcome['end'];
}

/** @param horizon that it was traded on; undefined for the epoch call */
export function outcomeOf(lease: OpenLease, horizon: string | undefined): LeaseOutcome {
  const { contract, readyNodes, setupMs, usedNodeMs, end } = lease;
  return {
    ...(horizon === undefined ? {} : { horizon }),
    leaseId: contract.contractId,
    seller: contract.seller,
    buyer: contract.buyer,
    nodeClass: contract.nodeClass,
    securityLevel: contract.securityLevel,
    nodes: contract.nodes,
    startMs: contract.startMs,
    endMs: contract.endMs,
    priceMillicredits: contract.priceMillicredits,
    usedNodeMs,
    setupMs: readyNodes > 0 ? Math.round(setupMs / readyNodes) : null,
    recallable: contract.recall !== null || contract.preemptionNoticeMs !== undefined,
    end,
  };
}
