/** What set-up time leaves of a lease, by its length, and how much is traded at each length. */
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { Estimate, MaybeEstimate } from '../../core/metrics/estimate.ts';
import type { Metrics, ProvisioningEffect } from '../../core/metrics/results.ts';
import { describeDuration, describeEstimate, describeValue, hasInterval } from '../text/number.ts';
import type { Chart } from './chart.ts';
import type { D3, Selection } from './drawing.ts';
import {
  BOTTOM_AXIS_HEIGHT,
  bottomAxis,
  LEFT_AXIS_TITLE_HEIGHT,
  leftAxis,
  leftAxisWidth,
  niceTicks,
} from './parts/axis.ts';
import type { Tick } from './parts/axis.ts';
import { drawLegend } from './parts/legend.ts';
import { curve, label, point, rectangle, segment, uprightWhisker } from './parts/marks.ts';
import { INK, MUTED, PAPER, SMALL_FONT_SIZE } from './parts/palette.ts';
import { DISKFUL_COLOUR, DISKLESS_COLOUR, PROVISIONING_LEGEND } from './provisioning-effect.ts';
import { textWidth } from '../text/width.ts';

type LengthPoint = ProvisioningEffect['byLeaseLength'][number];

const SHARE_HEIGHT = 150;
const TRADED_HEIGHT = 100;
const MARK_LINE = 17;

export const leaseLengthChart: Chart = {
  name: 'lease-length',
  tell(metrics) {
    const points = pointsOf(metrics);
    if (points.length === 0) {
      return { missing: 'This run does not compare ways of provisioning by lease length.' };
    }
    const { bmi, foreman } = metrics.provisioningEffect!.breakEvenLeaseSeconds;
    return {
      title: titleOf(bmi, foreman),
      caption:
        'Above: share of a lease that is left for work once handover, attestation, provisioning ' +
        'and the cleaning afterwards are taken off; computed from the calibration, so without an ' +
        'interval. Below: node-hours traded at about each length, means with 95 % intervals. ' +
        'Break-even: the shortest lease whose value covers its price and the node’s idle time.',
      description:
        'Above, two lines in percent over the length of the lease for diskless and diskful ' +
        'provisioning with their break-even lengths; below, bars of node-hours traded.',
      table: {
        columns: [
          'Lease',
          'Left for work, BMI',
          'Left for work, Foreman',
          'Traded, BMI, node-hours',
          'Traded, Foreman, node-hours',
        ],
        rows: [
          ...points.map((one) => [
            describeDuration(one.leaseSeconds),
            describeValue(one.bmi, 'share'),
            describeValue(one.foreman, 'share'),
            describeEstimate(one.tradedBmi, 'node-hours', { withoutUnit: true }),
            describeEstimate(one.tradedForeman, 'node-hours', { withoutUnit: true }),
          ]),
          [
            'Break-even',
            describeEstimate(bmi, 'seconds'),
            describeEstimate(foreman, 'seconds'),
            '',
            '',
          ],
        ],
      },
    };
  },
  draw(d3, root, metrics, { width }) {
    return drawAll(d3, root, metrics.provisioningEffect!, pointsOf(metrics), width);
  },
};

function pointsOf(metrics: Metrics): LengthPoint[] {
  const points = metrics.provisioningEffect?.byLeaseLength ?? [];
  return [...points].sort((a, b) => a.leaseSeconds - b.leaseSeconds);
}

function titleOf(bmi: MaybeEstimate, foreman: MaybeEstimate): string {
  const parts: string[] = [];
  if (isEstimate(bmi)) parts.push(`${describeEstimate(bmi, 'seconds')} diskless`);
  if (isEstimate(foreman)) parts.push(`${describeEstimate(foreman, 'seconds')} diskful`);
  if (parts.length === 0) return 'What set-up leaves of a lease, by its length';
  return `A lease is worth taking from ${parts.join(', from ')}`;
}

/** Where the parts of the chart lie. */
interface Place {
  readonly left: number;
  readonly right: number;
  readonly step: number;
  readonly xOf: (index: number) => number;
}

