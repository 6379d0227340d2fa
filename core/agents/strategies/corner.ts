/**
 * Adversary: buys up a class beyond its own need and offers it again at a multiple.
 *
 * Paper: Allen, Litov & Mei, "Large investors, price manipulation, and limits to arbitrage: an
 * anatomy of market corners", Review of Finance 10 (2006).
 * Rule: truthful about its own wants. On top it bids, for the class that costs most to do without
 * (the dearest published one, else the first by name), until it holds so many nodes of it for the
 * window ahead. What it holds and its own spares it asks a multiple of the last price for, never less
 * than cost.
 *
 * Parameters: `nodes` (default 16): held at most; `slots` (default 12): length of the window;
 * `leadSlots` (default 0): slots until it begins; `premium` (default 2) and `markup` (default 4):
 * factors on the last price for what it buys and what it sells; `price` (default 500): millicredits
 * of a node-slot that it reckons with where none was published.
 */
import type { Strategy } from '../agent.ts';
import type { Ask, Bid } from '../../market/orders.ts';
import { HOUR_MS } from '../../kernel/units.ts';
import { bidIdOf, clampMoney, ordersFromView } from '../orders-from-view.ts';
import { lowestPrice } from '../own-prices.ts';
import { HOARD_PREFIX } from '../view.ts';
import type { ClusterView, HoardedNodes, MarketTerms, Spare } from '../view.ts';

interface Plan {
  readonly nodeClass: string;
  readonly nodes: number;
  readonly slots: number;
  readonly leadSlots: number;
  /** What it pays for a node-slot at most, and what it asks. */
  readonly buyAt: number;
  readonly sellAt: number;
}

export const corner: Strategy = {
  name: 'corner',
  decide(view, terms, _fills, memory, parameters) {
    const plan = planOf(terms, parameters);
    if (plan === null) {
      return { orders: ordersFromView(view, terms, { bid: () => 1, ask: () => 1 }), memory };
    }
    const ask = (spare: Spare) => {
      const cost = (spare.costMillicreditsPerNodeHour * terms.slotMs) / HOUR_MS;
      const isCornered = spare.nodeClass === plan.nodeClass && cost > 0;
      return isCornered ? Math.max(1, plan.sellAt / cost) : 1;
    };
    const own = ordersFromView(view, terms, { bid: () => 1, ask });
    const resold = (view.hoard ?? []).flatMap((held) => askFor(view, terms, held, plan));
    const orders = {
      bids: [...own.bids, ...hoardingBid(view, terms, plan)],
      asks: [...own.asks, ...resold],
    };
    return { orders, memory };
  },
};

function planOf(terms: MarketTerms, parameters: Readonly<Record<string, number>>): Plan | null {
  const price = (nodeClass: string) => lowestPrice([nodeClass], terms) ?? 0;
  const [nodeClass] = Object.keys(terms.classSecurity).sort(
    (a, b) => price(b) - price(a) || (a < b ? -1 : a > b ? 1 : 0),
  );
  if (nodeClass === undefined) return null;
  const last = price(nodeClass) || Math.max(0, parameters['price'] ?? 500);
  const whole = (key: string, value: number, least: number) =>
    Math.min(1_000_000, Math.max(least, Math.floor(parameters[key] ?? value)));
  return {
    nodeClass,
    nodes: whole('nodes', 16, 0),
    slots: whole('slots', 12, 1),
    leadSlots: whole('leadSlots', 0, 0),
    buyAt: clampMoney(last * Math.max(0, parameters['premium'] ?? 2)),
    sellAt: clampMoney(last * Math.max(0, parameters['markup'] ?? 4)),
  };
}

/** For as many nodes as it does not hold yet at the start of the window. */
function hoardingBid(view: ClusterView, terms: MarketTerms, plan: Plan): Bid[] {
  const { nodeClass, leadSlots: startSlot } = plan;
  const endSlot = startSlot + plan.slots;
  const startMs = terms.roundStartMs + startSlot * terms.slotMs;
  const held = (view.hoard ?? [])
    .filter((entry) => entry.nodeClass === nodeClass)
    .filter(({ fromMs, untilMs }) => fromMs <= startMs && startMs < untilMs)
    .reduce((sum, { nodes }) => sum + nodes, 0);
  const nodes = plan.nodes - held;
  if (nodes < 1 || endSlot > terms.horizonSlots) return [];
  const valueMillicredits = clampMoney(plan.buyAt * nodes * plan.slots);
  return [
    {
      bidId: bidIdOf(view.organisation, `${HOARD_PREFIX}${nodeClass}@${view.nowMs}`),
      organisation: view.organisation,
      options: [{ nodeClass, nodes, minimumNodes: 1, startSlot, endSlot, valueMillicredits }],
      securityLevel: 'none',
      acceptsRecall: false,
    },
  ];
}

function askFor(view: ClusterView, terms: MarketTerms, held: HoardedNodes, plan: Plan): Ask[] {
  const slot = (timeMs: number) => (timeMs - terms.roundStartMs) / terms.slotMs;
  const startSlot = Math.max(0, Math.ceil(slot(held.fromMs)));
  const endSlot = Math.min(terms.horizonSlots, Math.floor(slot(held.untilMs)));
  if (held.nodes < 1 || endSlot <= startSlot) return [];
  return [
    {
      askId: `${view.organisation}:${held.hoardId}`,
      organisation: view.organisation,
      nodeClass: held.nodeClass,
      nodes: held.nodes,
      startSlot,
      endSlot,
      reserveMillicredits: plan.sellAt,
      recall: null,
      securityLevel: terms.classSecurity[held.nodeClass] ?? 'none',
    },
  ];
}
