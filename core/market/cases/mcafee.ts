/** Case `mcafee`: the rule is in `mechanisms/mcafee.ts`. */
import { tradeReduction } from '../mechanisms/mcafee.ts';
import type { CaseSolver } from './case.ts';
import { toCredits } from './input.ts';
import {
  crossingOf,
  deviationGain,
  expectedGain,
  idsOf,
  optimalGain,
  outcomesBy,
  tradesOf,
  unitMarket,
} from './unit-auction.ts';

export const solveMcAfee: CaseSolver = (input) => {
  const market = unitMarket(input);
  const crossing = crossingOf(market);
  const call = crossing && tradeReduction(crossing);
  const rule = outcomesBy(tradeReduction);
  const trades = tradesOf(market, tradeReduction);
  return {
    trades,
    buyerPrice: call ? toCredits(call.buyerPrice) : null,
    sellerPrice: call ? toCredits(call.sellerPrice) : null,
    buyers: idsOf(market.buyers, trades),
    sellers: idsOf(market.sellers, trades),
    surplus: call ? toCredits(trades * (call.buyerPrice - call.sellerPrice)) : 0,
    rule: call ? (call.isReduced ? 'reduce' : 'mid') : 'none',
    optimalGFT: optimalGain(market),
    maxUnilateralDeviationGain: deviationGain(market, rule),
    GFT: toCredits(expectedGain(market, rule(market))),
  };
};
