/**
 * Where the two sides of a book cross: which units would trade if gain were all that counted, and
 * the prices around the last of them.
 *
 * Bids are looked at from the highest price down, each against what is left of the asks up to its
 * price. A bid that would get less than its minimum takes no part any more and is *broken*.
 * Complexity: O(bids + asks).
 */
import type { Millicredits } from '../../kernel/units.ts';
import type { UnitBook } from './unit-book.ts';

/** The prices at which a rule looks; k = `units` is at least 1. */
export interface Crossing {
  /** Units that trade: the last rank at which the bid is not below the ask. */
  readonly units: number;
  /** b(k) and s(k). */
  readonly lastBid: Millicredits;
  readonly lastAsk: Millicredits;
  /** b(k + 1) and s(k + 1); null where there is none. */
  readonly nextBid: Millicredits | null;
  readonly nextAsk: Millicredits | null;
}

/** The crossing of unit prices, bids highest first and asks lowest first; null: no trade. */
export function crossingOfUnits(
  bids: readonly Millicredits[],
  asks: readonly Millicredits[],
): Crossing | null {
  let k = 0;
  while (k < bids.length && k < asks.length && bids[k]! >= asks[k]!) k += 1;
  if (k === 0) return null;
  return {
    units: k,
    lastBid: bids[k - 1]!,
    lastAsk: asks[k - 1]!,
    nextBid: bids[k] ?? null,
    nextAsk: asks[k] ?? null,
  };
}

/** A bid of the book that is served, by its position. */
interface Served {
  readonly bid: number;
  units: number;
}

/** The crossing of a book with gangs, from which the last trade can be taken out again. */
export class BookCrossing {
  readonly #book: UnitBook;
  readonly #served: Served[] = [];
  readonly #broken: number[] = [];
  /** Units of the asks before each position. */
  readonly #unitsBefore: Float64Array;
  /** Asks that are not above the price of the bid looked at. */
  #eligible: number;
  #at = 0;
  #used = 0;

  constructor(book: UnitBook) {
    const { asks } = book;
    this.#book = book;
    this.#unitsBefore = new Float64Array(asks.length + 1);
    for (let i = 0; i < asks.length; i++) {
      this.#unitsBefore[i + 1] = this.#unitsBefore[i]! + asks[i]!.units;
    }
    this.#eligible = asks.length;
    this.#advance();
  }

  /** Bids that are served, highest price first. */
  get served(): readonly Readonly<Served>[] {
    return this.#served;
  }

  /** Positions of the bids whose gang could have been filled in part only. */
  get broken(): readonly number[] {
    return this.#broken;
  }

  prices(): Crossing | null {
    const last = this.#served[this.#served.length - 1];
    if (!last) return null;
    const { bids, asks } = this.#book;
    const { price, units } = bids[last.bid]!;
    const next = this.#askAt(this.#used);
    return {
      units: this.#used,
      lastBid: price,
      lastAsk: asks[this.#askAt(this.#used - 1)]!.price,
      // What is left of a bid that is served in part is the best bid that loses.
      nextBid: last.units < units ? price : (bids[this.#at]?.price ?? null),
      nextAsk: asks[next]?.price ?? null,
    };
  }

  /** Takes one unit from the last bid served, or, where that breaks its gang, all. @returns units */
  dropLast(): number {
    const last = this.#served[this.#served.length - 1]!;
    const { minimum } = this.#book.bids[last.bid]!;
    const isBroken = last.units > 1 && last.units - 1 < minimum;
    const dropped = isBroken ? last.units : 1;
    if (isBroken) this.#broken.push(last.bid);
    last.units -= dropped;
    if (last.units === 0) this.#served.pop();
    return dropped;
  }

  #advance(): void {
    const { bids, asks } = this.#book;
    for (; this.#at < bids.length; this.#at++) {
      const { price, units, minimum } = bids[this.#at]!;
      while (this.#eligible > 0 && asks[this.#eligible - 1]!.price > price) this.#eligible -= 1;
      const left = this.#unitsBefore[this.#eligible]! - this.#used;
      if (left <= 0) return;
      if (left < minimum) {
        this.#broken.push(this.#at);
        continue;
      }
      const taken = Math.min(left, units);
      this.#served.push({ bid: this.#at, units: taken });
      this.#used += taken;
    }
  }

  /** The ask to which the unit of this rank, from 0, belongs. */
  #askAt(rank: number): number {
    let low = 0;
    let high = this.#book.asks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#unitsBefore[middle + 1]! > rank) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
