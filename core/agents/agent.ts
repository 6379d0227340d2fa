/** A bidding strategy: the same pure function for a simulated organisation and a live agent. */
import type { Millicredits } from '../kernel/units.ts';
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
  /** How it keeps its contracts until its next decision; absent: honestly. */
  readonly conduct?: Conduct;
}

/**
 * What an organisation does beyond its orders. The strategy decides, the world acts: nothing in
 * here is seen by the market or by anybody else before it has happened.
 */
export interface Conduct {
  /** Hands over the nodes that it sold. */
  readonly delivers: boolean;
  /** Takes the nodes that it bought and pays for them; else its deposit is all it loses. */
  readonly takes: boolean;
  /** Reveals what it has committed to, where orders are sealed; else it loses its bond. */
  readonly reveals: boolean;
  /** Spare that it sells → class of the nodes that it hands over, whatever its ask says. */
  readonly substitutes: ReadonlyMap<string, string>;
}

/** Keeps every promise. */
export const HONEST: Conduct = {
  delivers: true,
  takes: true,
  reveals: true,
  substitutes: new Map(),
};

/** One contract that an agent has closed in the last round, as agreed. */
export interface OwnTrade {
  readonly side: 'bought' | 'sold';
  /** The agent's own id of the want or the spare behind it. */
  readonly orderId: string;
  readonly nodes: number;
  readonly slots: number;
  /** Price of what was bought, receipt for what was sold. */
  readonly millicredits: Millicredits;
}

/** What became of an agent's own orders in the last round. */
export interface OwnFills {
  readonly bidIds: readonly string[];
  readonly askIds: readonly string[];
  /** The same with numbers and money; absent where nobody says. */
  readonly trades?: readonly OwnTrade[];
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
