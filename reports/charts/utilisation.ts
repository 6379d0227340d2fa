/** Busy node-time as a share of installed node-time, by variant. */
import { describeEstimate } from '../text/number.ts';
import { mainVariant, STATIC, staticVariant } from '../findings/records.ts';
import { larger } from '../findings/verdict.ts';
import type { Metrics } from '../../core/metrics/results.ts';
import type { Chart } from './chart.ts';
import { ESTIMATE_COLUMNS, estimateRow } from '../text/cells.ts';
import { drawForest } from './parts/forest.ts';
import { BLUE, REFERENCE, SKY } from './parts/palette.ts';

export const utilisationChart: Chart = {
  name: 'utilisation',
  tell(metrics) {
    if (metrics.variants.length === 0) return { missing: 'This run has no variants.' };
    return {
      title: titleOf(metrics),
      caption:
        'Share of all installed node-time in which nodes did work, mean over replications with ' +
        '95 % interval. Set-up, sanitizing and idle time do not count as busy. High utilisation ' +
        'is no aim by itself: a government reserve is meant to be idle.',
      description: 'Horizontal bars of utilisation in percent, one for each variant.',
      table: {
        columns: ESTIMATE_COLUMNS,
        rows: metrics.variants.map((one) => estimateRow(one.name, one.utilisation, 'share')),
      },
    };
  },
  draw(d3, root, metrics, { width }) {
    const rows = metrics.variants.map((variant) => ({
      label: variant.name,
      lanes: [
        {
          figure: variant.utilisation,
          colour: colourOf(variant.name, metrics.extraDemandMet.variant),
          shape: 'bar' as const,
          value: describeEstimate(variant.utilisation, 'share'),
        },
      ],
    }));
    return drawForest(d3, root, {
      width,
      groups: [{ heading: null, rows }],
      axisTitle: 'utilisation, % of installed node-time',
      factor: 100,
      domain: [0, 1],
    });
  },
};

function colourOf(variant: string, main: string): string {
  if (variant === STATIC) return REFERENCE;
  return variant === main ? BLUE : SKY;
}

function titleOf(metrics: Metrics): string {
  const before = staticVariant(metrics)?.utilisation;
  const after = mainVariant(metrics)?.utilisation;
  if (!before || !after || before === after) return 'How busy the installed nodes are';
  const numbers = `${describeEstimate(before, 'share')} to ${describeEstimate(after, 'share')}`;
  switch (larger(after, before)) {
    case 'first':
      return `Trading raises utilisation from ${numbers}`;
    case 'second':
      return `Trading lowers utilisation from ${numbers}`;
    default:
      return `Utilisation under trading cannot be told from static partition: ${numbers}`;
  }
}
