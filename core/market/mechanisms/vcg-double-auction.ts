/**
 * `vcg-double-auction`: the Vickrey–Clarke–Groves mechanism for single units.
 *
 * Papers: Vickrey, J. Finance 16 (1961); Clarke, Public Choice 11 (1971); Groves, Econometrica 41
 * (1973). That something has to give: Myerson & Satterthwaite, J. Econ. Theory 29 (1983).
 * Rule: k, b(k), s(k) as in `k-double-auction`. All k trade; buyers pay max(s(k), b(k+1)), sellers
 * get min(b(k), s(k+1)), and the exchange is short of k times the difference.
 *
 * Claims: individually rational; truthful and efficient for *unit demand* (one order for one node, in
 * one window with one option; efficiency where all of a round is one such window). There is a
 * deficit. Not truthful for several units: a trader's own losing unit would set its price. Not
 * false-name-proof.
 * Complexity: as `k-double-auction`.
 *
 * Example: bids 9 and 8, asks 4 and 3: both trade, buyers pay 4, sellers get 8, the deficit is 8.
 */
import { callTrades } from '../unit-market/call-auction.ts';
import type { CallPrices } from '../unit-market/call-auction.ts';
import type { Crossing } from '../unit-market/crossing.ts';
import { unitMechanism } from '../unit-market/round.ts';
import { rangeOf } from './k-double-auction.ts';

/** Everybody trades; each side at the end of the range that is better for it. */
export function pivotalPrices(crossing: Crossing): CallPrices {
  const { low, high } = rangeOf(crossing);
  return { isReduced: false, isDrawn: false, buyerPrice: low, sellerPrice: high };
}

export const vcgDoubleAuction = unitMechanism({
  name: 'vcg-double-auction',
  version: 1,
  properties: {
    individualRationality: 'always',
    incentiveCompatibility: 'unit-demand',
    efficiency: 'unit-demand',
    budgetBalance: 'none',
    falseNameProofness: 'never',
    gangs: false,
    windows: true,
  },
  isBound: true,
  rule: () => (book) => callTrades(book, pivotalPrices),
});
