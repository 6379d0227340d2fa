/**
 * The one interface behind which every safeguard stands: a few moments at which it may act.
 *
 * A safeguard that censors orders does so by facts that were published before the round, or that do
 * not depend on the report that is censored, so that a truthful mechanism stays truthful.
 */
import type { Refusal } from '../../kernel/errors.ts';
import type { Millicredits, NodeMs, TimeMs } from '../../kernel/units.ts';
import type { ContractState, LiveContract } from '../contracts.ts';
import type { Ask, Bid, Clearing, MarketRound } from '../orders.ts';
import type { PriceHistory } from '../price-history.ts';
import type { MarketState } from '../state.ts';
import type { SafeguardMemory } from './memory.ts';

/** What a safeguard sees and may do. */
export interface SafeguardDesk {
  /** Read only. */
  readonly market: MarketState;
  readonly memory: SafeguardMemory;
  readonly prices: PriceHistory;
  readonly timeMs: TimeMs;
  readonly roundId: number;
  /** Start of the round's slot 0. */
  readonly startMs: TimeMs;
  /** Says that it acted. */
  trigger(why: TriggerDetail): void;
  /** Moves money between two accounts. @returns whether it could */
  pay(from: string, to: string, amountMillicredits: Millicredits): boolean;
  /** Ends a contract as if its buyer had not taken the nodes. */
  release(live: LiveContract): void;
  /** Asks the world for a round before its time. */
  callRound(detail: string): void;
}

/** What an organisation has lost for good by a safeguard. */
export interface Fine {
  /** Account that has it now. */
  readonly to: string;
  readonly amountMillicredits: Millicredits;
}

export interface TriggerDetail {
  readonly organisation?: string;
  readonly orderId?: string;
  readonly fine?: Fine;
  readonly detail: string;
}

export interface SettledContract {
  readonly live: LiveContract;
  readonly outcome: ContractState;
  readonly deliveredNodeMs: NodeMs;
}

export interface Safeguard {
  readonly name: string;
  /** Acts in rounds of every horizon, not of the epoch call alone. */
  readonly everyHorizon?: true;
  /** Whether an order may enter the book; a refusal changes nothing. */
  admitBid?(bid: Bid, desk: SafeguardDesk): Refusal | null;
  admitAsk?(ask: Ask, desk: SafeguardDesk): Refusal | null;
  /** An order has entered the book. */
  admitted?(order: Bid | Ask, desk: SafeguardDesk): void;
  /** A round is about to be closed. */
  beforeRound?(desk: SafeguardDesk, round: MarketRound): void;
  /** The orders as they go to the solver. */
  shape?(round: MarketRound, desk: SafeguardDesk): MarketRound;
  /** An accepted clearing of the shaped round; its prices are in the history. */
  cleared?(clearing: Clearing, round: MarketRound, desk: SafeguardDesk): void;
  settled?(contract: SettledContract, desk: SafeguardDesk): void;
}
