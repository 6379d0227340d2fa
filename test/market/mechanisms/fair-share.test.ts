import test from 'ava';
import fc from 'fast-check';
import { solveCase } from '../../../core/market/cases/registry.ts';
import { drf } from '../../../core/market/mechanisms/drf.ts';
import { karma, karmaQuantum } from '../../../core/market/mechanisms/karma.ts';
import {
  proportionalShare,
  proportionalShares,
} from '../../../core/market/mechanisms/proportional-share.ts';
import type { MarketRound } from '../../../core/market/orders.ts';
import { mixedRound } from '../support/arbitraries.ts';
import { clear } from '../support/conformance.ts';
import { ask, bid, round } from '../support/orders.ts';

const member = (organisation: string, contributedNodes: number) => ({
  organisation,
  contributedNodes,
  priority: 0,
});
/** Work that scales, of an organisation. */
const scalable = (organisation: string, nodes: number, endSlot = 1) =>
  bid(`${organisation}'s`, { nodes, minimumNodes: 1, endSlot }, { organisation });

function nodesOf(orders: MarketRound, mechanism = drf): Record<string, number> {
  const nodes: Record<string, number> = {};
  for (const fill of clear(mechanism, orders).fills) {
    const { organisation } = orders.bids.find(({ bidId }) => bidId === fill.bidId)!;
    nodes[organisation] = (nodes[organisation] ?? 0) + fill.nodes;
  }
  return nodes;
}

test('drf: the example of the paper', (t) => {
  const input = { capacity: [9, 18], demandPerTask: { A: [1, 4], B: [3, 1] } };
  t.deepEqual({ ...(solveCase({ mechanism: 'drf', input })['tasks'] as object) }, { A: 3, B: 2 });
});

/** The largest sorted vector of dominant shares of all whole allocations, by trying them all. */
function leximin(capacity: readonly number[], demands: readonly (readonly number[])[]): number[] {
  let best: number[] = [];
  const tryUser = (u: number, left: readonly number[], shares: readonly number[]): void => {
    if (u === demands.length) {
      const sorted = [...shares].sort((a, b) => a - b);
      const at = sorted.findIndex((share, i) => Math.abs(share - (best[i] ?? -1)) > 1e-12);
      if (at >= 0 && sorted[at]! > (best[at] ?? -1)) best = sorted;
      return;
    }
    for (let tasks = 0; ; tasks++) {
      const after = left.map((amount, r) => amount - tasks * demands[u]![r]!);
      if (after.some((amount) => amount < 0)) return;
      const share = Math.max(...demands[u]!.map((amount, r) => (tasks * amount) / capacity[r]!));
      tryUser(u + 1, after, [...shares, share]);
    }
  };
  tryUser(0, capacity, []);
  return best;
}

test('drf: progressive filling gives the least served what trying everything gives them', (t) => {
  const amount = fc.integer({ min: 1, max: 4 });
  const market = fc.record({
    capacity: fc.tuple(fc.integer({ min: 4, max: 12 }), fc.integer({ min: 4, max: 12 })),
    demands: fc.array(fc.tuple(amount, amount), { minLength: 2, maxLength: 3 }),
  });
  let equal = 0;
  const samples = fc.sample(market, { numRuns: 200, seed: 3 });
  for (const { capacity, demands } of samples) {
    const demandPerTask = Object.fromEntries(demands.map((demand, i) => [`u${i}`, demand]));
    const found = solveCase({ mechanism: 'drf', input: { capacity, demandPerTask } });
    const shares = Object.values(found['dominantShare'] as Record<string, number>);
    const best = leximin(capacity, demands);
    shares.sort((a, b) => a - b);
    // Whole tasks: filling may end one task short of the best, never above it.
    t.true(shares[0]! <= best[0]! + 1e-12);
    if (shares.every((share, i) => Math.abs(share - best[i]!) < 1e-12)) equal += 1;
  }
  t.true(equal >= 150, `${equal} of ${samples.length} are the leximin`);
});

