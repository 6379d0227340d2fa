/** Mean price of a node-hour by class and variant. */
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { Metrics } from '../../core/metrics/results.ts';
import { entryOf } from '../findings/records.ts';
import { describeEstimate, describeMean } from '../text/number.ts';
import { oneLine } from '../text/printable.ts';
import type { Chart } from './chart.ts';
import { ESTIMATE_COLUMNS, estimateRow } from '../text/cells.ts';
import { drawForest } from './parts/forest.ts';
import type { ForestGroup } from './parts/forest.ts';
import { BLUE, SKY } from './parts/palette.ts';

export const pricesChart: Chart = {
  name: 'prices',
  tell(metrics) {
    const groups = pricedClasses(metrics);
    if (groups.length === 0) return { missing: 'No variant of this run has prices.' };
    return {
      title: titleOf(metrics),
      caption:
        'Money paid for leases of the class ÷ their node-hours, over the whole run; means over ' +
        'replications with 95 % intervals. Prices are in the credits of the scenario; only ' +
        'their ratios mean anything outside it.',
      description: 'Points with intervals: price of a node-hour by node class and variant.',
      table: {
        columns: ESTIMATE_COLUMNS,
        rows: groups.flatMap((name) =>
          metrics.variants.flatMap((variant) => {
            const figure = variant.market && entryOf(variant.market.meanPrice, name);
            const title = `${name}, ${variant.name}`;
            return figure ? [estimateRow(title, figure, 'credits per node-hour')] : [];
          }),
        ),
      },
    };
  },
  draw(d3, root, metrics, { width }) {
    return drawForest(d3, root, {
      width,
      groups: pricedClasses(metrics).map((name) => groupOf(metrics, name)),
      axisTitle: 'mean price, credits per node-hour',
    });
  },
};

/** Classes that any variant has a price for, in order of appearance. */
function pricedClasses(metrics: Metrics): string[] {
  const names = new Set<string>();
  for (const variant of metrics.variants) {
    for (const name of Object.keys(variant.market?.meanPrice ?? {})) names.add(name);
  }
  return [...names];
}

function groupOf(metrics: Metrics, name: string): ForestGroup {
  const rows = metrics.variants.flatMap((variant) => {
    const figure = variant.market && entryOf(variant.market.meanPrice, name);
    if (!figure) return [];
    const main = variant.name === metrics.extraDemandMet.variant;
    const value = describeEstimate(figure, 'credits per node-hour', { withoutUnit: true });
    const lane = { figure, colour: main ? BLUE : SKY, shape: 'dot' as const, value };
    return [{ label: variant.name, lanes: [lane] }];
  });
  return { heading: `Class ${oneLine(name)}`, rows };
}

function titleOf(metrics: Metrics): string {
  const main = metrics.variants.find((one) => one.name === metrics.extraDemandMet.variant);
  const parts = Object.entries(main?.market?.meanPrice ?? {}).flatMap(([name, figure]) =>
    isEstimate(figure) ? [`${describeMean(figure, 'credits')} (${oneLine(name)})`] : [],
  );
  if (parts.length === 0) return 'Price of a node-hour by class';
  return `A node-hour costs ${parts.slice(0, 3).join(', ')}`;
}
