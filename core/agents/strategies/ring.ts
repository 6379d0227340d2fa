/**
 * Adversary: a ring whose members take turns, so that they do not compete with each other.
 *
 * Paper: McAfee & McMillan, "Bidding rings", American Economic Review 82 (1992): without side
 * payments a ring rotates.
 * Rule: time is cut into turns. Whose turn it is orders as it would alone; the others bid and ask so
 * that they hardly win, but seem to compete (cover bids). A ring is made of the organisations that
 * play this strategy with the same number of members, each with a place of its own.
 *
 * Parameters: `members` (default 2), `place` (default 0, below `members`), `turnHours` (default 24);
 * `bid` (default 0.5) and `ask` (default 2): factors on the truth out of turn.
 */
import { HOUR_MS } from '../../kernel/units.ts';
import type { Strategy } from '../agent.ts';
import { ordersFromView } from '../orders-from-view.ts';

export const ring: Strategy = {
  name: 'ring',
  decide(view, terms, _fills, memory, parameters) {
    const members = Math.max(1, Math.floor(parameters['members'] ?? 2));
    const place = Math.floor(parameters['place'] ?? 0);
    const turnMs = Math.max(1, (parameters['turnHours'] ?? 24) * HOUR_MS);
    const isMyTurn = Math.floor(terms.roundStartMs / turnMs) % members === place;
    const bid = isMyTurn ? 1 : Math.max(0, parameters['bid'] ?? 0.5);
    const ask = isMyTurn ? 1 : Math.max(1, parameters['ask'] ?? 2);
    return { orders: ordersFromView(view, terms, { bid: () => bid, ask: () => ask }), memory };
  },
};
