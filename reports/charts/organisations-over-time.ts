/** When each organisation lacks nodes and when it could lend some: its mean week. */
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { HourlySeries, Metrics } from '../../core/metrics/results.ts';
import { entryOf, mainVariant } from '../findings/records.ts';
import { describeEstimate, describeValue } from '../text/number.ts';
import { fitName } from '../text/width.ts';
import type { Chart } from './chart.ts';
import { STACKED_BELOW } from './chart.ts';
import type { D3, Selection } from './drawing.ts';
import { BOTTOM_AXIS_HEIGHT, bottomAxis } from './parts/axis.ts';
import { drawLegend } from './parts/legend.ts';
import { group, label } from './parts/marks.ts';
import { drawPanel, panelLeft } from './parts/panel.ts';
import type { Series } from './parts/panel.ts';
import { BLUE, FONT_SIZE, REFERENCE, VERMILLION } from './parts/palette.ts';
import { meanWeek } from './parts/time-series.ts';

/** More small plots than this say nothing any more. */
const MOST = 12;
const GUTTER = 28;
const PLOT_HEIGHT = 84;
const HEADING = 18;

interface Week {
  readonly name: string;
  readonly owned: number | null;
  readonly demand: readonly (number | null)[];
  readonly capacity: readonly (number | null)[];
}

export const organisationsOverTimeChart: Chart = {
  name: 'organisations-over-time',
  tell(metrics) {
    const series = seriesOf(metrics);
    if (!series) return { missing: 'This run stored no hourly series by organisation.' };
    const weeks = weeksOf(metrics, series);
    const cut = Object.keys(series.demandByOrganisation).length > MOST;
    const correlation = metrics.demandCorrelation;
    return {
      title: isEstimate(correlation)
        ? `The organisations’ demands correlate at ${describeEstimate(correlation, 'count')} on average`
        : 'Each organisation has its own rhythm of demand',
      caption:
        `${series.variant}: node need and usable nodes (owned − lent + borrowed, ready) of each ` +
        'organisation by the hour of the week, averaged over weeks and replications. Weeks start ' +
        'at the end of the warm-up. Averages hide single peaks; a rare emergency does not show. ' +
        (cut ? `Only the ${MOST} organisations with the largest demand are shown.` : ''),
      description: 'Small plots, one for each organisation: demand and usable nodes over a week.',
      table: {
        columns: ['Organisation', 'Owned, nodes', 'Mean demand, nodes', 'Mean capacity, nodes'],
        rows: weeks.map((week) => [
          week.name,
          week.owned === null ? '–' : describeValue(week.owned, 'count'),
          describeValue(meanOf(week.demand), 'count'),
          describeValue(meanOf(week.capacity), 'count'),
        ]),
      },
    };
  },
  draw(d3, root, metrics, { width }) {
    const weeks = weeksOf(metrics, seriesOf(metrics)!);
    const columns = width < STACKED_BELOW ? 1 : 2;
    const cell = (width - (columns - 1) * GUTTER) / columns;
    const legend = drawLegend(
      root,
      [
        { text: 'demand', colour: VERMILLION, shape: 'line' },
        { text: 'usable nodes', colour: BLUE, shape: 'line' },
        { text: 'owned', colour: REFERENCE, shape: 'dashed' },
      ],
      width,
    );
    let top = legend + 6;
    for (let first = 0; first < weeks.length; first += columns) {
      const row = weeks.slice(first, first + columns);
      const heights = row.map((week, column) =>
        drawWeek(d3, group(root, column * (cell + GUTTER), top), week, cell),
      );
      top += Math.max(...heights) + 8;
    }
    return top;
  },
};

function drawWeek(d3: D3, parent: Selection, week: Week, width: number): number {
  const series: Series[] = [
    { name: 'demand', colour: VERMILLION, form: 'line', values: week.demand },
    { name: 'usable nodes', colour: BLUE, form: 'line', values: week.capacity },
  ];
  if (week.owned !== null) {
    const values = week.demand.map(() => week.owned);
    series.push({ name: 'owned', colour: REFERENCE, form: 'dashed', values });
  }
  label(parent, 0, HEADING / 2, fitName(week.name, width, FONT_SIZE, true), { bold: true });
  const left = panelLeft(d3, series, PLOT_HEIGHT);
  const x = d3
    .scaleLinear()
    .domain([0, 7])
    .range([left, width - 4]);
  const at = week.demand.map((_, hour) => (hour + 0.5) / 24);
  const plot = drawPanel(d3, parent, {
    top: HEADING,
    height: PLOT_HEIGHT,
    right: width - 4,
    left,
    title: 'nodes',
    series,
    x,
    at,
    names: 'none',
  });
  const ticks = Array.from({ length: 8 }, (_, day) => ({ at: x(day), text: `${day}` }));
  bottomAxis(parent, plot, ticks, 'day of the week', false);
  return plot.bottom + BOTTOM_AXIS_HEIGHT;
}

function seriesOf(metrics: Metrics): HourlySeries | undefined {
  const main = metrics.series.find((one) => one.variant === metrics.extraDemandMet.variant);
  const series = main ?? metrics.series[0];
  return series && Object.keys(series.demandByOrganisation).length > 0 ? series : undefined;
}

function weeksOf(metrics: Metrics, series: HourlySeries): Week[] {
  const owned = new Map(
    mainVariant(metrics)?.organisations.map((one) => [one.name, one.installedNodes]),
  );
  const weeks = Object.entries(series.demandByOrganisation).map(([name, demand]) => ({
    name,
    owned: owned.get(name) ?? null,
    demand: meanWeek(series.hour, demand),
    capacity: meanWeek(series.hour, entryOf(series.capacityByOrganisation, name) ?? []),
  }));
  if (weeks.length <= MOST) return weeks;
  return weeks.sort((a, b) => meanOf(b.demand) - meanOf(a.demand)).slice(0, MOST);
}

function meanOf(values: readonly (number | null)[]): number {
  const known = values.filter((value): value is number => value !== null);
  const sum = known.reduce((total, value) => total + value, 0);
  return known.length === 0 ? 0 : sum / known.length;
}
