import test from 'ava';
import fc from 'fast-check';
import { checkClearing } from '../../../core/market/clearing/check.ts';
import { drf } from '../../../core/market/mechanisms/drf.ts';
import { priorityPreemptive } from '../../../core/market/mechanisms/priority-preemptive.ts';
import { spotPreemptible, spotPrice } from '../../../core/market/mechanisms/spot-preemptible.ts';
import type { MarketRound, StandingLease } from '../../../core/market/orders.ts';
import { mixedRound } from '../support/arbitraries.ts';
import { clear, isDeterministic } from '../support/conformance.ts';
import { ask, bid, lease, round } from '../support/orders.ts';

const MEMBERS = [
  { organisation: 'government', contributedNodes: 4, priority: 3 },
  { organisation: 'cloud', contributedNodes: 4, priority: 2 },
  { organisation: 'batch', contributedNodes: 4, priority: 0 },
  { organisation: 'other batch', contributedNodes: 4, priority: 0 },
];

test('priorities: the example', (t) => {
  const standing = [lease('c1', { buyer: 'batch', nodes: 2, endSlot: 4, resaleSlot: 1 })];
  const cleared = (organisation: string, startSlot: number) =>
    clear(
      priorityPreemptive,
      round([bid('b', { nodes: 2, startSlot, endSlot: 3 }, { organisation })], [], {
        members: MEMBERS,
        standing,
      }),
    );
  const won = cleared('cloud', 1);
  t.deepEqual(won.preempted, ['c1']);
  t.deepEqual(won.fills[0]!.parts, [{ askId: 'c1', nodes: 2 }]);
  t.deepEqual(cleared('cloud', 0).fills, []);
  t.deepEqual(cleared('other batch', 1).fills, []);
  t.is(cleared('cloud', 0).preempted, undefined);
});

test('priorities: as few contracts as are needed, the lowest rank and the youngest first', (t) => {
  const standing = [
    lease('c1', { buyer: 'cloud', nodes: 4 }),
    lease('c2', { buyer: 'batch', nodes: 2 }),
    lease('c9', { buyer: 'batch', nodes: 2 }),
    lease('c10', { buyer: 'batch', nodes: 3 }),
    lease('c11', { buyer: 'batch', nodes: 9, preemptible: false }),
  ];
  const preempted = (nodes: number) => {
    const wanted = bid('b', { nodes, startSlot: 1, endSlot: 2 }, { organisation: 'government' });
    const orders = round([wanted], [], { members: MEMBERS, standing });
    return clear(priorityPreemptive, orders).preempted;
  };
  t.deepEqual(preempted(3), ['c10']);
  t.deepEqual(preempted(5), ['c10', 'c9']);
  // All of batch is not enough; then the youngest of batch that the cloud's nodes leave needed.
  t.deepEqual(preempted(8), ['c1', 'c10', 'c9']);
  t.is(preempted(12), undefined);
});

test('priorities: nodes beyond what was needed are there for others', (t) => {
  const orders = round(
    [
      bid('emergency', { nodes: 2, startSlot: 1, endSlot: 2 }, { organisation: 'government' }),
      bid('queued', { nodes: 3, startSlot: 1, endSlot: 2 }, { organisation: 'other batch' }),
    ],
    [],
    { members: MEMBERS, standing: [lease('c1', { buyer: 'batch', nodes: 5 })] },
  );
  t.is(clear(priorityPreemptive, orders).fills.length, 2);
});

test('spot: the rule for the price', (t) => {
  t.is(spotPrice(5, 2, 7), 5);
  t.is(spotPrice(12, 2, 9), 9);
  t.is(spotPrice(5, 2, -Infinity), 2);
  t.is(spotPrice(Infinity, 2, -Infinity), 2);
});

