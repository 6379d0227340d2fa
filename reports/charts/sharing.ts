/** How much of what stands idle its owners offer, variant by variant. */
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { Estimate } from '../../core/metrics/estimate.ts';
import type { Metrics } from '../../core/metrics/results.ts';
import { describeEstimate, describeMean } from '../text/number.ts';
import { ESTIMATE_COLUMNS, estimateRow } from '../text/cells.ts';
import type { Chart } from './chart.ts';
import { drawForest } from './parts/forest.ts';
import { BLUE, SKY } from './parts/palette.ts';

interface Index {
  readonly name: string;
  readonly isMain: boolean;
  readonly index: Estimate;
}

export const sharingChart: Chart = {
  name: 'sharing',
  tell(metrics) {
    const indices = indicesOf(metrics);
    if (indices.length === 0) return { missing: 'Nothing was idle, or no variant trades.' };
    const main = indices.find(({ isMain }) => isMain) ?? indices[0]!;
    return {
      title: `With ${main.name}, owners offer ${describeMean(main.index, 'share')} of their idle nodes`,
      caption:
        'Idle node-slots that were offered ÷ idle node-slots, over all rounds and owners. Under ' +
        'static partition nothing is offered. Means with 95 % intervals.',
      description: 'One horizontal bar for each variant that trades: its sharing index.',
      table: {
        columns: ESTIMATE_COLUMNS,
        rows: indices.map(({ name, index }) => estimateRow(name, index, 'share')),
      },
    };
  },
  draw(d3, root, metrics, { width }) {
    const rows = indicesOf(metrics).map(({ name, isMain, index }) => ({
      label: name,
      lanes: [
        {
          figure: index,
          colour: isMain ? BLUE : SKY,
          shape: 'bar' as const,
          value: describeEstimate(index, 'share'),
        },
      ],
    }));
    return drawForest(d3, root, {
      width,
      groups: [{ heading: null, rows }],
      axisTitle: 'idle node-slots offered, %',
      factor: 100,
      domain: [0, 1],
    });
  },
};

function indicesOf(metrics: Metrics): Index[] {
  return metrics.variants.flatMap(({ name, market }) =>
    market && isEstimate(market.sharingIndex)
      ? [{ name, isMain: name === metrics.extraDemandMet.variant, index: market.sharingIndex }]
      : [],
  );
}
