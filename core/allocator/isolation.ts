/** What every part of the service works on during one step, and the answers that it gives. */
import type { Principal } from '../kernel/service.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { TimeMs } from '../kernel/units.ts';
import type { IsolationEffect, LeaseNotice } from './protocol.ts';
import type { IsolationState, Lease, Node } from './state.ts';

export interface Isolation {
  readonly state: IsolationState;
  readonly nowMs: TimeMs;
  readonly effects: IsolationEffect[];
}

/**
 * A command is first only looked at; the answer is a refusal, or the change to be made, which
 * cannot fail any more and returns the result of the reply.
 */
export type Change = () => unknown;
export type Verdict = Refusal | Change;

/** A total order by code units. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function notify(isolation: Isolation, to: Principal, notice: LeaseNotice): void {
  isolation.effects.push({ kind: 'Notify', to, notice });
}

export function notifyOrganisation(isolation: Isolation, name: string, notice: LeaseNotice): void {
  const organisation = isolation.state.organisations.get(name);
  if (organisation) notify(isolation, organisation.principal, notice);
}

/** Owner and lessee, one notice where they are the same, and the exchange that sold the lease. */
export function notifyParties(isolation: Isolation, lease: Lease, notice: LeaseNotice): void {
  const { owner, lessee } = lease.terms;
  notifyOrganisation(isolation, lessee, notice);
  if (owner !== lessee) notifyOrganisation(isolation, owner, notice);
  const { exchange } = lease;
  if (exchange !== null) notify(isolation, { role: 'service', name: exchange }, notice);
}

export function notifyAttester(isolation: Isolation, lease: Lease, notice: LeaseNotice): void {
  const { attester } = lease.terms;
  if (attester !== null) notify(isolation, { role: 'service', name: attester }, notice);
}

/** Sees to it that the node is looked at by then; its one timer only ever moves forward. */
export function wakeNode(isolation: Isolation, node: Node, atMs: TimeMs): void {
  if (node.timerAtMs !== null && node.timerAtMs <= atMs) return;
  node.timerAtMs = atMs;
  isolation.effects.push({ kind: 'SetTimer', timerId: NODE_TIMER + node.nodeId, atMs });
}

export function setLeaseTimer(isolation: Isolation, leaseId: string, atMs: TimeMs): void {
  isolation.effects.push({ kind: 'SetTimer', timerId: LEASE_TIMER + leaseId, atMs });
}

export const NODE_TIMER = 'node/';
export const LEASE_TIMER = 'lease/';
