/**
 * `continuous-double-auction`: orders meet one after another, each as it comes.
 *
 * Paper: Friedman & Rust (eds.), "The Double Auction Market" (1993), for the institution; Gode &
 * Sunder, J. Polit. Econ. 101 (1993), for what it achieves even with traders who bid at random.
 * Rule: one order book for each bucket of the round (`unit-market/buckets.ts`: a class, a window, terms).
 * Orders come in their order of submission. A bid takes the cheapest asks up to its price, an ask
 * the best bids down to its own; each trade is at the price of the order that was there first, ties go
 * to the earlier one. What is not filled rests, lapses, or keeps the order from trading at all, by its
 * time in force (`unit-market/order-book.ts`, gangs among it: a bid's first fill is of at least its
 * minimum). An ask rests in every book that it may serve, with the nodes that it has free over the
 * book's window; one that comes in goes through them in the order of their best bids a node-slot. A
 * bid takes from the book of its first option that can serve it, and rests in those of all, until one
 * of them does. At the end of the round all lapses.
 *
 * Claims: individually rational, strongly budget balanced; gangs and windows are served. Not truthful:
 * whoever rests makes the price; nor efficient, since who comes first trades first. Not
 * false-name-proof: who bids under two names may be served twice where time decides.
 * Complexity: O(log levels) an order and book, and trades × books at worst: a book that is used looks
 * at the trades in others since it was used last.
 *
 * Example: asks of 5 units each at 10, 9, 9; a bid for 7 at 10 buys 5 and 2 at 9, a bid for 10 at 9
 * the last 3 and rests; an ask of 4 at 8 then sells to it at 9.
 */
import { Allocation, worthOf } from '../clearing/allocation.ts';
import { compileUnits } from '../clearing/instance.ts';
import type { Instance } from '../clearing/instance.ts';
import { clearingOf } from '../clearing/result.ts';
import type { Mechanism } from '../mechanism.ts';
import type { TimeInForce } from '../orders.ts';
import { bucketsOf } from '../unit-market/buckets.ts';
import { OrderBook } from '../unit-market/order-book.ts';
import type { BookOrder } from '../unit-market/order-book.ts';

/** Most (book, ask) pairs: so many orders may rest in all books of a round together. */
const MOST_RESTING = 500_000;

export const continuousDoubleAuction: Mechanism = {
  name: 'continuous-double-auction',
  version: 1,
  properties: {
    individualRationality: 'always',
    incentiveCompatibility: 'never',
    efficiency: 'never',
    budgetBalance: 'strong',
    falseNameProofness: 'never',
    gangs: true,
    windows: true,
  },
  goesByArrival: true,
  clear(round, _parameters, state) {
    const instance = compileUnits(round, 'submission', MOST_RESTING);
    const market = new ContinuousMarket(instance);
    for (const { isAsk, order } of arrivals(instance)) {
      if (isAsk) market.ask(order);
      else market.bid(order);
    }
    const { payment, receipt } = market;
    return { clearing: clearingOf(round, market.allocation(), payment, receipt), state };
  },
};

/** All orders as they came: those without a place first, asks before bids. */
function arrivals({ bids, asks }: Instance) {
  const all = [
    ...asks.map(({ sequence }, order) => ({ isAsk: true, order, place: sequence ?? -1 })),
    ...bids.map(({ sequence }, order) => ({ isAsk: false, order, place: sequence ?? -1 })),
  ];
  return all.sort((a, b) => a.place - b.place);
}

/** The books of one round, and who has what so far. */
class ContinuousMarket {
  readonly payment: number[];
  readonly receipt: number[];
  readonly #instance: Instance;
  /** What is free of each ask by now. */
  readonly #free: Allocation;
  /** By bid. */
  readonly #fills = new Map<
    number,
    { readonly option: number; readonly parts: Map<number, number> }
  >();
  readonly #books: OrderBook[];
  /** By option. */
  readonly #bookOf: Int32Array;
  /** By ask, ascending. */
  readonly #booksOf: number[][];
  /** First option of each book: its window. */
  readonly #window: number[];
  /** By ask: whether any of it is sold yet. */
  readonly #isSold: Uint8Array;
  /** Option and ask of every trade, one after the other. */
  readonly #traded: number[] = [];
  /** By book: how far of the trades it knows. */
  readonly #seen: Int32Array;

