/**
 * Nodes by how long they may be used. A cluster's nodes stand in groups: its own (one group per
 * class, no deadline), one group per lease that it borrowed (deadline: the instant by which the
 * work must have stopped), and one per offer for which own nodes are being drained (deadline: when
 * they are to be handed over). Within a group nodes are counted, they have no identity.
 */
import type { TimeMs } from '../../../core/kernel/units.ts';

export interface NodeGroup {
  readonly groupId: string;
  readonly kind: 'home' | 'borrowed' | 'draining';
  /** Own group that draining nodes come from and go back to. */
  readonly home: NodeGroup | null;
  /** Order of making: among equal deadlines the older group is filled first. */
  readonly sequence: number;
  deadlineMs: TimeMs;
  nodes: number;
  /** Nodes that nothing runs on. */
  free: number;
  /** Draining nodes: when they are expected back; Infinity when unknown or overdue. */
  returnMs: TimeMs;
}

/** Some nodes of one group. */
export interface Part {
  readonly group: NodeGroup;
  nodes: number;
}

/** What a job asks of nodes. */
export interface NodeRequest {
  readonly nodes: number;
  /** Time for which they are wanted. */
  readonly estimateMs: number;
  /** Time for which they must be there at least: less for a job that can be checkpointed. */
  readonly needMs: number;
}

/** Groups in the order in which they are filled: tightest deadline first. */
export function compareGroups(a: NodeGroup, b: NodeGroup): number {
  if (a.deadlineMs !== b.deadlineMs) return a.deadlineMs < b.deadlineMs ? -1 : 1;
  return a.sequence - b.sequence;
}

/**
 * Chooses nodes: from the sources that last long enough, tightest deadline first; where these are
 * not enough and the job can be checkpointed, from the others that last for `needMs`, longest
 * first.
 *
 * @param sources groups or pools, tightest deadline first
 * @param freeUntil nodes of the source with this index that stay free from the start to that time
 * @returns nodes by source; null when there are not enough
 */
export function chooseNodes(
  sources: readonly { readonly deadlineMs: TimeMs }[],
  request: NodeRequest,
  startMs: TimeMs,
  freeUntil: (index: number, untilMs: TimeMs) => number,
): number[] | null {
  const endMs = startMs + request.estimateMs;
  const counts: number[] = [];
  let missing = request.nodes;
  for (let i = 0; i < sources.length; i++) {
    const lasts = missing > 0 && sources[i]!.deadlineMs >= endMs;
    const nodes = lasts ? Math.max(0, Math.min(missing, freeUntil(i, endMs))) : 0;
    counts.push(nodes);
    missing -= nodes;
  }
  if (missing > 0 && request.needMs < request.estimateMs) {
    const needEndMs = startMs + request.needMs;
    for (let i = sources.length - 1; i >= 0 && missing > 0; i--) {
      const { deadlineMs } = sources[i]!;
      if (deadlineMs >= endMs || deadlineMs < needEndMs) continue;
      const nodes = Math.max(0, Math.min(missing, freeUntil(i, deadlineMs)));
      counts[i]! += nodes;
      missing -= nodes;
    }
  }
  return missing === 0 ? counts : null;
}
