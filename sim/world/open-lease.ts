/** What the lease desk knows of a lease, and of a node that it has taken from its owner. */
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Contract } from '../../core/market/contracts.ts';
import type { LeaseOutcome } from '../../core/metrics/outcome.ts';
import type { Member } from './member.ts';

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

/** A seller's node with the contracts that it is promised to. */
export interface Hold {
  readonly seller: Member;
  readonly nodeClass: string;
  contracts: number;
}
