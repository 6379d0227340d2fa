/**
 * `metrics.csv`: every estimated figure on a line of its own, for whatever reads tidy tables. The
 * name of a figure is its key path in `metrics.json`; figures that are not available have no mean.
 */
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { MaybeEstimate } from '../../core/metrics/estimate.ts';
import type { RareVariant } from '../../core/metrics/rare-emergencies.ts';
import type { Metrics, VariantResult } from '../../core/metrics/results.ts';
import { unitOfMeasure } from '../text/names.ts';
import type { Unit } from '../text/number.ts';
import { renderCsv } from './csv.ts';
import type { Cell } from './csv.ts';

export const METRICS_COLUMNS: readonly string[] = [
  'variant',
  'organisation',
  'metric',
  'mean',
  'lo',
  'hi',
  'n',
  'unit',
];

interface Line {
  readonly variant: string;
  readonly organisation?: string;
  readonly metric: string;
  readonly figure: MaybeEstimate;
  readonly unit: Unit;
}

export function renderMetricsCsv(metrics: Metrics): string {
  return renderCsv(METRICS_COLUMNS, linesOf(metrics).map(cellsOf));
}

function cellsOf({ variant, organisation, metric, figure, unit }: Line): Cell[] {
  const known = isEstimate(figure);
  const interval: readonly Cell[] = known && figure.n >= 2 ? figure.ci95 : [null, null];
  const mean = known ? figure.mean : null;
  return [variant, organisation ?? '', metric, mean, ...interval, known ? figure.n : 0, unit];
}

function linesOf(metrics: Metrics): Line[] {
  const main = metrics.extraDemandMet.variant;
  return [
    ...metrics.variants.flatMap(variantLines),
    ...hardwareLines(metrics),
    ...demandLines(metrics),
    ...provisioningLines(metrics, main),
    ...securityLines(metrics, main),
    { variant: '', metric: 'demandCorrelation', figure: metrics.demandCorrelation, unit: 'count' },
    ...metrics.trades.flatMap((flow): Line[] => {
      const metric = `trades.${flow.buyer}`;
      const place = { variant: flow.variant, organisation: flow.seller };
      return [
        { ...place, metric: `${metric}.nodeHours`, figure: flow.nodeHours, unit: 'node-hours' },
        { ...place, metric: `${metric}.credits`, figure: flow.credits, unit: 'credits' },
      ];
    }),
    ...metrics.sensitivity.map((point): Line => ({
      variant: main,
      metric: `sensitivity.${point.parameter}=${point.value}`,
      figure: point.extraNodeHours,
      unit: 'node-hours',
    })),
    ...(metrics.rareEmergencies?.variants ?? []).flatMap(rareLines),
  ];
}

function rareLines({ variant, ...figures }: RareVariant): Line[] {
  return Object.entries(figures).flatMap(([name, figure]) =>
    (['some', 'none', 'expected', 'perYear'] as const).map((part): Line => ({
      variant,
      metric: `rareEmergencies.${name}.${part}`,
      figure: figure[part],
      unit: 'node-hours',
    })),
  );
}

function variantLines(result: VariantResult): Line[] {
  const variant = result.name;
  const lines: Line[] = [
    { variant, metric: 'utilisation', figure: result.utilisation, unit: 'share' },
    { variant, metric: 'metNodeHours', figure: result.metNodeHours, unit: 'node-hours' },
    { variant, metric: 'demandNodeHours', figure: result.demandNodeHours, unit: 'node-hours' },
  ];
  for (const metric of ['valueCredits', 'welfareGainCredits'] as const) {
    const figure = result[metric];
    if (figure) lines.push({ variant, metric, figure, unit: 'credits' });
  }
  for (const one of result.organisations) {
    const place = { variant, organisation: one.name };
    lines.push(
      { ...place, metric: 'demandNodeHours', figure: one.demandNodeHours, unit: 'node-hours' },
      { ...place, metric: 'metNodeHours', figure: one.metNodeHours, unit: 'node-hours' },
      { ...place, metric: 'metShare', figure: one.metShare, unit: 'share' },
      { ...place, metric: 'borrowedNodeHours', figure: one.borrowedNodeHours, unit: 'node-hours' },
      { ...place, metric: 'lentNodeHours', figure: one.lentNodeHours, unit: 'node-hours' },
      { ...place, metric: 'lostNodeHours', figure: one.lostNodeHours, unit: 'node-hours' },
      { ...place, metric: 'netCredits', figure: one.netCredits, unit: 'credits' },
      { ...place, metric: 'gainCredits', figure: one.gainCredits, unit: 'credits' },
    );
    for (const [name, figure] of Object.entries(one.ownMeasures)) {
      lines.push({ ...place, metric: `ownMeasures.${name}`, figure, unit: unitOfMeasure(name) });
    }
  }
  return [...lines, ...marketLines(result)];
}

