/** The continuous double auction in rounds, and how long an order holds. */
import test from 'ava';
import { continuousDoubleAuction } from '../../../core/market/mechanisms/continuous-double-auction.ts';
import { kDoubleAuction } from '../../../core/market/mechanisms/k-double-auction.ts';
import type { Bid, MarketRound } from '../../../core/market/orders.ts';
import { ask, bid, option, round } from '../support/orders.ts';
import { DrivenMarket } from '../support/market.ts';

function clear(orders: MarketRound) {
  return continuousDoubleAuction.clear(orders, {}, {}).clearing;
}

function paid(orders: MarketRound) {
  return clear(orders).fills.map(({ bidId, nodes, paymentMillicredits }) => [
    bidId,
    nodes,
    paymentMillicredits,
  ]);
}

test('continuous-double-auction: the example', (t) => {
  const orders = round(
    [
      bid('b1', { nodes: 7, minimumNodes: 1, valueMillicredits: 70 }, { sequence: 3 }),
      bid('b2', { nodes: 10, minimumNodes: 1, valueMillicredits: 90 }, { sequence: 4 }),
    ],
    [
      ask('s1', { nodes: 5, reserveMillicredits: 10, sequence: 0 }),
      ask('s2', { nodes: 5, reserveMillicredits: 9, sequence: 1 }),
      ask('s3', { nodes: 5, reserveMillicredits: 9, sequence: 2 }),
      ask('s4', { nodes: 4, reserveMillicredits: 8, sequence: 5 }),
    ],
  );
  t.deepEqual(paid(orders), [
    ['b1', 7, 63],
    ['b2', 7, 63],
  ]);
  t.deepEqual(
    [...clear(orders).receipts],
    [
      ['s2', 45],
      ['s3', 45],
      ['s4', 36],
    ],
  );
});

test('without places the asks came first, and bids pay what they ask', (t) => {
  const orders = round(
    [bid('b1', { valueMillicredits: 50 }), bid('b2', { valueMillicredits: 90 })],
    [ask('s1', { reserveMillicredits: 20 }), ask('s2', { reserveMillicredits: 30 })],
  );
  t.deepEqual(paid(orders), [
    ['b1', 1, 20],
    ['b2', 1, 30],
  ]);
});

test('a node that is sold in one window is gone from those that overlap, and stays in the others', (t) => {
  const window = (startSlot: number, endSlot: number) => ({ startSlot, endSlot });
  const bids = [
    bid('early', { ...window(0, 2), valueMillicredits: 100 }),
    bid('overlapping', { ...window(1, 3), valueMillicredits: 100 }),
    bid('late', { ...window(2, 3), valueMillicredits: 100 }),
  ];
  const orders = round(bids, [ask('a', { ...window(0, 3), reserveMillicredits: 10 })]);
  t.deepEqual(paid(orders), [
    ['early', 1, 20],
    ['late', 1, 10],
  ]);
});

test('a bid that rests in two books is served in one of them, by the ask that comes', (t) => {
  const options = [option(), option({ nodeClass: 'B', valueMillicredits: 500 })];
  const orders = round(
    [bid('flexible', {}, { options, sequence: 0 })],
    [
      ask('b', { nodeClass: 'B', reserveMillicredits: 100, sequence: 1 }),
      ask('a', { reserveMillicredits: 100, sequence: 2 }),
    ],
  );
  t.deepEqual(
    clear(orders).fills.map(({ optionIndex, paymentMillicredits: paid }) => [optionIndex, paid]),
    [[1, 500]],
  );
});

test('an ask goes to the window that pays most for a node-slot', (t) => {
  const bids = [
    bid('long', { endSlot: 3, valueMillicredits: 240 }, { sequence: 0 }),
    bid('short', { endSlot: 1, valueMillicredits: 100 }, { sequence: 1 }),
  ];
  const orders = round(bids, [ask('a', { endSlot: 3, reserveMillicredits: 50, sequence: 2 })]);
  t.deepEqual(paid(orders), [['short', 1, 100]]);
});

test('time in force: gangs and asks that are not filled as a whole do not trade', (t) => {
  const fok = { timeInForce: 'fill-or-kill' } as const;
  const bids = [bid('b', { nodes: 3, minimumNodes: 1, valueMillicredits: 300 }, fok)];
  t.deepEqual(paid(round(bids, [ask('a', { nodes: 2 })])), []);
  t.deepEqual(paid(round(bids, [ask('a', { nodes: 3 })])), [['b', 3, 0]]);
  const two = [bid('b', { nodes: 2, minimumNodes: 1, valueMillicredits: 300 }, { sequence: 0 })];
  t.deepEqual(paid(round(two, [ask('a', { nodes: 3, sequence: 1, ...fok })])), []);
  const cancels = { sequence: 0, timeInForce: 'immediate-or-cancel' } as const;
  const late = round([bid('b', {}, cancels)], [ask('a', { sequence: 1 })]);
  t.deepEqual(paid(late), []);
});

test('an order with an unknown time in force or an impossible place is left out with a code', (t) => {
  const wrong = { timeInForce: 'good-till-noon' } as unknown as Partial<Bid>;
  const orders = round(
    [bid('b', {}, wrong), bid('c', {}, { sequence: -1 }), bid('d')],
    [ask('a', wrong as object)],
  );
  t.deepEqual(
    kDoubleAuction
      .clear(orders, {}, {})
      .clearing.rejected.map(({ orderId, code }) => [orderId, code]),
    [
      ['a', 'MARKET_TIME_IN_FORCE_UNKNOWN'],
      ['b', 'MARKET_TIME_IN_FORCE_UNKNOWN'],
      ['c', 'MARKET_ORDER_MALFORMED'],
    ],
  );
});

test('the market gives orders their places, whatever they say themselves', (t) => {
  const market = new DrivenMarket({ mechanism: 'continuous-double-auction' });
  const own = (organisation: string) => ({ organisation, sequence: 77 });
  t.is(market.bid(bid('b', { valueMillicredits: 90 }, own('alpha'))), null);
  t.is(market.ask(ask('a', { reserveMillicredits: 10, ...own('beta') })), null);
  t.is(market.bid(bid('b', { valueMillicredits: 90 }, own('alpha'))), null);
  t.is(market.bid(bid('c', {}, { ...own('gamma'), timeInForce: 'fill-or-kill' })), null);
  const solve = market.close();
  t.deepEqual(
    solve.round.bids.map(({ sequence, timeInForce }) => [sequence, timeInForce]),
    [
      [0, undefined],
      [2, 'fill-or-kill'],
    ],
  );
  market.solve(solve);
  // The bid was there first.
  t.is(market.effects.filter(({ kind }) => kind === 'ContractFormed').length, 1);
  const [formed] = market.effects.filter((effect) => effect.kind === 'ContractFormed');
  t.is((formed as { contract: { priceMillicredits: number } }).contract.priceMillicredits, 90);
});
