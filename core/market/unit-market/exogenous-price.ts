/**
 * Trade at a price that none of the traders has a hand in.
 *
 * Whoever likes the price wants to trade all units for which it is good. The side that has fewer of
 * them, the short one, trades all. On the long side either organisations trade in the order of their
 * lots, as much as they want and is left; or the best units win and their owners pay, on top of the
 * price, what they keep others from gaining. Both leave nobody a reason to misreport a valuation with
 * diminishing returns. Bids that would be filled below their minimum are passed over.
 * Complexity: O(n log n), and for the second way winners × losing orders at worst.
 */
import type { Millicredits } from '../../kernel/units.ts';
import { displacement, splitOver, tradersOf } from './displacement.ts';
import type { LosingUnits } from './displacement.ts';
import { noTrades, sumOf } from './unit-book.ts';
import type { UnitAsk, UnitBook, UnitTrades } from './unit-book.ts';

/** How the long side shares what the short one leaves it. */
export type ExcessRule = 'lottery' | 'vickrey';

export interface PriceTerms {
  readonly price: Millicredits;
  readonly excess: ExcessRule;
  /** Whether units that are worth exactly the price are traded. */
  readonly tradesIndifferent: boolean;
}

/** What the traders of a book do at a price. */
export function tradeAtPrice(book: UnitBook, terms: PriceTerms): UnitTrades {
  const { bids, asks } = book;
  const { price, excess, tradesIndifferent } = terms;
  const margin = tradesIndifferent ? 0 : 1;
  // Sorted by price, those who are willing come first.
  const buying = bids.filter((bid) => bid.price >= price + margin).length;
  const selling = asks.filter((ask) => ask.price <= price - margin).length;
  const demand = sumOf(bids.slice(0, buying).map(({ units }) => units));
  const supply = sumOf(asks.slice(0, selling).map(({ units }) => units));
  const broken: number[] = [];
  const trades = noTrades(book, broken);
  const places = (orders: readonly UnitAsk[], count: number) =>
    excess === 'lottery' ? byLot(book, orders, count) : [...Array(count).keys()];

  let left = Math.min(demand, supply);
  for (const i of places(bids, buying)) {
    const { units, minimum } = bids[i]!;
    const taken = Math.min(units, left);
    if (taken < minimum) {
      if (taken > 0) broken.push(i);
      continue;
    }
    trades.bought[i] = taken;
    left -= taken;
  }
  left = sumOf(trades.bought);
  for (const i of places(asks, selling)) {
    trades.sold[i] = Math.min(asks[i]!.units, left);
    left -= trades.sold[i]!;
  }
  const fee = excess === 'vickrey';
  charge(bids, trades.bought, fee ? buying : 0, new Set(broken), terms, trades.paid);
  charge(asks, trades.sold, fee ? selling : 0, new Set(), terms, trades.received);
  return trades;
}

/** Fee of each organisation on its side: what those whom it keeps out would gain at the price. */
function charge(
  orders: readonly UnitAsk[],
  traded: readonly number[],
  willing: number,
  out: ReadonlySet<number>,
  { price }: PriceTerms,
  into: Millicredits[],
): void {
  const losing: LosingUnits[] = [];
  for (let i = 0; i < willing; i++) {
    const units = orders[i]!.units - traded[i]!;
    if (units > 0 && !out.has(i)) losing.push({ ...orders[i]!, units });
  }
  for (const [organisation, { places, units }] of tradersOf(orders, traded)) {
    const kept = displacement(losing, organisation, units);
    // A losing bid lies above the price, a losing ask below it: money moves the other way round.
    splitOver(units * price + kept.worth - kept.units * price, places, traded, into);
  }
}

function byLot({ draw }: UnitBook, orders: readonly UnitAsk[], count: number): number[] {
  return [...Array(count).keys()].sort((a, b) => {
    const [ownerA, ownerB] = [orders[a]!.organisation, orders[b]!.organisation];
    return (ownerA === ownerB ? 0 : draw.compare(ownerA, ownerB)) || a - b;
  });
}
