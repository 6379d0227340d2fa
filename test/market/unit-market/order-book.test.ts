import test from 'ava';
import fc from 'fast-check';
import { solveCase } from '../../../core/market/cases/registry.ts';
import { OrderBook } from '../../../core/market/unit-market/order-book.ts';
import type { BookOrder } from '../../../core/market/unit-market/order-book.ts';
import type { TimeInForce } from '../../../core/market/orders.ts';

interface Quick {
  readonly side: 'buy' | 'sell';
  readonly price: number;
  readonly units?: number;
  readonly minimum?: number;
  readonly organisation?: number;
  readonly timeInForce?: TimeInForce;
}

/** Submits orders one after another; [buy, sell, units, price] of each trade, and the book. */
function run(orders: readonly Quick[]) {
  const trades: number[][] = [];
  const book = new OrderBook((...trade) => trades.push(trade));
  orders.forEach((order, i) => book.submit(full(order, i)));
  return { trades, book };
}

function full(order: Quick, i: number): BookOrder {
  return { order: i, organisation: i, units: 1, minimum: 1, timeInForce: 'limit', ...order };
}

const sell = (price: number, units = 1, more: Partial<Quick> = {}): Quick => ({
  side: 'sell',
  price,
  units,
  ...more,
});
const buy = (price: number, units = 1, more: Partial<Quick> = {}): Quick => ({
  side: 'buy',
  price,
  units,
  ...more,
});

test('the example: price before time, at the price of the order that rests', (t) => {
  const orders = [sell(10, 5), sell(9, 5), sell(9, 5), buy(10, 7), buy(9, 10), sell(8, 4)];
  const { trades, book } = run(orders);
  t.deepEqual(trades, [
    [3, 1, 5, 9],
    [3, 2, 2, 9],
    [4, 2, 3, 9],
    [4, 5, 4, 9],
  ]);
  t.deepEqual(book.resting('buy'), [{ order: 4, units: 3, price: 9 }]);
  t.deepEqual(book.resting('sell'), [{ order: 0, units: 5, price: 10 }]);
});

test('immediate or cancel never rests, fill or kill is whole or nothing, on both sides', (t) => {
  const ioc = { timeInForce: 'immediate-or-cancel' } as const;
  const fok = { timeInForce: 'fill-or-kill' } as const;
  const bids = run([sell(5, 2), buy(5, 3, fok), buy(5, 3, ioc), sell(5)]);
  t.deepEqual(bids.trades, [[2, 0, 2, 5]]);
  t.deepEqual(bids.book.resting('buy'), []);
  const asks = run([buy(5, 2), sell(5, 3, fok), sell(4, 1, fok), sell(5, 3, ioc), buy(9)]);
  t.deepEqual(asks.trades, [
    [0, 2, 1, 5],
    [0, 3, 1, 5],
  ]);
  t.deepEqual(asks.book.resting('sell'), []);
});

test('a gang waits until asks that rest and the one that comes are enough, the cheapest first', (t) => {
  const { trades, book } = run([
    sell(5, 2),
    buy(7, 4, { minimum: 4 }),
    sell(8, 9),
    sell(6, 1),
    sell(4, 2),
  ]);
  // The ask of 5 was there before the gang, those of 6 and 4 came after it.
  t.deepEqual(trades, [
    [1, 4, 2, 7],
    [1, 0, 2, 5],
  ]);
  t.deepEqual(
    book.resting('sell').map(({ order }) => order),
    [3, 2],
  );
});

test('a minimum is for the first fill only; what is left keeps its place in time', (t) => {
  const { trades, book } = run([
    buy(7, 5, { minimum: 2 }),
    buy(7, 1),
    sell(7, 1),
    sell(6, 2),
    sell(6, 1),
  ]);
  t.deepEqual(trades, [
    [1, 2, 1, 7],
    [0, 3, 2, 7],
    [0, 4, 1, 7],
  ]);
  t.deepEqual(book.resting('buy'), [{ order: 0, units: 2, price: 7 }]);
});

test('orders of one organisation never meet, and are passed over', (t) => {
  const own = { organisation: 7 };
  const { trades } = run([sell(1, 1, own), sell(2), buy(9, 2, own), sell(3, 1, own)]);
  t.deepEqual(trades, [[2, 1, 1, 2]]);
});

test('what an order has can be lowered and it keeps its place', (t) => {
  const { book, trades } = run([sell(5, 4), sell(5, 4)]);
  book.limitTo('sell', 0, 1);
  book.limitTo('sell', 1, 9);
  book.submit(full(buy(5, 3), 2));
  t.deepEqual(trades, [
    [2, 0, 1, 5],
    [2, 1, 2, 5],
  ]);
});

const orders = fc.array(
  fc.record({
    side: fc.constantFrom<'buy' | 'sell'>('buy', 'sell'),
    price: fc.integer({ min: 1, max: 6 }),
    units: fc.integer({ min: 1, max: 4 }),
    organisation: fc.integer({ min: 0, max: 3 }),
    timeInForce: fc.constantFrom<TimeInForce>('limit', 'immediate-or-cancel', 'fill-or-kill'),
  }),
  { maxLength: 25 },
);

