/** All files of a sweep's report, made from its results. The caller writes them. */
import type { SweepResults } from '../../core/metrics/sweep/results.ts';
import { NARROW, WIDE } from '../charts/chart.ts';
import { loadDrawing } from '../charts/drawing.ts';
import { drawSweep } from './chart.ts';
import { renderSweepPage } from './page.ts';
import { renderSweepCsv } from './tables.ts';
import { drawVariance } from './variance-chart.ts';
import { renderVarianceCsv } from './variance.ts';

/** Relative path → contents. Pure, as `renderReport`. */
export async function renderSweep(results: SweepResults): Promise<Map<string, string>> {
  const drawing = await loadDrawing();
  const pictures = {
    wide: drawSweep(drawing, results, WIDE),
    narrow: drawSweep(drawing, results, NARROW),
    variance: {
      wide: drawVariance(drawing, results, WIDE),
      narrow: drawVariance(drawing, results, NARROW),
    },
  };
  const files = new Map<string, string>();
  files.set('report.html', renderSweepPage(results, pictures));
  files.set('sweep.csv', renderSweepCsv(results));
  files.set('figures/sweep.svg', asDocument(pictures.wide));
  files.set('figures/sweep-column.svg', asDocument(pictures.narrow));
  const { wide, narrow } = pictures.variance;
  if (wide !== null && narrow !== null) {
    files.set('variance.csv', renderVarianceCsv(results));
    files.set('figures/variance.svg', asDocument(wide));
    files.set('figures/variance-column.svg', asDocument(narrow));
  }
  return files;
}

function asDocument(svg: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svg}\n`;
}
