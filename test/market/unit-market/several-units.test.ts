/** Mechanisms for organisations with several units: worked examples, prices and truthfulness. */
import test from 'ava';
import fc from 'fast-check';
import { solveCase } from '../../../core/market/cases/registry.ts';
import type { Mechanism } from '../../../core/market/mechanism.ts';
import { secondPrices } from '../../../core/market/mechanisms/gsp.ts';
import { equilibriumPrice, muda } from '../../../core/market/mechanisms/muda.ts';
import { multiunitVickrey } from '../../../core/market/mechanisms/multiunit-vickrey.ts';
import { gsp } from '../../../core/market/mechanisms/gsp.ts';
import { Lottery } from '../../../core/market/lottery.ts';
import type { Bid, MarketRound } from '../../../core/market/orders.ts';
import { tradeAtPrice } from '../../../core/market/unit-market/exogenous-price.ts';
import { unitMechanism } from '../../../core/market/unit-market/round.ts';
import { noTrades, sumOf, unitBook } from '../../../core/market/unit-market/unit-book.ts';
import { ask, bid, round } from '../support/orders.ts';

const BOUGHT = [100, 90, 80, 60, 40, 20];
const SOLD = [
  [10, 20, 40, 60, 70],
  [15, 25, 35, 45, 65],
];

test('muda: the half of the example at a price of 50: four units, fees of 20 and 10', (t) => {
  const side = (side: string, values: readonly number[]) => ({
    side,
    units: values.map((value) => [1, value]),
  });
  const traders = {
    B0: side('buy', BOUGHT),
    S1: side('sell', SOLD[0]!),
    S2: side('sell', SOLD[1]!),
  };
  const result = solveCase({ mechanism: 'muda', input: { traders, exogenousPrice: 50 } });
  t.deepEqual({ ...(result['units'] as object) }, { B0: 4, S1: 2, S2: 2 });
  t.deepEqual({ ...(result['fee'] as object) }, { B0: 0, S1: 20, S2: 10 });
  const drawn = solveCase({
    mechanism: 'muda',
    input: { traders, exogenousPrice: 50, params: { variant: 'lottery' } },
  });
  t.is(drawn['quantity'], 4);
  t.is(drawn['exchangeRevenue'], 0);
});

/** Rounds in which the coin puts the buyer and sellers of the example in one half. */
function exampleRound(): MarketRound {
  for (let roundId = 0; ; roundId++) {
    const lottery = new Lottery({ roundId, seed: 'a seed' });
    const sides = ['B0', 'S1', 'S2', 'rival buyer', 'rival seller'].map((name) =>
      lottery.isHeads(name),
    );
    if (sides[0] !== sides[1] || sides[0] !== sides[2]) continue;
    if (sides[3] === sides[0] || sides[4] === sides[0]) continue;
    return round(
      [
        ...BOUGHT.map((v, i) => bid(`b${i}`, { valueMillicredits: v }, { organisation: 'B0' })),
        bid('r', { valueMillicredits: 60 }, { organisation: 'rival buyer' }),
      ],
      [
        ...SOLD[0]!.map((c, i) => ask(`s1${i}`, { reserveMillicredits: c, organisation: 'S1' })),
        ...SOLD[1]!.map((c, i) => ask(`s2${i}`, { reserveMillicredits: c, organisation: 'S2' })),
        ask('r', { reserveMillicredits: 40, organisation: 'rival seller' }),
      ],
      { roundId },
    );
  }
}

test('muda: in a round each half trades at the other one’s price', (t) => {
  const orders = exampleRound();
  const vickrey = muda.clear(orders, { vickrey: 1 }, {}).clearing;
  const bought = vickrey.fills.filter(({ bidId }) => bidId !== 'r');
  t.deepEqual(
    bought.map(({ paymentMillicredits }) => paymentMillicredits),
    [50, 50, 50, 50],
  );
  t.is(vickrey.surplusMillicredits, 30);
  const lottery = muda.clear(orders, {}, {}).clearing;
  t.is(lottery.fills.filter(({ bidId }) => bidId !== 'r').length, 4);
  t.is(lottery.surplusMillicredits, 0);
});

