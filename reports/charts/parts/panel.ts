/** A plot of lines over a common horizontal axis, with a left axis of its own. */
import type { D3, NumberScale, Selection } from '../drawing.ts';
import { fitName, textWidth } from '../../text/width.ts';
import { LEFT_AXIS_TITLE_HEIGHT, leftAxis, leftAxisWidth, niceTicks } from './axis.ts';
import type { Tick } from './axis.ts';
import { dodge } from './dodge.ts';
import { drawLegend } from './legend.ts';
import type { LegendEntry } from './legend.ts';
import { curve, label, segment, surface } from './marks.ts';
import { SMALL_FONT_SIZE } from './palette.ts';

export interface Series {
  readonly name: string;
  readonly colour: string;
  readonly form: 'line' | 'dashed' | 'area';
  /** One for each horizontal position; null leaves a gap. */
  readonly values: readonly (number | null)[];
  /** Range behind each value, drawn as a pale band. */
  readonly band?: readonly (readonly [number, number] | null)[];
}

export interface PanelOptions {
  readonly top: number;
  /** Of the plot without title and legend. */
  readonly height: number;
  /** Right edge of the plot. */
  readonly right: number;
  /** Left edge of the plot; the same for panels under one another. */
  readonly left: number;
  readonly title: string;
  readonly series: readonly Series[];
  readonly x: NumberScale;
  readonly at: readonly number[];
  /** Names at the right ends of the lines, in so many pixels; or above the plot; or nowhere. */
  readonly names: { readonly beside: number } | 'above' | 'none';
}

export interface Plot {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const PIXELS_PER_TICK = 28;
const LABEL_HEIGHT = 14;
/** From the plot to a name beside it: gap, swatch, gap. */
const BESIDE = 26;

/** Vertical scale of a panel, from the least to the largest value and zero, ending on a tick. */
function verticalScale(d3: D3, series: readonly Series[], height: number) {
  let [low, high] = [0, 0];
  for (const one of series) {
    for (const value of [...one.values, ...(one.band ?? []).flatMap((range) => range ?? [])]) {
      if (value === null || !Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low === high) high = low + 1;
  const scale = d3.scaleLinear().domain([low, high]).range([height, 0]);
  return { scale, ticks: niceTicks(scale, height, PIXELS_PER_TICK) };
}

/** Room that a panel's left axis needs. */
export function panelLeft(d3: D3, series: readonly Series[], height: number): number {
  return leftAxisWidth(verticalScale(d3, series, height).ticks);
}

/** Room that the names of a panel's series need beside it. */
export function namesWidth(series: readonly Series[], most: number): number {
  const widest = Math.max(0, ...series.map((one) => textWidth(one.name, SMALL_FONT_SIZE)));
  return Math.min(most, Math.ceil(widest) + BESIDE + 2);
}

/** @returns where the plot lies */
export function drawPanel(d3: D3, parent: Selection, options: PanelOptions): Plot {
  const { series, x, at, left, right, height, names } = options;
  let top = options.top;
  if (names === 'above') top += drawLegend(parent, series.map(legendEntry), right, top);
  top += LEFT_AXIS_TITLE_HEIGHT + 4;
  const plot = { left, right, top, bottom: top + height };
  const { scale, ticks } = verticalScale(d3, series, height);
  const y = (value: number) => scale(value) + top;
  const moved: Tick[] = ticks.map((tick) => ({ ...tick, at: tick.at + top }));
  leftAxis(parent, plot, moved, options.title);
  for (const one of series) drawBand(d3, parent, one, at, x, y);
  for (const one of series) drawSeries(d3, parent, one, at, x, y);
  if (typeof names === 'object') drawNames(parent, series, plot, names.beside, y);
  return plot;
}

function drawBand(
  d3: D3,
  parent: Selection,
  series: Series,
  at: readonly number[],
  x: NumberScale,
  y: (value: number) => number,
): void {
  if (!series.band) return;
  const points = at.map((position, index) => ({ position, range: series.band![index] ?? null }));
  const area = d3
    .area<(typeof points)[number]>()
    .defined((one) => one.range !== null)
    .x((one) => x(one.position))
    .y0((one) => y(one.range![0]))
    .y1((one) => y(one.range![1]))
    .digits(1);
  surface(parent, area(points), { fill: series.colour, opacity: 0.18 });
}

function drawSeries(
  d3: D3,
  parent: Selection,
  series: Series,
  at: readonly number[],
  x: NumberScale,
  y: (value: number) => number,
): void {
  const points = at.map((position, index) => ({ position, value: series.values[index] ?? null }));
  if (series.form === 'area') {
    const area = d3
      .area<(typeof points)[number]>()
      .defined((one) => one.value !== null)
      .x((one) => x(one.position))
      .y0(() => y(0))
      .y1((one) => y(one.value!))
      .digits(1);
    surface(parent, area(points), { fill: series.colour, opacity: 0.35 });
    return;
  }
  const line = d3
    .line<(typeof points)[number]>()
    .defined((one) => one.value !== null)
    .x((one) => x(one.position))
    .y((one) => y(one.value!))
    .digits(1);
  curve(parent, line(points), {
    stroke: series.colour,
    width: 1.5,
    ...(series.form === 'dashed' ? { dash: '5 3' } : {}),
  });
}

/** Each name beside the last value of its line, moved apart where they would overlap. */
function drawNames(
  parent: Selection,
  series: readonly Series[],
  plot: Plot,
  width: number,
  y: (value: number) => number,
): void {
  const wanted = series.map((one) => y(one.values.findLast((value) => value !== null) ?? 0));
  const places = dodge(wanted, LABEL_HEIGHT, [plot.top, plot.bottom]);
  series.forEach((one, index) => {
    const middle = places[index]!;
    const dash = one.form === 'dashed' ? { dash: '4 2' } : {};
    const thick = one.form === 'area' ? { width: 9, opacity: 0.5 } : { width: 2 };
    const from = plot.right + 6;
    segment(parent, [from, middle], [from + 14, middle], { stroke: one.colour, ...thick, ...dash });
    const text = fitName(one.name, width - BESIDE, SMALL_FONT_SIZE);
    label(parent, plot.right + BESIDE, middle, text, { size: SMALL_FONT_SIZE });
  });
}

function legendEntry(series: Series): LegendEntry {
  const shape = series.form === 'area' ? 'bar' : series.form === 'dashed' ? 'dashed' : 'line';
  return { text: series.name, colour: series.colour, shape };
}
