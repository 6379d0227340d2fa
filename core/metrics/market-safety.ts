/** How often safeguards acted and what defaults cost whom, per replication. */
import { HOUR_MS } from '../kernel/units.ts';
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
    offBandRounds: Object.fromEntries(
      nodeClasses.map((name, index) => [
        name,
        each(({ rounds }) =>
          offBandRounds(
            rounds.flatMap(({ atMs, unsolved, prices }) =>
              unsolved ? [] : [{ atMs, price: prices[index] ?? null }],
            ),
          ),
        ),
      ]),
    ),
  };
}

/** Prices of this long before a round are what its price is held against. */
const BAND_WINDOW_MS = 24 * HOUR_MS;
/** Half-width of the band, as a share of the median. */
const BAND_SHARE = 0.5;
/** A price of a node-hour is rounded to a millicredit, as the median is. */
const ROUNDING_MILLICREDITS = 2;

/**
 * Rounds whose price is further than half from the (lower) median of the day that ended with the round
 * before them, which is the band that would have been published. Those within a day of the first
 * round have no whole day before them and count for nothing.
 * @param rounds that were solved, in order of time; price null: no trade
 */
export function offBandRounds(
  rounds: readonly { readonly atMs: number; readonly price: number | null }[],
): number {
  const recent: { atMs: number; price: number }[] = [];
  let off = 0;
  let lastMs = -Infinity;
  for (const { atMs, price } of rounds) {
    while (recent.length > 0 && recent[0]!.atMs < lastMs - BAND_WINDOW_MS) recent.shift();
    const hasWholeDay = lastMs - rounds[0]!.atMs >= BAND_WINDOW_MS;
    lastMs = atMs;
    if (price === null) continue;
    const sorted = recent.map((point) => point.price).sort((a, b) => a - b);
    const median = sorted[(sorted.length - 1) >> 1] ?? price;
    const isOff = Math.abs(price - median) > BAND_SHARE * median + ROUNDING_MILLICREDITS;
    if (isOff && hasWholeDay) off += 1;
    recent.push({ atMs, price });
  }
  return off;
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
