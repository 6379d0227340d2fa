/**
 * What the worked cases of unit double auctions share: one unit a trader, ranked by price with ties
 * to the lower id, the best gain there is, and the search for a report that beats the truth.
 */
import type { Millicredits } from '../../kernel/units.ts';
import type { CallRule } from '../unit-market/call-auction.ts';
import { crossingOfUnits } from '../unit-market/crossing.ts';
import type { Crossing } from '../unit-market/crossing.ts';
import { asMoney, asRecord, entriesOf, toCredits } from './input.ts';

export interface UnitTrader {
  readonly id: string;
  readonly report: Millicredits;
}

export interface UnitMarket {
  /** Highest first, ties to the lower id. */
  readonly buyers: readonly UnitTrader[];
  /** Lowest first, ties to the lower id. */
  readonly sellers: readonly UnitTrader[];
}

/** What a rule does with a market: chance of trading and price by rank. */
export interface UnitOutcome {
  readonly buyerChance: readonly number[];
  readonly sellerChance: readonly number[];
  readonly buyerPrice: Millicredits;
  readonly sellerPrice: Millicredits;
}

export type UnitRule = (market: UnitMarket) => UnitOutcome;

/** Input `{bids: {id: credits}, asks: {id: credits}, params}`. */
export function unitMarket(input: unknown): UnitMarket & { params: Record<string, unknown> } {
  const record = asRecord(input, 'input');
  const read = (key: string) =>
    entriesOf(record[key], key).map(([id, value]) => ({
      id,
      report: asMoney(value, `${key}.${id}`),
    }));
  const params = record['params'] === undefined ? {} : asRecord(record['params'], 'params');
  return { ...ranked(read('bids'), read('asks')), params };
}

export function ranked(bids: readonly UnitTrader[], asks: readonly UnitTrader[]): UnitMarket {
  const byId = (a: UnitTrader, b: UnitTrader) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  return {
    buyers: [...bids].sort((a, b) => b.report - a.report || byId(a, b)),
    sellers: [...asks].sort((a, b) => a.report - b.report || byId(a, b)),
  };
}

/** Where the sides cross; null where there is no trade. */
export function crossingOf({ buyers, sellers }: UnitMarket): Crossing | null {
  return crossingOfUnits(
    buyers.map(({ report }) => report),
    sellers.map(({ report }) => report),
  );
}

/** Units that trade by a rule. */
export function tradesOf(market: UnitMarket, rule: CallRule): number {
  const crossing = crossingOf(market);
  return crossing ? crossing.units - (rule(crossing).isReduced ? 1 : 0) : 0;
}

/** What a rule for calls does with each market. */
export function outcomesBy(rule: CallRule): UnitRule {
  return (market) => {
    const { buyers, sellers } = market;
    const crossing = crossingOf(market);
    const call = crossing && rule(crossing);
    const k = crossing?.units ?? 0;
    const trades = tradesOf(market, rule);
    const isDrawn = call?.isReduced === true && call.isDrawn;
    return {
      buyerChance: firstOf(buyers.length, trades),
      sellerChance: firstOf(sellers.length, isDrawn ? k : trades, isDrawn ? trades / k : 1),
      buyerPrice: call?.buyerPrice ?? 0,
      sellerPrice: call?.sellerPrice ?? 0,
    };
  };
}

/** Expected gain from trade, millicredits, reports taken for true. */
export function expectedGain(market: UnitMarket, outcome: UnitOutcome): number {
  let gain = 0;
  market.buyers.forEach(({ report }, i) => (gain += report * outcome.buyerChance[i]!));
  market.sellers.forEach(({ report }, i) => (gain -= report * outcome.sellerChance[i]!));
  return gain;
}

/** Largest gain there is, credits. */
export function optimalGain(market: UnitMarket): number {
  const k = crossingOf(market)?.units ?? 0;
  let gain = 0;
  for (let i = 0; i < k; i++) gain += market.buyers[i]!.report - market.sellers[i]!.report;
  return toCredits(gain);
}

/** Chances of the first `count` of `length`, each `chance`. */
export function firstOf(length: number, count: number, chance = 1): number[] {
  return Array.from({ length }, (_, i) => (i < count ? chance : 0));
}

/** Reports around every value in the case, and the two at the ends, in millicredits. */
const AROUND = [-250, 0, 250];
const ENDS = [0, 200_000];
/** Chances are fractions: differences below this many millicredits are not gains. */
const ROUNDING = 1e-6;
/** Above this many traders the search is left out: it takes the cube of their number. */
const MOST_SEARCHED = 200;

/**
 * Largest expected gain of one trader from a false report, credits, everybody else being truthful:
 * reports at every value in the case, at ±0.25 around it, and at 0 and 200. Null for large cases.
 */
export function deviationGain(market: UnitMarket, rule: UnitRule): number | null {
  const { buyers, sellers } = market;
  if (buyers.length + sellers.length > MOST_SEARCHED) return null;
  const reports = new Set(ENDS);
  for (const { report } of [...buyers, ...sellers]) {
    for (const shift of AROUND) if (report + shift >= 0) reports.add(report + shift);
  }
  const truth = rule(market);
  let largest = 0;
  for (const side of ['buyers', 'sellers'] as const) {
    for (const trader of market[side]) {
      const honest = utility(market, truth, side, trader.id, trader.report);
      for (const report of reports) {
        const replace = (traders: readonly UnitTrader[]) =>
          traders.map((other) => (other === trader ? { id: trader.id, report } : other));
        const other =
          side === 'buyers' ? ranked(replace(buyers), sellers) : ranked(buyers, replace(sellers));
        const gained = utility(other, rule(other), side, trader.id, trader.report) - honest;
        if (gained > largest + ROUNDING) largest = gained;
      }
    }
  }
  return toCredits(largest);
}

function utility(
  market: UnitMarket,
  outcome: UnitOutcome,
  side: 'buyers' | 'sellers',
  id: string,
  value: Millicredits,
): number {
  const rank = market[side].findIndex((trader) => trader.id === id);
  return side === 'buyers'
    ? outcome.buyerChance[rank]! * (value - outcome.buyerPrice)
    : outcome.sellerChance[rank]! * (outcome.sellerPrice - value);
}

export function idsOf(traders: readonly UnitTrader[], count: number): string[] {
  return traders.slice(0, count).map(({ id }) => id);
}
