/**
 * Contracts that are under way while a round is cleared, as the round shows them, and what becomes
 * free if one of them is preempted.
 *
 * A preempted lease gives its nodes back only after its notice and the walk of release. From the
 * first slot after that (`resaleSlot`) to the end of its own window its nodes can be sold anew, on the
 * terms of the ask that they came from: to a mechanism it is one more ask, named after the contract.
 */
import { askFault, isRecord, MAXIMUM_ORDERS_MILLICREDITS } from './order-check.ts';
import type { Ask, MarketRound, StandingLease } from './orders.ts';

/** Leases that one round may show. */
export const MAXIMUM_STANDING = 100_000;

/** What the nodes of a lease come to as an ask if it is preempted; null where nothing does. */
export function resaleAsk(lease: StandingLease): Ask | null {
  const startSlot = Math.max(lease.startSlot, lease.resaleSlot);
  if (!lease.preemptible || startSlot >= lease.endSlot) return null;
  return {
    askId: lease.contractId,
    organisation: lease.seller,
    nodeClass: lease.nodeClass,
    nodes: lease.nodes,
    startSlot,
    endSlot: lease.endSlot,
    reserveMillicredits: lease.reserveMillicredits,
    recall: lease.recall,
    securityLevel: lease.securityLevel,
  };
}

/** All leases of a round that may be preempted to some use, as asks. */
export function resaleAsks(round: Pick<MarketRound, 'standing'>): ReadonlyMap<Ask, StandingLease> {
  const asks = new Map<Ask, StandingLease>();
  for (const lease of round.standing ?? []) {
    const ask = resaleAsk(lease);
    if (ask) asks.set(ask, lease);
  }
  return asks;
}

/** The first thing that is wrong with a list of standing leases, or null. */
export function standingFault(
  standing: unknown,
  horizonSlots: number,
): { readonly keyPath: string; readonly message: string } | null {
  const keyPath = 'standing';
  if (!Array.isArray(standing)) return { keyPath, message: 'a list is needed' };
  if (standing.length > MAXIMUM_STANDING) {
    return { keyPath, message: `up to ${MAXIMUM_STANDING} leases` };
  }
  const ids = new Set<unknown>();
  for (let i = 0; i < standing.length; i++) {
    const lease: unknown = standing[i];
    if (!isLease(lease, horizonSlots)) {
      return { keyPath: `${keyPath}[${i}]`, message: 'it is no lease of this round' };
    }
    if (ids.has(lease.contractId)) {
      return { keyPath: `${keyPath}[${i}].contractId`, message: 'it is there twice' };
    }
    ids.add(lease.contractId);
  }
  return null;
}

function isLease(value: unknown, horizonSlots: number): value is StandingLease {
  if (!isRecord(value)) return false;
  const lease = value as StandingLease;
  const { contractId, buyer, seller, resaleSlot, priceMillicredits, valueMillicredits } = lease;
  const isMoney = (amount: unknown) =>
    Number.isInteger(amount) &&
    (amount as number) >= 0 &&
    (amount as number) <= MAXIMUM_ORDERS_MILLICREDITS;
  // The rest is that of the ask that it would become.
  const ask = { ...lease, askId: contractId, organisation: seller };
  return (
    askFault(ask, horizonSlots) === null &&
    askFault({ ...ask, organisation: buyer }, horizonSlots) === null &&
    typeof lease.preemptible === 'boolean' &&
    Number.isInteger(resaleSlot) &&
    resaleSlot >= 0 &&
    isMoney(priceMillicredits) &&
    isMoney(valueMillicredits)
  );
}

/** A copy of a valid lease with exactly the known keys. */
export function plainLease(lease: StandingLease): StandingLease {
  return {
    contractId: lease.contractId,
    buyer: lease.buyer,
    seller: lease.seller,
    nodeClass: lease.nodeClass,
    nodes: lease.nodes,
    startSlot: lease.startSlot,
    endSlot: lease.endSlot,
    priceMillicredits: lease.priceMillicredits,
    valueMillicredits: lease.valueMillicredits,
    preemptible: lease.preemptible,
    resaleSlot: lease.resaleSlot,
    reserveMillicredits: lease.reserveMillicredits,
    recall: lease.recall && {
      noticeMs: lease.recall.noticeMs,
      penaltyPartsPerMillion: lease.recall.penaltyPartsPerMillion,
    },
    securityLevel: lease.securityLevel,
  };
}
