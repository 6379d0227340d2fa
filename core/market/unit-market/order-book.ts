/**
 * An order book with continuous trade: price before time, each trade at the price of the order that
 * was there first.
 *
 * Orders are *limit* (what is not filled rests), *immediate or cancel* (what is not filled lapses) or
 * *fill or kill* (all of it now, or nothing). A bid may have a minimum: its first fill is of at least
 * so many units. A limit bid whose minimum cannot be met rests and *waits*: it is passed over until an
 * ask comes with which, together with asks that rest at prices up to its own, the minimum is met; then
 * the cheapest of all these are taken. Orders of one organisation never meet.
 *
 * Cost: O(log levels) for an order that rests, O(1) a trade, plus the own orders passed over. Of the
 * bids that wait an ask tries the best few only, so that no crowd of hopeless ones slows the book.
 */
import type { Millicredits } from '../../kernel/units.ts';
import type { TimeInForce } from '../orders.ts';
import { PriceLadder } from './price-ladder.ts';
import type { Resting } from './price-ladder.ts';

export interface BookOrder {
  /** Unique among the orders of its side. */
  readonly order: number;
  readonly organisation: number;
  readonly side: 'buy' | 'sell';
  /** Most that a buyer pays, least that a seller takes, for one unit. */
  readonly price: Millicredits;
  readonly units: number;
  /** Least units of a bid's first fill; 1 for asks. */
  readonly minimum: number;
  readonly timeInForce: TimeInForce;
}

/** Called for every trade, in order. */
export type OnTrade = (buy: number, sell: number, units: number, price: Millicredits) => void;

/** What rests of an order. */
export interface RestingOrder {
  readonly order: number;
  readonly units: number;
  readonly price: Millicredits;
}

/** Most waiting bids that one ask tries. */
const MOST_TRIED = 16;

export class OrderBook {
  readonly #bids = new PriceLadder('buy');
  /** Bids that rest because their minimum cannot be met. */
  readonly #waiting = new PriceLadder('buy');
  readonly #asks = new PriceLadder('sell');
  readonly #onTrade: OnTrade;
  #arrivals = 0;

  constructor(onTrade: OnTrade) {
    this.#onTrade = onTrade;
  }

  /** Trades what can be traded and rests what may rest. @returns units traded */
  submit(order: BookOrder): number {
    const taken = this.take(order);
    if (order.timeInForce === 'limit' && taken < order.units) this.rest(order, taken);
    return taken;
  }

