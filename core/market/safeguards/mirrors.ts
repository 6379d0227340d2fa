/**
 * Bidders whose bids are one seller's asks over again (crash 6, shills): same class, same first and
 * last slot, round after round. Whoever bids for work of its own wants nodes for as long as the work
 * takes; whoever bids to make a seller's nodes dear bids for what the seller offers.
 *
 * Score of a bidder and a seller: the share of the bidder's bids that mirror an ask of the seller,
 * less that share of everybody else's bids. Where all trade the same windows it is 0. A shill whose
 * windows are its own is not seen; nor are honest bidders who take whatever one seller offers told
 * from it.
 */
import type { MarketRound } from '../orders.ts';

/** Fewer bids of the bidder, or of everybody else, say nothing. */
const LEAST_BIDS = 10;

/** A window that more sellers offer points at none of them. */
const MOST_SELLERS = 4;

export interface MirroredBid {
  readonly bidder: string;
  /** Whose asks have the class and the window of one of its options. */
  readonly sellers: readonly string[];
}

export interface MirrorScore {
  readonly bidder: string;
  readonly seller: string;
  readonly score: number;
}

/** Every bid of the round. */
export function mirroredBids({ bids, asks }: Pick<MarketRound, 'bids' | 'asks'>): MirroredBid[] {
  const offered = new Map<string, Set<string>>();
  for (const { organisation, nodeClass, startSlot, endSlot } of asks) {
    const key = windowKey(nodeClass, startSlot, endSlot);
    const sellers = offered.get(key);
    if (sellers) sellers.add(organisation);
    else offered.set(key, new Set([organisation]));
  }
  return bids.map(({ organisation, options }) => {
    const sellers = new Set<string>();
    for (const { nodeClass, startSlot, endSlot } of options) {
      const found = offered.get(windowKey(nodeClass, startSlot, endSlot));
      if (!found || found.size > MOST_SELLERS) continue;
      for (const seller of found) if (seller !== organisation) sellers.add(seller);
    }
    return { bidder: organisation, sellers: [...sellers].sort().slice(0, MOST_SELLERS) };
  });
}

/** Of all bidders and sellers with enough bids, highest score first. */
export function mirrorScores(bids: readonly MirroredBid[]): MirrorScore[] {
  const bidsOf = new Map<string, number>();
  const mirrors = new Map<string, Map<string, number>>();
  const mirrorsOf = new Map<string, number>();
  for (const { bidder, sellers } of bids) {
    bidsOf.set(bidder, (bidsOf.get(bidder) ?? 0) + 1);
    let own = mirrors.get(bidder);
    if (!own) mirrors.set(bidder, (own = new Map()));
    for (const seller of sellers) {
      own.set(seller, (own.get(seller) ?? 0) + 1);
      mirrorsOf.set(seller, (mirrorsOf.get(seller) ?? 0) + 1);
    }
  }
  const scores: MirrorScore[] = [];
  for (const [bidder, own] of mirrors) {
    const count = bidsOf.get(bidder)!;
    const others = bids.length - count;
    if (count < LEAST_BIDS || others < LEAST_BIDS) continue;
    for (const [seller, mirrored] of own) {
      const elsewhere = (mirrorsOf.get(seller)! - mirrored) / others;
      scores.push({ bidder, seller, score: mirrored / count - elsewhere });
    }
  }
  return scores.sort(
    (a, b) =>
      b.score - a.score ||
      (a.bidder < b.bidder ? -1 : a.bidder > b.bidder ? 1 : a.seller < b.seller ? -1 : 1),
  );
}

/** Names of classes may hold anything, so that they come last. */
function windowKey(nodeClass: string, startSlot: number, endSlot: number): string {
  return `${startSlot}/${endSlot}/${nodeClass}`;
}
