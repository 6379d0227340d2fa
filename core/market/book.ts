/** Orders of open rounds: taking them in, taking them back. */
import type { Refusal } from '../kernel/errors.ts';
import type { Principal } from '../kernel/service.ts';
import { isOutsider } from './currency.ts';
import { horizonIndex, horizonOf } from './horizons.ts';
import { askFault, bidFault, orderLabel, plainAsk, plainBid } from './order-check.ts';
import type { Ask, Bid } from './orders.ts';
import { isMember } from './permissions.ts';
import type { OrdersPosted } from './protocol.ts';
import type { Guard } from './safeguards/guard.ts';
import { mechanisms } from './mechanisms/registry.ts';
import { MAXIMUM_OPEN_ORDERS } from './state.ts';
import type { MarketState, RoundBook } from './state.ts';

/** The order under its name for the whole market, or why it cannot stand. */
type Taken = { readonly refusal: Refusal } | { readonly refusal: null; readonly orderId: string };

/**
 * Takes a bid into a round's book.
 *
 * Refusals: `DENIED_NOT_MEMBER`, `DENIED_NOT_OWN_ORDER`, `MARKET_ROUND_CLOSED`, `MARKET_ORDER_…`
 * and the other codes of `bidFault`, `CONFLICT_ORDER_ID`, `MARKET_ORDERS_TOO_MANY`, and those of safeguards.
 */
export function takeBid(
  state: MarketState,
  from: Principal,
  roundId: number,
  bid: Bid,
  guard: Guard,
): Taken {
  const fault = bidFault(bid, horizonOf(state.configuration, roundId).horizonSlots);
  const refusal =
    roundFault(state, from, roundId) ??
    standingFault(state, from, roundId) ??
    orderFault(from, fault, bid);
  if (refusal) return { refusal };
  const orderId = `${from.name}/${bid.bidId}`;
  const book = state.books.get(roundId);
  const before = book?.bids.get(orderId);
  if (before) return sameBid(before, bid) ? { refusal: null, orderId } : conflict();
  if (!hasRoom(state, from)) return tooMany();
  const order = { ...plainBid(bid), bidId: orderId, ...nextPlace(state, roundId) };
  const unsafe = guard.admitBid(order);
  if (unsafe) return { refusal: unsafe };
  place(state, roundId, order).bids.set(orderId, order);
  count(state, from.name, 1);
  guard.admitted(order);
  return { refusal: null, orderId };
}

/** Takes an ask into a round's book; refusals as for bids. */
export function takeAsk(
  state: MarketState,
  from: Principal,
  roundId: number,
  ask: Ask,
  guard: Guard,
): Taken {
  const fault = askFault(ask, horizonOf(state.configuration, roundId).horizonSlots);
  const refusal =
    roundFault(state, from, roundId) ??
    standingFault(state, from, roundId) ??
    orderFault(from, fault, ask);
  if (refusal) return { refusal };
  const orderId = `${from.name}/${ask.askId}`;
  const book = state.books.get(roundId);
  const before = book?.asks.get(orderId);
  if (before) return sameAsk(before, ask) ? { refusal: null, orderId } : conflict();
  if (!hasRoom(state, from)) return tooMany();
  const order = { ...plainAsk(ask), askId: orderId, ...nextPlace(state, roundId) };
  const unsafe = guard.admitAsk(order);
  if (unsafe) return { refusal: unsafe };
  place(state, roundId, order).asks.set(orderId, order);
  count(state, from.name, 1);
  guard.admitted(order);
  return { refusal: null, orderId };
}

/** Takes many orders, each or none for itself. */
export function takeOrders(
  state: MarketState,
  from: Principal,
  roundId: number,
  bids: readonly Bid[],
  asks: readonly Ask[],
  guard: Guard,
): OrdersPosted {
  const refused: { orderId: string; refusal: Refusal }[] = [];
  let accepted = 0;
  bids.forEach((bid, i) => {
    const { refusal } = takeBid(state, from, roundId, bid, guard);
    if (refusal) refused.push({ orderId: orderLabel(bid, 'bidId', i), refusal });
    else accepted += 1;
  });
  asks.forEach((ask, i) => {
    const { refusal } = takeAsk(state, from, roundId, ask, guard);
    if (refusal) refused.push({ orderId: orderLabel(ask, 'askId', i), refusal });
    else accepted += 1;
  });
  return { accepted, refused };
}

