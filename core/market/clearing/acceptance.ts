/**
 * Which orders of a round take part, and a code for each that does not.
 *
 * Three things keep an order out: it cannot stand by itself; its id is taken; or a limit that bounds
 * the work or the sums of a round. Where a limit is reached organisations take turns or have a limit
 * of their own, so that what one of them posts does not push out the others.
 */
import {
  askFault,
  bidFault,
  MAXIMUM_HORIZON_SLOTS,
  MAXIMUM_ORDERS_MILLICREDITS,
  MAXIMUM_ROUND_MILLICREDITS,
  orderLabel,
} from '../order-check.ts';
import { termsOf } from '../orders.ts';
import type { Ask, Bid, MarketRound, Rejection } from '../orders.ts';

/**
 * Most (option or constraint, ask) pairs that one round may have; 2,000 bids with three options
 * against 200 asks have 1.2 million.
 */
export const MAXIMUM_PAIRS = 4_000_000;
/** Most (ask, slot) cells; 10,000 asks over 200 slots. */
export const MAXIMUM_CELLS = 2_000_000;

export interface AcceptedOrders {
  /** In order of submission. */
  readonly bids: Bid[];
  readonly asks: Ask[];
  readonly rejected: Rejection[];
  /** 0 where the round's own makes no sense; then no order takes part. */
  readonly horizonSlots: number;
}

/** What a bid adds to the work of a round with so many asks. */
export type BidWork = (asks: number) => (bid: Bid) => number;

/** Every option may meet every ask. */
const PAIRS: BidWork =
  (asks) =>
  ({ options, constraints }) =>
    (options.length + (constraints?.length ?? 0)) * asks;

/** Options of one class and window meet the asks together, once for each of the terms that differ. */
export const BUCKETS: BidWork = (asks) => {
  const seen = new Set<string>();
  return (bid) => {
    const terms = termsOf(bid);
    let work = bid.options.length;
    for (const { nodeClass, startSlot, endSlot } of bid.options) {
      const key = `${startSlot} ${endSlot} ${terms} ${nodeClass}`;
      if (seen.has(key)) continue;
      seen.add(key);
      work += asks * (1 + (bid.constraints?.length ?? 0));
    }
    return work;
  };
};

/** @param bidWork what is limited to `mostWork` */
export function acceptOrders(
  round: MarketRound,
  bidWork: BidWork = PAIRS,
  mostWork = MAXIMUM_PAIRS,
): AcceptedOrders {
  const horizonSlots = isHorizon(round.horizonSlots) ? round.horizonSlots : 0;
  const rejected: Rejection[] = [];
  const standing = (order: unknown, fault: (order: unknown, horizon: number) => string | null) =>
    horizonSlots === 0 ? 'MARKET_ROUND_MALFORMED' : fault(order, horizonSlots);

  const asks = new Side<Ask>('askId', rejected);
  round.asks.forEach((ask, i) => asks.offer(ask, i, standing(ask, askFault)));
  asks.limitWork(MAXIMUM_CELLS, () => () => horizonSlots);
  asks.limitWorth((ask) => ask.reserveMillicredits * ask.nodes * (ask.endSlot - ask.startSlot));
  const bids = new Side<Bid>('bidId', rejected);
  round.bids.forEach((bid, i) => bids.offer(bid, i, standing(bid, bidFault)));
  bids.limitWork(mostWork, () => bidWork(asks.orders.length));
  bids.limitWorth(largestValue);
  return { bids: bids.orders, asks: asks.orders, rejected, horizonSlots };
}

/** The orders of one side. */
class Side<Order extends { readonly organisation: string }> {
  orders: Order[] = [];
  readonly #idKey: 'bidId' | 'askId';
  readonly #rejected: Rejection[];
  readonly #ids = new Set<string>();

  constructor(idKey: 'bidId' | 'askId', rejected: Rejection[]) {
    this.#idKey = idKey;
    this.#rejected = rejected;
  }

  offer(order: Order, position: number, fault: string | null): void {
    if (fault) {
      this.#rejected.push({ orderId: orderLabel(order, this.#idKey, position), code: fault });
      return;
    }
    const id = this.#idOf(order);
    if (this.#ids.has(id)) this.#reject(order, 'MARKET_ORDER_ID_REUSED');
    else {
      this.#ids.add(id);
      this.orders.push(order);
    }
  }

  /**
   * Where all orders together would be more work than `most`, organisations take turns, each with its
   * orders as it submitted them, until there is no room for the next.
   */
  limitWork(most: number, count: () => (order: Order) => number): void {
    const workOf = count();
    let total = 0;
    for (const order of this.orders) total += workOf(order);
    if (total <= most) return;
    const counts = new Map<string, number>();
    const turns = this.orders.map((order, position) => {
      const turn = counts.get(order.organisation) ?? 0;
      counts.set(order.organisation, turn + 1);
      return { order, turn, position };
    });
    const taken = new Set<Order>();
    const again = count();
    let work = 0;
    for (const { order } of turns.sort((a, b) => a.turn - b.turn || a.position - b.position)) {
      work += again(order);
      if (work > most) break;
      taken.add(order);
    }
    this.#keep((order) => (taken.has(order) ? null : 'MARKET_ROUND_FULL'));
  }

  /** What an organisation's orders may be worth together, and all of them. */
  limitWorth(worthOf: (order: Order) => number): void {
    let all = 0;
    for (const order of this.orders) all += worthOf(order);
    // Nobody can be beyond a limit where all together are not.
    if (all <= MAXIMUM_ORDERS_MILLICREDITS) return;
    const own = new Map<string, number>();
    let total = 0;
    this.#keep((order) => {
      const worth = worthOf(order);
      const after = (own.get(order.organisation) ?? 0) + worth;
      if (after > MAXIMUM_ORDERS_MILLICREDITS) return 'MARKET_ORGANISATION_LIMIT';
      if (total + worth > MAXIMUM_ROUND_MILLICREDITS) return 'MARKET_ROUND_FULL';
      own.set(order.organisation, after);
      total += worth;
      return null;
    });
  }

  /** Leaves out the orders for which there is a code. */
  #keep(fault: (order: Order) => string | null): void {
    this.orders = this.orders.filter((order) => {
      const code = fault(order);
      if (code) this.#reject(order, code);
      return code === null;
    });
  }

  #reject(order: Order, code: string): void {
    this.#rejected.push({ orderId: this.#idOf(order), code });
  }

  #idOf(order: Order): string {
    return (order as unknown as Record<string, string>)[this.#idKey]!;
  }
}

function largestValue(bid: Bid): number {
  let largest = 0;
  for (const { valueMillicredits } of bid.options) {
    if (valueMillicredits > largest) largest = valueMillicredits;
  }
  return largest;
}

function isHorizon(slots: unknown): boolean {
  return (
    Number.isInteger(slots) && (slots as number) >= 1 && (slots as number) <= MAXIMUM_HORIZON_SLOTS
  );
}
