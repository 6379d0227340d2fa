/**
 * An organisation's own cluster, as its live agent meets it: what it lacks, what it could spare, and
 * nodes that come and go. Every call may be made again; what is done already changes nothing.
 */
import type { ClusterKind, Spare, Want } from '../../core/agents/view.ts';
import { HOUR_MS, type TimeMs } from '../../core/kernel/units.ts';

export interface ClusterReport {
  readonly wants: readonly Want[];
  readonly spares: readonly Spare[];
  /** Nodes that it owns, lent ones among them. */
  readonly ownNodes: number;
  /** Class → its own nodes that nothing runs on, by the names that the isolation service knows. */
  readonly idle: ReadonlyMap<string, readonly string[]>;
  /** Borrowed nodes that nothing runs on and nothing waits for. */
  readonly idleBorrowed: readonly string[];
}

export interface BorrowedNode {
  readonly nodeId: string;
  readonly leaseId: string;
  readonly nodeClass: string;
  /** It is cut off then, whatever runs on it. */
  readonly endMs: TimeMs;
}

export interface ClusterEngine {
  readonly kind: ClusterKind;
  report(nowMs: TimeMs): Promise<ClusterReport>;
  /** A borrowed node is on its way; it may be up before anybody says so. */
  expect(node: BorrowedNode): Promise<void>;
  /** A borrowed node is up: work may run on it until it ends. */
  add(node: BorrowedNode, nowMs: TimeMs): Promise<void>;
  /** Nothing new begins on the node. */
  drain(nodeId: string): Promise<void>;
  /** The node is not the cluster's any more; what runs on it is put back into the queue. */
  remove(nodeId: string): Promise<void>;
  /** Own nodes go to a borrower: nothing new begins on them. */
  lend(nodeIds: readonly string[]): Promise<void>;
  /** They are back, clean. */
  takeBack(nodeIds: readonly string[]): Promise<void>;
}

/** How an organisation values nodes, for clusters that do not say it themselves. */
export interface Valuation {
  /** Classes that its work can run on, best first. */
  readonly nodeClasses: readonly string[];
  /** Class of its own nodes. */
  readonly ownClass: string;
  readonly valueMillicreditsPerNodeHour: number;
  readonly costMillicreditsPerNodeHour: number;
  /** Work that has waited for longer is worth nothing any more. */
  readonly patienceMs: TimeMs;
  /** Where the work itself does not say how long it takes. */
  readonly usualDurationMs: TimeMs;
  readonly securityLevel: Want['securityLevel'];
  readonly acceptsRecall: boolean;
  /** Null: lends firmly. */
  readonly recallNoticeMs: TimeMs | null;
  /** Longest time for which idle nodes are offered. */
  readonly offeredMs: TimeMs;
}

/** Work of so many nodes for so long that nothing but borrowed nodes can serve. */
export function wantFor(
  valuation: Valuation,
  work: {
    readonly id: string;
    readonly nodes: number;
    readonly durationMs: TimeMs | null;
    readonly submittedMs: TimeMs;
  },
  nowMs: TimeMs,
): Want {
  const { nodeClasses, valueMillicreditsPerNodeHour, patienceMs, usualDurationMs } = valuation;
  const { securityLevel, acceptsRecall } = valuation;
  const durationMs = work.durationMs ?? usualDurationMs;
  const hours = durationMs / HOUR_MS;
  return {
    wantId: work.id,
    nodes: work.nodes,
    minimumNodes: work.nodes,
    nodeClasses,
    durationMs,
    earliestStartMs: nowMs,
    latestEndMs: Math.max(work.submittedMs + patienceMs, nowMs) + durationMs,
    valueMillicredits: Math.round(valueMillicreditsPerNodeHour * work.nodes * hours),
    certainty: 1,
    ...{ securityLevel, acceptsRecall },
  };
}

/** Idle nodes, as long as they may be lent. */
export function spareOf(valuation: Valuation, nodes: number, nowMs: TimeMs): Spare[] {
  if (nodes === 0) return [];
  const { ownClass, costMillicreditsPerNodeHour, recallNoticeMs, offeredMs } = valuation;
  const cost = { costMillicreditsPerNodeHour, recallNoticeMs };
  return [
    {
      ...{ spareId: 'idle', nodeClass: ownClass, nodes, fromMs: nowMs, ...cost },
      untilMs: nowMs + offeredMs,
    },
  ];
}
