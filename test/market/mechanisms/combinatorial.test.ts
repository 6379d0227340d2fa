/** Worked examples and rules of the combinatorial mechanisms, and their worked cases. */
import test from 'ava';
import { OcxError } from '../../../core/kernel/errors.ts';
import { solveCase } from '../../../core/market/cases/registry.ts';
import { checkClearing } from '../../../core/market/clearing/check.ts';
import { mechanisms } from '../../../core/market/mechanisms/registry.ts';
import type { Clearing, MarketRound } from '../../../core/market/orders.ts';
import { ask, bid, option, round } from '../support/orders.ts';
import { randomRound } from '../support/random-round.ts';

function clear(name: string, orders: MarketRound, parameters = {}, state = {}) {
  return mechanisms.get(name)!.clear(orders, parameters, state);
}

function paid(clearing: Clearing): Record<string, number> {
  return Object.fromEntries(
    clearing.fills.map(({ bidId, paymentMillicredits }) => [bidId, paymentMillicredits]),
  );
}

/** `[nodes, start, end, value]` of type A. */
function xor(...options: readonly (readonly [number, number, number, number])[]) {
  return options.map(([nodes, start, end, value]) => ({ type: 'A', nodes, start, end, value }));
}

const four = round(
  [
    bid('hpc', { nodes: 4, endSlot: 4, valueMillicredits: 40_000 }),
    bid('web', { nodes: 2, endSlot: 2, valueMillicredits: 26_000 }),
    bid(
      'tb',
      {},
      {
        options: [
          option({ nodes: 2, startSlot: 2, endSlot: 4, valueMillicredits: 18_000 }),
          option({ nodes: 2, endSlot: 2, valueMillicredits: 15_000 }),
        ],
      },
    ),
    bid('gov', { nodes: 3, startSlot: 1, endSlot: 3, valueMillicredits: 30_000 }),
  ],
  [ask('a', { nodes: 4, endSlot: 4 })],
);

/** Buyers a … d of the greedy example, on four nodes. */
const dense = round(
  [
    bid('a', { nodes: 4, valueMillicredits: 20_000 }),
    bid('b', { nodes: 2, valueMillicredits: 13_000 }),
    bid('c', { nodes: 1, valueMillicredits: 8_000 }),
    bid('d', { nodes: 2, valueMillicredits: 11_000 }),
  ],
  [ask('pool', { nodes: 4 })],
);

test('combinatorial-vcg: web and tb win and pay 22 and 14, the owner gets all of W', (t) => {
  const { clearing } = clear('combinatorial-vcg', four);
  t.is(clearing.welfareMillicredits, 44_000);
  t.deepEqual(paid(clearing), { tb: 14_000, web: 22_000 });
  t.deepEqual([...clearing.receipts], [['a', 44_000]]);
  t.is(clearing.surplusMillicredits, -8_000);
  t.is(clearing.search!.upperBoundMillicredits, 44_000);
  t.is(clearing.search!.unprovedWelfares, 0);
});

test('combinatorial-vcg: two bids of one organisation pay for what both keep from others', (t) => {
  const orders = round(
    [
      bid('mine 1', { valueMillicredits: 9_000 }, { organisation: 'me' }),
      bid('mine 2', { valueMillicredits: 8_000 }, { organisation: 'me' }),
      bid('other', { nodes: 2, valueMillicredits: 7_000 }),
    ],
    [ask('a', { nodes: 2 })],
  );
  const payments = paid(clear('combinatorial-vcg', orders).clearing);
  t.is(payments['mine 1']! + payments['mine 2']!, 7_000);
});

test('combinatorial-vcg: without a proof discounts stay within limits, and it is said', (t) => {
  const orders = randomRound(
    {
      bids: 40,
      optionsPerBid: 3,
      slots: 24,
      classes: 1,
      nodesPerClass: 30,
      asksPerClass: 4,
      largestGang: 12,
      longestWindow: 12,
      scalableShare: 0.5,
      mixedTerms: true,
      crossClass: true,
      organisations: 20,
    },
    5,
  );
  const mechanism = mechanisms.get('combinatorial-vcg')!;
  const { clearing } = mechanism.clear(orders, { branches: 3 }, {});
  t.is(checkClearing(orders, clearing, mechanism.properties), null);
  const { unprovedWelfares, upperBoundMillicredits, objectiveMillicredits } = clearing.search!;
  t.true(unprovedWelfares > 1);
  t.true(upperBoundMillicredits > objectiveMillicredits);
});

test('greedy-critical: a wins and pays what b would need to be beaten', (t) => {
  const { clearing, state } = clear('greedy-critical', dense, {}, { 'price A': 1 });
  t.deepEqual(paid(clearing), { a: 18_385 });
  t.deepEqual([...clearing.receipts], [['pool', 4]]);
  t.is(clearing.surplusMillicredits, 18_381);
  // Nine node-slots are wanted and four offered: the price rises by 0.2 × 5 / 4.
  t.deepEqual(state, { 'price A': 1.25 });
});

test('greedy-critical: with one millicredit less the winner loses, with the price it wins', (t) => {
  const withValue = (valueMillicredits: number) => {
    const bids = dense.bids.map((other) =>
      other.bidId === 'a' ? bid('a', { nodes: 4, valueMillicredits }) : other,
    );
    return paid(clear('greedy-critical', { ...dense, bids }, {}, { 'price A': 1 }).clearing);
  };
  t.deepEqual(withValue(18_385), { a: 18_385 });
  t.false('a' in withValue(18_384));
});