  constructor(instance: Instance) {
    const all = Array.from({ length: instance.options }, (_, o) => o);
    const buckets = bucketsOf(instance, all);
    this.#instance = instance;
    this.#free = new Allocation(instance);
    this.payment = new Array<number>(instance.bids.length).fill(0);
    this.receipt = new Array<number>(instance.asks.length).fill(0);
    this.#bookOf = new Int32Array(instance.options);
    this.#booksOf = instance.asks.map(() => []);
    this.#isSold = new Uint8Array(instance.asks.length);
    this.#seen = new Int32Array(buckets.length);
    this.#window = buckets.map(({ options }) => options[0]!);
    this.#books = buckets.map(({ options, compatible }, book) => {
      for (const o of options) this.#bookOf[o] = book;
      for (const ask of compatible) this.#booksOf[ask]!.push(book);
      return new OrderBook((option, ask, units, price) => this.#trade(option, ask, units, price));
    });
  }

  bid(bid: number): void {
    const { firstOption, bids } = this.#instance;
    const timeInForce = bids[bid]!.timeInForce ?? 'limit';
    const resting = new Map<number, BookOrder>();
    for (let o = firstOption[bid]!; o < firstOption[bid + 1]!; o++) {
      const book = this.#bookOf[o]!;
      const order = this.#bidOrder(o, timeInForce);
      const taken = this.#book(book).take(order);
      if (taken > 0) {
        if (timeInForce === 'limit' && taken < order.units) this.#books[book]!.rest(order, taken);
        return;
      }
      // Of two options in one book the first rests, so that no ask can serve both at once.
      if (!resting.has(book)) resting.set(book, order);
    }
    if (timeInForce !== 'limit') return;
    for (const [book, order] of resting) this.#books[book]!.rest(order);
  }

  ask(ask: number): void {
    const timeInForce = this.#instance.asks[ask]!.timeInForce ?? 'limit';
    for (const book of this.#byBestBid(ask)) {
      const order = this.#askOrder(ask, book, timeInForce);
      if (order.units > 0) this.#book(book).take(order);
    }
    if (timeInForce !== 'limit') return;
    for (const book of this.#booksOf[ask]!) {
      const order = this.#askOrder(ask, book, timeInForce);
      if (order.units > 0) this.#books[book]!.rest(order);
    }
  }

  #bidOrder(o: number, timeInForce: TimeInForce): BookOrder {
    const { optionNodes, optionMinimum, optionValue, optionBid, bidOwner } = this.#instance;
    return {
      order: o,
      organisation: bidOwner[optionBid[o]!]!,
      side: 'buy',
      price: Math.floor(optionValue[o]! / optionNodes[o]!),
      units: optionNodes[o]!,
      minimum: optionMinimum[o]!,
      timeInForce,
    };
  }

  #askOrder(ask: number, book: number, timeInForce: TimeInForce): BookOrder {
    const { asks, askOwner, optionSlots } = this.#instance;
    const { reserveMillicredits, nodes } = asks[ask]!;
    const free = this.#freeIn(book, ask);
    return {
      order: ask,
      organisation: askOwner[ask]!,
      side: 'sell',
      price: reserveMillicredits * optionSlots[this.#window[book]!]!,
      // All or nothing is meant of the whole ask.
      units: timeInForce === 'fill-or-kill' && free < nodes ? 0 : free,
      minimum: 1,
      timeInForce,
    };
  }

  #byBestBid(ask: number): number[] {
    const slots = (book: number) => this.#instance.optionSlots[this.#window[book]!]!;
    const best = (book: number) => (this.#book(book).bestBid() ?? -1) / slots(book);
    const books = this.#booksOf[ask]!;
    return books
      .map((book) => ({ book, best: best(book) }))
      .filter((entry) => entry.best >= 0)
      .sort((a, b) => b.best - a.best || a.book - b.book)
      .map(({ book }) => book);
  }

  #freeIn(book: number, ask: number): number {
    const { optionFrom, optionTo } = this.#instance;
    const o = this.#window[book]!;
    if (!this.#isSold[ask]) return this.#instance.asks[ask]!.nodes;
    return this.#free.freeOver(ask, optionFrom[o]!, optionTo[o]!);
  }

  #trade(o: number, ask: number, units: number, price: number): void {
    const { optionBid, optionFrom, optionTo, steps } = this.#instance;
    const bid = optionBid[o]!;
    const { free } = this.#free;
    for (let step = optionFrom[o]!; step < optionTo[o]!; step++) free[ask * steps + step]! -= units;
    const fill = this.#fills.get(bid);
    if (fill) fill.parts.set(ask, (fill.parts.get(ask) ?? 0) + units);
    else this.#fills.set(bid, { option: o, parts: new Map([[ask, units]]) });
    this.payment[bid]! += units * price;
    this.receipt[ask]! += units * price;
    this.#isSold[ask] = 1;
    this.#traded.push(o, ask);
  }

  /** What everybody has in the end. */
  allocation(): Allocation {
    const instance = this.#instance;
    const allocation = new Allocation(instance);
    for (const { option, parts } of this.#fills.values()) {
      let nodes = 0;
      let cost = 0;
      for (const [ask, units] of parts) {
        nodes += units;
        cost += instance.asks[ask]!.reserveMillicredits * instance.optionSlots[option]! * units;
      }
      const surplus = worthOf(instance, option, nodes) - cost;
      allocation.restore(option, nodes, [...parts].flat(), surplus);
    }
    return allocation;
  }

  /** A book in which what was sold and served in others since it was last used is not there. */
  #book(book: number): OrderBook {
    const { optionBid, firstOption } = this.#instance;
    const own = this.#books[book]!;
    const traded = this.#traded;
    const from = this.#seen[book]!;
    this.#seen[book] = traded.length;
    for (let i = from; i < traded.length; i += 2) {
      const [o, ask] = [traded[i]!, traded[i + 1]!];
      if (own.restingUnits('sell', ask) > 0) own.limitTo('sell', ask, this.#freeIn(book, ask));
      if (this.#bookOf[o] === book) continue;
      const bid = optionBid[o]!;
      for (let other = firstOption[bid]!; other < firstOption[bid + 1]!; other++) {
        if (this.#bookOf[other] === book) own.limitTo('buy', other, 0);
      }
    }
    return own;
  }
}