test('multiunit-vickrey: five units against losers at 400 cost 2,000, and 1,900 for their owner', (t) => {
  const losingUnits = [
    [2, 200, 'w0'],
    [6, 400, 'w1'],
    [999_999, 500, 'reserve'],
  ];
  const pay = (winner: string) =>
    solveCase({ mechanism: 'multiunit-vickrey', input: { winner, unitsWon: 5, losingUnits } });
  t.is(pay('w0')['payment'], 2_000);
  t.is(pay('w1')['payment'], 1_900);
});

test('gsp: values of 10, 4 and 2 for places with 200 and 100 clicks', (t) => {
  const input = { values: [10, 4, 2], slotQuality: [200, 100] };
  t.deepEqual(solveCase({ mechanism: 'gsp', input }), {
    gspPayments: [800, 200],
    vcgPayments: [600, 200],
  });
});

test('gsp: nobody’s own next bid makes the price', (t) => {
  const bids = [9, 8, 7, 5].map((price, i) => ({ price, organisation: i < 2 ? 0 : i }));
  t.deepEqual(secondPrices(bids, 6), [7, 7, 6, 6]);
  const orders = round(
    [9, 7].map((value, i) => bid(`b${i}`, { valueMillicredits: value })),
    [ask('a', { nodes: 2, reserveMillicredits: 3 })],
  );
  const { fills, receipts } = gsp.clear(orders, {}, {}).clearing;
  t.deepEqual(
    fills.map(({ paymentMillicredits }) => paymentMillicredits),
    [7, 3],
  );
  t.is(receipts.get('a'), 10);
});

const value = fc.integer({ min: 0, max: 9 });
const ladder = fc.array(value, { minLength: 1, maxLength: 3 });
/** Organisations with up to three units each, all in one window. */
const ladders: fc.Arbitrary<MarketRound> = fc
  .record({
    roundId: fc.nat(1_000),
    buyers: fc.array(ladder, { minLength: 1, maxLength: 4 }),
    sellers: fc.array(ladder, { minLength: 1, maxLength: 4 }),
  })
  .map(({ roundId, buyers, sellers }) =>
    round(
      buyers.flatMap((values, b) => bidsOf(`buyer ${b}`, values)),
      sellers.flatMap((costs, s) =>
        costs.map((reserveMillicredits, i) =>
          ask(`s${s}-${i}`, { reserveMillicredits, organisation: `seller ${s}` }),
        ),
      ),
      { roundId },
    ),
  );

function bidsOf(organisation: string, values: readonly number[]): Bid[] {
  return values.map((valueMillicredits, i) =>
    bid(`${organisation}-${i}`, { valueMillicredits }, { organisation }),
  );
}

/** What buyer 0 gains by bidding this ladder instead of its own. */
function gainOf(mechanism: Mechanism, market: MarketRound, lie: readonly number[]): number {
  const own = market.bids.filter(({ organisation }) => organisation === 'buyer 0');
  const values = own.map(({ options }) => options[0]!.valueMillicredits).sort((a, b) => b - a);
  const others = market.bids.filter(({ organisation }) => organisation !== 'buyer 0');
  const utility = (bids: readonly Bid[]) => {
    const { fills } = mechanism.clear({ ...market, bids }, {}, {}).clearing;
    const won = fills.filter(({ bidId }) => bidId.startsWith('buyer 0'));
    const paid = sumOf(won.map(({ paymentMillicredits }) => paymentMillicredits));
    return sumOf(values.slice(0, won.length)) - paid;
  };
  return utility([...others, ...bidsOf('buyer 0', lie)]) - utility(market.bids);
}

function lieIn(mechanism: Mechanism): string | null {
  const lies = fc.array(value, { maxLength: 4 });
  const { counterexample } = fc.check(
    fc.property(ladders, lies, (market, lie) => gainOf(mechanism, market, lie) <= 0),
    { numRuns: 1_500, seed: 5 },
  );
  return counterexample ? JSON.stringify(counterexample) : null;
}

const mudaVickrey: Mechanism = {
  ...muda,
  clear: (orders, _parameters, state) => muda.clear(orders, { vickrey: 1 }, state),
};

test('muda, both variants, and multiunit-vickrey: no other ladder pays better than the true one', (t) => {
  t.is(lieIn(muda), null);
  t.is(lieIn(mudaVickrey), null);
  t.is(lieIn(multiunitVickrey), null);
});

test('trading at a price of one’s own is found out', (t) => {
  const own = unitMechanism({
    ...muda,
    isBound: true,
    rule: () => (book) => {
      const price = equilibriumPrice(book);
      if (price === null) return noTrades(book);
      return tradeAtPrice(book, { price, excess: 'lottery', tradesIndifferent: true });
    },
  });
  t.not(lieIn(own), null);
});

