/**
 * What is traded: a node of one class for a run of whole slots.
 *
 * Slots are numbered from the start of the round's horizon; windows are half-open
 * `[startSlot, endSlot)`. Money is in integer millicredits. A gang takes all its nodes in one
 * class or nothing.
 */
import type { SecurityLevel } from '../kernel/security-level.ts';
import type { Millicredits } from '../kernel/units.ts';
import { fulfils } from './constraints/constraint.ts';
import type { Constraint } from './constraints/constraint.ts';
import type { NodeProperties } from './constraints/properties.ts';

export type { SecurityLevel } from '../kernel/security-level.ts';

export const SECURITY_LEVELS: readonly SecurityLevel[] = ['none', 'attested', 'full'];

/**
 * What becomes of an order that is not filled at once, where trade is continuous: it rests, what is
 * left of it lapses, or it is filled as a whole or not at all.
 */
export type TimeInForce = 'limit' | 'immediate-or-cancel' | 'fill-or-kill';

export const TIMES_IN_FORCE: readonly TimeInForce[] = [
  'limit',
  'immediate-or-cancel',
  'fill-or-kill',
];

/** One way in which a bid can be served. */
export interface BidOption {
  readonly nodeClass: string;
  /** Most nodes wanted. */
  readonly nodes: number;
  /** Fewest nodes of use: equal to `nodes` for a gang, 1 for work that scales. */
  readonly minimumNodes: number;
  readonly startSlot: number;
  readonly endSlot: number;
  /** Worth of all `nodes` over the window; fewer nodes are worth proportionally less. */
  readonly valueMillicredits: Millicredits;
}

export interface Bid {
  readonly bidId: string;
  readonly organisation: string;
  /**
   * At most one option is served (XOR). Options of one class keep a round's classes apart, which is
   * what makes it quick to solve; alternatives in several classes may stand in one bid too.
   */
  readonly options: readonly BidOption[];
  readonly securityLevel: SecurityLevel;
  /** The work survives being recalled at the owner's notice. */
  readonly acceptsRecall: boolean;
  /** What the nodes must be; see `constraints/constraint.ts`. */
  readonly constraints?: readonly Constraint[];
  /** Only where trade is continuous; absent: `limit`. */
  readonly timeInForce?: TimeInForce;
  /**
   * Place in the order of submission over both sides, given by the market. Orders without one came
   * first, asks before bids.
   */
  readonly sequence?: number;
}

/** Terms on which an owner may take a lent node back before the lease ends. */
export interface RecallTerms {
  readonly noticeMs: number;
  /** Paid to the borrower when recalled, in parts per million of the rest of the price. */
  readonly penaltyPartsPerMillion: number;
}

export interface Ask {
  readonly askId: string;
  readonly organisation: string;
  readonly nodeClass: string;
  readonly nodes: number;
  readonly startSlot: number;
  readonly endSlot: number;
  /** Least the owner takes for one node over one slot. */
  readonly reserveMillicredits: Millicredits;
  /** Null for a firm offer, which cannot be taken back. */
  readonly recall: RecallTerms | null;
  /** Highest security level that the nodes of this class can prove. */
  readonly securityLevel: SecurityLevel;
  /** What the nodes are, for the constraints of bids. */
  readonly properties?: NodeProperties;
  /** Only where trade is continuous; absent: `limit`. */
  readonly timeInForce?: TimeInForce;
  /**
   * Place in the order of submission over both sides, given by the market. Orders without one came
   * first, asks before bids.
   */
  readonly sequence?: number;
}

/** The part of a fill that one ask supplies. */
export interface FillPart {
  readonly askId: string;
  readonly nodes: number;
}

export interface Fill {
  readonly bidId: string;
  readonly optionIndex: number;
  readonly nodes: number;
  readonly parts: readonly FillPart[];
  /** What the buyer pays for the whole fill. */
  readonly paymentMillicredits: Millicredits;
}

/** Who takes part, as far as a rule without prices has to know it. */
export interface RoundMember {
  readonly organisation: string;
  /** Nodes that it has brought into the site: the weight of its fair share. */
  readonly contributedNodes: number;
  /** Rank where priorities are fixed; the higher one goes first. */
  readonly priority: number;
  /** What kind of cluster it runs. */
  readonly kind?: string;
}

