/**
 * Offers: a node and a window that others may claim leases in (after ESI-Leap). They stand beside
 * the isolation service, not in it: what an offer does to nodes is one command of its owner.
 */
import { actsFor, isAdministrator } from '../allocator/access.ts';
import type { CommandOf, IsolationCommand } from '../allocator/commands.ts';
import type { Change, Isolation } from '../allocator/isolation.ts';
import { findNode } from '../allocator/nodes.ts';
import { blocked, denied, duplicate, isRefusal, notFound, refuse } from '../allocator/refusals.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { Principal } from '../kernel/service.ts';
import type { IsolationState, Lease, Offer } from '../allocator/state.ts';

export const OFFER_TIMER = 'offer/';

/** Refused, changed, or to be asked of the isolation service in somebody's name. */
export type OfferVerdict = Refusal | Change | IsolationCommand;

export type OfferKind = 'OfferCreate' | 'OfferDelete' | 'OfferClaim';

type OfferHandlers = {
  readonly [K in OfferKind]: (isolation: Isolation, command: CommandOf<K>) => OfferVerdict;
};

export const offerCommands: OfferHandlers = {
  OfferCreate(isolation, command) {
    const { state } = isolation;
    const { offerId, nodeId, startMs, endMs, lessee, recallNoticeMs, parentLeaseId } = command;
    const node = findNode(state, nodeId);
    if (isRefusal(node)) return node;
    const parent = leaseBy(state, parentLeaseId);
    const owner = parent?.terms.lessee ?? node.owner;
    if (owner === null) return blocked(`node ${nodeId} has no owner`);
    const refusal = checkOffer(isolation, command, owner) ?? checkParent(command, parent);
    if (refusal) return refusal;
    return () => {
      const window = { startMs, endMs, lessee, recallNoticeMs, parentLeaseId };
      state.offers.set(offerId, { offerId, owner, nodeId, ...window });
      node.offerIds.push(offerId);
      isolation.effects.push({ kind: 'SetTimer', timerId: OFFER_TIMER + offerId, atMs: endMs });
      return { offerId };
    };
  },

  OfferDelete({ state }, { offerId, from }) {
    const offer = visibleOffer(state, offerId, from);
    if (isRefusal(offer)) return offer;
    const isOwner = isAdministrator(from) || actsFor(state, from, offer.owner, 'leasing');
    if (!isOwner) return denied(`offer ${offerId} is not yours`);
    return () => {
      forgetOffer(state, offer);
      return { offerId };
    };
  },

  /** A lease inside the offer's window, on its owner's behalf. */
  OfferClaim(isolation, command) {
    const { state } = isolation;
    const { from, offerId, leaseId, lessee, startMs, endMs, securityLevel, attester } = command;
    const offer = visibleOffer(state, offerId, from);
    if (isRefusal(offer)) return offer;
    const isLessee = isAdministrator(from) || actsFor(state, from, lessee, 'leasing');
    if (!isLessee || !isOfferedTo(state, offer, lessee)) {
      return denied(`${lessee} cannot claim offer ${offerId} through you`);
    }
    if (startMs < offer.startMs || endMs > offer.endMs) {
      return refuse('CONFLICT_WINDOW', `the window is not inside that of offer ${offerId}`);
    }
    const { owner, nodeId, recallNoticeMs } = offer;
    const parties = { leaseId, contractId: null, owner, lessee, nodeIds: [nodeId] };
    const terms = { ...parties, startMs, endMs, securityLevel, attester, recallNoticeMs };
    const parent = leaseBy(state, offer.parentLeaseId);
    if (offer.parentLeaseId !== null && !parent) return notFound('LEASE', offer.parentLeaseId);
    const speaker = isAdministrator(from) ? from : state.organisations.get(owner)!.principal;
    const header = { commandId: command.commandId, timeMs: command.timeMs, from: speaker };
    return parent
      ? { ...header, kind: 'LeaseSublet', parentLeaseId: parent.terms.leaseId, terms }
      : { ...header, kind: 'LeaseCreate', terms };
  },
};

function checkOffer(
  { state, nowMs }: Isolation,
  command: CommandOf<'OfferCreate'>,
  owner: string,
): Refusal | null {
  const { from, offerId, nodeId, startMs, endMs, lessee } = command;
  if (!isAdministrator(from) && !actsFor(state, from, owner, 'leasing')) {
    return denied(`node ${nodeId} is not yours to offer`);
  }
  if (startMs >= endMs || endMs <= nowMs) {
    return refuse('INPUT_TIME_RANGE', 'an offer must end after its start, and not in the past');
  }
  if (lessee !== null && !state.organisations.has(lessee)) return notFound('ORGANISATION', lessee);
  if (state.offers.has(offerId)) return duplicate(`offer ${offerId} exists`);
  for (const otherId of state.nodes.get(nodeId)!.offerIds) {
    const other = state.offers.get(otherId)!;
    if (other.owner === owner && startMs < other.endMs && other.startMs < endMs) {
      return refuse('CONFLICT_OFFER', `node ${nodeId} is offered then by ${otherId}`);
    }
  }
  return null;
}

function checkParent(
  { nodeId, startMs, endMs, parentLeaseId }: CommandOf<'OfferCreate'>,
  parent: Lease | undefined,
): Refusal | null {
  if (parentLeaseId === null) return null;
  if (!parent?.openNodeIds.has(nodeId)) return notFound('LEASE', `${parentLeaseId} of ${nodeId}`);
  if (parent.parentLeaseId !== null || parent.state !== 'running') {
    return refuse('CONFLICT_SUBLEASE', `lease ${parentLeaseId} cannot be offered on`);
  }
  const isInside = startMs >= parent.terms.startMs && endMs <= parent.endMs;
  return isInside ? null : refuse('CONFLICT_WINDOW', `not inside the window of ${parentLeaseId}`);
}

export function offerTimerFired(
  { state, nowMs }: Pick<Isolation, 'state' | 'nowMs'>,
  timerId: string,
): void {
  const offer = state.offers.get(timerId.slice(OFFER_TIMER.length));
  if (offer && nowMs >= offer.endMs) forgetOffer(state, offer);
}

function forgetOffer(state: IsolationState, { offerId, nodeId }: Offer): void {
  state.offers.delete(offerId);
  const { offerIds } = state.nodes.get(nodeId)!;
  offerIds.splice(offerIds.indexOf(offerId), 1);
}

export function maySeeOffer(state: IsolationState, from: Principal, offer: Offer): boolean {
  if (isAdministrator(from) || actsFor(state, from, offer.owner, 'leasing')) return true;
  if (from.role === 'organisation') return isOfferedTo(state, offer, from.name);
  return offer.lessee === null || actsFor(state, from, offer.lessee, 'leasing');
}

/** Open to everybody, or to the organisation that it names and all below it. */
function isOfferedTo(state: IsolationState, offer: Offer, organisation: string): boolean {
  if (offer.lessee === null) return true;
  let name: string | null = organisation;
  while (name !== null && name !== offer.lessee) {
    name = state.organisations.get(name)?.parent ?? null;
  }
  return name !== null;
}

function leaseBy(state: IsolationState, leaseId: string | null): Lease | undefined {
  return leaseId === null ? undefined : state.leases.get(leaseId);
}

export function visibleOffer(
  state: IsolationState,
  offerId: string,
  from: Principal,
): Offer | Refusal {
  const offer = state.offers.get(offerId);
  return offer && maySeeOffer(state, from, offer) ? offer : notFound('OFFER', offerId);
}
