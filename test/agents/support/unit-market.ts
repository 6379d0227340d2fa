/** A market for single units, as in the laboratory: each trader buys or sells one node for one slot. */
import type { AgentMemory, Strategy } from '../../../core/agents/agent.ts';
import type { ClusterView, MarketTerms } from '../../../core/agents/view.ts';
import type { RandomStream } from '../../../core/kernel/random.ts';
import { HOUR_MS } from '../../../core/kernel/units.ts';
import type { Ask, Bid, ClassPrice } from '../../../core/market/orders.ts';

export interface Trader {
  readonly name: string;
  readonly side: 'buyer' | 'seller';
  /** Worth or cost of a node over the slot, millicredits. */
  readonly limit: number;
  /** One where absent. */
  readonly nodes?: number;
}

export const UNIT_TERMS: MarketTerms = {
  roundStartMs: 0,
  slotMs: HOUR_MS,
  horizonSlots: 1,
  setupMs: { none: 0, attested: 0, full: 0 },
  releaseMs: 0,
  lastPrices: [],
  classSecurity: { standard: 'full' },
  recallPenaltyPartsPerMillion: 0,
};

/** What a trader that still has its unit to trade sees in a round. */
export function unitView(trader: Trader, round: number, seed: number): ClusterView {
  const { name, side, limit, nodes = 1 } = trader;
  const want = {
    wantId: 'unit',
    nodes,
    minimumNodes: 1,
    nodeClasses: ['standard'],
    durationMs: HOUR_MS,
    earliestStartMs: 0,
    latestEndMs: HOUR_MS,
    valueMillicredits: limit * nodes,
    certainty: 1,
    securityLevel: 'none' as const,
    acceptsRecall: false,
  };
  const spare = {
    spareId: 'unit',
    nodeClass: 'standard',
    nodes,
    fromMs: 0,
    untilMs: HOUR_MS,
    costMillicreditsPerNodeHour: limit,
    recallNoticeMs: null,
  };
  return {
    organisation: name,
    kind: 'hpc',
    nowMs: 0,
    wants: side === 'buyer' ? [want] : [],
    spares: side === 'seller' ? [spare] : [],
    ownNodes: nodes,
    balanceMillicredits: 1e9,
    givenNodeMs: 0,
    receivedNodeMs: 0,
    draws: { seed, replication: 0, entity: name, purpose: `round ${round}` },
  };
}

export function pricesOf(price: number | null): readonly ClassPrice[] {
  return [{ nodeClass: 'standard', millicreditsPerNodeSlot: price }];
}

/** Most that trade can bring: highest values with lowest costs; and a price in the middle of where they meet. */
export function equilibrium(traders: readonly Trader[]): { surplus: number; price: number } {
  const limits = (side: Trader['side']) =>
    traders.filter((trader) => trader.side === side).map(({ limit }) => limit);
  const values = limits('buyer').sort((a, b) => b - a);
  const costs = limits('seller').sort((a, b) => a - b);
  let surplus = 0;
  let k = 0;
  for (; k < Math.min(values.length, costs.length) && values[k]! > costs[k]!; k++) {
    surplus += values[k]! - costs[k]!;
  }
  const low = Math.max(costs[k - 1]!, values[k] ?? 0);
  const high = Math.min(values[k - 1]!, costs[k] ?? Infinity);
  return { surplus, price: (low + high) / 2 };
}

export interface DayOfTrade {
  readonly surplus: number;
  readonly prices: readonly number[];
}

/**
 * A day of a continuous double auction: traders shout one after another, at random, and a shout that
 * meets the best one of the other side trades at that one's price; then all shouts lapse.
 */
export function continuousDay(
  traders: readonly Trader[],
  shouts: number,
  stream: RandomStream,
  orderOf: (trader: Trader, shout: number) => number,
  onShout: (price: number, kind: 'bid' | 'offer', accepted: boolean, active: Trader[]) => void,
): DayOfTrade {
  const active = [...traders];
  let best: { bid: [Trader, number] | null; offer: [Trader, number] | null } = {
    bid: null,
    offer: null,
  };
  let surplus = 0;
  const prices: number[] = [];
  for (let shout = 0; shout < shouts && active.length > 0; shout++) {
    const trader = active[stream.integer(active.length)]!;
    const price = orderOf(trader, shout);
    const buys = trader.side === 'buyer';
    const other = buys ? best.offer : best.bid;
    const meets = other !== null && (buys ? price >= other[1] : price <= other[1]);
    if (meets) {
      const [partner, at] = other;
      surplus += buys ? trader.limit - partner.limit : partner.limit - trader.limit;
      prices.push(at);
      for (const gone of [trader, partner]) active.splice(active.indexOf(gone), 1);
      best = { bid: null, offer: null };
      onShout(at, buys ? 'offer' : 'bid', true, active);
      continue;
    }
    const own = buys ? best.bid : best.offer;
    if (own === null || (buys ? price > own[1] : price < own[1])) {
      best = buys ? { ...best, bid: [trader, price] } : { ...best, offer: [trader, price] };
    }
    onShout(price, buys ? 'bid' : 'offer', false, active);
  }
  return { surplus, prices };
}

/** A strategy's price for the trader's unit. */
export function priceOf(
  strategy: Strategy,
  trader: Trader,
  round: number,
  seed: number,
  memory: AgentMemory,
  parameters: Readonly<Record<string, number>>,
): number {
  const view = unitView(trader, round, seed);
  const { orders } = strategy.decide(
    view,
    UNIT_TERMS,
    { bidIds: [], askIds: [] },
    memory,
    parameters,
  );
  return priceIn(orders.bids[0], orders.asks[0]);
}

function priceIn(bid: Bid | undefined, ask: Ask | undefined): number {
  return bid?.options[0]?.valueMillicredits ?? ask!.reserveMillicredits;
}

/** Smith's alpha: root mean square distance of prices from the equilibrium price, % of it. */
export function smithsAlpha(prices: readonly number[], price: number): number {
  const squares = prices.reduce((sum, at) => sum + (at - price) * (at - price), 0);
  return (100 * Math.sqrt(squares / prices.length)) / price;
}
