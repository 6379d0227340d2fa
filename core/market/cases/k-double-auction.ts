/** Case `k-double-auction`: the rule is in `mechanisms/k-double-auction.ts`. */
import { kappaPrice, rangeOf } from '../mechanisms/k-double-auction.ts';
import type { CallRule } from '../unit-market/call-auction.ts';
import type { CaseSolver } from './case.ts';
import { asNumber, invalid, member, toCredits } from './input.ts';
import {
  crossingOf,
  deviationGain,
  expectedGain,
  idsOf,
  optimalGain,
  outcomesBy,
  unitMarket,
} from './unit-auction.ts';

export const solveKDoubleAuction: CaseSolver = (input) => {
  const { params, ...market } = unitMarket(input);
  const kappa = asNumber(member(params, 'k') ?? 0.5, 'params.k');
  if (kappa < 0 || kappa > 1) throw invalid('params.k', 'a number from 0 to 1 is needed');
  const rule: CallRule = (crossing) => {
    const price = kappaPrice(rangeOf(crossing), kappa);
    return { isReduced: false, isDrawn: false, buyerPrice: price, sellerPrice: price };
  };
  const crossing = crossingOf(market);
  const range = crossing && rangeOf(crossing);
  const trades = range?.trades ?? 0;
  const outcome = outcomesBy(rule)(market);
  return {
    trades,
    price: range ? toCredits(outcome.buyerPrice) : null,
    range: range ? [toCredits(range.low), toCredits(range.high)] : null,
    buyers: idsOf(market.buyers, trades),
    sellers: idsOf(market.sellers, trades),
    optimalGFT: optimalGain(market),
    maxUnilateralDeviationGain: deviationGain(market, outcomesBy(rule)),
    GFT: toCredits(expectedGain(market, outcome)),
  };
};
