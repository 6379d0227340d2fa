/** All files of a report, made from the results of one run. The caller writes them. */
import type { Manifest } from '../core/metrics/manifest.ts';
import type { Metrics } from '../core/metrics/results.ts';
import { loadDrawing } from './charts/drawing.ts';
import { drawFigures } from './charts/figures.ts';
import { renderPage } from './html/page.ts';
import { jobsFileName, renderJobsCsv } from './tables/jobs-csv.ts';
import { renderLeasesCsv, renderPricesCsv } from './tables/market-csv.ts';
import { renderMetricsCsv } from './tables/metrics-csv.ts';
import type { JobRow, LeaseRow, PriceRow } from './tables/rows.ts';
import { renderTexTables } from './tables/tex-tables.ts';

/** What is too long for `metrics.json`; whatever is left out gets no file. */
export interface ReportExtras {
  readonly leases?: readonly LeaseRow[];
  readonly prices?: readonly PriceRow[];
  /** By organisation. */
  readonly jobs?: ReadonlyMap<string, readonly JobRow[]>;
}

/**
 * Relative path → contents: `report.html`, `metrics.csv`, `figures/*.svg` (each also as
 * `-column.svg`, for one column of a paper), `tables/*.tex` and, from the extras, `leases.csv`,
 * `prices.csv` and `jobs-<organisation>.csv`.
 *
 * Pure: the same results give the same bytes. It answers later only because the drawing library
 * is loaded when it is first needed.
 */
export async function renderReport(
  metrics: Metrics,
  manifest: Manifest,
  extras: ReportExtras = {},
): Promise<Map<string, string>> {
  const figures = drawFigures(await loadDrawing(), metrics);
  const files = new Map<string, string>();
  files.set('report.html', renderPage(metrics, manifest, figures));
  files.set('metrics.csv', renderMetricsCsv(metrics));
  for (const figure of figures) {
    if ('missing' in figure) continue;
    files.set(`figures/${figure.name}.svg`, asDocument(figure.wide));
    files.set(`figures/${figure.name}-column.svg`, asDocument(figure.narrow));
  }
  for (const [name, text] of renderTexTables(metrics)) files.set(`tables/${name}`, text);
  if (extras.leases) files.set('leases.csv', renderLeasesCsv(extras.leases));
  if (extras.prices) files.set('prices.csv', renderPricesCsv(extras.prices));
  const taken = new Set<string>();
  for (const [organisation, rows] of extras.jobs ?? []) {
    const name = jobsFileName(organisation, taken);
    taken.add(name.toLowerCase());
    files.set(name, renderJobsCsv(rows));
  }
  return files;
}

function asDocument(svg: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svg}\n`;
}
