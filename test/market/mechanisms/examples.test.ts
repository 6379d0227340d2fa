/** The worked example at the head of every mechanism's file, and what its rules say besides. */
import test from 'ava';
import fc from 'fast-check';
import type { Fill, MarketRound } from '../../../core/market/orders.ts';
import type { MechanismState } from '../../../core/market/mechanism.ts';
import { mechanisms } from '../../../core/market/mechanisms/registry.ts';
import { clearingRange, kappaPrice } from '../../../core/market/mechanisms/k-double-auction.ts';
import { unitRound } from '../support/arbitraries.ts';
import { ask, bid, option, round } from '../support/orders.ts';

function clear(name: string, orders: MarketRound, parameters = {}, state: MechanismState = {}) {
  return mechanisms.get(name)!.clear(orders, parameters, state);
}

function served(fills: readonly Fill[]): string[] {
  return fills.map(({ bidId }) => bidId);
}

test('static: a bid of 100 for a node that is offered at 1 is not served', (t) => {
  const orders = round(
    [bid('b', { valueMillicredits: 100_000 })],
    [ask('a', { reserveMillicredits: 1_000 })],
  );
  const { clearing } = clear('static', orders);
  t.deepEqual(clearing.fills, []);
  t.deepEqual(clearing.prices, [{ nodeClass: 'A', millicreditsPerNodeSlot: null }]);
});

test('leasing: the first request takes both nodes, the second, worth more, none', (t) => {
  const orders = round(
    [bid('first', { nodes: 2 }), bid('second', { valueMillicredits: 9_000 })],
    [ask('a', { nodes: 2, reserveMillicredits: 50 })],
  );
  const { clearing } = clear('leasing', orders);
  t.deepEqual(served(clearing.fills), ['first']);
  t.is(clearing.fills[0]!.paymentMillicredits, 0);
  t.is(clearing.receipts.size, 0);
});

test('leasing: a request that does not fit does not hold up the next', (t) => {
  const orders = round([bid('big', { nodes: 3 }), bid('small')], [ask('a', { nodes: 2 })]);
  t.deepEqual(served(clear('leasing', orders).clearing.fills), ['small']);
});

test('fcfs-pool: nobody overtakes the second request', (t) => {
  const bids = [bid('1st', { nodes: 2 }), bid('2nd', { nodes: 2 }), bid('3rd')];
  const orders = round(bids, [ask('a', { nodes: 3 })]);
  t.deepEqual(served(clear('fcfs-pool', orders).clearing.fills), ['1st']);
  t.deepEqual(served(clear('leasing', orders).clearing.fills), ['1st', '3rd']);
});

test('fcfs-pool: one that waits holds its own window only, one that never fits holds nothing', (t) => {
  const bids = [
    bid('1st', { nodes: 2 }),
    bid('impossible', { nodes: 9 }),
    bid('2nd', { nodes: 2 }),
    bid('later', { startSlot: 1, endSlot: 2 }),
    bid('other class', { nodeClass: 'B' }),
  ];
  const orders = round(bids, [ask('a', { nodes: 3, endSlot: 8 }), ask('b', { nodeClass: 'B' })]);
  const { fills } = clear('fcfs-pool', orders).clearing;
  t.deepEqual(served(fills), ['1st', 'later', 'other class']);
});

test('posted-price: demand of 150 against 100 moves a price of 100 to 125', (t) => {
  const orders = round(
    [bid('b', { nodes: 150, minimumNodes: 1, valueMillicredits: 150_000_000 })],
    [ask('a', { nodes: 100, reserveMillicredits: 90_000 })],
  );
  const { clearing, state } = clear('posted-price', orders, { eta: 0.5 }, { 'price A': 100_000 });
  t.deepEqual(state, { 'price A': 125_000 });
  t.is(clearing.fills[0]!.nodes, 100);
  t.is(clearing.fills[0]!.paymentMillicredits, 100 * 100_000);
  t.is(clearing.receipts.get('a'), 100 * 100_000);
});

test('posted-price: the price stays within its collar and a class that is only asked for has none', (t) => {
  const orders = round(
    [
      bid('b', { nodes: 99, minimumNodes: 1, valueMillicredits: 1e9 }),
      bid('x', { nodeClass: 'X' }),
    ],
    [ask('a', { nodes: 1 })],
  );
  const terms = { eta: 0.5, ceilingMillicredits: 1_200, floorMillicredits: 700 };
  t.deepEqual(clear('posted-price', orders, terms).state, { 'price A': 1_200 });
  const idle = round([], [ask('a', { nodes: 9 })]);
  t.deepEqual(clear('posted-price', idle, terms).state, { 'price A': 700 });
  const dear = round([], [ask('a', { nodes: 9, reserveMillicredits: 5_000 })]);
  t.deepEqual(clear('posted-price', dear, terms).state, { 'price A': 1_000 });
});

