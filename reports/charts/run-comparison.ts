/** One key figure of several runs: a row a run. */
import type { ComparedFigure } from '../comparison/runs.ts';
import { unavailable } from '../findings/records.ts';
import { describeEstimate } from '../text/number.ts';
import { WIDE } from './chart.ts';
import type { Drawing } from './drawing.ts';
import { drawForest } from './parts/forest.ts';
import { seriesColour } from './parts/palette.ts';

/** @param name start of every id; @param runs names, in the order of the figure's values */
export function drawRunComparison(
  drawing: Drawing,
  name: string,
  figure: ComparedFigure,
  runs: readonly string[],
  width: number,
): string {
  const rows = runs.map((run, index) => {
    const own = figure.figures[index] ?? unavailable('not measured in this run');
    const value = describeEstimate(own, figure.unit, { compact: true, withoutUnit: true });
    const lane = { figure: own, colour: seriesColour(index), shape: 'dot' as const, value };
    return { label: run, lanes: [lane] };
  });
  const picture = {
    id: `${name}-${width < WIDE ? 'narrow' : 'wide'}`,
    title: figure.label,
    description: `Points with intervals, one for each of ${runs.length} runs: ${figure.label}.`,
    width,
  };
  const share = figure.unit === 'share';
  return drawing.render(picture, (d3, root) =>
    drawForest(d3, root, {
      width,
      groups: [{ heading: null, rows }],
      axisTitle: `${figure.label}, ${share ? '%' : figure.unit === 'count' ? 'ratio' : figure.unit}`,
      factor: share ? 100 : 1,
    }),
  );
}
