/** What the end of a lease means for its contract: how it ended, and what the owner had handed over. */
import type { NodeMs, TimeMs } from '../kernel/units.ts';
import type { Contract, LeaseReportKind } from './contracts.ts';

/** How a lease ended. */
export interface LeaseEnd {
  readonly end: 'expired' | 'returned' | 'recalled' | 'failed';
  /** From when on the borrower could not use it any more, as was announced; null: never announced. */
  readonly endedAtMs: TimeMs | null;
  /** Nodes that were withheld: nothing is owed for them. */
  readonly lostNodes: number;
}

/** @param nowMs when the last of its nodes was back */
export function reportOf(
  contract: Contract,
  { end, endedAtMs, lostNodes }: LeaseEnd,
  nowMs: TimeMs,
): { readonly what: LeaseReportKind; readonly deliveredNodeMs: NodeMs } {
  const wholeMs = contract.endMs - contract.startMs;
  const heldMs =
    end === 'expired' || end === 'failed'
      ? wholeMs
      : Math.max(0, Math.min(wholeMs, (endedAtMs ?? nowMs) - contract.startMs));
  const what = end === 'recalled' ? 'recalled' : end === 'failed' ? 'failed' : 'ended';
  return { what, deliveredNodeMs: (contract.nodes - lostNodes) * heldMs };
}
