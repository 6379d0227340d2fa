/**
 * The form that most figures have: one row for a thing, in it one lane for each of its figures, a
 * bar or a point with its 95 % interval, and the value in words at the right. Where the chart is
 * narrow the row's label stands above its lanes.
 */
import { isEstimate } from '../../../core/metrics/estimate.ts';
import type { Estimate, MaybeEstimate } from '../../../core/metrics/estimate.ts';
import type { D3, NumberScale, Selection } from '../drawing.ts';
import { STACKED_BELOW } from '../chart.ts';
import { hasInterval } from '../../text/number.ts';
import { fitName, fitText, textWidth } from '../../text/width.ts';
import { BOTTOM_AXIS_HEIGHT, bottomAxis, linearTicks } from './axis.ts';
import { drawLegend } from './legend.ts';
import type { LegendEntry } from './legend.ts';
import { label, point, rectangle, segment, whisker } from './marks.ts';
import type { PointShape } from './marks.ts';
import { AXIS, FONT_SIZE, INK, MUTED, SMALL_FONT_SIZE } from './palette.ts';

export interface Lane {
  readonly figure: MaybeEstimate;
  readonly colour: string;
  readonly shape: 'bar' | 'dot';
  /** Written at the right of the lane. */
  readonly value: string;
  /** A further mark in the lane, e.g. an upper bound. */
  readonly reference?: { readonly value: number; readonly shape: PointShape };
  /** A light bar: something that is no result but a bound. */
  readonly light?: boolean;
}

export interface ForestRow {
  readonly label: string;
  readonly lanes: readonly Lane[];
}

export interface ForestGroup {
  readonly heading: string | null;
  readonly rows: readonly ForestRow[];
}

export interface ForestOptions {
  readonly width: number;
  readonly groups: readonly ForestGroup[];
  /** With its unit. */
  readonly axisTitle: string;
  /** What the axis shows of a figure, e.g. 100 for percent. */
  readonly factor?: number;
  readonly legend?: readonly LegendEntry[];
  /** Where the axis ends at the least, in the figures' own unit. */
  readonly domain?: readonly [number, number];
}

const HEADING_HEIGHT = 26;
const LANE_HEIGHT = 20;
const BAR_HEIGHT = 12;
const ROW_GAP = 6;
const LABEL_LINE = 18;
const LARGEST_LABEL_SHARE = 0.3;
const COLUMN_GAP = 12;
/** Room for half a mark at the right end. */
const RIGHT_PADDING = 6;
/** Room for half a tick's label. */
const STACKED_LEFT = 12;
const PIXELS_PER_TICK = 70;

interface Layout {
  readonly stacked: boolean;
  readonly labelWidth: number;
  readonly left: number;
  readonly right: number;
}

/** @returns the height taken, pixels */
export function drawForest(d3: D3, parent: Selection, options: ForestOptions): number {
  const layout = layOut(options);
  const factor = options.factor ?? 1;
  const top = drawLegend(parent, options.legend ?? [], options.width);
  const height = options.groups.reduce((sum, group) => sum + groupHeight(group, layout), 0);
  const scale = d3
    .scaleLinear()
    .domain(domainOf(options).map((value) => value * factor))
    .range([layout.left, layout.right - RIGHT_PADDING]);
  const plot = {
    left: layout.left,
    right: layout.right,
    top: top + 4,
    bottom: top + height + 4,
    edge: options.width,
  };
  const ticks = linearTicks(scale, layout.right - layout.left, PIXELS_PER_TICK);
  bottomAxis(parent, plot, ticks, options.axisTitle);
  drawZero(parent, scale, plot);
  const toX = (value: number) => scale(value * factor);
  let y = plot.top;
  for (const group of options.groups) {
    if (group.heading !== null) {
      const look = { bold: true, size: FONT_SIZE } as const;
      const text = fitText(group.heading, options.width, FONT_SIZE, true);
      backing(parent, { x: 0, y: y + 2, width: textWidth(text, FONT_SIZE, true) + 4, height: 20 });
      label(parent, 0, y + HEADING_HEIGHT / 2, text, look);
      y += HEADING_HEIGHT;
    }
    for (const row of group.rows) y = drawRow(parent, row, y, toX, layout, options.width);
  }
  return plot.bottom + BOTTOM_AXIS_HEIGHT;
}

