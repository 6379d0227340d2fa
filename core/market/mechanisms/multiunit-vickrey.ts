/**
 * `multiunit-vickrey`: every buyer pays what its units would have been worth to the others.
 *
 * Paper: Vickrey, "Counterspeculation, Auctions, and Competitive Sealed Tenders", J. Finance 16
 * (1961), for several units of one good.
 * Rule: the units that cross trade, as in `k-double-auction`. An organisation that won q units pays
 * for the q best other uses of them: losing units of other buyers at their bids, and units that would
 * then not be sold at what their owners ask. Sellers get what they ask and, in equal shares a unit,
 * what is left.
 *
 * Claims: individually rational, strongly budget balanced; efficient on reports for unit demand in
 * one window. Truthful *for buyers* with diminishing returns who want nodes of one class in one window
 * on the same terms, in prices and in quantities; sellers have a reason to ask for more. A gang is not
 * of that kind, so nothing is claimed where gangs are bid. Not false-name-proof: several names do not
 * count each other's losing units as their own.
 * Complexity: O(n log n) a bucket, and winners × losing orders at worst.
 *
 * Example: whoever won five units, where two of its own lose at 200, six of somebody else's at 400,
 * and all the rest may be had for 500 from a reserve, in this order, pays 5 × 400 = 2,000.
 */
import { BookCrossing } from '../unit-market/crossing.ts';
import { sellCheapest } from '../unit-market/call-auction.ts';
import { displacement, payOut, splitOver, tradersOf } from '../unit-market/displacement.ts';
import type { LosingUnits } from '../unit-market/displacement.ts';
import { unitMechanism } from '../unit-market/round.ts';
import { noTrades } from '../unit-market/unit-book.ts';
import type { UnitBook, UnitTrades } from '../unit-market/unit-book.ts';

export const multiunitVickrey = unitMechanism({
  name: 'multiunit-vickrey',
  version: 1,
  properties: {
    individualRationality: 'always',
    incentiveCompatibility: 'diminishing-returns',
    truthfulSide: 'buyers',
    efficiency: 'unit-demand',
    budgetBalance: 'strong',
    falseNameProofness: 'never',
    gangs: false,
    windows: true,
  },
  isBound: true,
  rule: () => vickreyTrades,
});

function vickreyTrades(book: UnitBook): UnitTrades {
  const crossing = new BookCrossing(book);
  const trades = noTrades(book, crossing.broken);
  const prices = crossing.prices();
  if (!prices) return trades;
  for (const { bid, units } of crossing.served) trades.bought[bid] = units;
  sellCheapest(book, prices.units, trades);
  const uses = otherUses(book, trades);
  for (const [organisation, { places, units }] of tradersOf(book.bids, trades.bought)) {
    const { worth } = displacement(uses, organisation, units);
    splitOver(worth, places, trades.bought, trades.paid);
  }
  payOut(book, trades);
  return trades;
}

/** Other uses of the units sold, best first: those of losing bids, and keeping them. */
function otherUses({ bids, asks }: UnitBook, { bought, sold, broken }: UnitTrades): LosingUnits[] {
  const out = new Set(broken);
  const uses: LosingUnits[] = [];
  bids.forEach((bid, i) => {
    const units = bid.units - bought[i]!;
    if (units > 0 && !out.has(i)) uses.push({ ...bid, units });
  });
  asks.forEach(({ price }, i) => {
    if (sold[i]! > 0) uses.push({ organisation: null, units: sold[i]!, price });
  });
  return uses.sort((a, b) => b.price - a.price);
}
