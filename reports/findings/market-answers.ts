/**
 * The prospectus' three questions on its market (chapter 4.2), each answered by what this run has
 * measured and nothing else: matching under scarcity, the will to share, crashes.
 */
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { MaybeEstimate } from '../../core/metrics/estimate.ts';
import type { MarketBehaviour, Metrics, VariantResult } from '../../core/metrics/results.ts';
import { describeEstimate } from '../text/number.ts';
import type { Unit } from '../text/number.ts';
import { mainVariant, unavailable } from './records.ts';
import { verdictOf } from './verdict.ts';

export interface MarketAnswer {
  readonly question: string;
  /** Name of the figure that belongs to it, or null. */
  readonly chart: string | null;
  readonly sentences: readonly string[];
  readonly columns: readonly string[];
  /** One a variant with a market, the main one first. */
  readonly rows: readonly (readonly string[])[];
}

interface Market {
  readonly variant: VariantResult;
  readonly market: MarketBehaviour;
}

type Column = readonly [head: string, unit: Unit, pick: (one: Market) => MaybeEstimate | undefined];

export function marketAnswers(metrics: Metrics): MarketAnswer[] {
  const markets = marketsOf(metrics);
  const [main] = markets;
  if (!main) return [];
  return [matching(metrics, main, markets), sharing(main, markets), crashes(main, markets)];
}

/** The main variant first, the others in their order. */
function marketsOf(metrics: Metrics): Market[] {
  const main = mainVariant(metrics);
  return metrics.variants
    .flatMap((variant) => (variant.market ? [{ variant, market: variant.market }] : []))
    .sort((a, b) => Number(b.variant === main) - Number(a.variant === main));
}

function matching(metrics: Metrics, main: Market, markets: readonly Market[]): MarketAnswer {
  const { variant, market } = main;
  const share = metrics.extraDemandMet.shareOfMissed;
  return {
    question: 'How is demand matched with supply when nodes are scarce?',
    chart: 'welfare',
    sentences: [
      `With ${variant.mechanism}, each organisation says by a bid from its own budget how much ` +
        'a piece of work matters to it; nobody sees another’s queue.',
      isEstimate(share)
        ? `${describeEstimate(share, 'share')} of what static partition misses is met.`
        : '',
      isEstimate(market.efficiency)
        ? `Rounds reach ${describeEstimate(market.efficiency, 'share')} of what any matching of ` +
          'the same bids and offers could.'
        : '',
      welfareSentence(variant.welfareGainCredits),
    ].filter(Boolean),
    ...tableOf(markets, [
      ['Round efficiency, %', 'share', (one) => one.market.efficiency],
      ['Goodput by value, credits', 'credits', (one) => one.variant.valueCredits],
      ['Welfare gained, credits', 'credits', (one) => one.variant.welfareGainCredits],
      ['Fairness (Jain)', 'count', (one) => one.market.fairness],
      ['Worse off, %', 'share', (one) => one.market.organisationsWorseOff],
      ['Payments − receipts, credits', 'credits', (one) => one.market.budgetSurplusCredits],
    ]),
  };
}

function welfareSentence(gain: MaybeEstimate | undefined): string {
  if (gain === undefined || !isEstimate(gain)) return '';
  const figure = describeEstimate(gain, 'credits');
  switch (verdictOf(gain)) {
    case 'positive':
      return `The work done is worth ${figure} more than under static partition.`;
    case 'negative':
      return `The work done is worth less than under static partition: ${figure}.`;
    default:
      return `Whether the work done is worth more than under static partition cannot be told: ${figure}.`;
  }
}