test('spot: the first round of the case as a round of the market', (t) => {
  const want = (id: string, nodes: number, price: number) =>
    bid(id, { nodes, valueMillicredits: nodes * price });
  const orders = round(
    [want('a', 3, 12), want('b', 2, 9), want('c', 4, 7), want('d', 2, 5)],
    [ask('n', { nodes: 8, reserveMillicredits: 2 })],
  );
  const { fills, prices } = clear(spotPreemptible, orders);
  t.deepEqual(
    fills.map(({ bidId, paymentMillicredits }) => [bidId, paymentMillicredits]),
    [
      ['a', 15],
      ['b', 10],
      ['d', 10],
    ],
  );
  t.is(prices[0]!.millicreditsPerNodeSlot, 5);
});

test('spot: a strictly higher bid takes the nodes of the lowest, and pays what that one bid', (t) => {
  const standing = [
    lease('c1', { nodes: 2, endSlot: 3, valueMillicredits: 6 * 9 }),
    lease('c2', { nodes: 2, endSlot: 3, valueMillicredits: 6 * 4 }),
  ];
  const at = (price: number) => {
    const wanted = bid('b', { nodes: 2, startSlot: 1, endSlot: 2, valueMillicredits: 2 * price });
    return clear(spotPreemptible, round([wanted], [], { standing }));
  };
  t.deepEqual(at(4).fills, []);
  t.deepEqual(at(7).preempted, ['c2']);
  t.is(at(7).fills[0]!.paymentMillicredits, 2 * 4);
  t.deepEqual([...at(7).receipts], [['c2', 8]]);
});

test('spot: no owner sells under its reserve, and a low bid keeps no dear node sold', (t) => {
  const orders = round(
    [
      bid('high', { nodes: 2, valueMillicredits: 20 }),
      bid('low', { nodes: 1, valueMillicredits: 3 }),
    ],
    [ask('cheap', { reserveMillicredits: 2, nodes: 1 }), ask('dear', { reserveMillicredits: 6 })],
  );
  const { fills, receipts } = clear(spotPreemptible, orders);
  t.deepEqual(
    fills.map(({ bidId }) => bidId),
    ['high'],
  );
  t.deepEqual([...receipts].sort(), [
    ['cheap', 6],
    ['dear', 6],
  ]);
});

/** Rounds in which leases of all sorts are under way. */
const withStanding: fc.Arbitrary<MarketRound> = fc
  .record({
    orders: mixedRound,
    leases: fc.array(
      fc.record({
        buyer: fc.constantFrom('alpha', 'beta', 'gamma'),
        seller: fc.constantFrom('delta', 'epsilon', 'zeta'),
        nodeClass: fc.constantFrom('A', 'B'),
        nodes: fc.integer({ min: 1, max: 5 }),
        endSlot: fc.integer({ min: 1, max: 6 }),
        resaleSlot: fc.integer({ min: 0, max: 3 }),
        valueMillicredits: fc.nat(8_000),
        preemptible: fc.boolean(),
        reserveMillicredits: fc.nat(600),
        recall: fc.constantFrom(null, { noticeMs: 0, penaltyPartsPerMillion: 0 }),
      }),
      { maxLength: 6 },
    ),
    ranks: fc.array(fc.nat(3), { minLength: 3, maxLength: 3 }),
  })
  .map(({ orders, leases, ranks }) => ({
    ...orders,
    members: ['alpha', 'beta', 'gamma'].map((organisation, i) => ({
      organisation,
      contributedNodes: i,
      priority: ranks[i]!,
    })),
    standing: leases.map((of, i) => lease(`c${i}`, of)),
  }));

for (const mechanism of [priorityPreemptive, spotPreemptible, drf]) {
  test(`${mechanism.name} clears rounds with leases under way feasibly and in one way`, (t) => {
    let preempting = 0;
    fc.assert(
      fc.property(withStanding, (orders) => {
        const clearing = clear(mechanism, orders);
        if (clearing.preempted) preempting += 1;
        const verdict = checkClearing(orders, clearing, mechanism.properties);
        return verdict === null && isDeterministic(mechanism, orders) === null;
      }),
      { numRuns: 400, seed: 5 },
    );
    if (mechanism === drf) t.is(preempting, 0);
    else t.true(preempting >= 20, `${preempting} rounds in which somebody is preempted`);
  });
}

