/**
 * `k-double-auction`: uniform-price call auction.
 *
 * Paper: Chatterjee & Samuelson, "Bargaining under Incomplete Information", Oper. Res. 31 (1983);
 * Satterthwaite & Williams, J. Econ. Theory 48 (1989) for many traders.
 * Rule: with buyers b(1) ≥ b(2) … and sellers s(1) ≤ s(2) …, k the last rank with b(k) ≥ s(k), all of
 * rank 1 … k trade at lo + κ · (hi − lo), lo = max(s(k), b(k+1)), hi = min(b(k), s(k+1)), κ = ½.
 * Claims: individually rational, strongly budget balanced; efficient on reports for unit demand in
 * one window. Not truthful: a gain of O(1/n) is left.
 * Complexity: O(n log n) a bucket, plus buckets × asks to find who meets whom.
 *
 * It is a mechanism for *units*: how a round becomes auctions for units is in `unit-market/`. Buckets
 * are cleared one after another, and a node that one of them leaves free may be sold in the next.
 * Gangs are not a claim of this mechanism.
 *
 * Example: bids 9 and 8, asks 4 and 3: two trades, any price in [4, 8] clears, κ = ½ makes it 6.
 *
 * Parameter `k`: κ in [0, 1].
 */
import { callTrades } from '../unit-market/call-auction.ts';
import { crossingOfUnits } from '../unit-market/crossing.ts';
import type { Crossing } from '../unit-market/crossing.ts';
import { unitMechanism } from '../unit-market/round.ts';

/** Range of prices that clear k trades; null where there is no trade. */
export interface ClearingRange {
  readonly trades: number;
  readonly low: number;
  readonly high: number;
}

/** The prices at which exactly the units that cross would trade. */
export function rangeOf({ units, lastBid, lastAsk, nextBid, nextAsk }: Crossing): ClearingRange {
  return {
    trades: units,
    low: Math.max(lastAsk, nextBid ?? 0),
    high: Math.min(lastBid, nextAsk ?? Infinity),
  };
}

/**
 * @param bids unit bids, highest first
 * @param asks unit asks, lowest first
 */
export function clearingRange(
  bids: readonly number[],
  asks: readonly number[],
): ClearingRange | null {
  const crossing = crossingOfUnits(bids, asks);
  return crossing && rangeOf(crossing);
}

/** Price in the range, in whole units, rounded down. */
export function kappaPrice({ low, high }: ClearingRange, kappa: number): number {
  return low + Math.floor(kappa * (high - low));
}

export const kDoubleAuction = unitMechanism({
  name: 'k-double-auction',
  version: 2,
  properties: {
    individualRationality: 'always',
    incentiveCompatibility: 'never',
    efficiency: 'unit-demand',
    budgetBalance: 'strong',
    falseNameProofness: 'never',
    gangs: false,
    windows: true,
  },
  isBound: false,
  rule: (parameters) => {
    const asked = parameters['k'] ?? 0.5;
    const kappa = asked >= 0 && asked <= 1 ? asked : 0.5;
    return (book) =>
      callTrades(book, (crossing) => {
        const price = kappaPrice(rangeOf(crossing), kappa);
        return { isReduced: false, isDrawn: false, buyerPrice: price, sellerPrice: price };
      });
  },
});
