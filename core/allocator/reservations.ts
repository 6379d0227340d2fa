/** Which leases have a right to a node, who has it now, and when a lease has given all back. */
import type { TimeMs } from '../kernel/units.ts';
import { LEASE_TIMER, notifyAttester, notifyParties, type Isolation } from './isolation.ts';
import type { IsolationState, Lease, Node } from './state.ts';

/** The lease that has the node, if it is still known. */
export function holderOf(state: IsolationState, node: Node): Lease | undefined {
  return node.leaseId === null ? undefined : state.leases.get(node.leaseId);
}

/** Keeps the reservations in the order of their starts; a sub-lease comes after its parent. */
export function addReservation(state: IsolationState, node: Node, lease: Lease): void {
  const { leaseId, startMs } = lease.terms;
  let index = node.reservations.length;
  while (index > 0 && startOf(state, node.reservations[index - 1]!) > startMs) index -= 1;
  node.reservations.splice(index, 0, leaseId);
}

function startOf(state: IsolationState, leaseId: string): TimeMs {
  return state.leases.get(leaseId)?.terms.startMs ?? 0;
}

export function dropReservation(node: Node, leaseId: string): void {
  const index = node.reservations.indexOf(leaseId);
  if (index >= 0) node.reservations.splice(index, 1);
}

/** Half-open windows: touching is no conflict. A lease that is over has no window any more. */
export function conflictingLease(
  state: IsolationState,
  node: Node,
  startMs: TimeMs,
  endMs: TimeMs,
  except: readonly (string | null)[],
): string | null {
  for (const leaseId of node.reservations) {
    const other = state.leases.get(leaseId);
    if (!other || except.includes(leaseId) || other.state === 'ending') continue;
    if (startMs < other.endMs && other.terms.startMs < endMs) return leaseId;
  }
  return null;
}

/** The running lease whose turn it is, a sub-lease before its parent. */
export function nextHolder(state: IsolationState, node: Node): Lease | null {
  let next: Lease | null = null;
  for (const leaseId of node.reservations) {
    const lease = state.leases.get(leaseId);
    if (lease?.state !== 'running') continue;
    if (next === null || lease.parentLeaseId !== null) next = lease;
  }
  return next;
}

/** The node is out of these leases for good: verified clean, or withheld. */
export function closeLeaving(isolation: Isolation, node: Node): void {
  for (const leaseId of node.leaving) {
    const lease = isolation.state.leases.get(leaseId);
    if (lease) closeNode(isolation, lease, node.nodeId);
  }
  node.leaving.length = 0;
}

export function closeNode(isolation: Isolation, lease: Lease, nodeId: string): void {
  lease.openNodeIds.delete(nodeId);
  endIfClosed(isolation, lease);
}

function endIfClosed(isolation: Isolation, lease: Lease): void {
  if (lease.openNodeIds.size > 0 || lease.childLeaseIds.length > 0) return;
  const { leaseId } = lease.terms;
  const { leases } = isolation.state;
  leases.delete(leaseId);
  if (lease.endMs > isolation.nowMs) {
    isolation.effects.push({ kind: 'CancelTimer', timerId: LEASE_TIMER + leaseId });
  }
  const notice = { kind: 'LeaseEnded', leaseId } as const;
  notifyParties(isolation, lease, notice);
  notifyAttester(isolation, lease, notice);
  const parent = lease.parentLeaseId === null ? undefined : leases.get(lease.parentLeaseId);
  if (!parent) return;
  parent.childLeaseIds.splice(parent.childLeaseIds.indexOf(leaseId), 1);
  endIfClosed(isolation, parent);
}
