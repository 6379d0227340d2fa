/** All files of a comparison of several runs. The caller writes them. */
import { NARROW, WIDE } from '../charts/chart.ts';
import { loadDrawing } from '../charts/drawing.ts';
import { drawRunComparison } from '../charts/run-comparison.ts';
import { isEstimate } from '../../core/metrics/estimate.ts';
import { renderCsv } from '../tables/csv.ts';
import type { Cell } from '../tables/csv.ts';
import { renderComparisonPage } from './page.ts';
import { comparedFigures } from './runs.ts';
import type { ComparedFigure, ComparedRun } from './runs.ts';

/** A figure that every question is answered with; the others are in the table. */
const DRAWN: ReadonlySet<string> = new Set([
  'Hardware saved',
  'Extra demand met',
  'Of what static partition misses',
  'Extra demand met, diskless (BMI)',
  'Extra demand met, diskful (Foreman)',
  'Sensitive demand met, market',
]);

export interface DrawnFigure {
  readonly figure: ComparedFigure;
  readonly name: string;
  readonly wide: string;
  readonly narrow: string;
}

/**
 * Relative path → contents: `report.html`, `comparison.csv`, `figures/*.svg`. Pure, as
 * `renderReport`.
 *
 * @param runs at least two, with different names
 */
export async function renderComparison(runs: readonly ComparedRun[]): Promise<Map<string, string>> {
  const drawing = await loadDrawing();
  const names = runs.map(({ name }) => name);
  const figures = comparedFigures(runs);
  const drawn = figures
    .filter(({ label }) => DRAWN.has(label))
    .map((figure, index): DrawnFigure => {
      const name = `comparison-${index + 1}`;
      const draw = (width: number) => drawRunComparison(drawing, name, figure, names, width);
      return { figure, name, wide: draw(WIDE), narrow: draw(NARROW) };
    });
  const files = new Map<string, string>();
  files.set('report.html', renderComparisonPage(runs, figures, drawn));
  files.set('comparison.csv', renderComparisonCsv(runs, figures));
  for (const { name, wide } of drawn) {
    files.set(`figures/${name}.svg`, `<?xml version="1.0" encoding="UTF-8"?>\n${wide}\n`);
  }
  return files;
}

function renderComparisonCsv(
  runs: readonly ComparedRun[],
  figures: readonly ComparedFigure[],
): string {
  const rows = figures.flatMap((figure) =>
    runs.map(({ name }, index): Cell[] => {
      const own = figure.figures[index];
      const start: Cell[] = [name, figure.question, figure.label];
      if (own === undefined || !isEstimate(own))
        return [...start, null, null, null, 0, figure.unit];
      const interval: readonly Cell[] = own.n >= 2 ? own.ci95 : [null, null];
      return [...start, own.mean, ...interval, own.n, figure.unit];
    }),
  );
  return renderCsv(['run', 'question', 'figure', 'mean', 'lo', 'hi', 'n', 'unit'], rows);
}
