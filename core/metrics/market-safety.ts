/** How often safeguards acted and what defaults cost whom, per replication. */
import { SAFEGUARD_NAMES } from '../market/safeguards/names.ts';
import type { MarketOutcome } from './outcome.ts';
import type { MarketSafety } from './results.ts';
import { estimate, maybeEstimate } from './statistics.ts';

/** @param nodeClasses in the order of the rounds' prices */
export function marketSafety(
  markets: readonly MarketOutcome[],
  nodeClasses: readonly string[],
): MarketSafety {
  const each = (pick: (market: MarketOutcome) => number) => estimate(markets.map(pick));
  const count = ({ safeguards }: MarketOutcome, name: string) => safeguards[name] ?? 0;
  return {
    acted: Object.fromEntries(
      SAFEGUARD_NAMES.map((name) => [name, each((market) => count(market, name))]),
    ),
    actedInAll: each((market) =>
      SAFEGUARD_NAMES.reduce((sum, name) => sum + count(market, name), 0),
    ),
    haltedRounds: each(({ haltedRounds }) => haltedRounds),
    waterfallUses: each(({ waterfall }) => waterfall.uses),
    suspensions: each(({ waterfall }) => waterfall.suspensions),
    lossCredits: each(({ waterfall }) => waterfall.lossMillicredits / 1000),
    mutualCredits: each(({ waterfall }) => waterfall.mutualMillicredits / 1000),
    haircutCredits: each(({ waterfall }) => waterfall.haircutMillicredits / 1000),
    creditGini: maybeEstimate(
      markets.map(({ freeMillicredits }) => giniIndex(freeMillicredits)),
      'nobody had any credits in the end',
    ),
    priceSpike: Object.fromEntries(
      nodeClasses.map((name, index) => [
        name,
        maybeEstimate(
          markets.map((market) => spike(market, index)),
          'nothing of this class was traded at a price in some replication',
        ),
      ]),
    ),
  };
}

/** Σᵢ Σⱼ |xᵢ − xⱼ| / (2 n² · mean), of amounts ≥ 0; null where all are 0. */
export function giniIndex(amounts: readonly number[]): number | null {
  const sorted = [...amounts].sort((a, b) => a - b);
  const total = sorted.reduce((sum, amount) => sum + amount, 0);
  if (total <= 0) return null;
  const ranked = sorted.reduce((sum, amount, i) => sum + (i + 1) * amount, 0);
  const n = sorted.length;
  return (2 * ranked) / (n * total) - (n + 1) / n;
}

function spike({ rounds }: MarketOutcome, index: number): number | null {
  const prices = rounds.flatMap((round) => round.prices[index] ?? []).sort((a, b) => a - b);
  const median = prices[(prices.length - 1) >> 1] ?? 0;
  return median > 0 ? prices.at(-1)! / median : null;
}