test('drf: nodes are shared in proportion to what was contributed', (t) => {
  const orders = round([scalable('small', 9), scalable('large', 9)], [ask('a', { nodes: 9 })], {
    members: [member('large', 20), member('small', 10)],
  });
  t.deepEqual(nodesOf(orders), { large: 6, small: 3 });
  t.deepEqual(nodesOf({ ...orders, members: [] }), { large: 5, small: 4 });
});

test('drf: of two classes, each organisation gets more of the one that it alone wants', (t) => {
  const want = (organisation: string, nodeClass: string) =>
    bid(`${organisation} ${nodeClass}`, { nodes: 8, minimumNodes: 1, nodeClass }, { organisation });
  const orders = round(
    [want('x', 'A'), want('x', 'B'), want('y', 'A')],
    [ask('a', { nodes: 8 }), ask('b', { nodes: 8, nodeClass: 'B' })],
  );
  const { fills } = clear(drf, orders);
  t.deepEqual(
    fills.map(({ bidId, nodes }) => [bidId, nodes]),
    [
      ['x A', 4],
      ['x B', 8],
      ['y A', 4],
    ],
  );
});

test('drf: a gang gets all its nodes or none and holds nobody up', (t) => {
  const orders = round(
    [bid('gang', { nodes: 5 }, { organisation: 'a' }), scalable('b', 4)],
    [ask('n', { nodes: 4 })],
  );
  t.deepEqual(nodesOf(orders), { b: 4 });
});

test('karma: the example, and its second and third quantum', (t) => {
  const users = [4, 1, 1].map((demand) => ({ demand, credits: 10, allocation: 0 }));
  karmaQuantum(users, 6, 0.5);
  t.deepEqual(
    users.map(({ credits }) => credits),
    [8, 11, 11],
  );
  t.deepEqual(
    users.map(({ allocation }) => allocation),
    [4, 1, 1],
  );
});

test('karma: no slice is idle that somebody with credits needs, and none is given twice', (t) => {
  const user = fc.record({ demand: fc.nat(9), credits: fc.nat(6) });
  fc.assert(
    fc.property(
      fc.array(user, { minLength: 1, maxLength: 5 }),
      fc.nat(4),
      fc.constantFrom(0, 0.5, 1),
      (list, share, alpha) => {
        const slices = 2 * share * list.length;
        const users = list.map((of) => ({ ...of, allocation: 0 }));
        karmaQuantum(users, slices, alpha);
        const given = users.reduce((sum, { allocation }) => sum + allocation, 0);
        const isShort = users.some((u) => u.allocation < u.demand && u.credits > 0);
        return (
          given <= slices && (!isShort || given === slices) && users.every((u) => u.credits >= 0)
        );
      },
    ),
  );
  t.pass();
});

test('karma: credits move from borrowers to those who lend more than their shared part', (t) => {
  const members = [member('lender', 4), member('poor', 4), member('rich', 4)];
  const orders = round(
    [scalable('poor', 4), scalable('rich', 4)],
    [ask('n', { organisation: 'lender', nodes: 4 })],
    { members },
  );
  const state = { 'credits/lender': 10, 'credits/poor': 3, 'credits/rich': 6 };
  const { clearing, state: after } = karma.clear(orders, { alpha: 0.5 }, state);
  // Rich pays down to poor's credits first, then they take turns, the lower name first.
  t.deepEqual(
    clearing.fills.map(({ bidId, nodes }) => [bidId, nodes]),
    [
      ["poor's", 1],
      ["rich's", 3],
    ],
  );
  // Two of the four nodes are shared, for two free credits; the other two are donated.
  t.deepEqual({ ...after }, { 'credits/lender': 14, 'credits/poor': 2, 'credits/rich': 3 });
});

