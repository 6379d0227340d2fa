import test from 'ava';
import fc from 'fast-check';
import { Absence } from '../../../core/market/clearing/absence.ts';
import { compileRound } from '../../../core/market/clearing/instance.ts';
import { searchAllocation } from '../../../core/market/clearing/search.ts';
import { thresholdDiscounts } from '../../../core/market/clearing/threshold-payments.ts';
import { exchangeThreshold } from '../../../core/market/mechanisms/exchange-threshold.ts';
import type { MarketRound } from '../../../core/market/orders.ts';
import { bruteForceWelfare } from '../support/brute-force.ts';
import { ask, bid, round } from '../support/orders.ts';
import { randomRound } from '../support/random-round.ts';

const TINY = {
  bids: 4,
  optionsPerBid: 2,
  slots: 4,
  classes: 2,
  nodesPerClass: 5,
  asksPerClass: 2,
  largestGang: 3,
  longestWindow: 3,
  scalableShare: 0.5,
  mixedTerms: false,
  crossClass: true,
  organisations: 6,
};

/** The worked problem of Parkes, Kalagnanam & Eso, in millicredits. */
const parkes = round(
  [
    bid('b1', { nodes: 2, valueMillicredits: 51_000 }),
    bid('b2', { nodes: 2, valueMillicredits: 40_000 }),
  ],
  [ask('s1', { reserveMillicredits: 10_000 }), ask('s2', { reserveMillicredits: 5_000 })],
);

const traders = fc.array(
  fc.tuple(fc.nat(1_000), fc.nat(1_000)).map(([a, b]) => ({
    vickrey: Math.min(a, b),
    most: Math.max(a, b),
  })),
  { minLength: 1, maxLength: 12 },
);

test('the worked problem of Parkes, Kalagnanam and Eso comes out exactly', (t) => {
  const { clearing } = exchangeThreshold.clear(parkes, {}, {});
  t.is(clearing.welfareMillicredits, 36_000);
  t.deepEqual(
    clearing.fills.map(({ bidId, paymentMillicredits }) => [bidId, paymentMillicredits]),
    [['b1', 51_000]],
  );
  t.deepEqual([...clearing.receipts].sort(), [
    ['s1', 28_000],
    ['s2', 23_000],
  ]);
  t.is(clearing.search!.thresholdMillicredits, 18_000);
  t.is(clearing.surplusMillicredits, 0);
});

test('discounts add up to the surplus, to the millicredit, and stay within their limits', (t) => {
  fc.assert(
    fc.property(traders, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
      const total = Math.floor(share * list.reduce((sum, { most }) => sum + most, 0));
      const { discounts } = thresholdDiscounts(list, total);
      const sum = discounts.reduce((a, b) => a + b, 0);
      return (
        sum === total &&
        discounts.every((discount, i) => discount >= 0 && discount <= list[i]!.most)
      );
    }),
  );
  t.pass();
});

test('among balanced discounts these have the smallest largest shortfall', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(8), { minLength: 1, maxLength: 4 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (vickrey, share) => {
        const total = Math.floor(share * vickrey.reduce((a, b) => a + b, 0));
        const list = vickrey.map((value) => ({ vickrey: value, most: value }));
        const { discounts } = thresholdDiscounts(list, total);
        const shortfall = Math.max(...vickrey.map((value, i) => value - discounts[i]!));
        return shortfall === leastShortfall(vickrey, total, 0, 0);
      },
    ),
  );
  t.pass();
});

/** By trying all ways to hand out `left`. */
function leastShortfall(
  vickrey: readonly number[],
  left: number,
  next: number,
  worst: number,
): number {
  if (next === vickrey.length) return left === 0 ? worst : Infinity;
  let least = Infinity;
  for (let discount = 0; discount <= Math.min(left, vickrey[next]!); discount++) {
    const shortfall = Math.max(worst, vickrey[next]! - discount);
    least = Math.min(least, leastShortfall(vickrey, left - discount, next + 1, shortfall));
  }
  return least;
}

test('a buyer alone with its sellers shares the surplus as the exact rule says', (t) => {
  // Against W(−i) by brute force: exact, because the refill is optimal on so small a round.
  for (const reserve of [0, 3, 7]) {
    const orders: MarketRound = round(
      [bid('b1', { valueMillicredits: 20 }), bid('b2', { valueMillicredits: 12 })],
      [ask('s1', { reserveMillicredits: reserve }), ask('s2', { reserveMillicredits: 9 })],
    );
    const best = bruteForceWelfare(orders);
    const without = (id: string) =>
      best -
      bruteForceWelfare({
        ...orders,
        bids: orders.bids.filter(({ bidId }) => bidId !== id),
        asks: orders.asks.filter(({ askId }) => askId !== id),
      });
    const vickrey = ['b1', 'b2', 's1', 's2'].map(without);
    const c = exactThreshold(vickrey, best);
    const { clearing } = exchangeThreshold.clear(orders, {}, {});
    t.is(clearing.welfareMillicredits, best);
    for (const { bidId, paymentMillicredits } of clearing.fills) {
      const i = bidId === 'b1' ? 0 : 1;
      const value = orders.bids[i]!.options[0]!.valueMillicredits;
      const discount = value - paymentMillicredits;
      t.true(Math.abs(discount - Math.max(0, vickrey[i]! - c)) <= 1, `${bidId}: ${discount}`);
    }
  }
});

test('what the welfare loses without a trader is never put too low, and seldom too high', (t) => {
  let traders = 0;
  let exact = 0;
  for (let seed = 0; seed < 120; seed++) {
    const tiny = randomRound({ ...TINY, mixedTerms: seed % 3 === 0 }, seed);
    const instance = compileRound(tiny, 'id', 'cheapest');
    const search = searchAllocation(instance, 500, tiny.seed);
    const best = bruteForceWelfare(tiny);
    t.is(search.allocation.welfare, best);
    const absence = new Absence(search);
    const compare = (loss: number, without: MarketRound) => {
      const truth = best - bruteForceWelfare(without);
      t.true(loss >= truth, `seed ${seed}`);
      traders += 1;
      if (loss === truth) exact += 1;
    };
    tiny.bids.forEach((order, b) => {
      if (search.allocation.optionOf[b] === -1) return;
      const bids = tiny.bids.filter((other) => other !== order);
      compare(absence.lossWithoutBid(b), { ...tiny, bids });
    });
    for (const [owner, name] of instance.organisations.entries()) {
      const asks = tiny.asks.filter(({ organisation }) => organisation !== name);
      compare(absence.lossWithoutSeller(owner).loss, { ...tiny, asks });
    }
    t.is(search.allocation.welfare, best, 'everything was put back');
  }
  t.true(exact >= 0.85 * traders, `exact for ${exact} of ${traders}`);
});

/** C with Σ max(0, Δ − C) = W, by bisection in real numbers. */
function exactThreshold(vickrey: readonly number[], total: number): number {
  let [low, high] = [-total, Math.max(...vickrey)];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    const sum = vickrey.reduce((s, value) => s + Math.max(0, value - middle), 0);
    if (sum >= total) low = middle;
    else high = middle;
  }
  return low;
}
