/**
 * Whether a property of a card holds in one market: exactly, in integer millicredits. One judge a
 * property; each answers by how much the property is missed and what was seen.
 */
import { randomStream } from '../../kernel/random.ts';
import { checkClearing } from '../clearing/check.ts';
import type { ClaimedProperty, Mechanism } from '../mechanism.ts';
import type { Clearing, MarketRound } from '../orders.ts';
import { bestWelfare } from './best-welfare.ts';
import { falseNames, falseReport } from './deviations.ts';
import type { Deviation } from './deviations.ts';
import type { RandomMarket } from './random-markets.ts';
import { truthOf, utilityOf } from './utility.ts';

/** What one market says about one property. */
export interface Verdict {
  /** By how much it is missed: gain from lying, loss of a trader, welfare or money that is missing. */
  readonly missedMillicredits: number;
  /** What was seen where it does not hold. */
  readonly violation: string | null;
  /** What the amount is a share of: the welfare that is possible, or was reached. */
  readonly ofMillicredits: number;
  /** Whether the market was of any use for the property. */
  readonly isTelling: boolean;
}

/** Judges a market. `tries` false reports are tried where the property is about reports. */
export type Judge = (mechanism: Mechanism, market: RandomMarket, tries: number) => Verdict;

/** No money of anybody's is worse off, everything else aside. */
const NO_CLAIM = { individualRationality: 'never', budgetBalance: 'none' } as const;

/** Clears with the mechanism's default parameters and no past. */
export function clearFresh(mechanism: Mechanism, round: MarketRound): Clearing {
  return mechanism.clear(round, {}, {}).clearing;
}

const individualRationality: Judge = (mechanism, { round }) => {
  const clearing = clearFresh(mechanism, round);
  let missed = 0;
  let violation: string | null = null;
  const note = (loss: number, what: string) => {
    if (loss > missed) [missed, violation] = [loss, `${what} by ${loss}`];
  };
  const reserves = new Map<string, number>();
  for (const { bidId, optionIndex, nodes, parts, paymentMillicredits } of clearing.fills) {
    const option = round.bids.find((bid) => bid.bidId === bidId)!.options[optionIndex]!;
    const worth = Math.floor((option.valueMillicredits * nodes) / option.nodes);
    note(paymentMillicredits - worth, `${bidId} pays more than its worth`);
    for (const part of parts) {
      const nodeSlots = part.nodes * (option.endSlot - option.startSlot);
      reserves.set(part.askId, (reserves.get(part.askId) ?? 0) + nodeSlots);
    }
  }
  for (const [askId, nodeSlots] of reserves) {
    const { reserveMillicredits } = round.asks.find((ask) => ask.askId === askId)!;
    const loss = reserveMillicredits * nodeSlots - (clearing.receipts.get(askId) ?? 0);
    note(loss, `${askId} gets less than its reserve`);
  }
  return verdict(missed, violation, clearing.welfareMillicredits, clearing.fills.length > 0);
};

const incentiveCompatibility: Judge = (mechanism, market, tries) => {
  const random = streamOf(market, 'false reports');
  return largestGain(mechanism, market, tries, (organisation) =>
    falseReport(market, organisation, random),
  );
};

/** Where it is claimed together with truthfulness, names and lies may be combined. */
const falseNameProofness: Judge = (mechanism, market, tries) => {
  const random = streamOf(market, 'false names');
  const withLies = mechanism.properties.incentiveCompatibility !== 'never';
  return largestGain(mechanism, market, tries, (organisation) =>
    falseNames(market, organisation, random, withLies && market.misreports.bids === 'all'),
  );
};

const efficiency: Judge = (mechanism, market) => {
  const { round } = market;
  const clearing = clearFresh(mechanism, round);
  if (!isInDomain(market, clearing)) return OUTSIDE;
  const best = bestWelfare(round);
  const { welfareMillicredits } = clearing;
  const missed = best - welfareMillicredits;
  const violation = missed === 0 ? null : `welfare ${welfareMillicredits} of ${best}`;
  return verdict(missed, violation, best, best > 0);
};

