/**
 * `mcafee`: the dominant-strategy double auction by trade reduction.
 *
 * Paper: McAfee, "A Dominant Strategy Double Auction", J. Econ. Theory 56 (1992).
 * Rule for one unit a trader: k, b(k), s(k) as in `k-double-auction`, p = (b(k+1) + s(k+1)) / 2,
 * rounded down. If s(k) ≤ p ≤ b(k), all k trade at p. Otherwise, and where there is no rank k + 1,
 * k − 1 trade: buyers pay b(k), sellers get s(k), and the exchange keeps the difference.
 *
 * Who may ask for several units could pay for one that is of no use in order to move the price of
 * another, so in a bucket in which anybody has several the rule goes by organisations: the one that
 * bids b(k) does not buy, the one that asks s(k) does not sell, prices are b(k) and s(k). Where that
 * leaves more units on one side, its organisations trade in the order of their lots.
 *
 * Claims: individually rational; weakly budget balanced. Truthful for *unit demand*: a trader with
 * one order for one node, in one window with one option, gains by no price, no number of nodes and no
 * withholding, whatever the others are; but it is taken not to pretend to another window, and a
 * trader with several units may gain by holding one back. Loses at most 1/k of the gain where
 * everybody has one unit; with one buyer or one seller there is no trade. Not false-name-proof: a
 * second name may bring a price down.
 * Complexity: as `k-double-auction`.
 *
 * Parameter `byUnit`: 1 ranks units whoever owns them, by McAfee's rule for single units. That trades
 * where one organisation is alone on its side, and nothing is claimed for truthfulness then.
 *
 * Example: bids 9 and 8, asks 4 and 3: there is no third rank, so b1 buys from s2, pays 8, and s2
 * gets 4.
 */
import { callTrades, sellCheapest } from '../unit-market/call-auction.ts';
import type { CallPrices } from '../unit-market/call-auction.ts';
import { BookCrossing } from '../unit-market/crossing.ts';
import type { Crossing } from '../unit-market/crossing.ts';
import { unitMechanism } from '../unit-market/round.ts';
import { noTrades, sumOf } from '../unit-market/unit-book.ts';
import type { UnitAsk, UnitBook, UnitTrades } from '../unit-market/unit-book.ts';

/** McAfee's rule for traders of one unit. */
export function tradeReduction(crossing: Crossing): CallPrices {
  const { lastBid, lastAsk, nextBid, nextAsk } = crossing;
  if (nextBid !== null && nextAsk !== null) {
    const price = Math.floor((nextBid + nextAsk) / 2);
    if (lastAsk <= price && price <= lastBid) {
      return { isReduced: false, isDrawn: false, buyerPrice: price, sellerPrice: price };
    }
  }
  return { isReduced: true, isDrawn: false, buyerPrice: lastBid, sellerPrice: lastAsk };
}

export const mcafee = unitMechanism({
  name: 'mcafee',
  version: 1,
  properties: {
    individualRationality: 'always',
    incentiveCompatibility: 'unit-demand',
    efficiency: 'never',
    budgetBalance: 'weak',
    falseNameProofness: 'never',
    gangs: false,
    windows: true,
  },
  isBound: true,
  rule: (parameters) => {
    const byUnit = parameters['byUnit'] === 1;
    return (book) =>
      byUnit || (isOneEach(book.bids) && isOneEach(book.asks))
        ? callTrades(book, tradeReduction)
        : reduceByOrganisation(book);
  },
});

function isOneEach(orders: readonly Pick<UnitAsk, 'organisation' | 'units'>[]): boolean {
  const seen = new Set<number>();
  for (const { organisation, units } of orders) {
    if (units > 1 || seen.has(organisation)) return false;
    seen.add(organisation);
  }
  return true;
}

function reduceByOrganisation(book: UnitBook): UnitTrades {
  const crossing = new BookCrossing(book);
  const prices = crossing.prices();
  const trades = noTrades(book, crossing.broken);
  if (!prices) return trades;
  const { bids, asks } = book;
  sellCheapest(book, prices.units, trades);
  for (const { bid, units } of crossing.served) trades.bought[bid] = units;
  const buyer = bids[crossing.served[crossing.served.length - 1]!.bid]!.organisation;
  const seller = asks[trades.sold.findLastIndex((units) => units > 0)]!.organisation;
  bids.forEach(({ organisation }, i) => {
    if (organisation === buyer) trades.bought[i] = 0;
  });
  asks.forEach(({ organisation }, i) => {
    if (organisation === seller) trades.sold[i] = 0;
  });
  ration(book, bids, trades.bought, sumOf(trades.sold), (i) => bids[i]!.minimum);
  ration(book, asks, trades.sold, sumOf(trades.bought), () => 1);
  trades.bought.forEach((units, i) => (trades.paid[i] = units * prices.lastBid));
  trades.sold.forEach((units, i) => (trades.received[i] = units * prices.lastAsk));
  return trades;
}

/** Cuts a side to so many units: organisations by lot, each with its best orders first. */
function ration(
  { draw }: UnitBook,
  orders: readonly Pick<UnitAsk, 'organisation'>[],
  traded: number[],
  units: number,
  minimumOf: (i: number) => number,
): void {
  if (sumOf(traded) <= units) return;
  const places = traded.flatMap((own, i) => (own > 0 ? [i] : []));
  places.sort((a, b) => {
    const [ownerA, ownerB] = [orders[a]!.organisation, orders[b]!.organisation];
    return (ownerA === ownerB ? 0 : draw.compare(ownerA, ownerB)) || a - b;
  });
  let left = units;
  for (const i of places) {
    const most = Math.min(traded[i]!, left);
    traded[i] = most >= minimumOf(i) ? most : 0;
    left -= traded[i]!;
  }
}
