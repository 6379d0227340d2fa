/**
 * Adversary: waits for the last moment and then bids just above the price that was published.
 *
 * Paper: Roth & Ockenfels, "Last-minute bidding and the rules for ending second-price auctions",
 * American Economic Review 92 (2002).
 * Rule: a want is bid for once it can wait no longer than some slots; the bid is the last price of
 * its cheapest class and an edge, never above its value. Nodes are asked for at the last price less
 * the edge, never under cost. Where no price was published it is truthful. In a round whose orders
 * are sealed nothing can be won by sending them late within the round: there it comes as any other.
 *
 * Where rounds are sealed by commitments it may also back out: it then commits and does not reveal.
 *
 * Parameters: `lastSlots` (default 2), `edge` (default 0.05); `silence` (default 0): share of the
 * rounds in which it does not reveal.
 */
import { HONEST } from '../agent.ts';
import type { Strategy } from '../agent.ts';
import { drawsOf } from '../draws.ts';
import { HOUR_MS } from '../../kernel/units.ts';
import { ordersFromView } from '../orders-from-view.ts';
import { limitOf, lowestPrice, slotsOf } from '../own-prices.ts';
import type { ClusterView, MarketTerms, Spare, Want } from '../view.ts';

export const sniper: Strategy = {
  name: 'sniper',
  decide(view, terms, _fills, memory, parameters) {
    const lastMs = Math.max(0, parameters['lastSlots'] ?? 2) * terms.slotMs;
    const edge = Math.max(0, parameters['edge'] ?? 0.05);
    const scale = {
      bid: (want: Want) => bidFactor(want, terms, edge),
      ask: (spare: Spare) => askFactor(spare, terms, edge),
    };
    const wants = view.wants.filter((want) => slackMs(want, view, terms) <= lastMs);
    const reveals = drawsOf(view).uniform() >= (parameters['silence'] ?? 0);
    const orders = ordersFromView({ ...view, wants }, terms, scale);
    return { orders, memory, conduct: { ...HONEST, reveals } };
  },
};

/** How long the want may still wait before it starts. */
function slackMs(want: Want, { nowMs }: ClusterView, terms: MarketTerms): number {
  return want.latestEndMs + terms.releaseMs - slotsOf(want, terms) * terms.slotMs - nowMs;
}

function bidFactor(want: Want, terms: MarketTerms, edge: number): number {
  const price = lowestPrice(want.nodeClasses, terms);
  const limit = limitOf(want, terms);
  return price === null || limit <= 0 ? 1 : Math.min(1, (price * (1 + edge)) / limit);
}

function askFactor(spare: Spare, terms: MarketTerms, edge: number): number {
  const price = lowestPrice([spare.nodeClass], terms);
  const cost = (spare.costMillicreditsPerNodeHour * terms.slotMs) / HOUR_MS;
  return price === null || cost <= 0 ? 1 : Math.max(1, (price * (1 - edge)) / cost);
}
