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

/** Trades of a whole book. A gang that the reduction would break is left out and all done again. */
export function callTrades(book: UnitBook, rule: CallRule): UnitTrades {
  const crossing = new BookCrossing(book);
  for (;;) {
    const prices = crossing.prices();
    if (!prices) return noTrades(book, crossing.broken);
    const call = rule(prices);
    if (call.isReduced && !crossing.dropUnit()) {
      crossing.dropGang();
      continue;
    }
    const trades = noTrades(book, crossing.broken);
    for (const { bid, units } of crossing.served) {
      trades.bought[bid] = units;
      trades.paid[bid] = units * call.buyerPrice;
    }
    const units = prices.units - (call.isReduced ? 1 : 0);
    if (call.isReduced && call.isDrawn) sellByLot(book, prices.units, trades);
    else sellCheapest(book, units, trades);
    trades.sold.forEach((sold, i) => (trades.received[i] = sold * call.sellerPrice));
    return trades;
  }
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

/** Sells all but one of the cheapest units: the last organisation by lot keeps its dearest one. */
function sellByLot(book: UnitBook, units: number, trades: UnitTrades): void {
  sellCheapest(book, units, trades);
  const { asks, draw } = book;
  let kept = 0;
  for (let i = 0; i < asks.length && trades.sold[i]! > 0; i++) {
    const { organisation } = asks[i]!;
    const other = asks[kept]!.organisation;
    if (organisation === other || draw.compare(organisation, other) > 0) kept = i;
  }
  trades.sold[kept]! -= 1;
}