/** Takes an own order back. Refusals: as above, and `NOT_FOUND_ORDER`. */
export function withdrawOrder(
  state: MarketState,
  from: Principal,
  roundId: number,
  side: 'bid' | 'ask',
  orderId: string,
): Refusal | null {
  const refusal = roundFault(state, from, roundId);
  if (refusal) return refusal;
  const book = state.books.get(roundId);
  const orders = side === 'bid' ? book?.bids : side === 'ask' ? book?.asks : undefined;
  if (typeof orderId !== 'string' || !orders?.delete(`${from.name}/${orderId}`)) {
    return { code: 'NOT_FOUND_ORDER', message: 'there is no such order of yours in the round' };
  }
  count(state, from.name, -1);
  return null;
}

/** Takes the book of a round that is closed, and drops those of its horizon's earlier rounds. */
export function closeBook(state: MarketState, roundId: number): RoundBook {
  const book = state.books.get(roundId) ?? { bids: new Map(), asks: new Map() };
  const horizon = horizonIndex(state.configuration, roundId);
  for (const [id, old] of state.books) {
    if (id > roundId || horizonIndex(state.configuration, id) !== horizon) continue;
    for (const bid of old.bids.values()) count(state, bid.organisation, -1);
    for (const ask of old.asks.values()) count(state, ask.organisation, -1);
    state.books.delete(id);
  }
  state.openRoundIds[horizon] = roundId + state.openRoundIds.length;
  return book;
}

function roundFault(state: MarketState, from: Principal, roundId: number): Refusal | null {
  if (!isMember(state, from)) {
    return { code: 'DENIED_NOT_MEMBER', message: 'only members of the market may post orders' };
  }
  const openRoundId = state.openRoundIds[horizonIndex(state.configuration, roundId)]!;
  if (!Number.isSafeInteger(roundId) || roundId < openRoundId) {
    return {
      code: 'MARKET_ROUND_CLOSED',
      message: 'the round is closed',
      remedy: `post for round ${openRoundId} or a later one`,
    };
  }
  return null;
}

function standingFault(state: MarketState, from: Principal, roundId: number): Refusal | null {
  const { clearingHouse, configuration } = state;
  if (isOutsider(configuration, from.name) && horizonOf(configuration, roundId).option) {
    return { code: 'MARKET_CREDITS_ONLY', message: 'options are for who has credits' };
  }
  if (!clearingHouse?.suspended.has(from.name)) return null;
  return {
    code: 'MARKET_MEMBER_IN_DEFAULT',
    message: 'the member is in default',
    remedy: 'fill up the account; the share of the fund is taken at the next review',
  };
}

function orderFault(from: Principal, fault: string | null, order: Bid | Ask): Refusal | null {
  if (fault) return { code: fault, message: 'the order cannot stand' };
  if (order.organisation !== from.name) {
    return { code: 'DENIED_NOT_OWN_ORDER', message: 'an order names its own organisation' };
  }
  return null;
}

function hasRoom(state: MarketState, from: Principal): boolean {
  return state.orderCounts.get(from.name)! < MAXIMUM_OPEN_ORDERS;
}

function count(state: MarketState, organisation: string, change: number): void {
  state.orderCounts.set(organisation, state.orderCounts.get(organisation)! + change);
}

function bookOf(state: MarketState, roundId: number): RoundBook {
  let book = state.books.get(roundId);
  if (!book) {
    book = { bids: new Map(), asks: new Map() };
    state.books.set(roundId, book);
  }
  return book;
}

/** The order's place among all that came, where that counts. */
function nextPlace(state: MarketState, roundId: number): { readonly sequence?: number } {
  const { mechanism } = horizonOf(state.configuration, roundId);
  if (!mechanisms.get(mechanism)!.goesByArrival) return {};
  return { sequence: state.books.get(roundId)?.arrivals ?? 0 };
}

/** The book of the round, in which the order's place is now taken. */
function place(state: MarketState, roundId: number, { sequence }: Bid | Ask): RoundBook {
  const book = bookOf(state, roundId);
  if (sequence !== undefined) book.arrivals = sequence + 1;
  return book;
}

function sameBid(before: Bid, bid: Bid): boolean {
  return (
    JSON.stringify({ ...before, bidId: '', sequence: undefined }) ===
    JSON.stringify({ ...plainBid(bid), bidId: '' })
  );
}

function sameAsk(before: Ask, ask: Ask): boolean {
  return (
    JSON.stringify({ ...before, askId: '', sequence: undefined }) ===
    JSON.stringify({ ...plainAsk(ask), askId: '' })
  );
}

function conflict(): Taken {
  return {
    refusal: {
      code: 'CONFLICT_ORDER_ID',
      message: 'another order stands under this id',
      remedy: 'withdraw it first, or use another id',
    },
  };
}

function tooMany(): Taken {
  return {
    refusal: {
      code: 'MARKET_ORDERS_TOO_MANY',
      message: `an organisation may have ${MAXIMUM_OPEN_ORDERS} orders in open rounds`,
    },
  };
}
