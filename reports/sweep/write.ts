/** All files of a sweep's report, made from its results. The caller writes them. */
import type { SweepResults } from '../../core/metrics/sweep/results.ts';
import { NARROW, WIDE } from '../charts/chart.ts';
import { loadDrawing } from '../charts/drawing.ts';
import { drawSweep } from './chart.ts';
import { renderSweepPage } from './page.ts';
import { renderSweepCsv } from './tables.ts';

/** Relative path → contents. Pure, as `renderReport`. */
export async function renderSweep(results: SweepResults): Promise<Map<string, string>> {
  const drawing = await loadDrawing();
  const pictures = {
    wide: drawSweep(drawing, results, WIDE),
    narrow: drawSweep(drawing, results, NARROW),
  };
  const files = new Map<string, string>();
  files.set('report.html', renderSweepPage(results, pictures));
  files.set('sweep.csv', renderSweepCsv(results));
  files.set('figures/sweep.svg', asDocument(pictures.wide));
  files.set('figures/sweep-column.svg', asDocument(pictures.narrow));
  return files;
}

function asDocument(svg: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svg}\n`;
}