  /** Trades what can be traded now, if that is enough. @returns units traded */
  take(order: BookOrder): number {
    const { side, units, minimum, timeInForce } = order;
    const needed = timeInForce === 'fill-or-kill' ? units : minimum;
    if (needed > 1 && this.#available(order, needed) < needed) return 0;
    return side === 'buy' ? this.#takeAsks(order, units) : this.#takeBids(order);
  }

  /** Rests what is left of an order that has had `taken` units. */
  rest(order: BookOrder, taken = 0): void {
    const minimum = taken > 0 ? 1 : order.minimum;
    const units = order.units - taken;
    const arrival = this.#arrivals++;
    const buyers = minimum > 1 ? this.#waiting : this.#bids;
    const ladder = order.side === 'sell' ? this.#asks : buyers;
    ladder.add({ ...order, units, minimum, arrival });
  }

  /** Units of an order that rest. */
  restingUnits(side: 'buy' | 'sell', order: number): number {
    const buyers = () => this.#bids.find(order) ?? this.#waiting.find(order);
    return (side === 'sell' ? this.#asks.find(order) : buyers())?.units ?? 0;
  }

  /** Lowers what rests of an order to at most so many units; it keeps its place. */
  limitTo(side: 'buy' | 'sell', order: number, units: number): void {
    const ladders = side === 'sell' ? [this.#asks] : [this.#bids, this.#waiting];
    for (const ladder of ladders) {
      const resting = ladder.find(order);
      if (resting && resting.units > units) ladder.take(resting, resting.units - units);
    }
  }

  /** Price of the best bid that rests; null where there is none. */
  bestBid(): Millicredits | null {
    const bid = this.#bids.best?.price;
    const waiting = this.#waiting.best?.price;
    return bid === undefined && waiting === undefined ? null : Math.max(bid ?? 0, waiting ?? 0);
  }

  /** What rests, in order of priority. */
  resting(side: 'buy' | 'sell'): RestingOrder[] {
    const all = side === 'sell' ? [...this.#asks] : [...this.#bids, ...this.#waiting];
    const sign = side === 'sell' ? 1 : -1;
    all.sort((a, b) => sign * (a.level.price - b.level.price) || a.arrival - b.arrival);
    return all.map(({ order, units, level }) => ({ order, units, price: level.price }));
  }

  /** Units that an order could trade now, counted up to so many. */
  #available({ side, price, organisation }: BookOrder, enough: number): number {
    const ladder = side === 'buy' ? this.#asks : this.#bids;
    const sign = side === 'buy' ? 1 : -1;
    if (ladder.units < enough) return ladder.units;
    let found = 0;
    for (let level = ladder.best; level; level = level.worse) {
      if (sign * (level.price - price) > 0) break;
      for (let resting = level.first; resting; resting = resting.later) {
        if (resting.organisation !== organisation) found += resting.units;
        if (found >= enough) return found;
      }
    }
    return found;
  }

  /** Buys the cheapest asks up to the order's price, each at its own. */
  #takeAsks({ order, organisation, price }: BookOrder, wanted: number): number {
    let left = wanted;
    let level = this.#asks.best;
    while (left > 0 && level && level.price <= price) {
      const { worse } = level;
      let ask = level.first;
      while (left > 0 && ask) {
        const { later } = ask;
        if (ask.organisation !== organisation) {
          const units = Math.min(left, ask.units);
          left -= units;
          this.#onTrade(order, ask.order, units, level.price);
          this.#asks.take(ask, units);
        }
        ask = later;
      }
      level = worse;
    }
    return wanted - left;
  }

  /** Sells to the best bids down to the order's price, those that wait among them. */
  #takeBids(sale: BookOrder): number {
    let left = sale.units;
    let tried = 0;
    let waiting = this.#nextBid(this.#waiting.best?.first ?? null, sale);
    let bid = this.#nextBid(this.#bids.best?.first ?? null, sale);
    while (left > 0 && (bid || waiting)) {
      if (waiting && (!bid || precedes(waiting, bid))) {
        const next = this.#nextBid(following(waiting), sale);
        left -= this.#tryWaiting(waiting, sale, left);
        tried += 1;
        waiting = tried < MOST_TRIED ? next : null;
        // What is left of a bid that has waited may have gone before the next one.
        bid = this.#nextBid(this.#bids.best?.first ?? null, sale);
        continue;
      }
      const next = this.#nextBid(following(bid!), sale);
      const units = Math.min(left, bid!.units);
      left -= units;
      this.#onTrade(bid!.order, sale.order, units, bid!.level.price);
      this.#bids.take(bid!, units);
      bid = next;
    }
    return sale.units - left;
  }

  /** This bid or the first one behind it that is another organisation's; null below the price. */
  #nextBid(from: Resting | null, { organisation, price }: BookOrder): Resting | null {
    let bid = from;
    while (bid && bid.organisation === organisation) bid = following(bid);
    return bid && bid.level.price >= price ? bid : null;
  }

  /** Fills a waiting bid if its minimum can be met. @returns units that the sale contributed */
  #tryWaiting(bid: Resting, sale: BookOrder, left: number): number {
    const { organisation, order, units, minimum, arrival, level } = bid;
    const wanted: BookOrder = {
      order,
      organisation,
      side: 'buy',
      price: level.price,
      units,
      minimum,
      timeInForce: 'limit',
    };
    const missing = minimum - left;
    if (missing > 0 && this.#available(wanted, missing) < missing) return 0;
    this.#waiting.take(bid, units);
    let got = this.#takeEarlier(wanted, arrival, sale.price, units);
    const sold = Math.min(left, units - got);
    if (sold > 0) this.#onTrade(order, sale.order, sold, level.price);
    got += sold;
    got += this.#takeEarlier(wanted, arrival, level.price, units - got);
    if (got < units) {
      this.#bids.add({ ...wanted, units: units - got, minimum: 1, arrival });
    }
    return sold;
  }

  /** Asks up to a price for a bid that rests too: each at the price of the earlier of both. */
  #takeEarlier(bid: BookOrder, arrival: number, limit: Millicredits, wanted: number): number {
    let left = wanted;
    let level = this.#asks.best;
    while (left > 0 && level && level.price <= limit) {
      const { worse } = level;
      let ask = level.first;
      while (left > 0 && ask) {
        const { later } = ask;
        if (ask.organisation !== bid.organisation) {
          const units = Math.min(left, ask.units);
          left -= units;
          const price = ask.arrival < arrival ? level.price : bid.price;
          this.#onTrade(bid.order, ask.order, units, price);
          this.#asks.take(ask, units);
        }
        ask = later;
      }
      level = worse;
    }
    return wanted - left;
  }
}

/** The next order in priority. */
function following({ later, level }: Resting): Resting | null {
  return later ?? level.worse?.first ?? null;
}

/** Whether one bid goes before another. */
function precedes(a: Resting, b: Resting): boolean {
  const [priceA, priceB] = [a.level.price, b.level.price];
  return priceA > priceB || (priceA === priceB && a.arrival < b.arrival);
}
