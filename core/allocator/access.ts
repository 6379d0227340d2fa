/**
 * Who may do what. An administrator runs the site; an organisation acts for itself; a service acts
 * for an organisation only where that has delegated the right to it. What a caller may not see is
 * as good as absent for it.
 */
import type { Principal } from '../kernel/service.ts';
import type { DelegatedRight, IsolationState, Lease } from './state.ts';

export function isAdministrator(from: Principal): boolean {
  return from.role === 'admin';
}

export function isOrganisation(from: Principal, name: string | null): boolean {
  return from.role === 'organisation' && from.name === name;
}

/** The organisation itself, or a service that it has delegated the right to. */
export function actsFor(
  state: IsolationState,
  from: Principal,
  name: string | null,
  right: DelegatedRight,
): boolean {
  if (name === null) return false;
  if (from.role === 'organisation') return from.name === name;
  if (from.role !== 'service') return false;
  const rights = state.organisations.get(name)?.delegations.get(from.name);
  return rights !== undefined && rights.includes(right);
}

export function actsForOwner(state: IsolationState, from: Principal, lease: Lease): boolean {
  return isAdministrator(from) || actsFor(state, from, lease.terms.owner, 'leasing');
}

/** Not even an administrator drives a tenant's nodes. */
export function actsForLessee(state: IsolationState, from: Principal, lease: Lease): boolean {
  return actsFor(state, from, lease.terms.lessee, 'tenancy');
}

/** Both sides, their services, the lease's attester and administrators. */
export function maySeeLease(state: IsolationState, from: Principal, lease: Lease): boolean {
  return (
    actsForOwner(state, from, lease) ||
    actsForLessee(state, from, lease) ||
    actsFor(state, from, lease.terms.lessee, 'leasing') ||
    isAttesterOf(from, lease)
  );
}

export function isAttesterOf(from: Principal, lease: Lease | undefined): boolean {
  return from.role === 'service' && lease !== undefined && from.name === lease.terms.attester;
}
