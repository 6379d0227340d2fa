/** The distribution of a quantity in the trace and in the model: shares of values up to x. */
import type { DistributionPair } from '../../core/demand/model-fit.ts';
import type { Story } from '../charts/chart.ts';
import type { D3, Selection } from '../charts/drawing.ts';
import {
  BOTTOM_AXIS_HEIGHT,
  bottomAxis,
  LEFT_AXIS_TITLE_HEIGHT,
  leftAxis,
  leftAxisWidth,
} from '../charts/parts/axis.ts';
import { drawLegend } from '../charts/parts/legend.ts';
import { curve } from '../charts/parts/marks.ts';
import { BLUE, VERMILLION } from '../charts/parts/palette.ts';
import { describeDuration, describePlain, formatNumber } from '../text/number.ts';
import { axisTitle, quantityAxis } from './axis.ts';

/** What stands for trace and model in all figures of a fit. */
export const TRACE_COLOUR = BLUE;
export const MODEL_COLOUR = VERMILLION;
export const FIT_LEGEND = [
  { text: 'trace', colour: TRACE_COLOUR, shape: 'line' },
  { text: 'fitted model', colour: MODEL_COLOUR, shape: 'dashed' },
] as const;

const HEIGHT = 210;

/** A value with its unit, for tables. */
export function describeQuantity(value: number, unit: string): string {
  if (unit === 's') return describeDuration(value);
  return describePlain(value);
}

/** What a distribution's figure tells. */
export function distributionStory(pair: DistributionPair): Story {
  const percent = formatNumber(100 * pair.distance, 1);
  return {
    title: `${pair.title}: trace and model are at most ${percent} % of values apart`,
    caption:
      'Share of values up to x. The model’s line is of a workload that was generated from the ' +
      'fitted table, not of its formula. Points that too few records stand behind are left out.',
    description:
      `Two rising lines over ${pair.title.toLowerCase()}: shares of the trace and of the fitted ` +
      'model.',
    table: {
      columns: [pair.unit === 's' ? pair.title : `${pair.title}, ${pair.unit}`, 'Trace', 'Model'],
      rows: pair.points.map(({ x, trace, model }) => [
        describeQuantity(x, pair.unit),
        `${formatNumber(100 * trace, 1)} %`,
        `${formatNumber(100 * model, 1)} %`,
      ]),
    },
  };
}

/** Draws a distribution's figure. @returns the height taken, pixels */
export function drawDistribution(
  d3: D3,
  root: Selection,
  pair: DistributionPair,
  width: number,
): number {
  const legend = drawLegend(root, FIT_LEGEND, width);
  const top = legend + LEFT_AXIS_TITLE_HEIGHT + 6;
  const plot = { left: 0, right: width - 8, top, bottom: top + HEIGHT, edge: width };
  const share = d3.scaleLinear().domain([0, 100]).range([plot.bottom, plot.top]);
  const ticks = [0, 25, 50, 75, 100].map((at) => ({ at: share(at), text: `${at}` }));
  plot.left = leftAxisWidth(ticks);
  leftAxis(root, plot, ticks, 'values up to x, %');
  const { points } = pair;
  const domain = [points[0]?.x ?? 1, points[points.length - 1]?.x ?? 10] as const;
  const x = quantityAxis(d3, pair, domain, [plot.left, plot.right], width < 500 ? 44 : 56);
  bottomAxis(root, plot, x.ticks, axisTitle(pair.title, pair));
  const lineOf = (side: 'trace' | 'model') =>
    d3
      .line<(typeof points)[number]>()
      .x((one) => x.place(one.x))
      .y((one) => share(100 * one[side]))
      .curve(d3.curveStepAfter)
      .digits(1);
  curve(root, lineOf('trace')(points), { stroke: TRACE_COLOUR, width: 1.75 });
  curve(root, lineOf('model')(points), { stroke: MODEL_COLOUR, width: 1.75, dash: '5 3' });
  return plot.bottom + BOTTOM_AXIS_HEIGHT;
}
