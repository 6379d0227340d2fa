/**
 * Case `sbba`: Segal-Halevi, Hassidim & Aumann, "SBBA: A Strongly-Budget-Balanced Double-Auction
 * Mechanism", SAGT 2016 (arXiv 1607.05139).
 *
 * p = min(b(k), s(k+1)). If p = s(k+1), all k trade at p. Otherwise p = b(k): buyers 1 … k − 1 buy
 * and k − 1 sellers, drawn uniformly from the k cheapest, sell at p.
 */
import { randomStream } from '../../kernel/random.ts';
import type { CaseSolver } from './case.ts';
import { asCount, member, toCredits } from './input.ts';
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

/** Parameter `seed` (0): of the lottery among sellers. */
export const solveSbba: CaseSolver = (input) => {
  const { params, ...market } = unitMarket(input);
  const seed = asCount(member(params, 'seed') ?? 0, 'params.seed');
  const { k, trades, price } = balanced(market);
  const outOf = idsOf(market.sellers, k);
  return {
    trades,
    price: k > 0 ? toCredits(price) : null,
    buyers: idsOf(market.buyers, trades),
    sellers: drawn(outOf, trades, seed),
    sellerLottery: { pick: trades, outOf },
    optimalGFT: optimalGain(market),
    maxUnilateralDeviationGain: deviationGain(market, outcomeOf),
    expectedGFT: toCredits(expectedGain(market, outcomeOf(market))),
  };
};

function balanced(market: UnitMarket): { k: number; trades: number; price: number } {
  const { buyers, sellers } = market;
  const k = efficientTrades(market);
  if (k === 0) return { k, trades: 0, price: 0 };
  const lastBid = buyers[k - 1]!.report;
  const nextAsk = sellers[k]?.report ?? Infinity;
  return nextAsk <= lastBid
    ? { k, trades: k, price: nextAsk }
    : { k, trades: k - 1, price: lastBid };
}

function outcomeOf(market: UnitMarket): UnitOutcome {
  const { k, trades, price } = balanced(market);
  return {
    buyerChance: firstOf(market.buyers.length, trades),
    sellerChance: firstOf(market.sellers.length, k, k > 0 ? trades / k : 0),
    buyerPrice: price,
    sellerPrice: price,
  };
}

/** `pick` of the ids, by a partial Fisher–Yates shuffle. */
function drawn(ids: readonly string[], pick: number, seed: number): string[] {
  const random = randomStream({ seed, replication: 0, entity: 'sbba', purpose: 'lottery' });
  const urn = [...ids];
  for (let i = 0; i < pick; i++) {
    const j = i + random.integer(urn.length - i);
    [urn[i], urn[j]] = [urn[j]!, urn[i]!];
  }
  return urn.slice(0, pick).sort();
}
