/**
 * Leases: made, moved, recalled, returned, cancelled, started and ended. The service's own timers
 * start and end them; orchestrator, market and attester may all be dead.
 */
import { actsFor, actsForLessee, actsForOwner, isAdministrator, maySeeLease } from './access.ts';
import type { Handlers } from './commands.ts';
import { LEASE_TIMER, notifyParties, setLeaseTimer, type Isolation } from './isolation.ts';
import { checkTerms } from './lease-terms.ts';
import { ensureEnclave } from './networks.ts';
import { release } from './recovery.ts';
import { blocked, denied, isRefusal, notFound, refuse, wrongState } from './refusals.ts';
import {
  addReservation,
  closeNode,
  conflictingLease,
  dropReservation,
  holderOf,
} from './reservations.ts';
import { checkTicket, exchangeOf, redeemTicket } from './tickets.ts';
import { duringLease, handOver, notifyWithheld } from './walk.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { Principal } from '../kernel/service.ts';
import type { TimeMs } from '../kernel/units.ts';
import type { LeaseNotice, LeaseSide, LeaseTerms } from './protocol.ts';
import type { IsolationState, Lease, Node } from './state.ts';

type EndingReason = Extract<LeaseNotice, { kind: 'LeaseEnding' }>['reason'];

export const leaseCommands = {
  LeaseCreate(isolation, { terms, from }) {
    const refusal = checkTerms(isolation, terms, from, null) ?? checkTicket(isolation, terms, from);
    if (refusal) return refusal;
    return () => {
      redeemTicket(isolation, terms, from);
      return reserve(isolation, terms, null, exchangeOf(terms, from));
    };
  },

  LeaseSublet(isolation, { parentLeaseId, terms, from }) {
    const parent = visibleLease(isolation.state, parentLeaseId, from);
    if (isRefusal(parent)) return parent;
    return (
      checkTerms(isolation, terms, from, parent) ??
      (() => reserve(isolation, terms, parent, exchangeOf(terms, from)))
    );
  },

  LeaseCancel(isolation, { leaseId, from }) {
    const { state } = isolation;
    const lease = visibleLease(state, leaseId, from);
    if (isRefusal(lease)) return lease;
    if (!actsForOwner(state, from, lease) && !isLesseeSide(state, from, lease)) {
      return notYours(leaseId);
    }
    const isOpen = lease.state === 'reserved' || isAdministrator(from);
    if (!isOpen || lease.state === 'ending') return wrongState(`lease ${leaseId}`, lease.state);
    return () => endLease(isolation, lease, 'cancelled', sideOf(state, from, lease));
  },

  LeaseRecall(isolation, { leaseId, from }) {
    const lease = visibleLease(isolation.state, leaseId, from);
    if (isRefusal(lease)) return lease;
    if (!actsForOwner(isolation.state, from, lease)) return notYours(leaseId);
    const { recallNoticeMs } = lease.terms;
    if (recallNoticeMs === null) {
      return refuse('CONFLICT_FIRM', `lease ${leaseId} is firm until its end`);
    }
    if (lease.state !== 'running') return wrongState(`lease ${leaseId}`, lease.state);
    return () => {
      drain(isolation, lease, Math.min(lease.endMs, isolation.nowMs + recallNoticeMs));
      return { leaseId, endMs: lease.endMs };
    };
  },

  LeaseReturn(isolation, { leaseId, nodeIds, from }) {
    const lease = visibleLease(isolation.state, leaseId, from);
    if (isRefusal(lease)) return lease;
    if (!isLesseeSide(isolation.state, from, lease)) return notYours(leaseId);
    if (lease.state !== 'running' && lease.state !== 'draining') {
      return wrongState(`lease ${leaseId}`, lease.state);
    }
    const unknown = nodeIds?.find((nodeId) => !lease.openNodeIds.has(nodeId));
    if (unknown !== undefined) return notFound('NODE', `${unknown} in lease ${leaseId}`);
    return () => {
      if (nodeIds === null) endLease(isolation, lease, 'returned');
      else for (const nodeId of nodeIds) returnNode(isolation, lease, nodeId);
    };
  },

  /** The owner's side may extend; whoever shortens gives up only what is its own to give up. */
  LeaseUpdate(isolation, { leaseId, endMs, from }) {
    const lease = visibleLease(isolation.state, leaseId, from);
    if (isRefusal(lease)) return lease;
    const refusal = checkNewEnd(isolation, lease, from, endMs);
    if (refusal) return refusal;
    return () => {
      const { state } = isolation;
      if (endMs < lease.endMs) lease.shortenedBy = sideOf(state, from, lease);
      lease.endMs = endMs;
      if (lease.state === 'running') setLeaseTimer(isolation, leaseId, endMs);
      return { leaseId, endMs };
    };
  },
} satisfies Partial<Handlers>;