function sharing(main: Market, markets: readonly Market[]): MarketAnswer {
  const { sharingIndex, organisationsWorseOff, willingness } = main.market;
  return {
    question: 'What makes owners share, and how can it be measured?',
    chart: 'sharing',
    sentences: [
      'The reference is the same organisations with the same work, each alone: there nothing is ' +
        'offered, so every index is 0.',
      isEstimate(sharingIndex)
        ? `Of their idle node-slots owners offer ${describeEstimate(sharingIndex, 'share')}` +
          `${offerSentence(willingness.timeToOfferMedianSeconds)}.`
        : '',
      reshapeSentence(willingness.reshapeIndex),
      isEstimate(organisationsWorseOff)
        ? `Worse off than alone, over the whole window, are ` +
          `${describeEstimate(organisationsWorseOff, 'share')} of the organisations.`
        : '',
    ].filter(Boolean),
    ...tableOf(markets, [
      ['Sharing index, %', 'share', (one) => one.market.sharingIndex],
      [
        'Idle until offered, median',
        'seconds',
        (one) => one.market.willingness.timeToOfferMedianSeconds,
      ],
      ['… 95th percentile', 'seconds', (one) => one.market.willingness.timeToOfferP95Seconds],
      ['Reshape index, %', 'share', (one) => one.market.willingness.reshapeIndex],
      ['Lent, node-hours', 'node-hours', (one) => one.market.tradedNodeHours],
      ['Worse off, %', 'share', (one) => one.market.organisationsWorseOff],
      ['Recalls', 'count', (one) => one.market.recalls],
    ]),
  };
}

function offerSentence(median: MaybeEstimate): string {
  if (!isEstimate(median)) return '';
  return `, half of them within ${describeEstimate(median, 'seconds')} of falling idle`;
}

function reshapeSentence(index: MaybeEstimate): string {
  if (!isEstimate(index) || index.mean === 0) {
    return 'Nobody moved work of its own to be able to offer nodes.';
  }
  const share = describeEstimate(index, 'share');
  return `For ${share} of what was offered, owners moved work of their own.`;
}

function crashes(main: Market, markets: readonly Market[]): MarketAnswer {
  const { defaults, recalls, safety } = main.market;
  return {
    question: 'What could crash such a market, and what stops it?',
    chart: null,
    sentences: [
      'Both sides of a contract lock a deposit until it is settled, and the owner’s isolation ' +
        'service redeems a contract once.',
      `Contracts that were broken: ${describeEstimate(defaults, 'count')} a run; leases taken ` +
        `back early: ${describeEstimate(recalls, 'count')}.`,
      safeguardSentence(safety),
      'What each safeguard changes is shown by the experiments under experiments/crashes/, with ' +
        'and without it.',
    ],
    ...tableOf(markets, [
      ['Contracts', 'count', (one) => one.market.contracts],
      ['Broken', 'count', (one) => one.market.defaults],
      ['Recalled', 'count', (one) => one.market.recalls],
      ['Safeguards acted', 'count', (one) => one.market.safety?.actedInAll],
      ['Rounds halted', 'count', (one) => one.market.safety?.haltedRounds],
      ['Left unpaid, credits', 'credits', (one) => one.market.safety?.lossCredits],
      ['Trades at a loss', 'count', (one) => one.market.individualRationalityViolations],
    ]),
  };
}

/** Which safeguards acted, and how often. */
function safeguardSentence(safety: MarketBehaviour['safety']): string {
  const acted = Object.entries(safety?.acted ?? {}).filter(([, { mean }]) => mean > 0);
  if (acted.length === 0) return 'No safeguard acted in this run; most are off unless switched on.';
  const list = acted.map(([name, count]) => `${name} ${describeEstimate(count, 'count')}`);
  return `Safeguards that acted, times a run: ${list.join(', ')}.`;
}

function tableOf(markets: readonly Market[], columns: readonly Column[]) {
  return {
    columns: ['Variant', 'Mechanism', ...columns.map(([head]) => head)],
    rows: markets.map((one) => [
      one.variant.name,
      one.variant.mechanism,
      ...columns.map(([, unit, pick]) =>
        describeEstimate(pick(one) ?? unavailable('not measured'), unit, { withoutUnit: true }),
      ),
    ]),
  };
}