const budgetBalance: Judge = (mechanism, { round }) => {
  const clearing = clearFresh(mechanism, round);
  const { surplusMillicredits: surplus, welfareMillicredits, receipts, fills } = clearing;
  const claim = mechanism.properties.budgetBalance;
  const moved = [...receipts.values()].some((amount) => amount !== 0);
  const missed =
    claim === 'weak' ? Math.max(0, -surplus) : claim === 'none' ? -surplus : Math.abs(surplus);
  let violation: string | null = null;
  if (claim === 'no-money' && moved) violation = 'money moves where there is none';
  else if (claim === 'weak' && surplus < 0) violation = `a deficit of ${-surplus}`;
  else if (claim !== 'none' && claim !== 'weak' && surplus !== 0)
    violation = `payments less receipts are ${surplus}`;
  return verdict(missed, violation, welfareMillicredits, fills.length > 0);
};

/** Telling where a gang is served; a part of one is no clearing at all. */
const gangs: Judge = (mechanism, { round }) =>
  shapes(mechanism, round, ({ minimumNodes }) => minimumNodes > 1);

/** Telling where something over several slots is served. */
const windows: Judge = (mechanism, { round }) =>
  shapes(mechanism, round, ({ startSlot, endSlot }) => endSlot - startSlot > 1);

/** The judge of each property. */
export const JUDGES: Readonly<Record<ClaimedProperty, Judge>> = {
  individualRationality,
  incentiveCompatibility,
  efficiency,
  budgetBalance,
  falseNameProofness,
  gangs,
  windows,
};

function shapes(
  mechanism: Mechanism,
  round: MarketRound,
  isOfTheShape: (option: MarketRound['bids'][number]['options'][number]) => boolean,
): Verdict {
  const clearing = clearFresh(mechanism, round);
  const fault = checkClearing(round, clearing, NO_CLAIM);
  const isTelling = clearing.fills.some(({ bidId, optionIndex }) =>
    isOfTheShape(round.bids.find((bid) => bid.bidId === bidId)!.options[optionIndex]!),
  );
  return verdict(0, fault?.message ?? null, clearing.welfareMillicredits, isTelling);
}

/** The most that one organisation gains by one of its deviations, the others being honest. */
function largestGain(
  mechanism: Mechanism,
  market: RandomMarket,
  tries: number,
  deviate: (organisation: string) => Deviation,
): Verdict {
  const { round } = market;
  const random = streamOf(market, 'who deviates');
  const isTwoSided = mechanism.properties.truthfulSide !== 'buyers';
  const liars = isTwoSided ? [...round.bids, ...round.asks] : round.bids;
  const honest = clearFresh(mechanism, round);
  if (!isInDomain(market, honest)) return OUTSIDE;
  let gain = 0;
  let violation: string | null = null;
  for (let i = 0; i < tries && liars.length > 0; i++) {
    const { organisation } = liars[random.integer(liars.length)]!;
    const truth = truthOf(round, organisation);
    const before = utilityOf(truth, new Set([organisation]), round, honest);
    const { round: reported, names } = deviate(organisation);
    const dishonest = clearFresh(mechanism, reported);
    if (!isInDomain(market, dishonest)) continue;
    const after = utilityOf(truth, names, reported, dishonest);
    if (after - before <= gain) continue;
    gain = after - before;
    violation = `${organisation} gains ${gain} by ${differences(round, reported)}`;
  }
  return verdict(gain, violation, honest.welfareMillicredits, honest.fills.length > 0);
}

const OUTSIDE = verdict(0, null, 0, false);

/** Some claims are made only for clearings that say so of themselves. */
function isInDomain({ domain }: RandomMarket, { search }: Clearing): boolean {
  return domain !== 'proved-optimum' || (search?.unprovedWelfares ?? 0) === 0;
}

/** The reported orders that are not in the honest round. */
function differences(honest: MarketRound, reported: MarketRound): string {
  const known = new Set<object>([...honest.bids, ...honest.asks]);
  const others = [...reported.bids, ...reported.asks].filter((order) => !known.has(order));
  return others.length > 0 ? JSON.stringify(others) : 'holding back';
}

function streamOf({ domain, seed }: RandomMarket, purpose: string) {
  return randomStream({ seed, replication: 0, entity: domain, purpose });
}

function verdict(
  missedMillicredits: number,
  violation: string | null,
  ofMillicredits: number,
  isTelling: boolean,
): Verdict {
  return { missedMillicredits, violation, ofMillicredits, isTelling };
}