test('greedy-critical: equal densities go to the lower id, which pays the other`s value', (t) => {
  const orders = round(
    [bid('z', { valueMillicredits: 5_000 }), bid('y', { valueMillicredits: 5_000 })],
    [ask('pool')],
  );
  const { clearing } = clear('greedy-critical', orders, {}, { 'price A': 1 });
  t.deepEqual(paid(clearing), { y: 5_000 });
  const worse = round([bid('z', { valueMillicredits: 5_001 }), orders.bids[1]!], orders.asks);
  t.deepEqual(paid(clear('greedy-critical', worse, {}, { 'price A': 1 }).clearing), { z: 5_001 });
});

test('greedy-critical: densities that doubles cannot tell apart are told apart', (t) => {
  const huge = 2 ** 42;
  const orders = round(
    [
      bid('a', { nodes: 3, valueMillicredits: huge }),
      bid('b', { nodes: 3, valueMillicredits: huge + 1 }),
    ],
    [ask('pool', { nodes: 3 })],
  );
  const { clearing } = clear('greedy-critical', orders, {}, { 'price A': 1 });
  t.deepEqual(paid(clearing), { b: huge + 1 });
});

test('greedy-critical: owners get the posted price, and stay out above it', (t) => {
  const orders = round(
    [bid('b', { nodes: 2, valueMillicredits: 9_000 })],
    [
      ask('cheap', { reserveMillicredits: 10 }),
      ask('fair', { reserveMillicredits: 1_000 }),
      ask('dear', { reserveMillicredits: 1_001 }),
    ],
  );
  const { clearing } = clear('greedy-critical', orders);
  t.deepEqual(paid(clearing), { b: 2_000 });
  t.deepEqual([...clearing.receipts].sort(), [
    ['cheap', 1_000],
    ['fair', 1_000],
  ]);
  const onlyDear = { ...orders, asks: orders.asks.slice(1) };
  t.deepEqual(clear('greedy-critical', onlyDear).clearing.fills, []);
});

test('optimum: two bids for one node each beat one for both, and nobody pays', (t) => {
  const orders = round(
    [
      bid('both', { nodes: 2, valueMillicredits: 7_000 }),
      bid('one', { valueMillicredits: 5_000 }),
      bid('other', { valueMillicredits: 4_000 }),
    ],
    [ask('a', { nodes: 2 })],
  );
  const { clearing } = clear('optimum', orders);
  t.is(clearing.welfareMillicredits, 9_000);
  t.deepEqual(paid(clearing), { one: 0, other: 0 });
  t.is(clearing.search!.upperBoundMillicredits, 9_000);
});

test('case combinatorial-vcg: payments, revenue and whether the optimum is the only one', (t) => {
  const input = {
    capacity: { A: 2 },
    bids: [
      { id: 'x', xor: xor([2, 0, 1, 7]) },
      { id: 'y', xor: xor([1, 0, 1, 4], [1, 1, 2, 4]) },
    ],
  };
  t.like(solveCase({ mechanism: 'combinatorial-vcg', input }), {
    welfare: 11,
    revenue: 0,
    uniqueOptimum: true,
  });
  const tie = { ...input, bids: [...input.bids, { id: 'w', xor: xor([2, 0, 1, 7]) }] };
  const solved = solveCase({ mechanism: 'combinatorial-vcg', input: tie });
  t.is(solved['uniqueOptimum'], false);
  t.is(solved['revenue'], 7);
});

test('case greedy-critical: the winner, its price and what is missed', (t) => {
  const bids = [
    { id: 'a', xor: xor([4, 0, 1, 20]) },
    { id: 'b', xor: xor([2, 0, 1, 13]) },
    { id: 'c', xor: xor([1, 0, 1, 8]) },
    { id: 'd', xor: xor([2, 0, 1, 11]) },
  ];
  const input = { capacity: { A: 4 }, bids };
  const solved = solveCase({ mechanism: 'greedy-critical', input });
  t.deepEqual(solved['winners'], ['a']);
  t.deepEqual({ ...(solved['payments'] as object) }, { a: 18.385 });
  t.like(solved, { greedyWelfare: 20, optimalWelfare: 24 });
});

test('case input that makes no sense is refused, whichever key it is in', (t) => {
  const fine = { type: 'A', nodes: 1, start: 0, end: 1, value: 1 };
  const bad: unknown[] = [
    null,
    { capacity: { A: 1 } },
    { capacity: [], bids: [] },
    { capacity: { A: -1 }, bids: [] },
    { capacity: { A: 2 ** 53 }, bids: [] },
    { capacity: { A: 1 }, bids: [{ id: 'b', xor: [] }] },
    { capacity: { A: 1 }, bids: [{ id: '', xor: [fine] }] },
    ...['b', 'b'].map((id) => ({
      capacity: { A: 1 },
      bids: [
        { id, xor: [fine] },
        { id, xor: [fine] },
      ],
    })),
    { capacity: { A: 1 }, bids: [{ id: 'b', xor: new Array(1_000_000).fill(fine) }] },
    { capacity: { A: 1 }, bids: [{ id: 'b', xor: new Array(100).fill(fine) }] },
    ...[
      { nodes: 0 },
      { nodes: 2 ** 53 },
      { end: 0 },
      { start: -1 },
      { end: 1e9 },
      { value: -1 },
      { value: NaN },
      { value: '1' },
      { type: 7 },
    ].map((wrong) => ({ capacity: { A: 1 }, bids: [{ id: 'b', xor: [{ ...fine, ...wrong }] }] })),
  ];
  for (const mechanism of ['combinatorial-vcg', 'greedy-critical']) {
    for (const input of bad) {
      const error = t.throws(() => solveCase({ mechanism, input }), { instanceOf: OcxError });
      t.is(error?.code, 'INPUT_CASE_INVALID');
    }
  }
});
