/**
 * Truthful as a buyer; as a seller it looks for its markup: up after a sale, down after an idle
 * round (multiplicative increase and decrease), never under cost.
 *
 * Parameters: `raise` (default 0.05), `lower` (default 0.02), `ceiling` (default 3, times cost).
 */
import type { Strategy } from '../agent.ts';
import { ordersFromView } from '../orders-from-view.ts';

export const reserveAdaptive: Strategy = {
  name: 'reserve-adaptive',
  decide(view, terms, fills, memory, parameters) {
    const raise = parameters['raise'] ?? 0.05;
    const lower = parameters['lower'] ?? 0.02;
    const ceiling = parameters['ceiling'] ?? 3;
    const before = memory['markup'] ?? 1;
    const asked = (memory['asked'] ?? 0) > 0;
    const moved = fills.askIds.length > 0 ? before * (1 + raise) : before * (1 - lower);
    const markup = asked ? Math.min(ceiling, Math.max(1, moved)) : before;
    const orders = ordersFromView(view, terms, { bid: () => 1, ask: () => markup });
    return { orders, memory: { markup, asked: orders.asks.length } };
  },
};