function drawAll(
  d3: D3,
  root: Selection,
  effect: ProvisioningEffect,
  points: readonly LengthPoint[],
  width: number,
): number {
  const legend = drawLegend(root, PROVISIONING_LEGEND, width);
  const traded = points.flatMap((one) => [one.tradedBmi, one.tradedForeman]);
  const largest = traded.map((figure) => (hasInterval(figure) ? figure.ci95[1] : figure.mean));
  const scale = d3
    .scaleLinear()
    .domain([0, Math.max(...largest) || 1])
    .range([TRADED_HEIGHT, 0]);
  const ticks = niceTicks(scale, TRADED_HEIGHT, 32);
  const left = leftAxisWidth([...ticks, { at: 0, text: '100' }]);
  const step = (width - left) / points.length;
  const place = { left, right: width, step, xOf: (index: number) => left + (index + 0.5) * step };
  const upper = drawShares(d3, root, effect, points, place, legend);
  const top = upper + LEFT_AXIS_TITLE_HEIGHT + 18;
  const plot = { left, right: width, top, bottom: top + TRADED_HEIGHT };
  const moved = ticks.map((tick) => ({ ...tick, at: tick.at + top }));
  leftAxis(root, plot, moved, 'traded, node-hours');
  const toY = (value: number) => scale(value) + top;
  const bar = Math.min(16, step * 0.36);
  points.forEach((one, index) => {
    const x = place.xOf(index);
    drawBar(root, one.tradedBmi, x - bar, bar, toY, DISKLESS_COLOUR);
    drawBar(root, one.tradedForeman, x, bar, toY, DISKFUL_COLOUR);
  });
  const lengths = points.map((one, index) => ({
    at: place.xOf(index),
    text: describeDuration(one.leaseSeconds),
  }));
  bottomAxis(root, plot, lengths, 'length of the lease', false);
  return plot.bottom + BOTTOM_AXIS_HEIGHT;
}

/** @returns where the plot ends, pixels from the top */
function drawShares(
  d3: D3,
  root: Selection,
  effect: ProvisioningEffect,
  points: readonly LengthPoint[],
  place: Place,
  from: number,
): number {
  const methods = [
    { key: 'bmi', name: 'BMI', colour: DISKLESS_COLOUR },
    { key: 'foreman', name: 'Foreman', colour: DISKFUL_COLOUR },
  ] as const;
  const marksTop = from + LEFT_AXIS_TITLE_HEIGHT + 4;
  const top = marksTop + methods.length * MARK_LINE + 8;
  const plot = { left: place.left, right: place.right, top, bottom: top + SHARE_HEIGHT };
  const share = d3.scaleLinear().domain([0, 100]).range([plot.bottom, plot.top]);
  const ticks: Tick[] = [0, 25, 50, 75, 100].map((at) => ({ at: share(at), text: `${at}` }));
  const title = { size: SMALL_FONT_SIZE, fill: MUTED };
  label(root, 0, from + 12, 'left for work, % of the lease', title);
  leftAxis(root, plot, ticks, '');
  const breakEven = methods.flatMap(({ key, name, colour }, index) => {
    const figure = effect.breakEvenLeaseSeconds[key];
    if (!isEstimate(figure)) return [];
    const x = positionOf(points, figure.mean, place.xOf);
    const shown = figure.mean >= (points[0]?.leaseSeconds ?? 0);
    return [{ name, colour, figure, x, y: marksTop + (index + 0.5) * MARK_LINE, shown }];
  });
  for (const { x, y, colour, shown } of breakEven) {
    if (!shown) continue;
    segment(root, [x, y + 8], [x, plot.bottom], { stroke: colour, width: 1.5, dash: '3 3' });
  }
  for (const { name, figure, x, y, shown } of breakEven) {
    const pays = `${name} pays from ${describeEstimate(figure, 'seconds')}`;
    const text = shown ? pays : `${pays}, left of what is shown`;
    const width = textWidth(text, SMALL_FONT_SIZE);
    const start = Math.min(Math.max(place.left, x - width / 2), place.right - width);
    rectangle(root, { x: start - 2, y: y - 8, width: width + 4, height: 16 }, { fill: PAPER });
    label(root, start, y, text, { size: SMALL_FONT_SIZE, fill: INK });
  }
  for (const { key, colour } of methods) {
    const y = (one: LengthPoint) => share(100 * Math.max(0, one[key]));
    const line = d3
      .line<LengthPoint>()
      .x((one) => place.xOf(points.indexOf(one)))
      .y(y)
      .digits(1);
    curve(root, line(points), { stroke: colour, width: 1.75 });
    points.forEach((one, index) =>
      point(root, [place.xOf(index), y(one)], { shape: 'dot', colour, radius: 3 }),
    );
  }
  return plot.bottom;
}

function drawBar(
  root: Selection,
  figure: Estimate,
  x: number,
  width: number,
  toY: (value: number) => number,
  colour: string,
): void {
  const y = toY(Math.max(0, figure.mean));
  rectangle(root, { x, y, width: width - 1, height: toY(0) - y }, { fill: colour });
  if (!hasInterval(figure)) return;
  uprightWhisker(root, x + (width - 1) / 2, [
    toY(Math.max(0, figure.ci95[0])),
    toY(figure.ci95[1]),
  ]);
}

/** Lengths stand at equal distances; in between, a length has its place on a logarithmic scale. */
function positionOf(
  points: readonly LengthPoint[],
  seconds: number,
  xOf: (index: number) => number,
): number {
  const above = points.findIndex((one) => one.leaseSeconds >= seconds);
  if (above < 0) return xOf(points.length - 1);
  if (above === 0) return xOf(0);
  const [low, high] = [points[above - 1]!.leaseSeconds, points[above]!.leaseSeconds];
  return xOf(above - 1 + Math.log(seconds / low) / Math.log(high / low));
}
