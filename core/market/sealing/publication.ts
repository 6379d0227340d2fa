/**
 * What becomes public of a round, and how much of others' demand can be read from it.
 *
 * Levels: `open-book`, every order; `sealed`, prices and what was traded, by whom, while orders that
 * lost stay commitments; `bands`, the same with numbers of nodes rounded up to powers of two. A
 * central scheduler has to be told everything, so it is as open as the book.
 *
 * The unit of leakage is a *demand cell*: an organisation, a class, a slot in which some option of
 * one of its bids wants nodes. A cell is given away where all demand that covers it was published
 * with its number: every bid that wants it was served by just that option. Whoever sees part of the
 * demand of a cell does not know its demand.
 */
import type { Clearing, MarketRound } from '../orders.ts';

/** Counts of demand cells of one round. */
export interface LeakedCells {
  readonly cells: number;
  /** Given away at level `sealed`. */
  readonly sealed: number;
  /** Given away at level `bands`. */
  readonly bands: number;
}

/** Numbers of nodes that are the only one in their band: 1 and 2; then come 3–4, 5–8, … */
const LARGEST_EXACT_BAND = 2;

interface Cells {
  /** By slot: bids that want it. */
  readonly wanted: Int32Array;
  /** By slot: bids that were served in it. */
  readonly served: Int32Array;
  /** By slot: bids that were served in it with a number that its band gives away. */
  readonly exact: Int32Array;
}

/** Counts the cells of a round; cost O(options × slots). */
export function leakedCells(round: MarketRound, clearing: Clearing): LeakedCells {
  const fills = new Map(clearing.fills.map((fill) => [fill.bidId, fill]));
  const table = new Map<string, Cells>();
  for (const { bidId, organisation, options } of round.bids) {
    const fill = fills.get(bidId);
    const seen = new Map<string, Uint8Array>();
    options.forEach(({ nodeClass, startSlot, endSlot }, index) => {
      const cells = cellsOf(table, JSON.stringify([organisation, nodeClass]), round.horizonSlots);
      // Options of one bid are one demand, however many of them want the slot.
      const own = markOf(seen, nodeClass, round.horizonSlots);
      const isServed = fill?.optionIndex === index;
      const isExact = isServed && fill.nodes <= LARGEST_EXACT_BAND;
      for (let slot = startSlot; slot < endSlot; slot++) {
        if (own[slot] === 0) cells.wanted[slot]! += 1;
        own[slot] = 1;
        if (isServed) cells.served[slot]! += 1;
        if (isExact) cells.exact[slot]! += 1;
      }
    });
  }
  let cells = 0;
  let sealed = 0;
  let bands = 0;
  for (const { wanted, served, exact } of table.values()) {
    for (let slot = 0; slot < wanted.length; slot++) {
      if (wanted[slot] === 0) continue;
      cells += 1;
      if (served[slot] === wanted[slot]) sealed += 1;
      if (exact[slot] === wanted[slot]) bands += 1;
    }
  }
  return { cells, sealed, bands };
}

function cellsOf(table: Map<string, Cells>, key: string, slots: number): Cells {
  let cells = table.get(key);
  if (!cells) {
    const column = () => new Int32Array(slots);
    table.set(key, (cells = { wanted: column(), served: column(), exact: column() }));
  }
  return cells;
}

function markOf(seen: Map<string, Uint8Array>, nodeClass: string, slots: number): Uint8Array {
  let mark = seen.get(nodeClass);
  if (!mark) seen.set(nodeClass, (mark = new Uint8Array(slots)));
  return mark;
}
