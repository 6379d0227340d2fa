/** The figures that a reader looks for first, by question. */
import type { MaybeEstimate } from '../../core/metrics/estimate.ts';
import type { Metrics } from '../../core/metrics/results.ts';
import type { Unit } from '../text/number.ts';
import { mainVariant, staticVariant } from './records.ts';

export interface KeyFigure {
  readonly label: string;
  readonly figure: MaybeEstimate;
  readonly unit: Unit;
}

export interface KeyFigureGroup {
  readonly question: string;
  readonly figures: readonly KeyFigure[];
}

export function keyFigures(metrics: Metrics): KeyFigureGroup[] {
  return [
    { question: 'Hardware', figures: hardwareFigures(metrics) },
    { question: 'Extra demand', figures: demandFigures(metrics) },
    { question: 'Provisioning', figures: provisioningFigures(metrics) },
    { question: 'Security', figures: securityFigures(metrics) },
  ].filter((group) => group.figures.length > 0);
}

function hardwareFigures(metrics: Metrics): KeyFigure[] {
  const result = metrics.hardwareReduction;
  if (!result) return [];
  return [
    { label: 'Hardware saved', figure: result.saving, unit: 'share' },
    { label: 'Nodes needed, each alone', figure: result.requiredStaticNodes, unit: 'nodes' },
    { label: 'Nodes needed with trading', figure: result.requiredMarketNodes, unit: 'nodes' },
    { label: 'Interval bound', figure: result.intervalBound, unit: 'nodes' },
    { label: 'Work bound', figure: result.workBound, unit: 'nodes' },
    { label: 'Captured of the possible saving', figure: result.captured, unit: 'share' },
    { label: 'Right-sizing, no effect of trading', figure: result.rightSizing, unit: 'share' },
    { label: 'Correlation of demand', figure: metrics.demandCorrelation, unit: 'count' },
  ];
}

function demandFigures(metrics: Metrics): KeyFigure[] {
  const main = mainVariant(metrics);
  if (!main) return [];
  const extra = metrics.extraDemandMet;
  const before = staticVariant(metrics);
  const figures: KeyFigure[] = [
    { label: 'Extra demand met', figure: extra.nodeHours, unit: 'node-hours' },
    { label: 'Of what static partition misses', figure: extra.shareOfMissed, unit: 'share' },
    { label: 'Optimum, at most', figure: extra.optimumNodeHours, unit: 'node-hours' },
  ];
  if (before) {
    figures.push({ label: 'Utilisation, static', figure: before.utilisation, unit: 'share' });
  }
  figures.push({ label: 'Utilisation with trading', figure: main.utilisation, unit: 'share' });
  return figures;
}

function provisioningFigures(metrics: Metrics): KeyFigure[] {
  const effect = metrics.provisioningEffect;
  if (!effect) return [];
  const { bmi, foreman } = effect.breakEvenLeaseSeconds;
  return [
    { label: 'Extra demand met, diskless (BMI)', figure: effect.bmi, unit: 'node-hours' },
    { label: 'Extra demand met, diskful (Foreman)', figure: effect.foreman, unit: 'node-hours' },
    { label: 'Diskless − diskful, paired', figure: effect.difference, unit: 'node-hours' },
    { label: 'Break-even lease, diskless', figure: bmi, unit: 'seconds' },
    { label: 'Break-even lease, diskful', figure: foreman, unit: 'seconds' },
  ];
}

function securityFigures(metrics: Metrics): KeyFigure[] {
  const result = metrics.security;
  if (!result) return [];
  const { sensitive } = result;
  return [
    ...Object.entries(result.premium).map(([name, figure]): KeyFigure => ({
      label: `Premium of class ${name}`,
      figure,
      unit: 'credits per node-hour',
    })),
    { label: 'Sensitive demand met, market', figure: sensitive.market, unit: 'node-hours' },
    { label: 'Sensitive demand met, static', figure: sensitive.static, unit: 'node-hours' },
    { label: 'Market − static, paired', figure: sensitive.difference, unit: 'node-hours' },
    {
      label: 'Sensitive demand met, slow provisioning',
      figure: sensitive.slowProvisioning,
      unit: 'node-hours',
    },
    { label: 'Cost of attestation to others', figure: result.costToOthers, unit: 'node-hours' },
  ];
}
