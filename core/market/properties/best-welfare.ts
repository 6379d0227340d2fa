/**
 * The best welfare of a tiny round by trying everything. Written apart from every solver, on slots
 * and orders rather than on compiled arrays: it is what they are judged by.
 */
import { isCompatible } from '../orders.ts';
import type { Ask, Bid, BidOption, MarketRound } from '../orders.ts';

/** Largest welfare there is. Exponential: up to 4 × 4 orders, or 8 × 8 for single nodes and slots. */
export function bestWelfare(round: MarketRound): number {
  return isUnitRound(round) ? bestAssignment(round) : bestAllocation(round);
}

/** One node over one slot for everybody, whatever else is asked for. */
function isUnitRound({ bids, asks, horizonSlots }: MarketRound): boolean {
  return (
    horizonSlots === 1 &&
    asks.length <= 12 &&
    asks.every(({ nodes }) => nodes === 1) &&
    bids.every(({ options }) => options.length === 1 && options[0]!.nodes === 1)
  );
}

/** Every way to give asks to bids, by which asks are taken. */
function bestAssignment({ bids, asks }: MarketRound): number {
  let best: (number | undefined)[] = [0];
  for (const bid of bids) {
    const next = [...best];
    const { nodeClass, valueMillicredits } = bid.options[0]!;
    for (let taken = 0; taken < best.length; taken++) {
      const before = best[taken];
      if (before === undefined) continue;
      asks.forEach((ask, a) => {
        if (taken & (1 << a) || ask.nodeClass !== nodeClass || !isCompatible(bid, ask)) return;
        const welfare = before + valueMillicredits - ask.reserveMillicredits;
        const after = taken | (1 << a);
        if (!((next[after] ?? -Infinity) >= welfare)) next[after] = welfare;
      });
    }
    best = next;
  }
  let most = 0;
  for (const welfare of best) if (welfare !== undefined && welfare > most) most = welfare;
  return most;
}

function bestAllocation(round: MarketRound): number {
  return new Trial(round).best();
}

class Trial {
  readonly #bids: readonly Bid[];
  readonly #asks: readonly Ask[];
  /** Free nodes by ask and slot. */
  readonly #free: number[][];
  #best = 0;

  constructor({ bids, asks, horizonSlots }: MarketRound) {
    this.#bids = bids;
    this.#asks = asks;
    this.#free = asks.map((ask) =>
      Array.from({ length: horizonSlots }, (_, slot) =>
        slot >= ask.startSlot && slot < ask.endSlot ? ask.nodes : 0,
      ),
    );
  }

  best(): number {
    this.#try(0, 0);
    return this.#best;
  }

  #try(b: number, welfare: number): void {
    const bid = this.#bids[b];
    if (bid === undefined) {
      if (welfare > this.#best) this.#best = welfare;
      return;
    }
    this.#try(b + 1, welfare);
    for (const option of bid.options) this.#place(b, option, 0, 0, welfare);
  }

  /** Takes every possible number of nodes from ask `a` and later ones. */
  #place(b: number, option: BidOption, a: number, nodes: number, welfare: number): void {
    const ask = this.#asks[a];
    if (ask === undefined) {
      if (nodes < option.minimumNodes) return;
      const worth = Math.floor((option.valueMillicredits * nodes) / option.nodes);
      this.#try(b + 1, welfare + worth);
      return;
    }
    this.#place(b, option, a + 1, nodes, welfare);
    if (ask.nodeClass !== option.nodeClass || !isCompatible(this.#bids[b]!, ask)) return;
    const { startSlot, endSlot } = option;
    const free = this.#free[a]!;
    let most = option.nodes - nodes;
    for (let slot = startSlot; slot < endSlot; slot++) most = Math.min(most, free[slot]!);
    const cost = ask.reserveMillicredits * (endSlot - startSlot);
    for (let used = 1; used <= most; used++) {
      for (let slot = startSlot; slot < endSlot; slot++) free[slot]! -= used;
      this.#place(b, option, a + 1, nodes + used, welfare - cost * used);
      for (let slot = startSlot; slot < endSlot; slot++) free[slot]! += used;
    }
  }
}