test('karma: whoever has no credits left borrows nothing, and newcomers start with the mean', (t) => {
  const orders = round(
    [scalable('a', 4), bid('gang', { nodes: 2, endSlot: 2 }, { organisation: 'b' })],
    [ask('n', { organisation: 'c', nodes: 4, endSlot: 2 })],
    { members: [member('a', 0), member('b', 0), member('c', 0), member('new', 0)] },
  );
  const state = { 'credits/a': 0, 'credits/b': 3, 'credits/c': 6 };
  const { clearing, state: after } = karma.clear(orders, {}, state);
  t.deepEqual(clearing.fills, []);
  t.is(after['credits/new'], 3);
});

test('karma: the poorest lender’s donated nodes are used first', (t) => {
  const lend = (organisation: string) => ask(organisation, { organisation, nodes: 3 });
  const orders = round([scalable('borrower', 2)], [lend('wealthy'), lend('needy')], {
    members: [member('wealthy', 0), member('needy', 0), member('borrower', 9)],
  });
  const state = { 'credits/wealthy': 9, 'credits/needy': 5, 'credits/borrower': 9 };
  const { clearing } = karma.clear(orders, {}, state);
  t.deepEqual(clearing.fills[0]!.parts, [{ askId: 'needy', nodes: 2 }]);
});

test('proportional share: the example', (t) => {
  t.deepEqual(proportionalShares(16, [6, 2, 0]), [12, 4, 0]);
  t.deepEqual(proportionalShares(16, [0, 0]), [0, 0]);
});

test('proportional share: whole nodes by largest remainder, payments exact', (t) => {
  const want = (id: string, valueMillicredits: number) =>
    bid(id, { nodes: 10, minimumNodes: 1, valueMillicredits });
  // Shares of seven nodes: 3.5, 2.1, 1.4: the node left over goes to the first.
  const orders = round(
    [want('x', 1_000), want('y', 600), want('z', 400)],
    [ask('n', { nodes: 7 })],
  );
  const { fills, surplusMillicredits } = clear(proportionalShare, orders);
  t.deepEqual(
    fills.map(({ bidId, nodes, paymentMillicredits }) => [bidId, nodes, paymentMillicredits]),
    // A node costs 2,000 / 7; nobody pays more than its money.
    [
      ['x', 4, 1_000],
      ['y', 2, 571],
      ['z', 1, 285],
    ],
  );
  t.is(surplusMillicredits, 0);
});

test('proportional share: what nobody would sell at its price is not sold', (t) => {
  const cheap = ask('cheap', { nodes: 2, reserveMillicredits: 100 });
  const dear = ask('dear', { nodes: 2, reserveMillicredits: 501 });
  const orders = round(
    [bid('b', { nodes: 4, minimumNodes: 1, valueMillicredits: 1_000 })],
    [cheap, dear],
  );
  t.deepEqual(clear(proportionalShare, orders).fills[0]!.parts, [{ askId: 'cheap', nodes: 2 }]);
});

test('proportional share: nobody pays more than it has', (t) => {
  fc.assert(
    fc.property(mixedRound, (orders) =>
      clear(proportionalShare, orders).fills.every(
        ({ bidId, optionIndex, paymentMillicredits }) => {
          const { options } = orders.bids.find((own) => own.bidId === bidId)!;
          return paymentMillicredits <= options[optionIndex]!.valueMillicredits;
        },
      ),
    ),
  );
  t.pass();
});

test('a million nodes asked for one by one are granted in a few steps', (t) => {
  const orders = round(
    Array.from({ length: 50 }, (_, i) => scalable(`o${i}`, 1_000_000)),
    [ask('n', { nodes: 1_000_000 })],
  );
  for (const mechanism of [drf, karma, proportionalShare]) {
    const { fills } = clear(mechanism, orders);
    const nodes = fills.reduce((sum, fill) => sum + fill.nodes, 0);
    t.true(nodes > 900_000, `${mechanism.name} granted ${nodes}`);
  }
});
