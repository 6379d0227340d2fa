/**
 * Whom a winner keeps out: what the units that it has would have been worth to others. That is the
 * price of the pivotal mechanism (Vickrey, J. Finance 16 (1961), for several units).
 */
import { splitExactly } from '../amounts.ts';
import type { Millicredits } from '../../kernel/units.ts';
import { sumOf } from './unit-book.ts';
import type { UnitBook, UnitTrades } from './unit-book.ts';

/** Units that somebody else would have had. */
export interface LosingUnits {
  /** Null: whoever holds the units back, who is nobody's own rival. */
  readonly organisation: number | null;
  readonly units: number;
  readonly price: Millicredits;
}

/**
 * @param losing in the order in which they would take the winner's place
 * @returns how many of the winner's units others would take, and for how much altogether
 */
export function displacement(
  losing: readonly LosingUnits[],
  winner: number,
  units: number,
): { readonly units: number; readonly worth: Millicredits } {
  let left = units;
  let worth = 0;
  for (let i = 0; left > 0 && i < losing.length; i++) {
    const loser = losing[i]!;
    if (loser.organisation === winner) continue;
    const taken = Math.min(left, loser.units);
    worth += taken * loser.price;
    left -= taken;
  }
  return { units: units - left, worth };
}

/** What each organisation traded on one side: its positions in the book and all its units. */
export function tradersOf(
  orders: readonly { readonly organisation: number }[],
  traded: readonly number[],
): Map<number, { readonly places: number[]; units: number }> {
  const traders = new Map<number, { readonly places: number[]; units: number }>();
  for (let i = 0; i < traded.length; i++) {
    if (traded[i] === 0) continue;
    const { organisation } = orders[i]!;
    const trader = traders.get(organisation);
    if (trader) {
      trader.places.push(i);
      trader.units += traded[i]!;
    } else traders.set(organisation, { places: [i], units: traded[i]! });
  }
  return traders;
}

/** Splits what an organisation pays or gets over its orders, by units. */
export function splitOver(
  total: Millicredits,
  places: readonly number[],
  traded: readonly number[],
  into: Millicredits[],
): void {
  const parts = splitExactly(
    total,
    places.map((i) => traded[i]!),
  );
  places.forEach((i, p) => (into[i] = parts[p]!));
}

/** Gives all that was paid to the sellers: what they ask, and the rest in equal shares a unit. */
export function payOut({ asks }: UnitBook, trades: UnitTrades): void {
  const { sold, received, paid } = trades;
  let rest = sumOf(paid);
  for (let i = 0; i < sold.length; i++) {
    received[i] = sold[i]! * asks[i]!.price;
    rest -= received[i]!;
  }
  if (rest === 0) return;
  const shares = splitExactly(rest, sold);
  for (let i = 0; i < sold.length; i++) received[i]! += shares[i]!;
}