/** The caller has checked the terms. */
export function reserve(
  isolation: Isolation,
  terms: LeaseTerms,
  parent: Lease | null,
  exchange: string | null,
): unknown {
  const { state, nowMs } = isolation;
  const lease: Lease = {
    terms,
    endMs: terms.endMs,
    state: 'reserved',
    parentLeaseId: parent?.terms.leaseId ?? null,
    exchange,
    shortenedBy: null,
    childLeaseIds: [],
    openNodeIds: new Set(terms.nodeIds),
  };
  ensureEnclave(state, terms.lessee);
  state.leases.set(terms.leaseId, lease);
  parent?.childLeaseIds.push(terms.leaseId);
  for (const nodeId of terms.nodeIds) {
    const node = state.nodes.get(nodeId)!;
    addReservation(state, node, lease);
    if (node.state === 'free') node.state = 'reserved';
  }
  setLeaseTimer(isolation, terms.leaseId, Math.max(terms.startMs, nowMs));
  return { leaseId: terms.leaseId };
}

/** The notice runs; sub-leases get the same, those that have not begun are off. */
function drain(isolation: Isolation, lease: Lease, atMs: TimeMs): void {
  const { leases, nodes } = isolation.state;
  for (const childId of [...lease.childLeaseIds]) {
    const child = leases.get(childId)!;
    if (child.state === 'reserved') endLease(isolation, child, 'recall');
    else if (child.state === 'running') drain(isolation, child, Math.min(child.endMs, atMs));
  }
  lease.endMs = atMs;
  lease.state = 'draining';
  const { leaseId } = lease.terms;
  for (const nodeId of lease.openNodeIds) {
    const node = nodes.get(nodeId)!;
    const isSteady = node.leaseId === leaseId && node.walk === null;
    if (isSteady && node.state !== 'quarantined') node.state = duringLease(lease, node.state);
  }
  notifyParties(isolation, lease, { kind: 'LeaseEnding', leaseId, atMs, reason: 'recall' });
  setLeaseTimer(isolation, leaseId, atMs);
}

/** Sub-leases of the node first. */
function returnNode(isolation: Isolation, lease: Lease, nodeId: string): void {
  const { leases, nodes } = isolation.state;
  const node = nodes.get(nodeId)!;
  for (const childId of [...lease.childLeaseIds]) {
    const child = leases.get(childId)!;
    if (child.openNodeIds.has(nodeId)) endUse(isolation, node, child);
  }
  endUse(isolation, node, lease);
}

function checkNewEnd(
  isolation: Isolation,
  lease: Lease,
  from: Principal,
  endMs: TimeMs,
): Refusal | null {
  const { state, nowMs } = isolation;
  const { terms } = lease;
  const { leaseId } = terms;
  const isShorter = endMs < lease.endMs;
  const isOwner = actsForOwner(state, from, lease);
  const earliestMs = nowMs + (terms.recallNoticeMs ?? Infinity);
  const mayShorten =
    isLesseeSide(state, from, lease) ||
    isAdministrator(from) ||
    (isOwner && (lease.state === 'reserved' || endMs >= earliestMs));
  if (isShorter ? !mayShorten : !isOwner) return notYours(leaseId);
  if (lease.state !== 'reserved' && lease.state !== 'running') {
    return wrongState(`lease ${leaseId}`, lease.state);
  }
  if (endMs <= terms.startMs || endMs < nowMs) {
    return refuse('INPUT_TIME_RANGE', 'a lease must end after its start, and not in the past');
  }
  if (!isAdministrator(from) && endMs - terms.startMs > state.settings.maximumLeaseMs) {
    return refuse('CONFLICT_LEASE_LENGTH', 'the lease would be longer than this site allows');
  }
  const parent = lease.parentLeaseId === null ? null : state.leases.get(lease.parentLeaseId)!;
  if (parent && endMs > parent.endMs) {
    return refuse('CONFLICT_WINDOW', `the lease would outlast its parent's`);
  }
  if (lease.childLeaseIds.some((childId) => state.leases.get(childId)!.endMs > endMs)) {
    return blocked(`a sub-lease of ${leaseId} lasts longer`);
  }
  return isShorter ? null : checkExtension(state, lease, endMs);
}

