/**
 * `sbba`: the strongly budget balanced double auction.
 *
 * Paper: Segal-Halevi, Hassidim & Aumann, "SBBA: A Strongly-Budget-Balanced Double-Auction
 * Mechanism", SAGT 2016 (arXiv 1607.05139).
 * Rule: k, b(k), s(k) as in `k-double-auction`, p = min(b(k), s(k+1)). If p = s(k+1), all k trade at
 * p. Otherwise p = b(k): buyers 1 … k − 1 buy, and k − 1 of the k cheapest sellers sell, at p. The
 * seller that goes without is drawn: the last one by its lot (`lottery.ts`). Of a seller with several
 * units among the k it is the dearest one. Where the unit at rank k is a gang's, the gang goes without
 * as a whole, and as many units of sellers.
 *
 * Claims: individually rational ex post; strongly budget balanced. Truthful for *unit demand*,
 * whatever the lots are: a trader with one order for one node, in one window with one option, gains
 * by no price, no number of nodes and no withholding. Who goes without depends on who the k cheapest
 * are, not on their prices, and p not on the price of anybody who trades; two sellers with equal asks
 * at rank k and k + 1 make p that ask, at which neither cares. Windows are taken to be true. Loses at
 * most 1/k of the gain. Not false-name-proof, and not truthful for several units.
 * Complexity: as `k-double-auction`.
 *
 * Example: bids 9 and 8, asks 4 and 3: p = 8, b1 buys, and one of both sellers sells, each as likely.
 */
import { callTrades } from '../unit-market/call-auction.ts';
import type { CallPrices } from '../unit-market/call-auction.ts';
import type { Crossing } from '../unit-market/crossing.ts';
import { unitMechanism } from '../unit-market/round.ts';

/** The rule for one unit a trader. */
export function balancedReduction({ lastBid, nextAsk }: Crossing): CallPrices {
  const isReduced = nextAsk === null || nextAsk > lastBid;
  const price = isReduced ? lastBid : nextAsk;
  return { isReduced, isDrawn: true, buyerPrice: price, sellerPrice: price };
}

export const sbba = unitMechanism({
  name: 'sbba',
  version: 1,
  properties: {
    individualRationality: 'always',
    incentiveCompatibility: 'unit-demand',
    efficiency: 'never',
    budgetBalance: 'strong',
    falseNameProofness: 'never',
    gangs: false,
    windows: true,
  },
  isBound: true,
  rule: () => (book) => callTrades(book, balancedReduction),
});
