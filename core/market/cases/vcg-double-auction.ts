/** Case `vcg-double-auction`: the rule is in `mechanisms/vcg-double-auction.ts`. */
import { pivotalPrices } from '../mechanisms/vcg-double-auction.ts';
import type { CaseSolver } from './case.ts';
import { toCredits } from './input.ts';
import {
  deviationGain,
  expectedGain,
  idsOf,
  optimalGain,
  outcomesBy,
  tradesOf,
  unitMarket,
} from './unit-auction.ts';

export const solveVcgDoubleAuction: CaseSolver = (input) => {
  const market = unitMarket(input);
  const rule = outcomesBy(pivotalPrices);
  const trades = tradesOf(market, pivotalPrices);
  const outcome = rule(market);
  const { buyerPrice, sellerPrice } = outcome;
  return {
    trades,
    buyerPrice: trades > 0 ? toCredits(buyerPrice) : null,
    sellerPrice: trades > 0 ? toCredits(sellerPrice) : null,
    buyers: idsOf(market.buyers, trades),
    sellers: idsOf(market.sellers, trades),
    deficit: toCredits(trades * (sellerPrice - buyerPrice)),
    optimalGFT: optimalGain(market),
    maxUnilateralDeviationGain: deviationGain(market, rule),
    GFT: toCredits(expectedGain(market, outcome)),
  };
};
