/** The chart of what matters: for each measure a bar of 100 %, split by axis, interactions and chance. */
import type { SweepResults } from '../../core/metrics/sweep/results.ts';
import { STACKED_BELOW } from '../charts/chart.ts';
import type { D3, Drawing, NumberScale, Selection } from '../charts/drawing.ts';
import { BOTTOM_AXIS_HEIGHT, bottomAxis, linearTicks } from '../charts/parts/axis.ts';
import { hatch } from '../charts/parts/hatch.ts';
import { drawLegend } from '../charts/parts/legend.ts';
import type { LegendEntry } from '../charts/parts/legend.ts';
import { label, rectangle } from '../charts/parts/marks.ts';
import {
  AXIS,
  FONT_SIZE,
  INK,
  MUTED,
  PAPER,
  readableOn,
  SMALL_FONT_SIZE,
  seriesColour,
} from '../charts/parts/palette.ts';
import { fitName, fitText, textWidth } from '../text/width.ts';
import { describeShare, hasVariance, isAnalysed, variancePartsOf } from './variance.ts';
import type { VariancePart } from './variance.ts';

const BAR_HEIGHT = 20;
const ROW_GAP = 8;
const LABEL_LINE = 18;
const COLUMN_GAP = 12;
const LARGEST_LABEL_SHARE = 0.34;
/** Room for half a tick's label. */
const EDGE = 16;
const PIXELS_PER_TICK = 70;
const LEGEND_GAP = 10;
/** A segment's text needs so much around it. */
const TEXT_MARGIN = 6;
/** Axes beyond it are one part: there are no more colours that can be told apart. */
const MOST_COLOURS = 7;

/** How parts of a name look. */
type Look = Pick<LegendEntry, 'colour' | 'shape'> & { readonly fill: string };

/** An SVG document at a width in pixels; null where no measure could be analysed. */
export function drawVariance(
  drawing: Drawing,
  results: SweepResults,
  width: number,
): string | null {
  if (!hasVariance(results)) return null;
  const id = `variance-${width}`;
  const picture = {
    id,
    title: 'What the measures depend on',
    description:
      `One bar of 100 % for each of ${results.measures.length} measures: the parts of its ` +
      'variance that go with each axis, with axes together, and with chance.',
    width,
  };
  return drawing.render(picture, (d3, root) => drawBars(d3, root, results, width, id));
}

function drawBars(
  d3: D3,
  root: Selection,
  results: SweepResults,
  width: number,
  id: string,
): number {
  const rows = rowsOf(results);
  const looks = looksOf(root, rows, id);
  const legend = [...looks].map(([text, look]) => ({ text, ...look }));
  const isStacked = width < STACKED_BELOW;
  const widest = Math.max(...rows.map(({ name }) => textWidth(name, FONT_SIZE)));
  const labelWidth = isStacked ? width : Math.min(widest, width * LARGEST_LABEL_SHARE);
  const left = isStacked ? EDGE : labelWidth + COLUMN_GAP;
  const scale = d3
    .scaleLinear()
    .domain([0, 100])
    .range([left, width - EDGE]);
  const top = drawLegend(root, legend, width) + LEGEND_GAP;
  const line = isStacked ? LABEL_LINE : 0;
  const rowHeight = line + BAR_HEIGHT + ROW_GAP;
  const bottom = top + rows.length * rowHeight;
  const plot = { left, right: width - EDGE, top, bottom, edge: width };
  const ticks = linearTicks(scale, width - EDGE - left, PIXELS_PER_TICK);
  bottomAxis(root, plot, ticks, 'share of the variance, %');
  for (const [index, { name, parts, reason }] of rows.entries()) {
    const y = top + index * rowHeight;
    const middle = y + line + BAR_HEIGHT / 2;
    label(root, 0, isStacked ? y + line / 2 : middle, fitName(name, labelWidth, FONT_SIZE));
    if (reason !== null) {
      const text = fitText(reason, width - left, SMALL_FONT_SIZE);
      label(root, left, middle, text, { size: SMALL_FONT_SIZE, fill: MUTED });
    } else drawParts(root, parts, looks, scale, y + line);
  }
  return bottom + BOTTOM_AXIS_HEIGHT;
}

