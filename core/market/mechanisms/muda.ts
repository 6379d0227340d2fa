/**
 * `muda`: the multi-unit double auction that is truthful because nobody trades at a price of the
 * own half.
 *
 * Paper: Segal-Halevi, Hassidim & Aumann, "MUDA: A Truthful Multi-Unit Double-Auction Mechanism",
 * AAAI 2018 (arXiv 1712.06848).
 * Rule: a fair coin (`lottery.ts`) puts every organisation, with all its orders, into one of two
 * halves. Each half has a price at which its own demand would meet its own supply: the middle of the
 * range of `k-double-auction`, rounded down; where nothing would be traded, of the range between the
 * best bid and the best ask, or the one of both that there is. Each half trades at the *other's*
 * price. The side that wants less at that price trades all of it; on the longer side organisations
 * trade in the order of their lots (the lottery variant), or the best units win and each owner also
 * pays what it keeps others from gaining (the Vickrey variant, whose fees the exchange keeps).
 *
 * Claims: individually rational; weakly budget balanced, and strongly so in the lottery variant.
 * Truthful for *diminishing returns*: an organisation that only buys or only sells, all in one class
 * and window on the same terms, any number of units of which each further one is worth no more, or
 * costs no less; it gains by no prices and no quantities, in both variants, whatever the lots are. A
 * gang is not of that kind, so nothing is claimed where gangs are bid. Where a round has several
 * windows, numbers of nodes wanted steer the supply between them, and nothing is claimed for lies about
 * those. Loses a share of the gain that goes to 0 as markets grow; with fewer than three organisations
 * there is no trade. Not false-name-proof.
 * Complexity: O(n log n) a bucket for the lottery variant.
 *
 * Example: one half buys up to six units for 100, 90, 80, 60, 40 and 20; its two sellers ask 10, 20,
 * 40, 60, 70 and 15, 25, 35, 45, 65. At a price of 50 from the other half the buyer wants four. In the
 * Vickrey variant each seller sells two, and pays 20 and 10 for those that it keeps out.
 *
 * Parameter `vickrey`: 1 for the Vickrey variant, 0 (the default) for the lottery.
 */
import type { Millicredits } from '../../kernel/units.ts';
import { BookCrossing } from '../unit-market/crossing.ts';
import { tradeAtPrice } from '../unit-market/exogenous-price.ts';
import type { ExcessRule } from '../unit-market/exogenous-price.ts';
import { unitMechanism } from '../unit-market/round.ts';
import { noTrades } from '../unit-market/unit-book.ts';
import type { UnitBook, UnitTrades } from '../unit-market/unit-book.ts';
import { rangeOf } from './k-double-auction.ts';

/** A price at which the book's own demand meets its own supply; null for an empty book. */
export function equilibriumPrice(book: UnitBook): Millicredits | null {
  const crossing = new BookCrossing(book).prices();
  const [bid, ask] = [book.bids[0]?.price, book.asks[0]?.price];
  const range = crossing ? rangeOf(crossing) : { low: bid ?? ask, high: ask ?? bid };
  if (range.low === undefined || range.high === undefined) return null;
  return Math.floor((range.low + range.high) / 2);
}

export const muda = unitMechanism({
  name: 'muda',
  version: 1,
  properties: {
    individualRationality: 'always',
    incentiveCompatibility: 'diminishing-returns',
    efficiency: 'never',
    budgetBalance: 'weak',
    falseNameProofness: 'never',
    gangs: false,
    windows: true,
  },
  isBound: true,
  rule: (parameters) => {
    const excess = parameters['vickrey'] === 1 ? 'vickrey' : 'lottery';
    return (book) => tradeInHalves(book, excess);
  },
});

function tradeInHalves(book: UnitBook, excess: ExcessRule): UnitTrades {
  const broken: number[] = [];
  const trades = noTrades(book, broken);
  const halves = [halfOf(book, true), halfOf(book, false)] as const;
  halves.forEach((half, h) => {
    const price = equilibriumPrice(halves[1 - h]!.book);
    if (price === null) return;
    const own = tradeAtPrice(half.book, { price, excess, tradesIndifferent: true });
    half.bidPlaces.forEach((place, i) => {
      trades.bought[place] = own.bought[i]!;
      trades.paid[place] = own.paid[i]!;
    });
    half.askPlaces.forEach((place, i) => {
      trades.sold[place] = own.sold[i]!;
      trades.received[place] = own.received[i]!;
    });
    broken.push(...own.broken.map((i) => half.bidPlaces[i]!));
  });
  return trades;
}

/** The orders of the organisations whose coin fell so, and where they stand in the whole book. */
function halfOf({ bids, asks, draw }: UnitBook, isHeads: boolean) {
  const places = (orders: readonly { organisation: number }[]) =>
    [...orders.keys()].filter((i) => draw.isHeads(orders[i]!.organisation) === isHeads);
  const [bidPlaces, askPlaces] = [places(bids), places(asks)];
  const book: UnitBook = {
    bids: bidPlaces.map((i) => bids[i]!),
    asks: askPlaces.map((i) => asks[i]!),
    draw,
  };
  return { book, bidPlaces, askPlaces };
}
