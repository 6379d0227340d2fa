/** Short ways to write orders in tests. */
import type {
  Ask,
  Bid,
  BidOption,
  MarketRound,
  StandingLease,
} from '../../../core/market/orders.ts';

/** One node of class A over slot 0, worth 1,000, unless said otherwise. */
export function option(of: Partial<BidOption> = {}): BidOption {
  const nodes = of.nodes ?? 1;
  return {
    nodeClass: 'A',
    nodes,
    minimumNodes: nodes,
    startSlot: 0,
    endSlot: 1,
    valueMillicredits: 1_000,
    ...of,
  };
}

/** A bid of an organisation of its own with one option. */
export function bid(bidId: string, of: Partial<BidOption> = {}, more: Partial<Bid> = {}): Bid {
  return {
    bidId,
    organisation: `buyer ${bidId}`,
    options: [option(of)],
    securityLevel: 'none',
    acceptsRecall: true,
    ...more,
  };
}

/** An ask of an organisation of its own: one node of class A over slot 0 for nothing. */
export function ask(askId: string, of: Partial<Ask> = {}): Ask {
  return {
    askId,
    organisation: `seller ${askId}`,
    nodeClass: 'A',
    nodes: 1,
    startSlot: 0,
    endSlot: 1,
    reserveMillicredits: 0,
    recall: null,
    securityLevel: 'full',
    ...of,
  };
}

/** A lease that may be preempted: one node of class A over eight slots, for nothing, back after one. */
export function lease(contractId: string, of: Partial<StandingLease> = {}): StandingLease {
  return {
    contractId,
    buyer: 'somebody',
    seller: 'owner',
    nodeClass: 'A',
    nodes: 1,
    startSlot: 0,
    endSlot: 8,
    priceMillicredits: 0,
    valueMillicredits: 0,
    preemptible: true,
    resaleSlot: 1,
    reserveMillicredits: 0,
    recall: null,
    securityLevel: 'full',
    ...of,
  };
}

export function round(
  bids: readonly Bid[],
  asks: readonly Ask[],
  more: Partial<MarketRound> = {},
): MarketRound {
  return {
    roundId: 1,
    slotMs: 900_000,
    horizonSlots: 8,
    bids,
    asks,
    seed: 'a seed',
    ...more,
  };
}