test('posted-price: a class called __proto__ is a class like any other', (t) => {
  const nodeClass = '__proto__';
  const orders = round(
    [bid('b', { nodeClass, valueMillicredits: 5_000 })],
    [ask('a', { nodeClass })],
  );
  const { clearing, state } = clear('posted-price', orders);
  t.is(clearing.fills.length, 1);
  t.deepEqual(Object.keys(state), ['price __proto__']);
});

test('k-double-auction: bids 9 and 8, asks 4 and 3 trade twice at 6', (t) => {
  const orders = round(
    [bid('b1', { valueMillicredits: 9_000 }), bid('b2', { valueMillicredits: 8_000 })],
    [ask('s1', { reserveMillicredits: 4_000 }), ask('s2', { reserveMillicredits: 3_000 })],
  );
  const { clearing } = clear('k-double-auction', orders);
  t.deepEqual(
    clearing.fills.map(({ paymentMillicredits }) => paymentMillicredits),
    [6_000, 6_000],
  );
  t.deepEqual([...clearing.receipts.values()], [6_000, 6_000]);
  t.is(clear('k-double-auction', orders, { k: 1 }).clearing.fills[0]!.paymentMillicredits, 8_000);
  t.is(clear('k-double-auction', orders, { k: 7 }).clearing.fills[0]!.paymentMillicredits, 6_000);
});

test('k-double-auction: on single units everybody trades at the price of the rule', (t) => {
  fc.assert(
    fc.property(unitRound, fc.double({ min: 0, max: 1, noNaN: true }), (orders, k) => {
      const { fills, receipts } = clear('k-double-auction', orders, { k }).clearing;
      const values = orders.bids.map(({ options }) => options[0]!.valueMillicredits);
      const reserves = orders.asks.map(({ reserveMillicredits }) => reserveMillicredits);
      const range = clearingRange(
        values.sort((a, b) => b - a),
        reserves.sort((a, b) => a - b),
      );
      if (!range) return fills.length === 0;
      const price = kappaPrice(range, k);
      return (
        fills.length === range.trades &&
        fills.every(({ paymentMillicredits }) => paymentMillicredits === price) &&
        [...receipts.values()].every((receipt) => receipt === price)
      );
    }),
    { numRuns: 500 },
  );
  t.pass();
});

test('k-double-auction: a gang that would be filled in part is refused and told so', (t) => {
  const orders = round(
    [
      bid('gang', { nodes: 3, valueMillicredits: 9_000 }),
      bid('small', { valueMillicredits: 1_000 }),
      bid('poor', { valueMillicredits: 10 }),
    ],
    [ask('a', { nodes: 2, reserveMillicredits: 100 })],
  );
  const { clearing } = clear('k-double-auction', orders);
  t.deepEqual(served(clearing.fills), ['small']);
  t.deepEqual(clearing.rejected, [{ orderId: 'gang', code: 'MARKET_GANG_NOT_FILLED' }]);
});

test('k-double-auction: windows are auctions of their own, and a later option is a second chance', (t) => {
  const early = option({ valueMillicredits: 900 });
  const late = option({ startSlot: 1, endSlot: 2, valueMillicredits: 800 });
  const orders = round(
    [
      bid('flexible', {}, { options: [early, late] }),
      bid('early', { valueMillicredits: 1_000 }),
      bid('seller too', { valueMillicredits: 5_000 }, { organisation: 'seller a' }),
    ],
    [ask('a', { endSlot: 2, reserveMillicredits: 100 })],
  );
  const { fills } = clear('k-double-auction', orders).clearing;
  // The seller's own bid keeps its ask out of the first window altogether.
  t.deepEqual(
    fills.map(({ bidId, optionIndex }) => [bidId, optionIndex]),
    [['flexible', 1]],
  );
});

test('exchange-threshold: an organisation never buys from itself', (t) => {
  const orders = round([bid('b', {}, { organisation: 'seller a' })], [ask('a')]);
  t.deepEqual(clear('exchange-threshold', orders).clearing.fills, []);
});

test('exchange-threshold: security level and recall terms keep orders apart', (t) => {
  const recall = { noticeMs: 60_000, penaltyPartsPerMillion: 0 };
  const orders = round(
    [bid('secret', {}, { securityLevel: 'attested' }), bid('steady', {}, { acceptsRecall: false })],
    [ask('plain and recallable', { nodes: 2, securityLevel: 'none', recall })],
  );
  t.deepEqual(clear('exchange-threshold', orders).clearing.fills, []);
});

test('exchange-threshold: the price of a class is what was paid for its node-slots', (t) => {
  const orders = round(
    [bid('b', { nodes: 2, endSlot: 3, valueMillicredits: 6_000 })],
    [ask('a', { nodes: 2, endSlot: 3, reserveMillicredits: 1_000 }), ask('b', { nodeClass: 'B' })],
  );
  t.deepEqual(clear('exchange-threshold', orders).clearing.prices, [
    { nodeClass: 'A', millicreditsPerNodeSlot: 1_000 },
    { nodeClass: 'B', millicreditsPerNodeSlot: null },
  ]);
});