interface Unit {
  readonly order: number;
  readonly organisation: number;
  readonly price: number;
}

/** The same unit by unit, on plain lists; written apart from the book. */
function naive(list: readonly Required<Omit<Quick, 'minimum'>>[]): string[] {
  const books: Record<'buy' | 'sell', Unit[]> = { buy: [], sell: [] };
  const trades: string[] = [];
  list.forEach(({ side, price, units, organisation, timeInForce }, order) => {
    const sign = side === 'buy' ? 1 : -1;
    const others = books[side === 'buy' ? 'sell' : 'buy'];
    const partners = others
      .filter((unit) => unit.organisation !== organisation && sign * (price - unit.price) >= 0)
      .sort((a, b) => sign * (a.price - b.price) || a.order - b.order)
      .slice(0, units);
    if (timeInForce === 'fill-or-kill' && partners.length < units) return;
    for (const partner of partners) {
      others.splice(others.indexOf(partner), 1);
      const [buyer, seller] = side === 'buy' ? [order, partner.order] : [partner.order, order];
      trades.push(`${buyer} ${seller} ${partner.price}`);
    }
    if (timeInForce !== 'limit') return;
    for (let u = partners.length; u < units; u++) books[side].push({ order, organisation, price });
  });
  return trades;
}

test('the book trades like a plain list of units', (t) => {
  fc.assert(
    fc.property(orders, (list) => {
      const { trades } = run(list);
      const units = trades.flatMap(([buyer, seller, count, price]) =>
        new Array<string>(count!).fill(`${buyer} ${seller} ${price}`),
      );
      t.deepEqual(units, naive(list));
    }),
    { numRuns: 1_000 },
  );
});

test('with minima everybody gets at least that at first, nothing beyond limits, and all adds up', (t) => {
  const minima = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 25, maxLength: 25 });
  fc.assert(
    fc.property(orders, minima, (list, least) => {
      const withMinima = list.map((order, i) => ({
        ...order,
        minimum: order.side === 'buy' ? Math.min(least[i]!, order.units) : 1,
      }));
      const { trades, book } = run(withMinima);
      const traded = withMinima.map(() => 0);
      for (const [buyer, seller, units, price] of trades) {
        t.true(withMinima[buyer!]!.price >= price! && withMinima[seller!]!.price <= price!);
        t.not(withMinima[buyer!]!.organisation, withMinima[seller!]!.organisation);
        traded[buyer!]! += units!;
        traded[seller!]! += units!;
      }
      for (const { order, units } of [...book.resting('buy'), ...book.resting('sell')]) {
        t.is(traded[order]! + units, withMinima[order]!.units);
      }
      withMinima.forEach((order, i) => {
        t.true(traded[i]! <= order.units);
        t.true(traded[i] === 0 || order.side === 'sell' || traded[i]! >= order.minimum);
      });
    }),
    { numRuns: 500 },
  );
});

test('many prices in any order keep the sides sorted', (t) => {
  const book = new OrderBook(() => t.fail());
  let price = 1;
  for (let i = 0; i < 3_000; i++) {
    price = (price * 16_807) % 2_147_483_647;
    book.submit(full(i % 2 ? buy(price % 10_000) : sell(20_000 + (price % 10_000)), i));
  }
  const prices = (side: 'buy' | 'sell') => book.resting(side).map((order) => order.price);
  t.deepEqual(
    prices('buy'),
    prices('buy').sort((a, b) => b - a),
  );
  for (let i = 0; i < 3_000; i += 4) book.limitTo('sell', i, 0);
  t.is(book.resting('sell').length, 750);
  t.is(book.bestBid(), prices('buy')[0]!);
});

const BAD: readonly [unknown, RegExp][] = [
  [{}, /orders/],
  [{ orders: [{ id: 'a', side: 'buy', qty: 0, price: 1 }] }, /orders\[0\]\.qty/],
  [{ orders: [{ id: 'a', side: 'both', qty: 1, price: 1 }] }, /orders\[0\]\.side/],
  [{ orders: [{ id: 'a', side: 'buy', qty: 1, price: -1 }] }, /orders\[0\]\.price/],
  [{ orders: [{ id: 'a', side: 'buy', qty: 1, price: 1, tif: 'DAY' }] }, /orders\[0\]\.tif/],
  [{ orders: [{ id: 'a', side: 'buy', qty: 1, price: 1, minQty: 2 }] }, /orders\[0\]\.minQty/],
  [{ orders: ['a', 'a'].map((id) => ({ id, side: 'buy', qty: 1, price: 1 })) }, /^orders$/],
];

test('bad input of a case is refused with the key that is wrong', (t) => {
  for (const [input, keyPath] of BAD) {
    const error = t.throws<Error & { code: string; place: { keyPath: string } }>(() =>
      solveCase({ mechanism: 'continuous-double-auction', input }),
    );
    t.is(error?.code, 'INPUT_CASE_INVALID');
    t.regex(error!.place.keyPath, keyPath);
  }
});
