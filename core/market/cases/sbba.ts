/** Case `sbba`: the rule is in `mechanisms/sbba.ts`, the lots of the sellers in `lottery.ts`. */
import { Lottery } from '../lottery.ts';
import { balancedReduction } from '../mechanisms/sbba.ts';
import type { CaseSolver } from './case.ts';
import { asCount, member, toCredits } from './input.ts';
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

/** Parameter `seed` (0): of the lottery among sellers. */
export const solveSbba: CaseSolver = (input) => {
  const { params, ...market } = unitMarket(input);
  const seed = asCount(member(params, 'seed') ?? 0, 'params.seed');
  const crossing = crossingOf(market);
  const rule = outcomesBy(balancedReduction);
  const trades = tradesOf(market, balancedReduction);
  const outOf = idsOf(market.sellers, crossing?.units ?? 0);
  const lottery = new Lottery({ roundId: 0, seed: String(seed) });
  const byLot = [...outOf].sort((a, b) => lottery.compare(a, b));
  return {
    trades,
    price: crossing ? toCredits(balancedReduction(crossing).buyerPrice) : null,
    buyers: idsOf(market.buyers, trades),
    sellers: byLot.slice(0, trades).sort(),
    sellerLottery: { pick: trades, outOf },
    optimalGFT: optimalGain(market),
    maxUnilateralDeviationGain: deviationGain(market, rule),
    expectedGFT: toCredits(expectedGain(market, rule(market))),
  };
};