/** A contract that is under way when a round is cleared: what a rule may need to know of it. */
export interface StandingLease {
  readonly contractId: string;
  readonly buyer: string;
  readonly seller: string;
  readonly nodeClass: string;
  readonly nodes: number;
  /** What is left of its window, in whole slots of this round. */
  readonly startSlot: number;
  readonly endSlot: number;
  /** What the buyer pays for the rest, and what the rest is worth by its bid. */
  readonly priceMillicredits: Millicredits;
  readonly valueMillicredits: Millicredits;
  readonly preemptible: boolean;
  /** First slot in which its nodes can be sold anew if this round preempts it. */
  readonly resaleSlot: number;
  /** Terms of the ask that its nodes came from; they are sold anew on the same. */
  readonly reserveMillicredits: Millicredits;
  readonly recall: RecallTerms | null;
  readonly securityLevel: SecurityLevel;
}

/** Sealed orders of one round, in order of submission. */
export interface MarketRound {
  readonly roundId: number;
  readonly slotMs: number;
  readonly horizonSlots: number;
  readonly bids: readonly Bid[];
  readonly asks: readonly Ask[];
  /** Absent: nobody brought more than another, and nobody goes first. */
  readonly members?: readonly RoundMember[];
  /** Contracts under way; absent where the mechanism does not look at them. */
  readonly standing?: readonly StandingLease[];
  /** For lotteries and search; fixed before the orders were known. */
  readonly seed: string;
}

/** Clearing price of one node-slot; null where nothing of the class was traded in the slot. */
export interface ClassPrice {
  readonly nodeClass: string;
  readonly millicreditsPerNodeSlot: Millicredits | null;
}

/**
 * What a node-slot of a class is worth in a run of slots, by the dual of the linear relaxation: the
 * reserve of the cheapest on offer, or what scarcity makes of it. A clearing's own are found by
 * tâtonnement, in between the many duals that are equally good; `ocx clear` prints a solver's too.
 */
export interface SlotPrice {
  readonly nodeClass: string;
  readonly startSlot: number;
  readonly endSlot: number;
  readonly millicreditsPerNodeSlot: Millicredits;
}

export interface Clearing {
  readonly fills: readonly Fill[];
  /** By ask: what its owner receives. */
  readonly receipts: ReadonlyMap<string, Millicredits>;
  /** Σ payments − Σ receipts: kept by (or missing at) the exchange. */
  readonly surplusMillicredits: Millicredits;
  readonly prices: readonly ClassPrice[];
  /** Reported value of what was served − reserve of what was sold. */
  readonly welfareMillicredits: Millicredits;
  /** Orders left out, each with a stable code. */
  readonly rejected: readonly Rejection[];
  /**
   * Standing contracts that give their nodes up. A part of a fill that uses them has the contract's
   * id for an ask id.
   */
  readonly preempted?: readonly string[];
  /** How the allocation was found; absent where nothing was searched. */
  readonly search?: SearchReport;
  /** Where one was searched: by class and start; adjacent slots with equal prices are one. */
  readonly slotPrices?: readonly SlotPrice[];
}

/** An order that was left out. It never keeps another one from being served. */
export interface Rejection {
  /** The order's id, or its position (`bid[3]`) where it has none that can be printed. */
  readonly orderId: string;
  readonly code: string;
}

/** What a heuristic clearing says about itself. */
export interface SearchReport {
  /** Welfare of the allocation by the search's own count. */
  readonly objectiveMillicredits: Millicredits;
  /** Rounds of ruin and refill that were done. */
  readonly iterations: number;
  /** No allocation is worth more, by weak duality; equal to the objective: proved optimal. */
  readonly upperBoundMillicredits: Millicredits;
  /** Cut-off C of the threshold rule; null where nothing was traded. */
  readonly thresholdMillicredits: Millicredits | null;
  /** Discounts that had to be cut to [0, own reported surplus]. */
  readonly clampedDiscounts: number;
  /** Branches of the exact search, over all parts of the round. */
  readonly branches: number;
  /** Welfares, of the round and without one trader, that are used and not proved to be the best. */
  readonly unprovedWelfares: number;
}

export const SECURITY_RANK: Readonly<Record<SecurityLevel, number>> = {
  none: 0,
  attested: 1,
  full: 2,
};

/** Whether nodes of this ask may serve this bid, apart from window and number. */
export function isCompatible(bid: Bid, ask: Ask): boolean {
  return (
    ask.organisation !== bid.organisation &&
    SECURITY_RANK[ask.securityLevel] >= SECURITY_RANK[bid.securityLevel] &&
    (ask.recall === null || bid.acceptsRecall) &&
    fulfils(bid.constraints, ask.properties)
  );
}

/** What a bid asks of nodes beyond class and window, as a key. */
export function termsOf({ securityLevel, acceptsRecall, constraints }: Bid): string {
  const terms = `${securityLevel} ${acceptsRecall}`;
  return constraints && constraints.length > 0 ? `${terms} ${JSON.stringify(constraints)}` : terms;
}
