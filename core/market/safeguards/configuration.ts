/**
 * Terms of the safeguards. A safeguard without terms is off; without any, a market behaves as if
 * there were none. Shares are in parts per million.
 */
import type { Millicredits, TimeMs } from '../../kernel/units.ts';

/** What is known of a class before any round. */
export interface KnownClass {
  readonly nodeClass: string;
  /** Nodes of the class in the whole fabric. */
  readonly nodes: number;
  /** What running one node for one slot costs its owner. */
  readonly costMillicreditsPerNodeSlot: Millicredits;
}

export interface SafeguardConfiguration {
  /** Classes that limits are about; others are traded without. */
  readonly nodeClasses: readonly KnownClass[];
  /** How far back prices count. */
  readonly priceWindowMs: TimeMs;
  readonly positionLimit?: PositionLimitTerms;
  readonly priceCollar?: PriceCollarTerms;
  readonly priceFloor?: PriceFloorTerms;
  readonly volatilityHalt?: VolatilityHaltTerms;
  readonly mustOffer?: MustOfferTerms;
  readonly pivotalSupplier?: PivotalSupplierTerms;
  readonly selfTrade?: SelfTradeTerms;
  readonly identityDeposit?: IdentityDepositTerms;
  readonly reputation?: ReputationTerms;
  readonly orderSize?: OrderSizeTerms;
  readonly minimumLease?: MinimumLeaseTerms;
  readonly switchingCost?: SwitchingCostTerms;
  readonly useOrRelease?: UseOrReleaseTerms;
  readonly extraRound?: ExtraRoundTerms;
  readonly warranty?: WarrantyTerms;
  readonly recallPenalty?: RecallPenaltyTerms;
  readonly jitter?: JitterTerms;
  readonly cartelScreen?: CartelScreenTerms;
  readonly shillScreen?: ShillScreenTerms;
  readonly marketMaker?: MarketMakerTerms;
}

export interface MarketMakerTerms {
  /** Member of the market that trades for the exchange; nobody else posts in its name. */
  readonly organisation: string;
  /** Distance of each quote from the last price. */
  readonly spreadPartsPerMillion: number;
  /** Most node-slots of a class that it holds. */
  readonly limitNodeSlots: number;
  /** Slots that it buys at a time. */
  readonly leaseSlots: number;
}

export interface PositionLimitTerms {
  /** Most of a class that one organisation may hold at a time. */
  readonly sharePartsPerMillion: number;
  /** Organisations that it does not hold for, e.g. those with an emergency option. */
  readonly exempt: readonly string[];
}

export interface PriceCollarTerms {
  /** Width of the band to each side of the median. */
  readonly bandPartsPerMillion: number;
}

export interface PriceFloorTerms {
  /** Of the class's cost. */
  readonly sharePartsPerMillion: number;
}

export interface VolatilityHaltTerms {
  /** Distance from the median at which trading stops. */
  readonly movePartsPerMillion: number;
  /** Rounds without trade. */
  readonly rounds: number;
}

export interface MustOfferTerms {
  /** For each idle node that is not offered, per round: of the class's cost of a slot. */
  readonly feePartsPerMillion: number;
  /** Share of the idle nodes that need not be offered. */
  readonly tolerancePartsPerMillion: number;
}

export interface PivotalSupplierTerms {
  /** Most above the class's cost that a pivotal supplier may ask for idle nodes. */
  readonly markupPartsPerMillion: number;
}

export interface SelfTradeTerms {
  /** Organisations that belong together. */
  readonly groups: readonly (readonly string[])[];
}

export interface IdentityDepositTerms {
  readonly depositMillicredits: Millicredits;
}

export interface ReputationTerms {
  /** Discount on deposits that an endless spotless record earns. */
  readonly mostDiscountPartsPerMillion: number;
}

export interface OrderSizeTerms {
  /** Most of a class that one order may be about. */
  readonly sharePartsPerMillion: number;
}

export interface MinimumLeaseTerms {
  readonly slots: number;
}

export interface SwitchingCostTerms {
  /** What moving one node to a new borrower costs; paid by the borrower on top of the price. */
  readonly millicreditsPerNode: Millicredits;
}

export interface UseOrReleaseTerms {
  /** Time after its start within which a lease must have begun. */
  readonly graceMs: TimeMs;
}

export interface ExtraRoundTerms {
  /** New demand for a class, as a share of its nodes, that is worth a round of its own. */
  readonly demandPartsPerMillion: number;
  readonly leastGapMs: TimeMs;
}

export interface WarrantyTerms {
  /** Bond of the seller, as a share of the receipt. */
  readonly bondPartsPerMillion: number;
  /** Shortfall of performance that is forgiven. */
  readonly tolerancePartsPerMillion: number;
  /** Time after the end of a lease in which its hardware may be complained of. */
  readonly claimMs: TimeMs;
  /** Rounds for which a seller who fell short may not sell the class. */
  readonly barredRounds: number;
}

export interface RecallPenaltyTerms {
  /** Quantile of the price gap that the penalty must cover. */
  readonly quantilePartsPerMillion: number;
}

export interface JitterTerms {
  /** Most by which an epoch is lengthened. */
  readonly epochPartsPerMillion: number;
}

export interface CartelScreenTerms {
  /** Rounds looked back at. */
  readonly rounds: number;
  readonly leastScore: number;
}

export interface ShillScreenTerms {
  /** Trades, and bids, looked back at. */
  readonly trades: number;
  readonly leastScore: number;
}
