/**
 * The orders of one auction for units that are all alike, and what becomes of them.
 *
 * In a round a unit is one node of a class over one window on the same terms. An order for several
 * nodes is that many units at one price. Organisations and orders are numbers here, so that a rule
 * sees prices, quantities and who belongs together, and nothing else.
 */
import type { Millicredits } from '../../kernel/units.ts';

export interface UnitBid {
  /** Whose order this is, in the caller's numbering. */
  readonly order: number;
  readonly organisation: number;
  /** Worth of one unit. */
  readonly price: Millicredits;
  readonly units: number;
  /** Fewer units than this are of no use: a gang, where it is above 1. */
  readonly minimum: number;
}

export interface UnitAsk {
  readonly order: number;
  readonly organisation: number;
  /** Least for one unit. */
  readonly price: Millicredits;
  readonly units: number;
}

/** Chance that depends on nobody's report; by number of the organisation. */
export interface Draw {
  /** Who goes first: a total order. */
  compare(a: number, b: number): number;
  /** A fair coin. */
  isHeads(organisation: number): boolean;
}

export interface UnitBook {
  /** Highest price first. */
  readonly bids: readonly UnitBid[];
  /** Lowest price first. */
  readonly asks: readonly UnitAsk[];
  readonly draw: Draw;
}

/** By position in the book. */
export interface UnitTrades {
  readonly bought: number[];
  readonly sold: number[];
  /** For all units of the order together. */
  readonly paid: Millicredits[];
  readonly received: Millicredits[];
  /** Bids whose gang could have been filled in part only. */
  readonly broken: readonly number[];
}

/** How the units of a book are traded; Σ bought = Σ sold. */
export type BookRule = (book: UnitBook) => UnitTrades;

/** Sorts both sides: by price, then by lot, then as they are given. */
export function unitBook(bids: readonly UnitBid[], asks: readonly UnitAsk[], draw: Draw): UnitBook {
  const tie = (a: UnitAsk, b: UnitAsk) =>
    (a.organisation === b.organisation ? 0 : draw.compare(a.organisation, b.organisation)) ||
    a.order - b.order;
  return {
    bids: [...bids].sort((a, b) => b.price - a.price || tie(a, b)),
    asks: [...asks].sort((a, b) => a.price - b.price || tie(a, b)),
    draw,
  };
}

/** Nothing is traded yet. */
export function noTrades(book: UnitBook, broken: readonly number[] = []): UnitTrades {
  const zeros = (length: number) => new Array<number>(length).fill(0);
  return {
    bought: zeros(book.bids.length),
    sold: zeros(book.asks.length),
    paid: zeros(book.bids.length),
    received: zeros(book.asks.length),
    broken,
  };
}

export function sumOf(numbers: readonly number[]): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}
