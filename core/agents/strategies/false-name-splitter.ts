/**
 * Adversary: one organisation that comes as several.
 *
 * Paper: Yokoo, Sakurai & Matsubara, "The effect of false-name bids in combinatorial auctions",
 * Games and Economic Behavior 46 (2004).
 * Rule: asks, and bids for work that scales, are split evenly between its own name and its aliases,
 * the first names getting the odd nodes; a gang stays whole. Each name tells the truth about its
 * part. Without an alias it is truthful.
 *
 * Parameters: none.
 */
import type { Strategy } from '../agent.ts';
import type { Ask, Bid } from '../../market/orders.ts';
import { ordersFromView } from '../orders-from-view.ts';

const TRUTH = { bid: () => 1, ask: () => 1 };

export const falseNameSplitter: Strategy = {
  name: 'false-name-splitter',
  decide(view, terms, _fills, memory) {
    const names = [view.organisation, ...(view.aliases ?? [])];
    const { bids, asks } = ordersFromView(view, terms, TRUTH);
    const orders = {
      bids: bids.flatMap((bid) => splitBid(bid, names)),
      asks: asks.flatMap((ask) => splitAsk(ask, names)),
    };
    return { orders, memory };
  },
};

function splitBid(bid: Bid, names: readonly string[]): Bid[] {
  const first = bid.options[0]!;
  const scales = bid.options.every(({ nodes, minimumNodes }) => minimumNodes < nodes);
  if (!scales && first.nodes > 1) return [bid];
  return names.flatMap((organisation, index) => {
    const options = bid.options.flatMap((option) => {
      const nodes = partOf(option.nodes, index, names.length);
      if (nodes < 1) return [];
      const valueMillicredits = Math.floor((option.valueMillicredits * nodes) / option.nodes);
      const minimumNodes = Math.min(option.minimumNodes, nodes);
      return [{ ...option, nodes, minimumNodes, valueMillicredits }];
    });
    const bidId = renamed(bid.bidId, bid.organisation, organisation);
    return options.length > 0 ? [{ ...bid, bidId, organisation, options }] : [];
  });
}

function splitAsk(ask: Ask, names: readonly string[]): Ask[] {
  return names.flatMap((organisation, index) => {
    const nodes = partOf(ask.nodes, index, names.length);
    const askId = renamed(ask.askId, ask.organisation, organisation);
    return nodes > 0 ? [{ ...ask, askId, organisation, nodes }] : [];
  });
}

/** The part with this index when `nodes` are split into so many. */
function partOf(nodes: number, index: number, parts: number): number {
  return Math.floor(nodes / parts) + (index < nodes % parts ? 1 : 0);
}

function renamed(orderId: string, from: string, to: string): string {
  return to + orderId.slice(from.length);
}
