/**
 * The chart of a sweep: small multiples, one panel a measure, all with the same rows: the levels
 * of the first axis, in each row a mark for each combination of the others.
 */
import type { Levels, SweepMeasure, SweepResults } from '../../core/metrics/sweep/results.ts';
import { describeEstimate } from '../text/number.ts';
import type { D3, Drawing, Selection } from '../charts/drawing.ts';
import { drawForest } from '../charts/parts/forest.ts';
import type { ForestRow } from '../charts/parts/forest.ts';
import { drawLegend } from '../charts/parts/legend.ts';
import { group, label } from '../charts/parts/marks.ts';
import { FONT_SIZE, seriesColour } from '../charts/parts/palette.ts';
import { fitText } from '../text/width.ts';
import { agrees } from '../../core/metrics/sweep/marks.ts';

const TITLE_HEIGHT = 24;
const PANEL_GAP = 18;

/** An SVG document at a width in pixels. */
export function drawSweep(drawing: Drawing, results: SweepResults, width: number): string {
  const picture = {
    id: `sweep-${width}`,
    title: results.question,
    description:
      `One panel for each of ${results.measures.length} measures. Rows are the levels of ` +
      `${results.axes[0]!.name}; marks are means with 95 % intervals.`,
    width,
  };
  return drawing.render(picture, (d3, root) => drawPanels(d3, root, results, width));
}

function drawPanels(d3: D3, root: Selection, results: SweepResults, width: number): number {
  const lanes = laneLevels(results);
  const entries = lanes.map((levels, index) => ({
    text: Object.values(levels).join(' · '),
    colour: seriesColour(index),
    shape: 'dot' as const,
  }));
  let y = lanes.length > 1 ? drawLegend(root, entries, width) + PANEL_GAP / 2 : 0;
  results.measures.forEach((measure, index) => {
    const text = fitText(measure.name, width, FONT_SIZE, true);
    label(root, 0, y + TITLE_HEIGHT / 2, text, { bold: true, size: FONT_SIZE });
    y += TITLE_HEIGHT;
    const rows = rowsOf(results, lanes, measure, index);
    y += drawForest(d3, group(root, 0, y), {
      width,
      groups: [{ heading: null, rows }],
      axisTitle: measure.unit === 'share' ? '%' : measure.unit,
      factor: measure.unit === 'share' ? 100 : 1,
    });
    y += PANEL_GAP;
  });
  return y;
}

function rowsOf(
  { axes, cells }: SweepResults,
  lanes: readonly Levels[],
  { unit }: SweepMeasure,
  index: number,
): ForestRow[] {
  const [first] = axes;
  return first!.levels.map((level) => ({
    label: level,
    lanes: lanes.flatMap((others, lane) => {
      const cell = cells.find(({ levels }) => agrees(levels, { ...others, [first!.name]: level }));
      const figure = cell?.figures[index];
      if (!figure) return [];
      const value = describeEstimate(figure, unit, { withoutUnit: true, compact: true });
      return [{ figure, colour: seriesColour(lane), shape: 'dot' as const, value }];
    }),
  }));
}

/** Combinations of the levels of the axes after the first, in the order of the cells. */
function laneLevels({ axes, cells }: SweepResults): Levels[] {
  const others = axes.slice(1).map(({ name }) => name);
  const lanes = new Map<string, Levels>();
  for (const { levels } of cells) {
    const own = others.map((name): [string, string] => [name, levels[name] ?? '']);
    lanes.set(JSON.stringify(own), Object.fromEntries(own));
  }
  return [...lanes.values()];
}