function drawParts(
  root: Selection,
  parts: readonly VariancePart[],
  looks: ReadonlyMap<string, Look>,
  scale: NumberScale,
  y: number,
): void {
  let before = 0;
  for (const { name, share } of parts) {
    const [start, end] = [scale(100 * before), scale(100 * (before + share))];
    before += share;
    const { fill, colour, shape } = looks.get(name)!;
    const box = { x: start, y, width: end - start, height: BAR_HEIGHT };
    rectangle(root, box, { fill, stroke: { stroke: PAPER } });
    const text = describeShare(share);
    const needed = textWidth(text, SMALL_FONT_SIZE);
    if (end - start < needed + TEXT_MARGIN) continue;
    const [centre, middle] = [(start + end) / 2, y + BAR_HEIGHT / 2];
    if (shape === 'hatched') {
      const behind = {
        x: centre - needed / 2 - 2,
        y: y + 3,
        width: needed + 4,
        height: BAR_HEIGHT - 6,
      };
      rectangle(root, behind, { fill: PAPER });
    }
    const ink = shape === 'hatched' ? INK : readableOn(colour);
    label(root, centre, middle, text, { size: SMALL_FONT_SIZE, anchor: 'middle', fill: ink });
  }
}

interface Row {
  readonly name: string;
  readonly parts: readonly VariancePart[];
  /** Why there is no bar. */
  readonly reason: string | null;
}

function rowsOf({ variance, screen }: SweepResults): Row[] {
  const analysed = (variance ?? []).map((one) =>
    isAnalysed(one) ? variancePartsOf(one, screen !== undefined) : [],
  );
  const colourful = largestAxes(analysed);
  return (variance ?? []).map((one, index) => ({
    name: one.measure,
    parts: mergeAxes(analysed[index]!, colourful),
    reason: isAnalysed(one) ? null : one.reason,
  }));
}

/** Those that explain most of some measure. */
function largestAxes(rows: readonly (readonly VariancePart[])[]): Set<string> {
  const largest = new Map<string, number>();
  for (const { name, share, kind } of rows.flat()) {
    if (kind === 'axis') largest.set(name, Math.max(share, largest.get(name) ?? 0));
  }
  const ranked = [...largest].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  return new Set(ranked.length <= MOST_COLOURS ? ranked : ranked.slice(0, MOST_COLOURS - 1));
}

function mergeAxes(parts: readonly VariancePart[], colourful: ReadonlySet<string>): VariancePart[] {
  const axes = parts.filter(({ kind }) => kind === 'axis');
  const small = axes.filter(({ name }) => !colourful.has(name));
  const others: VariancePart = {
    name: 'other axes',
    share: small.reduce((sum, { share }) => sum + share, 0),
    kind: 'axis',
  };
  return [
    ...axes.filter(({ name }) => colourful.has(name)),
    ...(small.length > 0 ? [others] : []),
    ...parts.filter(({ kind }) => kind !== 'axis'),
  ];
}

function looksOf(root: Selection, rows: readonly Row[], id: string): Map<string, Look> {
  const looks = new Map<string, Look>();
  const kinds = { axis: 0, interaction: 0, chance: 0 };
  for (const { name, kind } of rows.flatMap(({ parts }) => parts)) {
    if (looks.has(name)) continue;
    const index = kinds[kind]++;
    if (kind === 'axis') {
      const colour = seriesColour(index);
      looks.set(name, { colour, fill: colour, shape: 'bar' });
    } else if (kind === 'interaction') {
      const colour = index === 0 ? INK : MUTED;
      looks.set(name, {
        colour,
        fill: hatch(root, `${id}-hatch-${index}`, colour),
        shape: 'hatched',
      });
    } else {
      const colour = index === 0 ? AXIS : LIGHT;
      looks.set(name, { colour, fill: colour, shape: 'bar' });
    }
  }
  return looks;
}

/** Of what is left to chance; readable with dark text. */
const LIGHT = '#d0d7de';
