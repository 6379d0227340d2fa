/**
 * Zero intelligence plus (ZIP): looks for the profit margin that the market bears.
 *
 * Paper: Cliff, HPL-97-91 (1997); the rule is in `learning/zip-margin.ts`.
 * In a call market a round is one shout for each side. The published price of the class is a shout
 * that was accepted, and it was the other side's: who would have traded at it aims higher, who would
 * not gives way. A round without a price is an own offer that nobody took. One margin a side; the
 * limit prices that it is held against are those of the first want and the first spare.
 *
 * Parameters: none. β, γ and the first margins are drawn once, as in the paper.
 */
import { HOUR_MS } from '../../kernel/units.ts';
import type { AgentMemory, Strategy } from '../agent.ts';
import { drawsOf } from '../draws.ts';
import { afterShout, firstMargin } from '../learning/zip-margin.ts';
import type { ZipMargin } from '../learning/zip-margin.ts';
import { ordersFromView } from '../orders-from-view.ts';
import { limitOf, lowestPrice } from '../own-prices.ts';
import type { ClusterView, MarketTerms } from '../view.ts';

export const zip: Strategy = {
  name: 'zip',
  decide(view, terms, fills, memory) {
    const draws = drawsOf(view);
    const margins = (['buyer', 'seller'] as const).map((side) => {
      const before = recall(side, memory) ?? firstMargin(side, draws);
      // Nothing to learn before the first own order, nor without anything to trade now.
      if ((memory[`${side}/sent`] ?? 0) === 0) return before;
      const seen = side === 'buyer' ? buyersPrices(view, terms) : sellersPrices(view, terms);
      if (seen === null) return before;
      const { limit, price } = seen;
      const own = limit * (1 + before.margin);
      const filled = side === 'buyer' ? fills.bidIds.length > 0 : fills.askIds.length > 0;
      const accepted = price !== null;
      const kind = accepted === (side === 'buyer') ? 'offer' : 'bid';
      const shout = { price: price ?? own, kind, accepted } as const;
      return afterShout(before, limit, !filled, shout, draws, 0);
    });
    const [buyer, seller] = margins as [ZipMargin, ZipMargin];
    const scale = { bid: () => 1 + buyer.margin, ask: () => 1 + seller.margin };
    const orders = ordersFromView(view, terms, scale);
    const next: AgentMemory = {
      ...keep(buyer),
      ...keep(seller),
      'buyer/sent': orders.bids.length,
      'seller/sent': orders.asks.length,
    };
    return { orders, memory: next };
  },
};

function recall(side: ZipMargin['side'], memory: AgentMemory): ZipMargin | null {
  const margin = memory[`${side}/margin`];
  if (margin === undefined) return null;
  const change = memory[`${side}/change`] ?? 0;
  const rate = memory[`${side}/rate`] ?? 0;
  return { side, margin, change, rate, momentum: memory[`${side}/momentum`] ?? 0 };
}

function keep({ side, margin, change, rate, momentum }: ZipMargin): AgentMemory {
  return {
    [`${side}/margin`]: margin,
    [`${side}/change`]: change,
    [`${side}/rate`]: rate,
    [`${side}/momentum`]: momentum,
  };
}

interface Prices {
  /** What a node-slot is worth or costs, positive. */
  readonly limit: number;
  /** Published last; null where nothing was traded. */
  readonly price: number | null;
}

function buyersPrices({ wants }: ClusterView, terms: MarketTerms): Prices | null {
  const [want] = wants;
  if (want === undefined) return null;
  const limit = limitOf(want, terms);
  return limit > 0 ? { limit, price: lowestPrice(want.nodeClasses, terms) } : null;
}

function sellersPrices({ spares }: ClusterView, terms: MarketTerms): Prices | null {
  const [spare] = spares;
  if (spare === undefined) return null;
  const limit = (spare.costMillicreditsPerNodeHour * terms.slotMs) / HOUR_MS;
  return limit > 0 ? { limit, price: lowestPrice([spare.nodeClass], terms) } : null;
}
