/** The one interface behind which every way of matching supply and demand stands. */
import type { Clearing, MarketRound } from './orders.ts';

/**
 * Domain in which a claimed property holds; `never` is the honest answer for many.
 *
 * `unit-demand`: every organisation has one order for one node over one window, every bid one option;
 * false prices and numbers of nodes, and holding back, are what it may try.
 * `diminishing-returns`: an organisation only buys or only sells, all in one window, and no gangs;
 * each further node is worth no more to it, or costs it no less, than the one before.
 * `single-minded`: every organisation has one order, every bid one option, a gang; an owner's nodes
 * and window are known, its reserve is not.
 * `price-taking`: every organisation has one order, and only its price is not known; or, over one slot
 * and without gangs, its number of nodes too.
 * `proved-optimum`: no organisation both buys and sells, and the clearing's `search` says that all
 * welfares it rests on are proved (`unprovedWelfares` is 0).
 */
export type ClaimDomain =
  | 'always'
  | 'unit-demand'
  | 'diminishing-returns'
  | 'single-minded'
  | 'price-taking'
  | 'proved-optimum'
  | 'never';

/** What a mechanism claims; the conformance suite fails one that claims too much. */
export interface PropertyCard {
  readonly individualRationality: ClaimDomain;
  readonly incentiveCompatibility: ClaimDomain;
  /** The one side for which alone truthfulness is claimed; absent: both. */
  readonly truthfulSide?: 'buyers';
  readonly efficiency: ClaimDomain;
  /** `strong`: Σ payments = Σ receipts; `weak`: ≥; `none`: there may be a deficit. */
  readonly budgetBalance: 'strong' | 'weak' | 'none' | 'no-money';
  readonly falseNameProofness: ClaimDomain;
  readonly gangs: boolean;
  readonly windows: boolean;
}

/** A property that is claimed and tested. */
export type ClaimedProperty = Exclude<keyof PropertyCard, 'truthfulSide'>;

/** What a mechanism carries from one round to the next (a posted price, credits); plain data. */
export type MechanismState = Readonly<Record<string, number>>;

export interface ClearedRound {
  readonly clearing: Clearing;
  readonly state: MechanismState;
}

/**
 * A mechanism is a pure function of the round, its parameters and what it carried over: the same
 * bytes in give the same bytes out.
 */
export interface Mechanism {
  readonly name: string;
  readonly version: number;
  readonly properties: PropertyCard;
  /** Whether it counts which order came first, over both sides. */
  readonly goesByArrival?: boolean;
  /** Carries over what a round with orders of one side alone changes too, such as a price. */
  readonly heedsOneSide?: boolean;
  /** Rounds show the contracts that are under way: to be counted, or to be preempted too. */
  readonly standing?: 'counted' | 'preempted';
  clear(round: MarketRound, parameters: MechanismParameters, state: MechanismState): ClearedRound;
}

export type MechanismParameters = Readonly<Record<string, number>>;
