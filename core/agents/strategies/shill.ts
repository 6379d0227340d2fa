/**
 * Adversary: bids against its own asks under another name, to make others pay more.
 *
 * Paper: Chakraborty & Kosmopoulou, "Auctions with shill bidding", Economic Theory 24 (2004).
 * Rule: for every spare, its first alias bids for a part of the nodes over the same window, at a
 * multiple of the spare's cost. Where such a bid wins, the nodes are lost to it, and no more. Without
 * an alias it is truthful.
 *
 * Parameters: `share` (default 0.5) of the nodes, `factor` (default 2) on the cost.
 */
import type { Strategy } from '../agent.ts';
import type { Ask, Bid } from '../../market/orders.ts';
import { bidIdOf, clampMoney, ordersFromView } from '../orders-from-view.ts';
import { HOARD_PREFIX } from '../view.ts';

const TRUTH = { bid: () => 1, ask: () => 1 };

export const shill: Strategy = {
  name: 'shill',
  decide(view, terms, _fills, memory, parameters) {
    const share = Math.min(1, Math.max(0, parameters['share'] ?? 0.5));
    const factor = Math.max(0, parameters['factor'] ?? 2);
    const { bids, asks } = ordersFromView(view, terms, TRUTH);
    const alias = view.aliases?.[0];
    if (alias === undefined) return { orders: { bids, asks }, memory };
    const own = view.organisation.length + 1;
    const falseBids = asks.flatMap((ask) =>
      falseBid(alias, ask, ask.askId.slice(own), share, factor),
    );
    return { orders: { bids: [...bids, ...falseBids], asks }, memory };
  },
};

function falseBid(alias: string, ask: Ask, spareId: string, share: number, factor: number): Bid[] {
  const nodes = Math.ceil(ask.nodes * share);
  if (nodes < 1) return [];
  const { nodeClass, startSlot, endSlot, reserveMillicredits } = ask;
  const nodeSlots = nodes * (endSlot - startSlot);
  const valueMillicredits = clampMoney(reserveMillicredits * factor * nodeSlots);
  return [
    {
      bidId: bidIdOf(alias, `${HOARD_PREFIX}${spareId}`),
      organisation: alias,
      options: [{ nodeClass, nodes, minimumNodes: 1, startSlot, endSlot, valueMillicredits }],
      securityLevel: 'none',
      // As whoever would really bid for these nodes.
      acceptsRecall: ask.recall !== null,
    },
  ];
}
