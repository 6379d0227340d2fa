/**
 * Adversary: a large supplier that keeps nodes back to make the rest dear.
 *
 * Paper: Borenstein, Bushnell & Wolak, "Measuring market inefficiencies in California's restructured
 * wholesale electricity market", American Economic Review 92 (2002), on capacity that is withheld.
 * Rule: of every spare it offers only a part, rounded down; it bids the truth.
 *
 * Parameters: `share` (default 0.5): share of the nodes that is kept back; `ask` (default 1): factor
 * on the cost of the rest; `fromHour` (default 0) and `hours` (default 0, for good): when.
 */
import { HOUR_MS } from '../../kernel/units.ts';
import type { Strategy } from '../agent.ts';
import { ordersFromView } from '../orders-from-view.ts';

export const withholder: Strategy = {
  name: 'withholder',
  decide(view, terms, _fills, memory, parameters) {
    const sinceMs = terms.roundStartMs - (parameters['fromHour'] ?? 0) * HOUR_MS;
    const hours = parameters['hours'] ?? 0;
    const acts = sinceMs >= 0 && (hours <= 0 || sinceMs < hours * HOUR_MS);
    const share = acts ? Math.min(1, Math.max(0, parameters['share'] ?? 0.5)) : 0;
    const ask = acts ? Math.max(0, parameters['ask'] ?? 1) : 1;
    const spares = view.spares.map((spare) => ({
      ...spare,
      nodes: Math.floor(spare.nodes * (1 - share)),
    }));
    const scale = { bid: () => 1, ask: () => ask };
    return { orders: ordersFromView({ ...view, spares }, terms, scale), memory };
  },
};
