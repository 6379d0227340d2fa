/** Points with vertical (and horizontal) intervals over a numeric axis, joined by a thin line. */
import { isEstimate } from '../../../core/metrics/estimate.ts';
import type { Estimate, MaybeEstimate } from '../../../core/metrics/estimate.ts';
import type { D3, Selection } from '../drawing.ts';
import { hasInterval } from '../../text/number.ts';
import {
  BOTTOM_AXIS_HEIGHT,
  bottomAxis,
  LEFT_AXIS_TITLE_HEIGHT,
  leftAxis,
  leftAxisWidth,
  linearTicks,
  niceTicks,
} from './axis.ts';
import { curve, label, point, segment, uprightWhisker, whisker } from './marks.ts';
import { AXIS, BLUE, FONT_SIZE, REFERENCE } from './palette.ts';
import { fitText } from '../../text/width.ts';

export interface ScatterPoint {
  readonly x: Estimate;
  readonly y: MaybeEstimate;
}

export interface ScatterOptions {
  readonly width: number;
  readonly plotHeight: number;
  readonly heading: string | null;
  /** In the order in which the line joins them. */
  readonly points: readonly ScatterPoint[];
  readonly xTitle: string;
  readonly yTitle: string;
  /** What the vertical axis shows of a figure, e.g. 100 for percent. */
  readonly yFactor: number;
  readonly joined: boolean;
  /** Vertical range that several plots share, in the figures' own unit. */
  readonly yDomain: readonly [number, number];
}

/** Ends of all vertical intervals and zero. */
export function verticalDomain(points: readonly ScatterPoint[]): [number, number] {
  const values = [0];
  for (const { y } of points) {
    if (!isEstimate(y)) continue;
    values.push(y.mean, ...(hasInterval(y) ? y.ci95 : []));
  }
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  return low === high ? [low, low + 1] : [low, high];
}

/** @returns the height taken, pixels */
export function drawScatter(d3: D3, parent: Selection, options: ScatterOptions): number {
  const { width, plotHeight, yFactor } = options;
  const known = options.points.flatMap(({ x, y }) => (isEstimate(y) ? [{ x, y }] : []));
  const headingHeight = options.heading === null ? 0 : 20;
  if (options.heading !== null) {
    label(parent, 0, 8, fitText(options.heading, width, FONT_SIZE, true), { bold: true });
  }
  const top = headingHeight + LEFT_AXIS_TITLE_HEIGHT + 4;
  const y = d3
    .scaleLinear()
    .domain(options.yDomain.map((value) => value * yFactor))
    .range([top + plotHeight, top]);
  const yTicks = niceTicks(y, plotHeight, 32);
  const left = leftAxisWidth(yTicks);
  const x = d3
    .scaleLinear()
    .domain(horizontalDomain(options.points))
    .range([left + 12, width - 12]);
  const plot = { left, right: width, top, bottom: top + plotHeight };
  leftAxis(parent, plot, yTicks, options.yTitle);
  bottomAxis(parent, plot, linearTicks(x, width - left, 56), options.xTitle, false);
  const zero = y(0);
  segment(parent, [left, zero], [width, zero], { stroke: AXIS });
  if (options.joined) {
    const line = d3
      .line<(typeof known)[number]>()
      .x((one) => x(one.x.mean))
      .y((one) => y(one.y.mean * yFactor))
      .digits(1);
    curve(parent, line(known), { stroke: REFERENCE });
  }
  for (const one of known) {
    const at = [x(one.x.mean), y(one.y.mean * yFactor)] as const;
    if (hasInterval(one.y)) {
      uprightWhisker(parent, at[0], [y(one.y.ci95[0] * yFactor), y(one.y.ci95[1] * yFactor)]);
    }
    if (hasInterval(one.x) && one.x.ci95[0] !== one.x.ci95[1]) {
      whisker(parent, [x(one.x.ci95[0]), x(one.x.ci95[1])], at[1]);
    }
    point(parent, at, { shape: 'dot', colour: BLUE, radius: 3 });
  }
  return plot.bottom + BOTTOM_AXIS_HEIGHT;
}

function horizontalDomain(points: readonly ScatterPoint[]): [number, number] {
  const values = points
    .flatMap(({ x }) => [x.mean, ...(hasInterval(x) ? x.ci95 : [])])
    .filter(Number.isFinite);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high ? [low - 1, high + 1] : [low, high];
}
