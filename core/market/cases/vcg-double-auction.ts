/**
 * Case `vcg-double-auction`: the Vickrey–Clarke–Groves mechanism for single units.
 *
 * All k efficient trades take place; buyers pay max(s(k), b(k+1)), sellers get min(b(k), s(k+1)), and
 * the exchange is short of k times the difference (Myerson & Satterthwaite, J. Econ. Theory 29 (1983):
 * something has to give).
 */
import { clearingRange } from '../mechanisms/k-double-auction.ts';
import type { CaseSolver } from './case.ts';
import { toCredits } from './input.ts';
import {
  deviationGain,
  expectedGain,
  firstOf,
  idsOf,
  optimalGain,
  unitMarket,
} from './unit-auction.ts';
import type { UnitMarket, UnitOutcome } from './unit-auction.ts';

export const solveVcgDoubleAuction: CaseSolver = (input) => {
  const market = unitMarket(input);
  const outcome = outcomeOf(market);
  const trades = outcome.buyerChance.reduce((a, b) => a + b, 0);
  const { buyerPrice, sellerPrice } = outcome;
  return {
    trades,
    buyerPrice: trades > 0 ? toCredits(buyerPrice) : null,
    sellerPrice: trades > 0 ? toCredits(sellerPrice) : null,
    buyers: idsOf(market.buyers, trades),
    sellers: idsOf(market.sellers, trades),
    deficit: toCredits(trades * (sellerPrice - buyerPrice)),
    optimalGFT: optimalGain(market),
    maxUnilateralDeviationGain: deviationGain(market, outcomeOf),
    GFT: toCredits(expectedGain(market, outcome)),
  };
};

function outcomeOf({ buyers, sellers }: UnitMarket): UnitOutcome {
  const range = clearingRange(
    buyers.map(({ report }) => report),
    sellers.map(({ report }) => report),
  );
  return {
    buyerChance: firstOf(buyers.length, range?.trades ?? 0),
    sellerChance: firstOf(sellers.length, range?.trades ?? 0),
    buyerPrice: range?.low ?? 0,
    sellerPrice: range?.high ?? 0,
  };
}