function marketLines({ name: variant, market }: VariantResult): Line[] {
  if (!market) return [];
  const line = (metric: string, figure: MaybeEstimate, unit: Unit = 'count'): Line => ({
    variant,
    metric: `market.${metric}`,
    figure,
    unit,
  });
  return [
    line('rounds', market.rounds),
    line('bidsPerRound', market.bidsPerRound),
    line('contracts', market.contracts),
    line('leases', market.leases),
    line('tradedNodeHours', market.tradedNodeHours, 'node-hours'),
    ...Object.entries(market.meanPrice).map(([name, figure]) =>
      line(`meanPrice.${name}`, figure, 'credits per node-hour'),
    ),
    line('efficiency', market.efficiency, 'share'),
    line('sampledRounds', market.sampledRounds),
    line('individualRationalityViolations', market.individualRationalityViolations),
    line('organisationsWorseOff', market.organisationsWorseOff, 'share'),
    line('budgetSurplusCredits', market.budgetSurplusCredits, 'credits'),
    line('fairness', market.fairness, 'share'),
    line('sharingIndex', market.sharingIndex, 'share'),
    ...(market.leak
      ? [
          line('leak.sealed', market.leak.sealed, 'share'),
          line('leak.bands', market.leak.bands, 'share'),
        ]
      : []),
    line('timeToOfferMedian', market.willingness.timeToOfferMedianSeconds, 'seconds'),
    line('timeToOfferP95', market.willingness.timeToOfferP95Seconds, 'seconds'),
    line('reshapeIndex', market.willingness.reshapeIndex, 'share'),
    ...Object.entries(market.horizons).flatMap(([name, horizon]) => [
      line(`horizons.${name}.rounds`, horizon.rounds),
      line(`horizons.${name}.contracts`, horizon.contracts),
      line(`horizons.${name}.tradedNodeHours`, horizon.tradedNodeHours, 'node-hours'),
    ]),
    ...Object.entries(market.options ?? {}).map(([name, figure]: [string, MaybeEstimate]) =>
      line(`options.${name}`, figure, name === 'premiumCredits' ? 'credits' : 'count'),
    ),
    line('recalls', market.recalls),
    line('preemptions', market.preemptions),
    line('defaults', market.defaults),
  ];
}

function hardwareLines(metrics: Metrics): Line[] {
  const result = metrics.hardwareReduction;
  if (!result) return [];
  const line = (metric: string, figure: MaybeEstimate, unit: Unit): Line => ({
    variant: result.variant,
    metric: `hardwareReduction.${metric}`,
    figure,
    unit,
  });
  return [
    line('requiredStaticNodes', result.requiredStaticNodes, 'nodes'),
    line('requiredMarketNodes', result.requiredMarketNodes, 'nodes'),
    line('saving', result.saving, 'share'),
    line('rightSizing', result.rightSizing, 'share'),
    line('workBound', result.workBound, 'nodes'),
    line('intervalBound', result.intervalBound, 'nodes'),
    line('captured', result.captured, 'share'),
    ...result.byCorrelation.flatMap((point) => [
      line(`byCorrelation.${point.alignmentHours}.correlation`, point.correlation, 'count'),
      line(`byCorrelation.${point.alignmentHours}.saving`, point.saving, 'share'),
    ]),
  ];
}

function demandLines(metrics: Metrics): Line[] {
  return metrics.extraDemandByVariant.flatMap((result) => {
    const { variant } = result;
    const metric = 'extraDemandMet';
    const lines: Line[] = [
      { variant, metric: `${metric}.nodeHours`, figure: result.nodeHours, unit: 'node-hours' },
      { variant, metric: `${metric}.shareOfMissed`, figure: result.shareOfMissed, unit: 'share' },
      {
        variant,
        metric: `${metric}.optimumNodeHours`,
        figure: result.optimumNodeHours,
        unit: 'node-hours',
      },
    ];
    for (const [organisation, { nodeHours: figure }] of Object.entries(result.organisations)) {
      lines.push({
        variant,
        organisation,
        metric: `${metric}.nodeHours`,
        figure,
        unit: 'node-hours',
      });
    }
    for (const [kind, { nodeHours: figure }] of Object.entries(result.kinds)) {
      lines.push({ variant, metric: `${metric}.kinds.${kind}`, figure, unit: 'node-hours' });
    }
    return lines;
  });
}

function provisioningLines(metrics: Metrics, variant: string): Line[] {
  const effect = metrics.provisioningEffect;
  if (!effect) return [];
  const line = (metric: string, figure: MaybeEstimate, unit: Unit = 'node-hours'): Line => ({
    variant,
    metric: `provisioningEffect.${metric}`,
    figure,
    unit,
  });
  return [
    line('bmi', effect.bmi),
    line('foreman', effect.foreman),
    line('difference', effect.difference),
    ...Object.entries(effect.kinds).flatMap(([kind, pair]) => [
      line(`kinds.${kind}.bmi`, pair.bmi),
      line(`kinds.${kind}.foreman`, pair.foreman),
      line(`kinds.${kind}.difference`, pair.difference),
    ]),
    ...effect.byLeaseLength.flatMap((point) => [
      line(`byLeaseLength.${point.leaseSeconds}.tradedBmi`, point.tradedBmi),
      line(`byLeaseLength.${point.leaseSeconds}.tradedForeman`, point.tradedForeman),
    ]),
    line('breakEvenLeaseSeconds.bmi', effect.breakEvenLeaseSeconds.bmi, 'seconds'),
    line('breakEvenLeaseSeconds.foreman', effect.breakEvenLeaseSeconds.foreman, 'seconds'),
  ];
}

function securityLines(metrics: Metrics, variant: string): Line[] {
  const result = metrics.security;
  if (!result) return [];
  const line = (metric: string, figure: MaybeEstimate, unit: Unit = 'node-hours'): Line => ({
    variant,
    metric: `security.${metric}`,
    figure,
    unit,
  });
  return [
    ...Object.entries(result.premium).map(([name, figure]) =>
      line(`premium.${name}`, figure, 'credits per node-hour'),
    ),
    line('sensitive.market', result.sensitive.market),
    line('sensitive.static', result.sensitive.static),
    line('sensitive.difference', result.sensitive.difference),
    line('sensitive.slowProvisioning', result.sensitive.slowProvisioning),
    line('costToOthers', result.costToOthers),
  ];
}