test('nobody is preempted by an equal, in rank or in price', (t) => {
  let taken = 0;
  for (const orders of fc.sample(withStanding, { numRuns: 300, seed: 9 })) {
    const rank = (name: string) =>
      orders.members!.find(({ organisation }) => organisation === name)?.priority ?? 0;
    const victims = (preempted: readonly string[] = []) =>
      orders.standing!.filter(({ contractId }) => preempted.includes(contractId));
    const byRank = clear(priorityPreemptive, orders);
    const highest = Math.max(-1, ...orders.bids.map(({ organisation }) => rank(organisation)));
    for (const { buyer } of victims(byRank.preempted)) t.true(rank(buyer) < highest);
    const byPrice = clear(spotPreemptible, orders);
    for (const victim of victims(byPrice.preempted)) {
      const own = victim.valueMillicredits / (victim.nodes * (victim.endSlot - victim.startSlot));
      const takers = byPrice.fills.filter(({ parts }) =>
        parts.some(({ askId }) => askId === victim.contractId),
      );
      const bids = takers.map(({ bidId, optionIndex }) => {
        const { valueMillicredits, nodes, startSlot, endSlot } = orders.bids.find(
          (taker) => taker.bidId === bidId,
        )!.options[optionIndex]!;
        return valueMillicredits / (nodes * (endSlot - startSlot));
      });
      taken += 1;
      // What is left of its nodes may go to others.
      t.true(Math.max(...bids) > Math.floor(own));
    }
  }
  t.true(taken > 0);
});

test('a clearing that preempts what it may not, or for nothing, is refused', (t) => {
  const standing: StandingLease[] = [
    lease('c1', { nodes: 2, resaleSlot: 1 }),
    lease('c2', { nodes: 2, preemptible: false }),
    lease('c3', { nodes: 2, resaleSlot: 9 }),
  ];
  const orders = round(
    [bid('b', { nodes: 2, startSlot: 1, endSlot: 2, valueMillicredits: 10 })],
    [],
    {
      standing,
    },
  );
  const right = clear(spotPreemptible, orders);
  const verdict = (change: object) =>
    checkClearing(orders, { ...right, ...change }, spotPreemptible.properties)?.message ?? null;
  const using = (askId: string) => [{ ...right.fills[0]!, parts: [{ askId, nodes: 2 }] }];
  t.is(verdict({}), null);
  t.regex(verdict({ preempted: [] })!, /uses no ask/);
  t.regex(verdict({ preempted: undefined })!, /uses no ask/);
  t.regex(verdict({ preempted: ['c1', 'c1'] })!, /twice/);
  t.regex(verdict({ preempted: ['c1', 'c2'] })!, /c2 may not be preempted/);
  t.regex(verdict({ preempted: ['c2'], fills: using('c2') })!, /uses no ask/);
  t.regex(verdict({ preempted: ['c3'], fills: using('c3') })!, /uses no ask/);
  t.regex(verdict({ preempted: ['c1', 'c9'] })!, /c9 may not/);
  const idle = { fills: [], receipts: new Map(), welfareMillicredits: 0, surplusMillicredits: 0 };
  const nothing = { ...idle, prices: [{ nodeClass: 'A', millicreditsPerNodeSlot: null }] };
  t.regex(verdict({ ...nothing, preempted: ['c1'] })!, /for nothing/);
  const early = round([bid('b', { nodes: 2, startSlot: 0, endSlot: 2 })], [], { standing });
  t.regex(checkClearing(early, right, spotPreemptible.properties)!.message, /beyond the window/);
});