test('multiunit-vickrey: everybody pays exactly what the others lose by it', (t) => {
  fc.assert(
    fc.property(ladders, (market) => {
      const whole = multiunitVickrey.clear(market, {}, {}).clearing;
      return [...new Set(market.bids.map(({ organisation }) => organisation))].every((name) => {
        const others = market.bids.filter(({ organisation }) => organisation !== name);
        const without = multiunitVickrey.clear({ ...market, bids: others }, {}, {}).clearing;
        const own = whole.fills.filter(({ bidId }) => bidId.startsWith(`${name}-`));
        const worth = sumOf(
          own.map(
            (fill) =>
              market.bids.find(({ bidId }) => bidId === fill.bidId)!.options[0]!.valueMillicredits,
          ),
        );
        const paid = sumOf(own.map(({ paymentMillicredits }) => paymentMillicredits));
        return paid === without.welfareMillicredits - (whole.welfareMillicredits - worth);
      });
    }),
    { numRuns: 300 },
  );
  t.pass();
});

test('at a given price as much is sold as bought, and gangs are whole or out', (t) => {
  const draw = { compare: (a: number, b: number) => a - b, isHeads: () => true };
  const units = fc.record({
    price: value,
    units: fc.integer({ min: 1, max: 5 }),
    least: fc.nat(5),
  });
  const rule = fc.constantFrom<'lottery' | 'vickrey'>('lottery', 'vickrey');
  fc.assert(
    fc.property(fc.array(units), fc.array(units), value, rule, (buy, sell, price, excess) => {
      const bids = buy.map((of, i) => {
        const minimum = Math.max(1, Math.min(of.least, of.units));
        return { order: i, organisation: i >> 1, price: of.price, units: of.units, minimum };
      });
      const asks = sell.map((of, i) => ({ ...of, order: i, organisation: 100 + i }));
      const book = unitBook(bids, asks, draw);
      const trades = tradeAtPrice(book, { price, excess, tradesIndifferent: true });
      return (
        sumOf(trades.bought) === sumOf(trades.sold) &&
        trades.bought.every((got, i) => got === 0 || got >= book.bids[i]!.minimum) &&
        trades.paid.every((paid, i) => paid <= trades.bought[i]! * book.bids[i]!.price) &&
        trades.received.every((got, i) => got >= trades.sold[i]! * book.asks[i]!.price)
      );
    }),
    { numRuns: 1_000 },
  );
  t.pass();
});

const REFUSED: readonly [string, unknown, RegExp][] = [
  ['muda', { traders: {} }, /exogenousPrice/],
  ['muda', { traders: { a: { side: 'hold', units: [] } }, exogenousPrice: 1 }, /traders\.a\.side/],
  [
    'muda',
    { traders: { a: { side: 'buy', units: [[0, 1]] } }, exogenousPrice: 1 },
    /units\[0\]\[0\]/,
  ],
  [
    'muda',
    { traders: { a: { side: 'buy', units: [[1, -1]] } }, exogenousPrice: 1 },
    /units\[0\]\[1\]/,
  ],
  ['muda', { traders: [], exogenousPrice: 1 }, /traders/],
  ['multiunit-vickrey', { winner: 'a', unitsWon: 1.5, losingUnits: [] }, /unitsWon/],
  ['multiunit-vickrey', { winner: 'a', unitsWon: 1, losingUnits: [[1, NaN, 'b']] }, /\[0\]\[1\]/],
  ['gsp', { values: [-1], slotQuality: [1] }, /values\[0\]/],
  ['gsp', { values: [1], slotQuality: [-1] }, /slotQuality\[0\]/],
  ['mcafee', { bids: { a: '9' }, asks: {} }, /bids\.a/],
  ['sbba', { bids: {}, asks: { a: null } }, /asks\.a/],
];

test('bad input of a case is refused with the key that is wrong', (t) => {
  for (const [mechanism, input, keyPath] of REFUSED) {
    const error = t.throws<Error & { code: string; place: { keyPath: string } }>(() =>
      solveCase({ mechanism, input }),
    );
    t.is(error?.code, 'INPUT_CASE_INVALID', mechanism);
    t.regex(error!.place.keyPath, keyPath);
  }
});
