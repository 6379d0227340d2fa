/** Metric 2: demand met beyond static partition, by variant, kind and organisation. */
import type { Metrics } from '../../core/metrics/results.ts';
import { describeEstimate } from '../text/number.ts';
import { demandFinding } from '../findings/headline.ts';
import type { Chart } from './chart.ts';
import { ESTIMATE_COLUMNS, estimateRow } from '../text/cells.ts';
import { drawForest } from './parts/forest.ts';
import type { ForestGroup, ForestRow } from './parts/forest.ts';
import { BLUE, INK, kindColour, REFERENCE } from './parts/palette.ts';
import { kindName, kindOf } from './parts/names.ts';
import type { Estimate } from '../../core/metrics/estimate.ts';

export const extraDemandChart: Chart = {
  name: 'extra-demand',
  tell(metrics) {
    const rows = allVariants(metrics);
    if (rows.length === 0) return { missing: 'This run has no variant besides static partition.' };
    const main = metrics.extraDemandMet;
    return {
      title: demandFinding(metrics).short,
      caption:
        'Node-hours of demand met beyond static partition with the same nodes: paired differences ' +
        'on the same draws, means with 95 % intervals. The diamond is an upper bound of what an ' +
        'optimum with full information could have added, not something that was reached. The ' +
        `lower groups split ${main.variant}. Below zero: less was met than alone.`,
      description:
        'Horizontal bars of extra node-hours met, one row for each variant, kind of organisation ' +
        'and organisation.',
      table: {
        columns: ESTIMATE_COLUMNS,
        rows: [
          ...rows.map((row) => estimateRow(row.variant, row.nodeHours, 'node-hours')),
          ...rows.map((row) =>
            estimateRow(`${row.variant}: share of missed demand`, row.shareOfMissed, 'share'),
          ),
          ...rows.map((row) =>
            estimateRow(`${row.variant}: optimum, at most`, row.optimumNodeHours, 'node-hours'),
          ),
          ...Object.entries(main.kinds).map(([kind, figure]) =>
            estimateRow(`kind ${kindName(kind)}`, figure.nodeHours, 'node-hours'),
          ),
          ...Object.entries(main.organisations).map(([name, figure]) =>
            estimateRow(name, figure.nodeHours, 'node-hours'),
          ),
        ],
      },
    };
  },
  draw(d3, root, metrics, { width }) {
    return drawForest(d3, root, {
      width,
      groups: groupsOf(metrics),
      axisTitle: 'demand met beyond static partition, node-hours',
      legend: [{ text: 'optimum with full information, at most', colour: INK, shape: 'diamond' }],
    });
  },
};

function allVariants(metrics: Metrics) {
  return metrics.extraDemandByVariant.length > 0
    ? metrics.extraDemandByVariant
    : metrics.variants.some((variant) => variant.name === metrics.extraDemandMet.variant)
      ? [metrics.extraDemandMet]
      : [];
}

function groupsOf(metrics: Metrics): ForestGroup[] {
  const main = metrics.extraDemandMet;
  const variants = allVariants(metrics).map((result) => {
    const colour = result.variant === main.variant ? BLUE : REFERENCE;
    const row = rowOf(result.variant, result.nodeHours, colour);
    const value = result.optimumNodeHours.mean;
    const lane = { ...row.lanes[0]!, reference: { value, shape: 'diamond' as const } };
    return { ...row, lanes: [lane] };
  });
  const kinds = Object.entries(main.kinds).map(([kind, figure]) =>
    rowOf(kindName(kind), figure.nodeHours, kindColour(kind)),
  );
  const organisations = Object.entries(main.organisations).map(([name, figure]) =>
    rowOf(name, figure.nodeHours, kindColour(kindOf(metrics, name))),
  );
  return [
    { heading: 'By variant', rows: variants },
    { heading: `By kind of organisation, ${main.variant}`, rows: kinds },
    { heading: `By organisation, ${main.variant}`, rows: organisations },
  ].filter((group) => group.rows.length > 0);
}

function rowOf(label: string, figure: Estimate, colour: string): ForestRow {
  const value = describeEstimate(figure, 'node-hours', { compact: true, withoutUnit: true });
  return { label, lanes: [{ figure, colour, shape: 'bar', value }] };
}
