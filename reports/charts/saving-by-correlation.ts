/** Metric 1 as a function of how alike the owners' demands are in time. */
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { CorrelationPoint, Metrics } from '../../core/metrics/results.ts';
import { exactly } from '../findings/records.ts';
import { describeEstimate, describeMean, describePlain, formatNumber } from '../text/number.ts';
import type { Chart } from './chart.ts';
import { STACKED_BELOW } from './chart.ts';
import { group } from './parts/marks.ts';
import { drawScatter, verticalDomain } from './parts/scatter.ts';
import type { ScatterPoint } from './parts/scatter.ts';

const GUTTER = 32;
const PLOT_HEIGHT = 180;

export const savingByCorrelationChart: Chart = {
  name: 'saving-by-correlation',
  tell(metrics) {
    const points = pointsOf(metrics);
    if (points.filter((one) => isEstimate(one.saving)).length < 2) {
      return { missing: 'This run did not vary how alike the demands of the owners are.' };
    }
    return {
      title: titleOf(points),
      caption:
        'Saving of hardware when the owners’ local times are shifted against each other (left), ' +
        'and the same points over the pairwise correlation of hourly demand that was measured ' +
        '(right). At shift 0 all peaks are aligned. Means with 95 % intervals. The saving depends ' +
        'on this more than on anything else: a headline holds only for its own correlation.',
      description:
        'Two plots of the hardware saved in percent: over the shift in hours, and over the ' +
        'measured correlation of demand.',
      table: {
        columns: ['Shift, hours', 'Correlation', 'Saving'],
        rows: points.map((one) => [
          describePlain(one.alignmentHours),
          describeEstimate(one.correlation, 'count'),
          describeEstimate(one.saving, 'share'),
        ]),
      },
    };
  },
  draw(d3, root, metrics, { width }) {
    const points = pointsOf(metrics);
    const shift = points.map((one): ScatterPoint => ({
      x: exactly(one.alignmentHours),
      y: one.saving,
    }));
    const correlation = points
      .map((one): ScatterPoint => ({ x: one.correlation, y: one.saving }))
      .sort((a, b) => a.x.mean - b.x.mean);
    const stacked = width < STACKED_BELOW;
    const each = stacked ? width : (width - GUTTER) / 2;
    const shared = {
      width: each,
      plotHeight: PLOT_HEIGHT,
      yTitle: 'hardware saved, %',
      yFactor: 100,
      yDomain: verticalDomain(shift),
    };
    const first = drawScatter(d3, group(root, 0, 4), {
      ...shared,
      heading: 'By alignment',
      points: shift,
      xTitle: 'shift between owners’ local times, hours',
      joined: true,
    });
    const at = stacked ? ([0, first + 16] as const) : ([each + GUTTER, 4] as const);
    const second = drawScatter(d3, group(root, at[0], at[1]), {
      ...shared,
      heading: 'By correlation',
      points: correlation,
      xTitle: 'mean pairwise correlation of demand',
      joined: false,
    });
    return stacked ? first + 16 + second : Math.max(first, second) + 4;
  },
};

function pointsOf(metrics: Metrics): CorrelationPoint[] {
  return [...(metrics.hardwareReduction?.byCorrelation ?? [])].sort(
    (a, b) => a.alignmentHours - b.alignmentHours,
  );
}

function titleOf(points: readonly CorrelationPoint[]): string {
  const known = points
    .flatMap((one) => (isEstimate(one.saving) ? [{ ...one, saving: one.saving }] : []))
    .sort((a, b) => a.correlation.mean - b.correlation.mean);
  const [low, high] = [known[0]!, known.at(-1)!];
  const at = (one: (typeof known)[number]) =>
    `${describeMean(one.saving, 'share')} at correlation ${formatNumber(one.correlation.mean, 2)}`;
  return `Trading saves ${at(low)} and ${at(high)}`;
}
