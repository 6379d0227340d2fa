/** Supply, demand and price of the main market variant over the whole run. */
import type { HourlySeries, Metrics } from '../../core/metrics/results.ts';
import { describeValue, formatNumber } from '../text/number.ts';
import type { Chart } from './chart.ts';
import { STACKED_BELOW } from './chart.ts';
import type { D3, Selection } from './drawing.ts';
import { BOTTOM_AXIS_HEIGHT, bottomAxis } from './parts/axis.ts';
import type { Tick } from './parts/axis.ts';
import { drawPanel, namesWidth, panelLeft } from './parts/panel.ts';
import type { Plot, Series } from './parts/panel.ts';
import { BLUE, GREEN, INK, ORANGE, PURPLE, SKY, VERMILLION } from './parts/palette.ts';
import { bucket, dayStep } from './parts/time-series.ts';
import type { Bucketed } from './parts/time-series.ts';

const PRICE_COLOURS = [ORANGE, INK, PURPLE, SKY, GREEN, VERMILLION];

export const marketOverTimeChart: Chart = {
  name: 'market-over-time',
  tell(metrics) {
    const series = mainSeries(metrics);
    if (!series || series.hour.length === 0) {
      return { missing: 'This run stored no hourly series of a market variant.' };
    }
    const demand = meanOf(series.demandNodes);
    const lent = meanOf(series.lentNodes);
    return {
      title:
        `On average ${formatNumber(lent, 0)} of ${formatNumber(series.installedNodes, 0)} nodes ` +
        `are lent, while ${formatNumber(demand, 0)} are demanded`,
      caption:
        `${series.variant}: hourly values averaged over the ${metrics.replications} replications, ` +
        'and over the hours that share a point; where a point is a day or more, the pale band is ' +
        'the range of its hours. They show when trading happens, not how much replications ' +
        'differ, so they have no intervals. More is busy than demanded while a backlog is worked ' +
        'off. Prices have gaps where nothing of the class was traded.' +
        (Object.keys(series.price).length > PRICE_COLOURS.length
          ? ` Only the ${PRICE_COLOURS.length} classes traded in the most hours are shown.`
          : ''),
      description:
        'Three plots over time: nodes demanded, installed and busy; nodes offered and lent; ' +
        'price of a node-hour by class.',
      table: { columns: ['Series', 'Mean', 'Largest hour', 'Unit'], rows: summary(series) },
    };
  },
  draw(d3, root, metrics, { width }) {
    return drawAll(d3, root, mainSeries(metrics)!, width);
  },
};

function mainSeries(metrics: Metrics): HourlySeries | undefined {
  return (
    metrics.series.find((one) => one.variant === metrics.extraDemandMet.variant) ??
    metrics.series.find((one) => one.variant !== 'static')
  );
}

interface PanelPlan {
  readonly title: string;
  readonly height: number;
  readonly series: readonly Series[];
}

const NAMES_WIDTH = 130;

function drawAll(d3: D3, root: Selection, series: HourlySeries, width: number): number {
  const buckets = bucket(series.hour, width * 0.9);
  const panels = panelsOf(series, buckets);
  const narrow = width < STACKED_BELOW;
  const all = panels.flatMap((panel) => panel.series);
  const beside = narrow ? 0 : namesWidth(all, NAMES_WIDTH);
  const right = width - beside;
  const left = Math.max(...panels.map((panel) => panelLeft(d3, panel.series, panel.height)));
  const x = d3.scaleLinear().domain(daysOf(series)).range([left, right]);
  let top = 0;
  let plot: Plot | null = null;
  for (const panel of panels) {
    const names = narrow ? ('above' as const) : { beside };
    plot = drawPanel(d3, root, { ...panel, top, right, left, x, at: buckets.day, names });
    top = plot.bottom + (narrow ? 14 : 6);
  }
  const [from = 0, to = 1] = x.domain();
  const step = dayStep(to - from, right - left, narrow ? 40 : 52);
  const ticks: Tick[] = [];
  for (let day = Math.ceil(from / step) * step; day <= to; day += step) {
    ticks.push({ at: x(day), text: formatNumber(day, 0) });
  }
  bottomAxis(root, plot!, ticks, 'days since the end of the warm-up', false);
  return plot!.bottom + BOTTOM_AXIS_HEIGHT;
}

function panelsOf(series: HourlySeries, buckets: Bucketed): PanelPlan[] {
  const plain = (name: string, colour: string, values: readonly (number | null)[]): Series => ({
    name,
    colour,
    form: 'line',
    values: buckets.mean(values),
    ...(buckets.hours >= 24 ? { band: buckets.range(values) } : {}),
  });
  const installed = buckets.day.map(() => series.installedNodes);
  const busy = buckets.mean(series.busyNodes);
  const panels: PanelPlan[] = [
    {
      title: 'nodes',
      height: 150,
      series: [
        { name: 'installed', colour: INK, form: 'dashed', values: installed },
        { name: 'busy', colour: SKY, form: 'area', values: busy },
        plain('demand', VERMILLION, series.demandNodes),
      ],
    },
    {
      title: 'nodes',
      height: 90,
      series: [plain('offered', GREEN, series.offeredNodes), plain('lent', BLUE, series.lentNodes)],
    },
  ];
  const prices = pricedClasses(series).map(([name, values], index) =>
    plain(`class ${name}`, PRICE_COLOURS[index]!, values),
  );
  if (prices.length === 0) return panels;
  return [...panels, { title: 'price, credits per node-hour', height: 90, series: prices }];
}

/** As many classes as there are colours: those with a price in the most hours. */
function pricedClasses(series: HourlySeries): [string, readonly (number | null)[]][] {
  const known = (values: readonly (number | null)[]) =>
    values.reduce<number>((count, value) => count + (value === null ? 0 : 1), 0);
  const classes = Object.entries(series.price).filter(([, values]) => known(values) > 0);
  if (classes.length <= PRICE_COLOURS.length) return classes;
  const most = [...classes].sort(([, a], [, b]) => known(b) - known(a));
  return most.slice(0, PRICE_COLOURS.length);
}

function daysOf(series: HourlySeries): [number, number] {
  const first = (series.hour[0] ?? 0) / 24;
  const last = ((series.hour.at(-1) ?? 0) + 1) / 24;
  return [first, Math.max(last, first + 1 / 24)];
}

function meanOf(values: readonly (number | null)[]): number {
  const known = values.filter((value): value is number => value !== null);
  return known.length === 0 ? 0 : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function summary(series: HourlySeries): string[][] {
  const rows: [string, readonly (number | null)[], string][] = [
    ['Demand', series.demandNodes, 'nodes'],
    ['Busy', series.busyNodes, 'nodes'],
    ['Offered', series.offeredNodes, 'nodes'],
    ['Lent', series.lentNodes, 'nodes'],
    ...Object.entries(series.price).map(
      ([name, values]): [string, readonly (number | null)[], string] => [
        `Price, class ${name}`,
        values,
        'credits per node-hour',
      ],
    ),
  ];
  return rows.map(([name, values, unit]) => {
    const known = values.filter((value): value is number => value !== null);
    if (known.length === 0) return [name, '–', '–', unit];
    const largest = known.reduce((most, value) => Math.max(most, value), -Infinity);
    return [name, describeValue(meanOf(values), 'count'), describeValue(largest, 'count'), unit];
  });
}
