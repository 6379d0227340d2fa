/**
 * Adversary: closes contracts that it does not keep.
 *
 * Rule: ours. In some rounds it takes and pays for nothing that it bought, in some it hands over
 * nothing that it sold; all it then loses is its deposit. Its prices may be better than the truth,
 * since it does not mean them.
 *
 * Parameters: `buys` (default 1) and `sells` (default 1): share of the rounds in which it defaults as
 * a buyer, and as a seller; `bid` and `ask` (default 1): factors on the truth.
 */
import type { Strategy } from '../agent.ts';
import { HONEST } from '../agent.ts';
import { drawsOf } from '../draws.ts';
import { ordersFromView } from '../orders-from-view.ts';

export const defaulter: Strategy = {
  name: 'defaulter',
  decide(view, terms, _fills, memory, parameters) {
    const bid = Math.max(0, parameters['bid'] ?? 1);
    const ask = Math.max(0, parameters['ask'] ?? 1);
    const draws = drawsOf(view);
    const takes = draws.uniform() >= (parameters['buys'] ?? 1);
    const delivers = draws.uniform() >= (parameters['sells'] ?? 1);
    return {
      orders: ordersFromView(view, terms, { bid: () => bid, ask: () => ask }),
      memory,
      conduct: { ...HONEST, takes, delivers },
    };
  },
};
