/** Case `k-double-auction`: the rule is in `mechanisms/k-double-auction.ts`. */
import { clearingRange, kappaPrice } from '../mechanisms/k-double-auction.ts';
import type { CaseSolver } from './case.ts';
import { asNumber, invalid, member, toCredits } from './input.ts';
import {
  deviationGain,
  expectedGain,
  firstOf,
  idsOf,
  optimalGain,
  unitMarket,
} from './unit-auction.ts';
import type { UnitMarket, UnitOutcome } from './unit-auction.ts';

export const solveKDoubleAuction: CaseSolver = (input) => {
  const { params, ...market } = unitMarket(input);
  const kappa = asNumber(member(params, 'k') ?? 0.5, 'params.k');
  if (kappa < 0 || kappa > 1) throw invalid('params.k', 'a number from 0 to 1 is needed');
  const rule = (other: UnitMarket): UnitOutcome => {
    const range = rangeOf(other);
    const price = range ? kappaPrice(range, kappa) : 0;
    return {
      buyerChance: firstOf(other.buyers.length, range?.trades ?? 0),
      sellerChance: firstOf(other.sellers.length, range?.trades ?? 0),
      buyerPrice: price,
      sellerPrice: price,
    };
  };
  const range = rangeOf(market);
  const trades = range?.trades ?? 0;
  const outcome = rule(market);
  return {
    trades,
    price: range ? toCredits(outcome.buyerPrice) : null,
    range: range ? [toCredits(range.low), toCredits(range.high)] : null,
    buyers: idsOf(market.buyers, trades),
    sellers: idsOf(market.sellers, trades),
    optimalGFT: optimalGain(market),
    maxUnilateralDeviationGain: deviationGain(market, rule),
    GFT: toCredits(expectedGain(market, outcome)),
  };
};

function rangeOf({ buyers, sellers }: UnitMarket) {
  return clearingRange(
    buyers.map(({ report }) => report),
    sellers.map(({ report }) => report),
  );
}
