/** The worked example at the head of each mechanism for units, and what its rules say besides. */
import test from 'ava';
import { mechanisms } from '../../../core/market/mechanisms/registry.ts';
import { Lottery } from '../../../core/market/lottery.ts';
import type { Clearing, MarketRound } from '../../../core/market/orders.ts';
import { ask, bid, option, round } from '../support/orders.ts';

function clear(name: string, orders: MarketRound, parameters = {}): Clearing {
  return mechanisms.get(name)!.clear(orders, parameters, {}).clearing;
}

/** [bid, payment] of every fill. */
function paid({ fills }: Clearing) {
  return fills.map(({ bidId, paymentMillicredits }) => [bidId, paymentMillicredits]);
}

const TWO_BY_TWO = round(
  [bid('b1', { valueMillicredits: 9_000 }), bid('b2', { valueMillicredits: 8_000 })],
  [ask('s1', { reserveMillicredits: 4_000 }), ask('s2', { reserveMillicredits: 3_000 })],
);

test('mcafee: bids 9 and 8, asks 4 and 3: b1 pays 8, s2 gets 4, the exchange keeps 4', (t) => {
  const clearing = clear('mcafee', TWO_BY_TWO);
  t.deepEqual(paid(clearing), [['b1', 8_000]]);
  t.deepEqual([...clearing.receipts], [['s2', 4_000]]);
  t.is(clearing.surplusMillicredits, 4_000);
});

test('mcafee: the price in the middle of the next pair is everybody’s where it separates', (t) => {
  const orders = round(
    [9, 8, 6].map((v, i) => bid(`b${i}`, { valueMillicredits: 1_000 * v })),
    [3, 4, 8.5].map((c, i) => ask(`s${i}`, { reserveMillicredits: 1_000 * c })),
  );
  const clearing = clear('mcafee', orders);
  t.deepEqual(paid(clearing), [
    ['b0', 7_250],
    ['b1', 7_250],
  ]);
  t.is(clearing.surplusMillicredits, 0);
});

test('mcafee: where somebody has several units, the last organisations of both sides go without', (t) => {
  const orders = round(
    [
      bid('b1', { nodes: 3, minimumNodes: 1, valueMillicredits: 30_000 }),
      bid('b2', { valueMillicredits: 8_000 }),
    ],
    [
      ask('s1', { nodes: 2, reserveMillicredits: 1_000 }),
      ask('s2', { nodes: 2, reserveMillicredits: 2_000 }),
    ],
  );
  const clearing = clear('mcafee', orders);
  // b(4) = 8 is b2's, s(4) = 2 is s2's: b1 has three units of demand for the two of s1.
  t.deepEqual(paid(clearing), [['b1', 16_000]]);
  t.deepEqual([...clearing.receipts], [['s1', 4_000]]);
});

test('sbba: bids 9 and 8, asks 4 and 3: b1 pays 8 to the seller with the better lot', (t) => {
  const sellers = new Set<string>();
  for (let roundId = 0; roundId < 20; roundId++) {
    const orders = { ...TWO_BY_TWO, roundId };
    const clearing = clear('sbba', orders);
    t.deepEqual(paid(clearing), [['b1', 8_000]]);
    const lottery = new Lottery(orders);
    const winner = lottery.compare('seller s1', 'seller s2') < 0 ? 's1' : 's2';
    t.deepEqual([...clearing.receipts], [[winner, 8_000]]);
    sellers.add(winner);
  }
  t.is(sellers.size, 2);
});

test('sbba: an ask in the range makes the price, and nobody goes without', (t) => {
  const more = {
    ...TWO_BY_TWO,
    asks: [...TWO_BY_TWO.asks, ask('s3', { reserveMillicredits: 7_000 })],
  };
  const clearing = clear('sbba', more);
  t.deepEqual(paid(clearing), [
    ['b1', 7_000],
    ['b2', 7_000],
  ]);
  t.is(clearing.surplusMillicredits, 0);
});

test('vcg-double-auction: bids 9 and 8, asks 4 and 3: pay 4, get 8, the deficit is 8', (t) => {
  const clearing = clear('vcg-double-auction', TWO_BY_TWO);
  t.deepEqual(paid(clearing), [
    ['b1', 4_000],
    ['b2', 4_000],
  ]);
  t.deepEqual([...clearing.receipts.values()], [8_000, 8_000]);
  t.is(clearing.surplusMillicredits, -8_000);
});

test('terms that all asks on offer meet do not part a market', (t) => {
  const bids = [
    bid('plain', { valueMillicredits: 9_000 }),
    bid('secret', { valueMillicredits: 8_000 }, { securityLevel: 'full', acceptsRecall: false }),
  ];
  const together = clear('vcg-double-auction', round(bids, [ask('a')]));
  t.deepEqual(paid(together), [['plain', 8_000]]);
  const apart = round(bids, [ask('a'), ask('b', { securityLevel: 'none' })]);
  t.is(clear('vcg-double-auction', apart).fills.length, 2);
});

test('a node is offered where most are missing, and in one window only', (t) => {
  const early = { startSlot: 0, endSlot: 1 };
  const late = { startSlot: 1, endSlot: 2 };
  const bids = [
    bid('e1', { ...early, valueMillicredits: 10 }),
    bid('l1', { ...late, valueMillicredits: 1_000 }),
    bid('l2', { ...late, valueMillicredits: 900 }),
  ];
  const orders = round(bids, [ask('a', { startSlot: 0, endSlot: 2, reserveMillicredits: 20 })]);
  t.deepEqual(paid(clear('vcg-double-auction', orders)), [['l1', 900]]);
  const two = { ...orders, asks: [ask('a', { ...orders.asks[0]!, nodes: 3 })] };
  // One node for the early window, though nobody there would pay for it.
  t.deepEqual(paid(clear('vcg-double-auction', two)), [
    ['l1', 20],
    ['l2', 20],
  ]);
});

test('a second option is looked at where nodes stand in no bucket yet', (t) => {
  const options = [option(), option({ nodeClass: 'B', valueMillicredits: 500 })];
  const orders = round([bid('b', {}, { options })], [ask('b', { nodeClass: 'B' })]);
  const [fill] = clear('vcg-double-auction', orders).fills;
  t.is(fill!.optionIndex, 1);
});

test('a gang that the reduction would break sets the price and goes as a whole', (t) => {
  const orders = round(
    [
      bid('b1', { valueMillicredits: 9_000 }),
      bid('gang', { nodes: 2, valueMillicredits: 16_000 }),
      bid('b2', { valueMillicredits: 5_000 }),
    ],
    [ask('s1', { nodes: 3, reserveMillicredits: 1_000 })],
  );
  const clearing = clear('sbba', orders);
  t.deepEqual(paid(clearing), [['b1', 8_000]]);
  t.is(clearing.receipts.get('s1'), 8_000);
  t.deepEqual(clearing.rejected, [{ orderId: 'gang', code: 'MARKET_GANG_NOT_FILLED' }]);
});

test('mcafee: by unit, whoever owns them, one organisation may be alone on its side', (t) => {
  const orders = round(
    [bid('b', { nodes: 3, minimumNodes: 1, valueMillicredits: 3_000 })],
    [ask('a', { nodes: 9, reserveMillicredits: 100 })],
  );
  t.deepEqual(paid(clear('mcafee', orders)), []);
  t.deepEqual(paid(clear('mcafee', orders, { byUnit: 1 })), [['b', 2_000]]);
});
