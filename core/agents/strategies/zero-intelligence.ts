/**
 * Zero intelligence with a budget constraint (ZI-C): prices are drawn at random, but nobody trades
 * at a loss.
 *
 * Paper: Gode & Sunder, "Allocative efficiency of markets with zero-intelligence traders", J.
 * Political Economy 101 (1993).
 * Rule: a bid is uniform between 0 and the want's value, an ask uniform between cost and the
 * ceiling. It learns nothing and remembers nothing: what is efficient with such traders is the
 * mechanism's own doing.
 *
 * Parameters: `ceiling` (default 3, times cost): highest ask.
 */
import type { Strategy } from '../agent.ts';
import { drawsOf, uniformIn } from '../draws.ts';
import { ordersFromView } from '../orders-from-view.ts';

export const zeroIntelligence: Strategy = {
  name: 'zero-intelligence',
  decide(view, terms, _fills, memory, parameters) {
    const ceiling = Math.max(1, parameters['ceiling'] ?? 3);
    const draws = drawsOf(view);
    const scale = { bid: () => draws.uniform(), ask: () => uniformIn(draws, 1, ceiling) };
    return { orders: ordersFromView(view, terms, scale), memory };
  },
};
