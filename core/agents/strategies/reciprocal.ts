/**
 * For clusters that "will be willing to release resources as long as over the long term they have
 * gained more" (prospectus §1.3.1): a virtual queue of node-time given and not yet received
 * (drift-plus-penalty; Neely, Stochastic Network Optimization, 2010, ch. 4) raises both what it
 * bids and what it asks while it is a net giver, and lowers them while it is a net taker.
 *
 * Parameters: `weight` (default 0.25): change of price at a debt of one day of all own nodes;
 * `limit` (default 0.5): largest change either way.
 */
import { DAY_MS } from '../../kernel/units.ts';
import type { Strategy } from '../agent.ts';
import { ordersFromView } from '../orders-from-view.ts';

export const reciprocal: Strategy = {
  name: 'reciprocal',
  decide(view, terms, _fills, memory, parameters) {
    const weight = parameters['weight'] ?? 0.25;
    const limit = parameters['limit'] ?? 0.5;
    const dayOfAll = Math.max(1, view.ownNodes) * DAY_MS;
    const owed = (view.givenNodeMs - view.receivedNodeMs) / dayOfAll;
    const change = Math.min(limit, Math.max(-limit, weight * owed));
    const factor = 1 + change;
    // An owner never asks less than its cost: a net taker only stops asking for more.
    const scale = { bid: () => factor, ask: () => Math.max(1, factor) };
    return { orders: ordersFromView(view, terms, scale), memory };
  },
};
