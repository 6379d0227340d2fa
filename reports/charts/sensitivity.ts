/** How the extra demand met depends on parameters that the scenario had to assume. */
import type { Metrics, SensitivityPoint } from '../../core/metrics/results.ts';
import { exactly } from '../findings/records.ts';
import { describeEstimate, describeMean, describePlain } from '../text/number.ts';
import { oneLine } from '../text/printable.ts';
import type { Chart } from './chart.ts';
import { STACKED_BELOW } from './chart.ts';
import { group } from './parts/marks.ts';
import { drawScatter, verticalDomain } from './parts/scatter.ts';
import type { ScatterPoint } from './parts/scatter.ts';

const GUTTER = 28;
const PLOT_HEIGHT = 120;

export const sensitivityChart: Chart = {
  name: 'sensitivity',
  tell(metrics) {
    if (metrics.sensitivity.length === 0) {
      return { missing: 'This run did not vary the parameters that the scenario assumes.' };
    }
    return {
      title: titleOf(metrics.sensitivity),
      caption:
        'Demand met beyond static partition when one assumed parameter is changed and everything ' +
        'else is left as it is; means with 95 % intervals. All plots have the same vertical axis. ' +
        'Parameters are changed one at a time, so effects of two together do not show.',
      description: 'Small plots, one a parameter: extra node-hours over the parameter’s value.',
      table: {
        columns: ['Parameter', 'Value', 'Extra demand met, node-hours'],
        rows: metrics.sensitivity.map((one) => [
          one.parameter,
          describePlain(one.value),
          describeEstimate(one.extraNodeHours, 'node-hours', { withoutUnit: true }),
        ]),
      },
    };
  },
  draw(d3, root, metrics, { width }) {
    const parameters = parametersOf(metrics);
    const columns = width < STACKED_BELOW ? 1 : Math.min(3, parameters.length);
    const cell = Math.min(360, (width - (columns - 1) * GUTTER) / columns);
    const toPoint = (one: SensitivityPoint): ScatterPoint => ({
      x: exactly(one.value),
      y: one.extraNodeHours,
    });
    const yDomain = verticalDomain(metrics.sensitivity.map(toPoint));
    let top = 4;
    for (let first = 0; first < parameters.length; first += columns) {
      const heights = parameters.slice(first, first + columns).map((parameter, column) =>
        drawScatter(d3, group(root, column * (cell + GUTTER), top), {
          width: cell,
          plotHeight: PLOT_HEIGHT,
          heading: oneLine(parameter),
          points: metrics.sensitivity
            .filter((one) => one.parameter === parameter)
            .map(toPoint)
            .sort((a, b) => a.x.mean - b.x.mean),
          xTitle: 'value of the parameter',
          yTitle: 'extra node-hours',
          yFactor: 1,
          joined: true,
          yDomain,
        }),
      );
      top += Math.max(...heights) + 8;
    }
    return top;
  },
};

function parametersOf(metrics: Metrics): string[] {
  return [...new Set(metrics.sensitivity.map((one) => one.parameter))];
}

function titleOf(points: readonly SensitivityPoint[]): string {
  const sorted = [...points].sort((a, b) => a.extraNodeHours.mean - b.extraNodeHours.mean);
  const [low, high] = [sorted[0]!, sorted.at(-1)!];
  const at = (one: SensitivityPoint) =>
    `${describeMean(one.extraNodeHours, 'node-hours')} ` +
    `(${oneLine(one.parameter)} = ${describePlain(one.value)})`;
  if (low === high) return `Extra demand met: ${at(low)}`;
  return `Assumed parameters move the extra demand met from ${at(low)} to ${at(high)}`;
}
