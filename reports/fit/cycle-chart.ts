/** Rates over a day, a week or a year in trace and model, relative to their means. */
import type { CyclePair } from '../../core/demand/model-fit.ts';
import type { Story } from '../charts/chart.ts';
import type { D3, Selection } from '../charts/drawing.ts';
import {
  BOTTOM_AXIS_HEIGHT,
  bottomAxis,
  LEFT_AXIS_TITLE_HEIGHT,
  leftAxis,
  leftAxisWidth,
  niceTicks,
} from '../charts/parts/axis.ts';
import { drawLegend } from '../charts/parts/legend.ts';
import { point, rectangle, segment } from '../charts/parts/marks.ts';
import { REFERENCE } from '../charts/parts/palette.ts';
import { formatNumber } from '../text/number.ts';
import { MODEL_COLOUR, TRACE_COLOUR } from './distribution-chart.ts';

const HEIGHT = 150;
const PARTS: ReadonlyMap<string, string> = new Map([
  ['day', 'hour of the day'],
  ['week', 'weekday'],
  ['year', 'month'],
]);

/** What a cycle's figure tells. */
export function cycleStory(cycle: CyclePair): Story {
  const most = Math.max(...cycle.trace);
  const at = cycle.labels[cycle.trace.indexOf(most)]!;
  return {
    title: `${cycle.title}: the trace has ${formatNumber(most, 2)} times its mean at ${at}`,
    caption: 'Each relative to its own mean, which is 1. The model’s are of a generated workload.',
    description: 'Bars of the trace and dots of the fitted model over the parts of the cycle.',
    table: {
      columns: ['', 'Trace', 'Model'],
      rows: cycle.labels.map((name, i) => [
        name,
        formatNumber(cycle.trace[i]!, 2),
        formatNumber(cycle.model[i]!, 2),
      ]),
    },
  };
}

/** Draws a cycle's figure. @returns the height taken, pixels */
export function drawCycle(d3: D3, root: Selection, cycle: CyclePair, width: number): number {
  const entries = [
    { text: 'trace', colour: TRACE_COLOUR, shape: 'bar' },
    { text: 'fitted model', colour: MODEL_COLOUR, shape: 'diamond' },
  ] as const;
  const legend = drawLegend(root, entries, width);
  const top = legend + LEFT_AXIS_TITLE_HEIGHT + 6;
  const scale = d3
    .scaleLinear()
    .domain([0, Math.max(1, ...cycle.trace, ...cycle.model)])
    .range([top + HEIGHT, top]);
  const ticks = niceTicks(scale, HEIGHT, 28);
  const left = leftAxisWidth(ticks);
  const plot = { left, right: width, top, bottom: top + HEIGHT };
  leftAxis(root, plot, ticks, 'rate over its mean');
  const step = (width - left) / cycle.labels.length;
  const middle = (i: number) => left + (i + 0.5) * step;
  cycle.trace.forEach((value, i) => {
    const y = scale(value);
    const bar = { x: middle(i) - step * 0.34, y, width: step * 0.68, height: plot.bottom - y };
    rectangle(root, bar, { fill: TRACE_COLOUR, opacity: 0.6 });
  });
  segment(root, [left, scale(1)], [width, scale(1)], { stroke: REFERENCE, dash: '2 3' });
  cycle.model.forEach((value, i) => {
    const radius = Math.min(4, step / 3);
    point(root, [middle(i), scale(value)], { shape: 'diamond', colour: MODEL_COLOUR, radius });
  });
  const names = cycle.labels.map((text, i) => ({ at: middle(i), text }));
  bottomAxis(root, plot, names, PARTS.get(cycle.name) ?? cycle.name, false);
  return plot.bottom + BOTTOM_AXIS_HEIGHT;
}