function drawRow(
  parent: Selection,
  row: ForestRow,
  from: number,
  toX: (value: number) => number,
  layout: Layout,
  width: number,
): number {
  let y = from;
  const lanesHeight = row.lanes.length * LANE_HEIGHT;
  if (layout.stacked) {
    const text = fitName(row.label, width, FONT_SIZE);
    backing(parent, { x: 0, y, width: textWidth(text, FONT_SIZE) + 4, height: LABEL_LINE });
    label(parent, 0, y + LABEL_LINE / 2, text);
    y += LABEL_LINE;
  } else {
    const text = fitName(row.label, layout.labelWidth, FONT_SIZE);
    label(parent, layout.labelWidth, y + lanesHeight / 2, text, { anchor: 'end' });
  }
  for (const lane of row.lanes) {
    drawLane(parent, lane, y + LANE_HEIGHT / 2, toX, layout, width);
    y += LANE_HEIGHT;
  }
  return y + ROW_GAP;
}

function drawLane(
  parent: Selection,
  lane: Lane,
  y: number,
  toX: (value: number) => number,
  layout: Layout,
  width: number,
): void {
  const valueX = layout.right + COLUMN_GAP;
  const look = { size: SMALL_FONT_SIZE, fill: isEstimate(lane.figure) ? INK : MUTED } as const;
  const { figure } = lane;
  if (!isEstimate(figure)) {
    // The value in words is a reason here, which has the whole lane for itself.
    const text = fitText(lane.value, width - layout.left, SMALL_FONT_SIZE);
    backing(parent, { x: layout.left, y: y - 8, width: width - layout.left, height: 16 });
    label(parent, layout.left, y, text, look);
    return;
  }
  drawFigure(parent, figure, lane, y, toX);
  if (lane.reference) {
    const at = [toX(lane.reference.value), y] as const;
    point(parent, at, { shape: lane.reference.shape, colour: INK });
  }
  label(parent, valueX, y, fitText(lane.value, width - valueX, SMALL_FONT_SIZE), look);
}

function drawFigure(
  parent: Selection,
  figure: Estimate,
  lane: Lane,
  y: number,
  toX: (value: number) => number,
): void {
  const x = toX(figure.mean);
  if (lane.shape === 'bar') {
    const zero = toX(0);
    const box = {
      x: Math.min(zero, x),
      y: y - BAR_HEIGHT / 2,
      width: Math.abs(x - zero),
      height: BAR_HEIGHT,
    };
    const outline = { stroke: lane.colour, width: 1, dash: '3 2' };
    const look = lane.light
      ? { fill: lane.colour, opacity: 0.15, stroke: outline }
      : { fill: lane.colour };
    rectangle(parent, box, look);
  }
  if (hasInterval(figure)) whisker(parent, [toX(figure.ci95[0]), toX(figure.ci95[1])], y);
  if (lane.shape === 'dot') point(parent, [x, y], { shape: 'dot', colour: lane.colour });
}

function layOut(options: ForestOptions): Layout {
  const rows = options.groups.flatMap((group) => group.rows);
  const values = rows
    .flatMap((row) => row.lanes)
    .filter((lane) => isEstimate(lane.figure))
    .map((lane) => textWidth(lane.value, SMALL_FONT_SIZE));
  const stacked = options.width < STACKED_BELOW;
  const valueWidth = Math.min(Math.max(20, ...values), options.width * (stacked ? 0.5 : 0.33));
  const widest = Math.max(0, ...rows.map((row) => textWidth(row.label, FONT_SIZE)));
  const labelWidth = stacked ? 0 : Math.ceil(Math.min(widest, options.width * LARGEST_LABEL_SHARE));
  return {
    stacked,
    labelWidth,
    left: stacked ? STACKED_LEFT : labelWidth + COLUMN_GAP,
    right: options.width - Math.ceil(valueWidth) - COLUMN_GAP - 2,
  };
}

function groupHeight(group: ForestGroup, layout: Layout): number {
  const rows = group.rows.reduce(
    (sum, row) =>
      sum + row.lanes.length * LANE_HEIGHT + ROW_GAP + (layout.stacked ? LABEL_LINE : 0),
    0,
  );
  return rows + (group.heading === null ? 0 : HEADING_HEIGHT);
}

/** From the least to the largest end of any interval, zero included. */
function domainOf(options: ForestOptions): [number, number] {
  const values: number[] = [0, ...(options.domain ?? [])];
  for (const lane of options.groups.flatMap((group) => group.rows).flatMap((row) => row.lanes)) {
    if (isEstimate(lane.figure)) {
      values.push(lane.figure.mean);
      if (hasInterval(lane.figure)) values.push(...lane.figure.ci95);
    }
    if (lane.reference) values.push(lane.reference.value);
  }
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  return low === high ? [low, low + 1] : [low, high];
}

function drawZero(
  parent: Selection,
  scale: NumberScale,
  plot: { top: number; bottom: number },
): void {
  const x = scale(0);
  segment(parent, [x, plot.top], [x, plot.bottom], { stroke: AXIS });
}

/** White behind text that stands on the grid. */
function backing(
  parent: Selection,
  box: { x: number; y: number; width: number; height: number },
): void {
  rectangle(parent, box, { fill: '#ffffff' });
}
