/**
 * Adversary: sells its plain nodes as better ones.
 *
 * Paper: Akerlof, "The market for 'lemons'", Quarterly J. of Economics 84 (1970).
 * Rule: every class that proves less than the best one, or was published at a lower price, is
 * offered under the name of the best: of those that prove most, the dearest, else the first. What is handed
 * over are the plain nodes. Who needs a level that they cannot prove gets no lease on them, because the
 * isolation service knows what was enrolled; who attests nothing does not find out.
 *
 * Parameters: `ask` (default 1): factor on the cost of the nodes that it really hands over.
 */
import type { Strategy } from '../agent.ts';
import { HONEST } from '../agent.ts';
import { SECURITY_RANK } from '../../market/orders.ts';
import { ordersFromView } from '../orders-from-view.ts';
import { lowestPrice } from '../own-prices.ts';
import type { MarketTerms } from '../view.ts';

export const hardwareMisreporter: Strategy = {
  name: 'hardware-misreporter',
  decide(view, terms, _fills, memory, parameters) {
    const ask = Math.max(0, parameters['ask'] ?? 1);
    const best = bestClass(terms);
    const substitutes = new Map<string, string>();
    const spares = view.spares.map((spare) => {
      if (best === null || !isWorse(spare.nodeClass, best, terms)) return spare;
      substitutes.set(spare.spareId, spare.nodeClass);
      return { ...spare, nodeClass: best };
    });
    const scale = { bid: () => 1, ask: () => ask };
    const orders = ordersFromView({ ...view, spares }, terms, scale);
    return { orders, memory, conduct: { ...HONEST, substitutes } };
  },
};

function rankOf(terms: MarketTerms, nodeClass: string): number {
  return SECURITY_RANK[terms.classSecurity[nodeClass] ?? 'none'];
}

function isWorse(nodeClass: string, best: string, terms: MarketTerms): boolean {
  const [own, others] = [nodeClass, best].map((name) => lowestPrice([name], terms) ?? 0);
  return rankOf(terms, nodeClass) < rankOf(terms, best) || own! < others!;
}

function bestClass(terms: MarketTerms): string | null {
  const price = (nodeClass: string) => lowestPrice([nodeClass], terms) ?? 0;
  const classes = Object.keys(terms.classSecurity).sort(
    (a, b) =>
      rankOf(terms, b) - rankOf(terms, a) || price(b) - price(a) || (a < b ? -1 : a > b ? 1 : 0),
  );
  return classes[0] ?? null;
}
