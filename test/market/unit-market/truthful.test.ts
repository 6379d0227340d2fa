/** Truthfulness as deployed: in whole rounds, with the lots as they fall, at every whole price. */
import test from 'ava';
import fc from 'fast-check';
import type { Mechanism } from '../../../core/market/mechanism.ts';
import { kDoubleAuction } from '../../../core/market/mechanisms/k-double-auction.ts';
import { mcafee } from '../../../core/market/mechanisms/mcafee.ts';
import { balancedReduction, sbba } from '../../../core/market/mechanisms/sbba.ts';
import { vcgDoubleAuction } from '../../../core/market/mechanisms/vcg-double-auction.ts';
import type { MarketRound } from '../../../core/market/orders.ts';
import { callTrades } from '../../../core/market/unit-market/call-auction.ts';
import { unitMechanism } from '../../../core/market/unit-market/round.ts';
import { ask, bid, option, round } from '../support/orders.ts';
import { bestPriceLie } from './deviations.ts';

const HIGHEST = 9;
const price = fc.integer({ min: 0, max: HIGHEST });

/** Up to 8 × 8 single units; few prices, so that ties are common. */
const units: fc.Arbitrary<MarketRound> = fc
  .record({
    roundId: fc.nat(1_000),
    values: fc.array(price, { minLength: 1, maxLength: 8 }),
    reserves: fc.array(price, { minLength: 1, maxLength: 8 }),
  })
  .map(({ roundId, values, reserves }) =>
    round(
      values.map((valueMillicredits, i) => bid(`b${i}`, { valueMillicredits })),
      reserves.map((reserveMillicredits, i) => ask(`a${i}`, { reserveMillicredits })),
      { roundId },
    ),
  );

const window = fc.constantFrom({ startSlot: 0, endSlot: 1 }, { startSlot: 1, endSlot: 2 });
/** Several windows, options and units among the others; no gangs. */
const crowded: fc.Arbitrary<MarketRound> = fc
  .record({
    roundId: fc.nat(1_000),
    bids: fc.array(
      fc.record({ value: price, window, nodes: fc.constantFrom(1, 1, 1, 2), hasTwo: fc.boolean() }),
      { minLength: 2, maxLength: 6 },
    ),
    asks: fc.array(
      fc.record({ price, nodes: fc.constantFrom(1, 1, 1, 3), isLong: fc.boolean(), window }),
      { minLength: 2, maxLength: 5 },
    ),
    sameBuyer: fc.boolean(),
  })
  .map(({ roundId, bids, asks, sameBuyer }) =>
    round(
      bids.map(({ value, window: own, nodes, hasTwo }, i) => {
        const valueMillicredits = value * nodes;
        const first = option({ ...own, nodes, minimumNodes: 1, valueMillicredits });
        const late = { ...first, startSlot: 1, endSlot: 2 };
        const organisation = sameBuyer && i < 2 ? 'both' : `buyer ${i}`;
        return bid(
          `b${i}`,
          {},
          { organisation, options: hasTwo && i > 2 ? [first, late] : [first] },
        );
      }),
      asks.map(({ price: reserveMillicredits, nodes, isLong, window: own }, i) =>
        ask(`a${i}`, {
          reserveMillicredits,
          nodes,
          ...own,
          ...(isLong ? { startSlot: 0, endSlot: 2 } : {}),
        }),
      ),
      { roundId },
    ),
  );

function lieIn(mechanism: Mechanism, rounds: fc.Arbitrary<MarketRound>, numRuns: number) {
  const honest = (market: MarketRound) => bestPriceLie(mechanism, market, HIGHEST + 2) === null;
  const { counterexample } = fc.check(fc.property(rounds, honest), { numRuns, seed: 11 });
  return counterexample ? bestPriceLie(mechanism, counterexample[0], HIGHEST + 2) : null;
}

for (const mechanism of [mcafee, sbba, vcgDoubleAuction]) {
  test(`${mechanism.name}: no price pays better than the true one`, (t) => {
    t.is(lieIn(mechanism, units, 40), null);
  });

  test(`${mechanism.name}: nor beside other windows, options and larger orders`, (t) => {
    t.is(lieIn(mechanism, crowded, 60), null);
  });
}

test('a k-double auction is found out', (t) => {
  t.true(lieIn(kDoubleAuction, units, 40)!.gain > 0);
});

test('SBBA without its lots, leaving out the dearest seller, is found out', (t) => {
  const dearest = unitMechanism({
    ...sbba,
    isBound: true,
    rule: () => (book) =>
      callTrades(book, (crossing) => ({ ...balancedReduction(crossing), isDrawn: false })),
  });
  t.regex(lieIn(dearest, units, 40)!.orderId, /^a/);
});

test('a node that may be sold in a second bucket lets its seller gain, and is found out', (t) => {
  const loose = unitMechanism({
    ...vcgDoubleAuction,
    isBound: false,
    rule: () => (book) =>
      callTrades(book, ({ lastAsk, lastBid, nextAsk, nextBid }) => ({
        isReduced: false,
        isDrawn: false,
        buyerPrice: Math.max(lastAsk, nextBid ?? 0),
        sellerPrice: Math.min(lastBid, nextAsk ?? Infinity),
      })),
  });
  t.regex(lieIn(loose, crowded, 100)!.orderId, /^a/);
});

test('the efficient rules find the best gain of 8 × 8 units', (t) => {
  fc.assert(
    fc.property(units, (market) => {
      const best = bestGain(market);
      return [kDoubleAuction, vcgDoubleAuction].every(
        (mechanism) => mechanism.clear(market, {}, {}).clearing.welfareMillicredits === best,
      );
    }),
    { numRuns: 200 },
  );
  t.pass();
});

test('the reductions lose at most one trade of k', (t) => {
  fc.assert(
    fc.property(units, (market) => {
      const best = bestGain(market);
      const k = kDoubleAuction.clear(market, {}, {}).clearing.fills.length;
      const { welfareMillicredits } = mcafee.clear(market, {}, {}).clearing;
      return k === 0 || welfareMillicredits * k >= best * (k - 1);
    }),
    { numRuns: 200 },
  );
  t.pass();
});

/** By trying every set of buyers with every set of as many sellers. */
function bestGain({ bids, asks }: MarketRound): number {
  const best = (values: readonly number[], count: number, sign: 1 | -1): number => {
    let most = -Infinity;
    for (let set = 0; set < 1 << values.length; set++) {
      let size = 0;
      let sum = 0;
      values.forEach((value, i) => {
        if (set & (1 << i)) {
          size += 1;
          sum += sign * value;
        }
      });
      if (size === count && sum > most) most = sum;
    }
    return most;
  };
  const values = bids.map(({ options }) => options[0]!.valueMillicredits);
  const reserves = asks.map(({ reserveMillicredits }) => reserveMillicredits);
  let most = 0;
  for (let k = 1; k <= Math.min(values.length, reserves.length); k++) {
    most = Math.max(most, best(values, k, 1) + best(reserves, k, -1));
  }
  return most;
}
