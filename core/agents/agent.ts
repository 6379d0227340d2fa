/** A bidding strategy: the same pure function for a simulated organisation and a live agent. */
import type { Ask, Bid } from '../market/orders.ts';
import type { ClusterView, MarketTerms } from './view.ts';

/** What an agent remembers between rounds; plain data, so that it can be journalled. */
export type AgentMemory = Readonly<Record<string, number>>;

export interface Orders {
  readonly bids: readonly Bid[];
  readonly asks: readonly Ask[];
}

export interface Decision {
  readonly orders: Orders;
  readonly memory: AgentMemory;
}

/** What became of an agent's own orders in the last round. */
export interface OwnFills {
  readonly bidIds: readonly string[];
  readonly askIds: readonly string[];
}

export interface Strategy {
  readonly name: string;
  decide(
    view: ClusterView,
    terms: MarketTerms,
    fills: OwnFills,
    memory: AgentMemory,
    parameters: Readonly<Record<string, number>>,
  ): Decision;
}
