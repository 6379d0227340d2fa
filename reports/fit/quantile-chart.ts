/** Quantiles of the model over those of the trace: on the diagonal where both agree. */
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
import { label, point, segment } from '../charts/parts/marks.ts';
import { MUTED, REFERENCE, SMALL_FONT_SIZE } from '../charts/parts/palette.ts';
import { formatNumber } from '../text/number.ts';
import { axisTitle, quantityAxis } from './axis.ts';
import { describeQuantity, MODEL_COLOUR } from './distribution-chart.ts';

const WIDEST = 420;
const NAMED = [0.1, 0.5, 0.9, 0.99];

/** What a figure of quantiles tells. */
export function quantileStory(pair: DistributionPair): Story {
  const middle = pair.quantiles.find(({ probability }) => probability === 0.5);
  const medians = middle
    ? `: median ${describeQuantity(middle.trace, pair.unit)} in the trace, ` +
      `${describeQuantity(middle.model, pair.unit)} in the model`
    : '';
  return {
    title: `${pair.title} by quantile${medians}`,
    caption:
      'Each dot is one quantile of both. On the line they are equal; above it the model’s is larger.',
    description: 'Dots around a diagonal: quantiles of the model over quantiles of the trace.',
    table: {
      columns: ['Quantile', 'Trace', 'Model'],
      rows: pair.quantiles.map(({ probability, trace, model }) => [
        `${formatNumber(100 * probability, 0)} %`,
        describeQuantity(trace, pair.unit),
        describeQuantity(model, pair.unit),
      ]),
    },
  };
}

/** Draws a figure of quantiles. @returns the height taken, pixels */
export function drawQuantiles(
  d3: D3,
  root: Selection,
  pair: DistributionPair,
  width: number,
): number {
  const values = pair.quantiles.flatMap(({ trace, model }) => [trace, model]);
  const shown = pair.logarithmic ? values.filter((value) => value > 0) : values;
  const domain = [Math.min(...shown, Infinity), Math.max(...shown, -Infinity)] as const;
  const top = LEFT_AXIS_TITLE_HEIGHT + 6;
  const side = Math.min(WIDEST, width - 70);
  const y = quantityAxis(d3, pair, domain, [top + side, top], 24);
  const left = leftAxisWidth(y.ticks);
  const right = Math.min(width - 8, left + side);
  const plot = { left, right, top, bottom: top + side, edge: width };
  const x = quantityAxis(d3, pair, domain, [left, right], 48);
  leftAxis(root, plot, y.ticks, `model, ${axisTitle(pair.title, pair)}`);
  bottomAxis(root, plot, x.ticks, 'trace');
  segment(root, [left, plot.bottom], [right, top], { stroke: REFERENCE });
  let named: readonly [number, number] = [-Infinity, -Infinity];
  for (const { probability, trace, model } of pair.quantiles) {
    const at = [x.place(trace), y.place(model)] as const;
    // Several quantiles of few values are one dot, named once.
    const isNear = Math.hypot(at[0] - named[0], at[1] - named[1]) < 16;
    const isNamed = NAMED.includes(probability) && !isNear;
    const [shape, radius] = isNamed ? (['ring', 4] as const) : (['dot', 2.5] as const);
    point(root, at, { shape, radius, colour: MODEL_COLOUR });
    if (!isNamed) continue;
    named = at;
    const above = at[1] < plot.bottom - 20;
    const text = `${formatNumber(100 * probability, 0)} %`;
    const toLeft = at[0] > right - 40;
    label(root, at[0] + (toLeft ? -8 : 8), at[1] + (above ? 10 : -10), text, {
      size: SMALL_FONT_SIZE,
      fill: MUTED,
      anchor: toLeft ? 'end' : 'start',
    });
  }
  return plot.bottom + BOTTOM_AXIS_HEIGHT;
}