function checkExtension(state: IsolationState, lease: Lease, endMs: TimeMs): Refusal | null {
  const family = [lease.terms.leaseId, lease.parentLeaseId, ...lease.childLeaseIds];
  for (const nodeId of lease.openNodeIds) {
    const node = state.nodes.get(nodeId)!;
    const other = conflictingLease(state, node, lease.endMs, endMs, family);
    if (other !== null)
      return refuse('CONFLICT_LEASE', `node ${nodeId} is leased then by ${other}`);
  }
  return null;
}

/** The lease's timer: its start, its end, or (moved) nothing yet. */
export function leaseTimerFired(isolation: Isolation, timerId: string): void {
  const lease = isolation.state.leases.get(timerId.slice(LEASE_TIMER.length));
  if (!lease || lease.state === 'ending') return;
  const { nowMs } = isolation;
  if (lease.state === 'reserved' && nowMs >= lease.terms.startMs && nowMs < lease.endMs) {
    startLease(isolation, lease);
  } else if (nowMs >= lease.endMs) {
    endLease(isolation, lease, 'expiry');
  } else {
    const isReserved = lease.state === 'reserved';
    setLeaseTimer(isolation, lease.terms.leaseId, isReserved ? lease.terms.startMs : lease.endMs);
  }
}

function startLease(isolation: Isolation, lease: Lease): void {
  const { leaseId } = lease.terms;
  lease.state = 'running';
  notifyParties(isolation, lease, { kind: 'LeaseStarted', leaseId });
  setLeaseTimer(isolation, leaseId, lease.endMs);
  for (const nodeId of lease.openNodeIds) {
    startUse(isolation, isolation.state.nodes.get(nodeId)!, lease);
  }
}

/** A node that is not clean and back yet is handed over as soon as it is. */
function startUse(isolation: Isolation, node: Node, lease: Lease): void {
  if (node.state === 'reserved') {
    handOver(isolation, node, lease);
  } else if (node.state === 'allocated' && node.leaseId === null) {
    node.organisation = null;
    node.outOfBandEnabled = false;
    release(isolation, node);
  } else if (node.leaseId !== null && node.leaseId === lease.parentLeaseId) {
    release(isolation, node);
  } else if (node.state === 'rejected' || node.state === 'quarantined' || node.state === 'broken') {
    notifyWithheld(isolation, node, lease, node.state, node.trouble ?? 'NODE_WITHHELD');
  }
}

/** Sub-leases first, whatever they are doing. `by`: who called the lease off. */
export function endLease(
  isolation: Isolation,
  lease: Lease,
  reason: EndingReason,
  by: LeaseSide | null = lease.shortenedBy,
): void {
  if (lease.state === 'ending') return;
  const { leases, nodes } = isolation.state;
  for (const childId of [...lease.childLeaseIds]) {
    endLease(isolation, leases.get(childId)!, reason, by);
  }
  const { leaseId } = lease.terms;
  const wasTold = lease.state === 'draining';
  lease.state = 'ending';
  if (!wasTold) {
    const atMs = isolation.nowMs;
    const ending = { kind: 'LeaseEnding', leaseId, atMs, reason } as const;
    notifyParties(isolation, lease, by === null ? ending : { ...ending, by });
  }
  for (const nodeId of [...lease.openNodeIds]) endUse(isolation, nodes.get(nodeId)!, lease);
}

/** The lease's right to the node is over; the node leaves it once it is clean or withheld. */
function endUse(isolation: Isolation, node: Node, lease: Lease): void {
  const { leaseId } = lease.terms;
  if (node.leaving.includes(leaseId)) return;
  dropReservation(node, leaseId);
  const holder = holderOf(isolation.state, node);
  if (holder === lease || holder?.parentLeaseId === leaseId) {
    node.leaving.push(leaseId);
    if (holder === lease) release(isolation, node);
    return;
  }
  if (node.state === 'reserved' && node.reservations.length === 0) node.state = 'free';
  closeNode(isolation, lease, node.nodeId);
}

export function visibleLease(
  state: IsolationState,
  leaseId: string,
  from: Principal,
): Lease | Refusal {
  const lease = state.leases.get(leaseId);
  return lease && maySeeLease(state, from, lease) ? lease : notFound('LEASE', leaseId);
}

function sideOf(state: IsolationState, from: Principal, lease: Lease): LeaseSide {
  if (isAdministrator(from)) return 'site';
  return actsForOwner(state, from, lease) ? 'owner' : 'lessee';
}

function isLesseeSide(state: IsolationState, from: Principal, lease: Lease): boolean {
  return actsForLessee(state, from, lease) || actsFor(state, from, lease.terms.lessee, 'leasing');
}

function notYours(leaseId: string): Refusal {
  return denied(`this is not yours to do with lease ${leaseId}`);
}
