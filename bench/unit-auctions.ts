/**
 * How fast auctions for units clear, and how many orders a continuous order book takes.
 *
 * Calls: 50,000 bids and 50,000 asks of one node each, every one of an organisation of its own, in one
 * window; a mechanism clears the whole round, from orders as they are posted to fills. What it is held
 * against is sorting the same orders by price, then id.
 *
 * The book: orders of 1 to 10 units, both sides alike, prices around a middle that wanders; a tenth
 * immediate or cancel, a tenth fill or kill. The bare book, without rounds.
 */
import { randomStream } from '../core/kernel/random.ts';
import { checkClearing } from '../core/market/clearing/check.ts';
import { mechanisms } from '../core/market/mechanisms/registry.ts';
import type { Ask, Bid, MarketRound } from '../core/market/orders.ts';
import { OrderBook } from '../core/market/unit-market/order-book.ts';
import type { BookOrder } from '../core/market/unit-market/order-book.ts';
import { cpuSeconds } from './benchmark.ts';
import type { Benchmark, BenchmarkReport, Figure } from './benchmark.ts';

const SIDE = 50_000;
const HIGHEST_PRICE = 100_000;
const PASSES = 5;
const MUST_TIMES_SORTING = 20;
const CALLS = [
  'k-double-auction',
  'mcafee',
  'sbba',
  'muda',
  'multiunit-vickrey',
  'vcg-double-auction',
  'gsp',
] as const;

const BOOK_ORDERS = 1_000_000;
const MUST_ORDERS_PER_SECOND = 300_000;
/** Share of a price by which the middle moves, and orders lie around it. */
const MIDDLE = 10_000;
const SPREAD = 200;

export const unitAuctions: Benchmark = {
  name: 'unit-auctions',
  title: 'Auctions for units: calls of 100,000 orders, and a continuous order book',
  run,
};

/** One core, CPU time; the best of several passes. */
export function run(): BenchmarkReport {
  const round = unitRound();
  const sorting = best(() => sortOrders(round));
  const figures: Figure[] = [
    { what: 'sorting 100,000 orders', value: 1_000 * sorting, unit: 'ms', better: 'less' },
  ];
  for (const name of [...CALLS, 'continuous-double-auction']) {
    const mechanism = mechanisms.get(name)!;
    const { clearing } = mechanism.clear(round, {}, {});
    const wrong = checkClearing(round, clearing, mechanism.properties);
    if (wrong || clearing.fills.length < SIDE / 4) throw new Error(`${name}: ${wrong?.message}`);
    const seconds = best(() => mechanism.clear(round, {}, {}));
    figures.push({
      what: `${name}: a round, in times of sorting it`,
      value: seconds / sorting,
      unit: '×',
      better: 'less',
      must: MUST_TIMES_SORTING,
    });
  }
  figures.push(bookFigure());
  return { figures, notes: ['every clearing was checked; lots are hashed in pure arithmetic'] };
}

function best(work: () => unknown): number {
  let seconds = Infinity;
  for (let pass = 0; pass < PASSES; pass++) seconds = Math.min(seconds, cpuSeconds(work));
  return seconds;
}

function unitRound(): MarketRound {
  const random = randomStream({ seed: 1, replication: 0, entity: 'units', purpose: 'bench' });
  const bids = Array.from({ length: SIDE }, (_, i): Bid => {
    const option = { nodeClass: 'A', nodes: 1, minimumNodes: 1, startSlot: 0, endSlot: 1 };
    return {
      bidId: `buyer ${i}/b`,
      organisation: `buyer ${i}`,
      options: [{ ...option, valueMillicredits: random.integer(HIGHEST_PRICE) }],
      securityLevel: 'none',
      acceptsRecall: true,
    };
  });
  const asks = Array.from({ length: SIDE }, (_, i): Ask => ({
    askId: `seller ${i}/a`,
    organisation: `seller ${i}`,
    nodeClass: 'A',
    nodes: 1,
    startSlot: 0,
    endSlot: 1,
    reserveMillicredits: random.integer(HIGHEST_PRICE),
    recall: null,
    securityLevel: 'full',
  }));
  return { roundId: 1, slotMs: 3_600_000, horizonSlots: 1, bids, asks, seed: 'bench' };
}

function sortOrders({ bids, asks }: MarketRound): unknown {
  const value = (bid: Bid) => bid.options[0]!.valueMillicredits;
  const sortedBids = [...bids].sort((a, b) => value(b) - value(a) || (a.bidId < b.bidId ? -1 : 1));
  const sortedAsks = [...asks].sort(
    (a, b) => a.reserveMillicredits - b.reserveMillicredits || (a.askId < b.askId ? -1 : 1),
  );
  return [sortedBids, sortedAsks];
}

function bookFigure(): Figure {
  const orders = bookOrders();
  let traded = 0;
  let resting = 0;
  const seconds = best(() => {
    traded = 0;
    const book = new OrderBook((_buy, _sell, units) => (traded += units));
    for (const order of orders) book.submit(order);
    resting = book.resting('buy').length + book.resting('sell').length;
  });
  if (traded < BOOK_ORDERS || resting < 1_000) throw new Error('a book that is not worth timing');
  return {
    what: `order book: ${(BOOK_ORDERS / 1e6).toFixed(0)} million orders, ${resting} left resting`,
    value: BOOK_ORDERS / seconds,
    unit: 'orders/s',
    better: 'more',
    must: MUST_ORDERS_PER_SECOND,
  };
}

function bookOrders(): BookOrder[] {
  const random = randomStream({ seed: 2, replication: 0, entity: 'book', purpose: 'bench' });
  let middle = MIDDLE;
  return Array.from({ length: BOOK_ORDERS }, (_, order): BookOrder => {
    middle = Math.max(SPREAD, middle + random.integer(3) - 1);
    const kind = random.integer(10);
    return {
      order,
      organisation: random.integer(50),
      side: random.integer(2) === 0 ? 'buy' : 'sell',
      price: middle + random.integer(2 * SPREAD) - SPREAD,
      units: 1 + random.integer(10),
      minimum: 1,
      timeInForce: kind === 0 ? 'immediate-or-cancel' : kind === 1 ? 'fill-or-kill' : 'limit',
    };
  });
}
