/**
 * Call auctions with one price a side: a rule looks at the prices where the sides cross and says
 * whether the last trade takes place and what the others cost.
 */
import type { Millicredits } from '../../kernel/units.ts';
import { BookCrossing } from './crossing.ts';
import type { Crossing } from './crossing.ts';
import { noTrades } from './unit-book.ts';
import type { UnitBook, UnitTrades } from './unit-book.ts';

export interface CallPrices {
  /** Whether one unit fewer is traded than could be. */
  readonly isReduced: boolean;
  /** Where it is: whether the seller that goes without is drawn by lot, or is the dearest. */
  readonly isDrawn: boolean;
  readonly buyerPrice: Millicredits;
  readonly sellerPrice: Millicredits;
}

export type CallRule = (crossing: Crossing) => CallPrices;

/**
 * Trades of a whole book. Where the trade is reduced the last unit bought goes, or, if that would
 * break its gang, the whole gang: whoever sets a price by that does not trade the unit that sets it.
 */
export function callTrades(book: UnitBook, rule: CallRule): UnitTrades {
  const crossing = new BookCrossing(book);
  const prices = crossing.prices();
  if (!prices) return noTrades(book, crossing.broken);
  const call = rule(prices);
  const dropped = call.isReduced ? crossing.dropLast() : 0;
  const trades = noTrades(book, crossing.broken);
  for (const { bid, units } of crossing.served) {
    trades.bought[bid] = units;
    trades.paid[bid] = units * call.buyerPrice;
  }
  if (call.isDrawn && dropped > 0) {
    sellCheapest(book, prices.units, trades);
    keepByLot(book, dropped, trades);
  } else sellCheapest(book, prices.units - dropped, trades);
  trades.sold.forEach((sold, i) => (trades.received[i] = sold * call.sellerPrice));
  return trades;
}

/** Sells so many units, the cheapest first. */
export function sellCheapest(book: UnitBook, units: number, trades: UnitTrades): void {
  let left = units;
  for (let i = 0; left > 0; i++) {
    const sold = Math.min(left, book.asks[i]!.units);
    trades.sold[i] = sold;
    left -= sold;
  }
}

/** Takes units back from sellers: from the last organisation by lot, its dearest ones first. */
function keepByLot({ asks, draw }: UnitBook, units: number, trades: UnitTrades): void {
  const places = trades.sold.flatMap((sold, i) => (sold > 0 ? [i] : []));
  places.sort((a, b) => {
    const [ownerA, ownerB] = [asks[a]!.organisation, asks[b]!.organisation];
    return (ownerA === ownerB ? 0 : draw.compare(ownerB, ownerA)) || b - a;
  });
  let left = units;
  for (let p = 0; left > 0; p++) {
    const taken = Math.min(left, trades.sold[places[p]!]!);
    trades.sold[places[p]!]! -= taken;
    left -= taken;
  }
}
