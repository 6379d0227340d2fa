/** How often safeguards acted and what defaults cost whom, per replication. */
import type { MarketOutcome } from './outcome.ts';
import type { MarketSafety } from './results.ts';
import { estimate, maybeEstimate } from './statistics.ts';

/** @param nodeClasses in the order of the rounds' prices */
export function marketSafety(
  markets: readonly MarketOutcome[],
  nodeClasses: readonly string[],
): MarketSafety {
  const each = (pick: (market: MarketOutcome) => number) => estimate(markets.map(pick));
  const names = [...new Set(markets.flatMap(({ safeguards }) => Object.keys(safeguards)))].sort();
  const count = ({ safeguards }: MarketOutcome, name: string) => safeguards[name] ?? 0;
  return {
    acted: Object.fromEntries(names.map((name) => [name, each((market) => count(market, name))])),
    actedInAll: each((market) => names.reduce((sum, name) => sum + count(market, name), 0)),
    haltedRounds: each(({ haltedRounds }) => haltedRounds),
    waterfallUses: each(({ waterfall }) => waterfall.uses),
    suspensions: each(({ waterfall }) => waterfall.suspensions),
    lossCredits: each(({ waterfall }) => waterfall.lossMillicredits / 1000),
    mutualCredits: each(({ waterfall }) => waterfall.mutualMillicredits / 1000),
    haircutCredits: each(({ waterfall }) => waterfall.haircutMillicredits / 1000),
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

function spike({ rounds }: MarketOutcome, index: number): number | null {
  const prices = rounds.flatMap((round) => round.prices[index] ?? []).sort((a, b) => a - b);
  const median = prices[(prices.length - 1) >> 1] ?? 0;
  return median > 0 ? prices.at(-1)! / median : null;
}
