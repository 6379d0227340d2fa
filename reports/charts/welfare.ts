/** What the work done is worth beyond static partition, variant by variant. */
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { Estimate } from '../../core/metrics/estimate.ts';
import type { Metrics } from '../../core/metrics/results.ts';
import { verdictOf } from '../findings/verdict.ts';
import { describeEstimate } from '../text/number.ts';
import { ESTIMATE_COLUMNS, estimateRow } from '../text/cells.ts';
import type { Chart } from './chart.ts';
import { drawForest } from './parts/forest.ts';
import { BLUE, SKY } from './parts/palette.ts';

interface Gain {
  readonly name: string;
  readonly isMain: boolean;
  readonly gain: Estimate;
}

export const welfareChart: Chart = {
  name: 'welfare',
  tell(metrics) {
    const gains = gainsOf(metrics);
    if (gains.length === 0) return { missing: 'No variant of this run trades.' };
    return {
      title: titleOf(gains),
      caption:
        'Worth of all met demand to those whose it was, less the same under static partition, ' +
        'replication by replication. Payments go from one to another and cancel out. Means with ' +
        '95 % intervals.',
      description: 'One horizontal bar for each variant that trades: welfare gained, in credits.',
      table: {
        columns: ESTIMATE_COLUMNS,
        rows: gains.map(({ name, gain }) => estimateRow(name, gain, 'credits')),
      },
    };
  },
  draw(d3, root, metrics, { width }) {
    const rows = gainsOf(metrics).map(({ name, isMain, gain }) => ({
      label: name,
      lanes: [
        {
          figure: gain,
          colour: isMain ? BLUE : SKY,
          shape: 'bar' as const,
          value: describeEstimate(gain, 'credits', { withoutUnit: true, signed: true }),
        },
      ],
    }));
    const groups = [{ heading: null, rows }];
    return drawForest(d3, root, { width, groups, axisTitle: 'welfare gained, credits' });
  },
};

function gainsOf(metrics: Metrics): Gain[] {
  return metrics.variants.flatMap(({ name, market, welfareGainCredits: gain }) =>
    market && gain && isEstimate(gain)
      ? [{ name, isMain: name === metrics.extraDemandMet.variant, gain }]
      : [],
  );
}

function titleOf(gains: readonly Gain[]): string {
  const main = gains.find(({ isMain }) => isMain) ?? gains[0]!;
  switch (verdictOf(main.gain)) {
    case 'positive':
      return `With ${main.name}, the work done is worth clearly more`;
    case 'negative':
      return `With ${main.name}, the work done is worth clearly less`;
    default:
      return 'What the work done is worth beyond static partition';
  }
}
