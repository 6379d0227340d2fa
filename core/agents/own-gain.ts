/**
 * What the last round brought an agent, on its own values: worth of what it bought − payments +
 * receipts − cost of what it sold. Strategies that learn from experience share it.
 *
 * The truth behind orders that are sent scaled is kept in the memory under `worth/` and `cost/`, and
 * forgotten a round later. Later options of a want count as its first.
 */
import type { AgentMemory, OwnFills } from './agent.ts';
import { ordersFromView } from './orders-from-view.ts';
import type { ClusterView, MarketTerms } from './view.ts';

const TRUTH = { bid: () => 1, ask: () => 1 };

/** Worth of a node of each want and cost of a node-slot of each spare, to be kept in the memory. */
export function truthOf(view: ClusterView, terms: MarketTerms): Record<string, number> {
  const truth: Record<string, number> = {};
  const own = view.organisation.length + 1;
  const { bids, asks } = ordersFromView(view, terms, TRUTH);
  for (const { bidId, options } of bids) {
    truth[`worth/${bidId.slice(own)}`] = options[0]!.valueMillicredits / options[0]!.nodes;
  }
  for (const { askId, reserveMillicredits } of asks) {
    truth[`cost/${askId.slice(own)}`] = reserveMillicredits;
  }
  return truth;
}

/** Null where nothing was sent, or nobody says what came of it. */
export function gainOf(fills: OwnFills, memory: AgentMemory): number | null {
  if (fills.trades === undefined || (memory['sent'] ?? 0) === 0) return null;
  let gain = 0;
  for (const { side, orderId, nodes, slots, millicredits } of fills.trades) {
    if (side === 'bought') gain += (memory[`worth/${orderId}`] ?? 0) * nodes - millicredits;
    else gain += millicredits - (memory[`cost/${orderId}`] ?? 0) * nodes * slots;
  }
  return gain;
}
