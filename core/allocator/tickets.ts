/**
 * Tickets: what an exchange has sold is a claim that the owner's isolation service redeems, once.
 *
 * A contract of an exchange becomes a lease here and nowhere else (SHARP: Fu, Chase, Chun, Schwab
 * & Vahdat 2003, SOSP, "a ticket is redeemed for a lease at the site authority"). However many
 * exchanges an owner sells on, the two things that this service keeps hold for all of them: a
 * ticket is redeemed at most once, and no two leases have a node at the same time.
 */
import type { Refusal } from '../kernel/errors.ts';
import type { Principal } from '../kernel/service.ts';
import type { Isolation } from './isolation.ts';
import type { LeaseTerms } from './protocol.ts';
import { refuse } from './refusals.ts';

/** Fewer are not worth looking through. */
const FEW_TICKETS = 64;

/** Who is told what becomes of a lease beside its parties: the exchange that sold it. */
export function exchangeOf({ contractId }: LeaseTerms, from: Principal): string | null {
  return contractId === null || from.role !== 'service' ? null : from.name;
}

/** Two exchanges may number their contracts alike; null for a lease without one. */
function ticketOf(terms: LeaseTerms, from: Principal): string | null {
  const exchange = exchangeOf(terms, from);
  return exchange === null ? null : `${exchange} ${terms.contractId}`;
}

/** Refuses a ticket that has been redeemed, also where its lease was given back early. */
export function checkTicket(
  { state }: Isolation,
  terms: LeaseTerms,
  from: Principal,
): Refusal | null {
  const ticket = ticketOf(terms, from);
  if (ticket === null || !state.redeemed.has(ticket)) return null;
  return refuse('CONFLICT_TICKET', `${from.name}'s ticket ${terms.contractId} has been redeemed`);
}

/** Remembered until its window is over: after that it would be refused as past. */
export function redeemTicket(
  { state, nowMs }: Isolation,
  terms: LeaseTerms,
  from: Principal,
): void {
  const ticket = ticketOf(terms, from);
  if (ticket === null) return;
  const { redeemed } = state;
  if (redeemed.size >= FEW_TICKETS && redeemed.size >= 2 * state.leases.size) {
    for (const [old, endMs] of redeemed) if (endMs <= nowMs) redeemed.delete(old);
  }
  redeemed.set(ticket, terms.endMs);
}
