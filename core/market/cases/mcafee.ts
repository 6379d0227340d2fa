/**
 * Case `mcafee`: McAfee, "A Dominant Strategy Double Auction", J. Econ. Theory 56 (1992).
 *
 * p = (b(k+1) + s(k+1)) / 2. If s(k) ≤ p ≤ b(k), all k trade at p. Otherwise, and where there is no
 * rank k + 1, k − 1 trade: buyers pay b(k), sellers get s(k), the exchange keeps the difference.
 */
import type { CaseSolver } from './case.ts';
import { toCredits } from './input.ts';
import {
  deviationGain,
  efficientTrades,
  expectedGain,
  firstOf,
  idsOf,
  optimalGain,
  unitMarket,
} from './unit-auction.ts';
import type { UnitMarket, UnitOutcome } from './unit-auction.ts';

export const solveMcAfee: CaseSolver = (input) => {
  const market = unitMarket(input);
  const { trades, rule, buyerPrice, sellerPrice } = tradeReduction(market);
  const outcome = outcomeOf(market);
  const priced = rule !== 'none';
  return {
    trades,
    buyerPrice: priced ? toCredits(buyerPrice) : null,
    sellerPrice: priced ? toCredits(sellerPrice) : null,
    buyers: idsOf(market.buyers, trades),
    sellers: idsOf(market.sellers, trades),
    surplus: toCredits(trades * (buyerPrice - sellerPrice)),
    rule,
    optimalGFT: optimalGain(market),
    maxUnilateralDeviationGain: deviationGain(market, outcomeOf),
    GFT: toCredits(expectedGain(market, outcome)),
  };
};

function tradeReduction(market: UnitMarket) {
  const { buyers, sellers } = market;
  const k = efficientTrades(market);
  if (k === 0) return { trades: 0, rule: 'none', buyerPrice: 0, sellerPrice: 0 };
  const lastBid = buyers[k - 1]!.report;
  const lastAsk = sellers[k - 1]!.report;
  const nextBid = buyers[k]?.report;
  const nextAsk = sellers[k]?.report;
  if (nextBid !== undefined && nextAsk !== undefined) {
    const price = Math.floor((nextBid + nextAsk) / 2);
    if (lastAsk <= price && price <= lastBid) {
      return { trades: k, rule: 'mid', buyerPrice: price, sellerPrice: price };
    }
  }
  return { trades: k - 1, rule: 'reduce', buyerPrice: lastBid, sellerPrice: lastAsk };
}

function outcomeOf(market: UnitMarket): UnitOutcome {
  const { trades, buyerPrice, sellerPrice } = tradeReduction(market);
  return {
    buyerChance: firstOf(market.buyers.length, trades),
    sellerChance: firstOf(market.sellers.length, trades),
    buyerPrice,
    sellerPrice,
  };
}
