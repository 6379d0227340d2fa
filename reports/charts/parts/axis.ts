/** Axes: a grid line and a label at every tick, and the unit written out. Nothing is rotated. */
import type { NumberScale, Selection } from '../drawing.ts';
import { formatTick } from '../../text/number.ts';
import { fitText, textWidth } from '../../text/width.ts';
import { label, segment } from './marks.ts';
import { AXIS, GRID, MUTED, SMALL_FONT_SIZE } from './palette.ts';

export interface Tick {
  readonly at: number;
  readonly text: string;
}

/** Ticks of a linear scale whose labels keep their distance. @param extent pixels of the axis */
export function linearTicks(scale: NumberScale, extent: number, pixelsPerTick: number): Tick[] {
  const most = Math.max(2, Math.floor(extent / pixelsPerTick));
  let values = scale.ticks(most);
  // d3 takes the count as a hint and may answer with twice as many.
  for (let count = most; values.length > most + 1 && count > 1;) values = scale.ticks(--count);
  return toTicks(scale, values);
}

/** Widens the scale's domain so that it begins and ends on a tick. @returns its ticks */
export function niceTicks(scale: NumberScale, extent: number, pixelsPerTick: number): Tick[] {
  const most = Math.max(2, Math.floor(extent / pixelsPerTick));
  const domain = scale.domain();
  for (let count = most; ; count--) {
    const values = scale.domain(domain).nice(count).ticks(count);
    if (values.length <= most + 1 || count === 1) return toTicks(scale, values);
  }
}

function toTicks(scale: NumberScale, values: readonly number[]): Tick[] {
  const step = values.length > 1 ? values[1]! - values[0]! : Math.abs(values[0] ?? 0);
  return values.map((value) => ({ at: scale(value), text: formatTick(value, step) }));
}

/** Height that `bottomAxis` takes below `y`. */
export const BOTTOM_AXIS_HEIGHT = 36;

/**
 * Ticks, their labels and the title below a plot.
 *
 * @param plot left, right, top and bottom of the plot, pixels; `edge`: how far text may go right
 */
export function bottomAxis(
  parent: Selection,
  plot: { left: number; right: number; top: number; bottom: number; edge?: number },
  ticks: readonly Tick[],
  title: string,
  grid = true,
): void {
  const edge = plot.edge ?? plot.right;
  segment(parent, [plot.left, plot.bottom], [plot.right, plot.bottom], { stroke: AXIS });
  let free = -Infinity;
  for (const tick of ticks) {
    if (grid) segment(parent, [tick.at, plot.top], [tick.at, plot.bottom], { stroke: GRID });
    segment(parent, [tick.at, plot.bottom], [tick.at, plot.bottom + 4], { stroke: AXIS });
    const half = textWidth(tick.text, SMALL_FONT_SIZE) / 2;
    const at = Math.min(Math.max(tick.at, half), edge - half);
    if (at - half < free) continue;
    free = at + half + 6;
    const look = { size: SMALL_FONT_SIZE, anchor: 'middle', fill: MUTED } as const;
    label(parent, at, plot.bottom + 12, tick.text, look);
  }
  const look = { size: SMALL_FONT_SIZE, anchor: 'end', fill: MUTED } as const;
  const text = fitText(title, edge, SMALL_FONT_SIZE);
  const end = Math.max(plot.right, textWidth(text, SMALL_FONT_SIZE));
  label(parent, end, plot.bottom + 27, text, look);
}

/** Height that the title of `leftAxis` takes above the plot. */
export const LEFT_AXIS_TITLE_HEIGHT = 20;

/** Ticks and labels to the left of a plot; the title stands above it. */
export function leftAxis(
  parent: Selection,
  plot: { left: number; right: number; top: number; bottom: number },
  ticks: readonly Tick[],
  title: string,
): void {
  for (const tick of ticks) {
    segment(parent, [plot.left, tick.at], [plot.right, tick.at], { stroke: GRID });
    const look = { size: SMALL_FONT_SIZE, anchor: 'end', fill: MUTED } as const;
    label(parent, plot.left - 6, tick.at, tick.text, look);
  }
  segment(parent, [plot.left, plot.bottom], [plot.right, plot.bottom], { stroke: AXIS });
  label(parent, 0, plot.top - 14, title, { size: SMALL_FONT_SIZE, fill: MUTED });
}

/** Room that the widest label of a left axis needs. */
export function leftAxisWidth(ticks: readonly Tick[]): number {
  const widths = ticks.map((tick) => textWidth(tick.text, SMALL_FONT_SIZE));
  return Math.ceil(Math.max(0, ...widths)) + 8;
}
