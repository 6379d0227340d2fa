/** What a mechanism claims beside what the run measured. */
import type { MarketBehaviour } from '../../core/metrics/results.ts';
import { describeEstimate } from '../text/number.ts';
import { entryOf } from './records.ts';

export interface PropertyRow {
  readonly property: string;
  readonly claimed: string;
  readonly measured: string;
  readonly verdict: 'holds' | 'contradicted' | 'not checked' | 'nothing claimed' | '';
}

/** Budgets are integers of thousandths; sums of their means may miss zero by rounding. */
const ROUNDING_CREDITS = 1e-6;

const NAMES: readonly (readonly [string, string])[] = [
  ['individualRationality', 'Individual rationality'],
  ['incentiveCompatibility', 'Incentive compatibility'],
  ['efficiency', 'Efficiency'],
  ['budgetBalance', 'Budget balance'],
  ['falseNameProofness', 'False-name-proofness'],
  ['gangs', 'Gangs'],
  ['windows', 'Windows of time'],
];

/** How a property of a card is called in words. */
export function nameOfProperty(key: string): string {
  return NAMES.find(([name]) => name === key)?.[1] ?? key;
}

export function propertyRows(market: MarketBehaviour): PropertyRow[] {
  const known = NAMES.map(([key, property]): PropertyRow => {
    const claimed = entryOf(market.claims, key) ?? '–';
    const row = { property, claimed: describeClaim(claimed), ...measure(key, claimed, market) };
    return claimed === 'never' ? { ...row, verdict: 'nothing claimed' } : row;
  }).filter((row) => row.claimed !== '–' || row.measured !== '–');
  const others = Object.entries(market.claims)
    .filter(([key]) => !NAMES.some(([name]) => name === key))
    .map(([property, claimed]): PropertyRow => ({ property, claimed, ...unmeasured() }));
  return [...known, ...others, ...behaviour(market)];
}

function describeClaim(claim: string): string {
  if (claim === 'true') return 'yes';
  return claim === 'false' ? 'no' : claim;
}

function measure(
  key: string,
  claimed: string,
  market: MarketBehaviour,
): Pick<PropertyRow, 'measured' | 'verdict'> {
  switch (key) {
    case 'individualRationality': {
      const violations = market.individualRationalityViolations;
      const worseOff = describeEstimate(market.organisationsWorseOff, 'share');
      const holds = claimed === 'always' ? (violations.mean > 0 ? 'contradicted' : 'holds') : '';
      const trades = describeEstimate(violations, 'count');
      return {
        measured: `trades at a loss: ${trades}; organisations worse off than alone: ${worseOff}`,
        verdict: holds,
      };
    }
    case 'efficiency':
      return {
        measured: `share of the upper bound: ${describeEstimate(market.efficiency, 'share')}`,
        verdict: '',
      };
    case 'budgetBalance':
      return budget(claimed, market);
    case 'incentiveCompatibility':
      return incentives(market);
    case 'gangs':
    case 'windows':
      return { measured: '–', verdict: '' };
    default:
      return unmeasured();
  }
}

function budget(
  claimed: string,
  market: MarketBehaviour,
): Pick<PropertyRow, 'measured' | 'verdict'> {
  const surplus = market.budgetSurplusCredits;
  const measured = `payments − receipts: ${describeEstimate(surplus, 'credits')}`;
  if (claimed === 'strong') {
    const balanced = Math.abs(surplus.mean) <= ROUNDING_CREDITS;
    return { measured, verdict: balanced ? 'holds' : 'contradicted' };
  }
  if (claimed === 'weak') {
    return { measured, verdict: surplus.mean >= -ROUNDING_CREDITS ? 'holds' : 'contradicted' };
  }
  return { measured, verdict: '' };
}

/** In a site with gangs and many windows no claim of truthfulness is made that this could refute. */
function incentives({ deviationGain }: MarketBehaviour): Pick<PropertyRow, 'measured' | 'verdict'> {
  if (!deviationGain) return unmeasured();
  const { shareOfSurplus, largest } = deviationGain;
  const most = describeEstimate(largest.gainCredits, 'credits');
  return {
    measured:
      `best false reports: ${describeEstimate(shareOfSurplus, 'share')} of the reported surplus; ` +
      `largest: ${most} (${largest.organisation}, ${largest.deviation})`,
    verdict: '',
  };
}

function unmeasured(): Pick<PropertyRow, 'measured' | 'verdict'> {
  return { measured: '–', verdict: 'not checked' };
}

function behaviour(market: MarketBehaviour): PropertyRow[] {
  const { timeToOfferMedianSeconds, timeToOfferP95Seconds, reshapeIndex } = market.willingness;
  const row = (property: string, measured: string): PropertyRow => ({
    property,
    claimed: '–',
    measured,
    verdict: '',
  });
  return [
    row('Fairness (Jain index of gains)', describeEstimate(market.fairness, 'count')),
    row('Sharing index', describeEstimate(market.sharingIndex, 'share')),
    ...(market.leak
      ? [
          row(
            "Others' demand that can be read",
            `open book: 100 %; sealed: ${describeEstimate(market.leak.sealed, 'share')}; in bands: ${describeEstimate(market.leak.bands, 'share')}`,
          ),
        ]
      : []),
    row('Idle before being offered, median', describeEstimate(timeToOfferMedianSeconds, 'seconds')),
    row('Idle before being offered, 95 %', describeEstimate(timeToOfferP95Seconds, 'seconds')),
    row('Offered by moving own jobs', describeEstimate(reshapeIndex, 'share')),
    row('Rounds', describeEstimate(market.rounds, 'count')),
    row('Rounds with an upper bound', describeEstimate(market.sampledRounds, 'count')),
    row('Bids a round', describeEstimate(market.bidsPerRound, 'count')),
    row('Contracts', describeEstimate(market.contracts, 'count')),
    row('Leases', describeEstimate(market.leases, 'count')),
    row('Traded', describeEstimate(market.tradedNodeHours, 'node-hours')),
    ...Object.entries(market.horizons).map(([name, { tradedNodeHours }]) =>
      row(`Traded, ${name}`, describeEstimate(tradedNodeHours, 'node-hours')),
    ),
    ...(market.options
      ? [
          row(
            'Options written, called, delivered in time',
            [market.options.written, market.options.called, market.options.deliveredInTime]
              .map((figure) => describeEstimate(figure, 'count'))
              .join('; '),
          ),
        ]
      : []),
    row('Recalls', describeEstimate(market.recalls, 'count')),
    row('Preemptions', describeEstimate(market.preemptions, 'count')),
    row('Defaults', describeEstimate(market.defaults, 'count')),
  ];
}

/** Whether any figure of the run contradicts what its mechanism claims. */
export function contradictions(market: MarketBehaviour): PropertyRow[] {
  return propertyRows(market).filter((row) => row.verdict === 'contradicted');
}
