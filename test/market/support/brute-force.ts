/** The best welfare of a tiny round by trying everything; written apart from the search. */
import { isCompatible } from '../../../core/market/orders.ts';
import type { Ask, BidOption, MarketRound } from '../../../core/market/orders.ts';

export function bruteForceWelfare(round: MarketRound): number {
  const free = new Map<string, number[]>(
    round.asks.map((ask) => [
      ask.askId,
      Array.from({ length: round.horizonSlots }, (_, slot) =>
        slot >= ask.startSlot && slot < ask.endSlot ? ask.nodes : 0,
      ),
    ]),
  );
  let best = 0;

  const tryBid = (b: number, welfare: number): void => {
    if (b === round.bids.length) {
      best = Math.max(best, welfare);
      return;
    }
    tryBid(b + 1, welfare);
    const bid = round.bids[b]!;
    for (const option of bid.options) {
      const asks = round.asks.filter(
        (ask) => ask.nodeClass === option.nodeClass && isCompatible(bid, ask),
      );
      place(b, option, asks, 0, 0, 0, welfare);
    }
  };

  const place = (
    b: number,
    option: BidOption,
    asks: readonly Ask[],
    next: number,
    nodes: number,
    cost: number,
    welfare: number,
  ): void => {
    if (next === asks.length) {
      if (nodes < option.minimumNodes) return;
      const worth = Math.floor((option.valueMillicredits * nodes) / option.nodes);
      tryBid(b + 1, welfare + worth - cost);
      return;
    }
    const ask = asks[next]!;
    const own = free.get(ask.askId)!;
    const slots = option.endSlot - option.startSlot;
    const most = Math.min(option.nodes - nodes, ...own.slice(option.startSlot, option.endSlot));
    for (let used = 0; used <= most; used++) {
      for (let s = option.startSlot; s < option.endSlot; s++) own[s]! -= used;
      const more = ask.reserveMillicredits * slots * used;
      place(b, option, asks, next + 1, nodes + used, cost + more, welfare);
      for (let s = option.startSlot; s < option.endSlot; s++) own[s]! += used;
    }
  };

  tryBid(0, 0);
  return best;
}
