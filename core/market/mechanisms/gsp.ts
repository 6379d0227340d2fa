/**
 * `gsp`: the generalised second-price auction, for comparison.
 *
 * Paper: Edelman, Ostrovsky & Schwarz, "Internet Advertising and the Generalized Second-Price
 * Auction", Am. Econ. Rev. 97 (2007).
 * Rule: bidders are ranked by what they bid; the one of rank i gets the i-th best place and pays for it
 * the bid of rank i + 1. In a round the places are units, all equally good: those that cross are
 * traded as in `k-double-auction`; every bid pays, a unit, the next lower bid of another organisation,
 * and at least what the dearest unit sold is asked for. Sellers get what they ask and, in equal shares
 * a unit, what is left.
 * Claims: individually rational, strongly budget balanced; efficient on reports for unit demand in one
 * window. Not truthful: the price depends on the rank, and the rank on the own bid.
 * Complexity: O(n log n) a bucket.
 *
 * Example: values of 10, 4 and 2 a click and places with 200 and 100 clicks: payments of 800 and 200,
 * where Vickrey, Clarke and Groves would charge 600 and 200.
 */
import type { Millicredits } from '../../kernel/units.ts';
import { sellCheapest } from '../unit-market/call-auction.ts';
import { BookCrossing } from '../unit-market/crossing.ts';
import { payOut } from '../unit-market/displacement.ts';
import { unitMechanism } from '../unit-market/round.ts';
import { noTrades } from '../unit-market/unit-book.ts';
import type { UnitBook, UnitTrades } from '../unit-market/unit-book.ts';

/** What a rank pays for one unit of quality: the next bid of somebody else, or the least price. */
export function secondPrices(
  bids: readonly { readonly organisation: number; readonly price: Millicredits }[],
  leastPrice: Millicredits,
): Millicredits[] {
  const prices = new Array<Millicredits>(bids.length).fill(leastPrice);
  // The best bid below, and the best one below that is not of the same organisation.
  let next = -1;
  let other = -1;
  for (let i = bids.length - 1; i >= 0; i--) {
    const own = bids[i]!.organisation;
    if (next >= 0 && bids[next]!.organisation !== own) other = next;
    if (other >= 0) prices[i] = Math.max(leastPrice, bids[other]!.price);
    next = i;
  }
  return prices;
}

export const gsp = unitMechanism({
  name: 'gsp',
  version: 1,
  properties: {
    individualRationality: 'always',
    incentiveCompatibility: 'never',
    efficiency: 'unit-demand',
    budgetBalance: 'strong',
    falseNameProofness: 'never',
    gangs: false,
    windows: true,
  },
  isBound: false,
  rule: () => gspTrades,
});

function gspTrades(book: UnitBook): UnitTrades {
  const crossing = new BookCrossing(book);
  const trades = noTrades(book, crossing.broken);
  const prices = crossing.prices();
  if (!prices) return trades;
  const out = new Set(crossing.broken);
  const ranked = [...book.bids.keys()].filter((i) => !out.has(i));
  const pays = secondPrices(
    ranked.map((i) => book.bids[i]!),
    prices.lastAsk,
  );
  for (const { bid, units } of crossing.served) trades.bought[bid] = units;
  ranked.forEach((i, rank) => (trades.paid[i] = trades.bought[i]! * pays[rank]!));
  sellCheapest(book, prices.units, trades);
  payOut(book, trades);
  return trades;
}
