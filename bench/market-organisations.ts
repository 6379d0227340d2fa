/**
 * A large site: 100 organisations with 1,000 nodes each, a round every 15 minutes for a year, nodes by
 * their durations alone (`provisioning.walk = "timed"`), and how the cost grows with organisations and
 * with nodes over a few days. Each run in a process of its own, compiled by a small run first.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Benchmark, Figure } from './benchmark.ts';

/** Long enough for compilation to matter little, short enough for ten of them. */
const GROWTH_DAYS = 4;
const ORGANISATIONS: readonly number[] = [5, 10, 25, 50, 100];
const NODES: readonly number[] = [250, 500, 1_000, 2_000, 4_000];
const NODES_EACH = 1_000;
const ORGANISATIONS_FIXED = 10;
const YEAR_DAYS = 364;

export const marketOrganisations: Benchmark = {
  name: 'market-100-organisations',
  title: 'Market: one year, 100 organisations, 100,000 nodes, a round every 15 minutes',
  onlyByName: true,
  run() {
    const byOrganisations = ORGANISATIONS.map((count) => siteOf(count, NODES_EACH, GROWTH_DAYS));
    const byNodes = NODES.map((count) => siteOf(ORGANISATIONS_FIXED, count, GROWTH_DAYS));
    const year = siteOf(ORGANISATIONS.at(-1)!, NODES_EACH, YEAR_DAYS);
    const cost = (what: string, result: SiteResult): Figure => {
      return { what, value: result['seconds']!, unit: 'CPU-s', better: 'less' };
    };
    const figures: Figure[] = [
      { what: 'days simulated', value: year['days']!, unit: '', better: 'more', must: YEAR_DAYS },
      { ...cost('the year', year), aim: 120 },
      { what: 'resident', value: year['residentMegabytes']!, unit: 'MB', better: 'less' },
      { what: 'leases', value: year['leases']!, unit: '', better: 'more' },
      { what: 'node-leases', value: year['nodeLeases']!, unit: '', better: 'more' },
      ...ORGANISATIONS.map((count, i) =>
        cost(
          `${GROWTH_DAYS} days, ${count} organisations × ${NODES_EACH} nodes`,
          byOrganisations[i]!,
        ),
      ),
      exponent('growth with organisations', ORGANISATIONS, byOrganisations),
      ...NODES.map((count, i) =>
        cost(
          `${GROWTH_DAYS} days, ${ORGANISATIONS_FIXED} organisations × ${count} nodes`,
          byNodes[i]!,
        ),
      ),
      exponent('growth with nodes', NODES, byNodes),
    ];
    return { figures, notes: ['growth: slope of log cost over log size, least squares'] };
  },
};

type SiteResult = Readonly<Record<string, number>>;

function siteOf(organisations: number, nodes: number, days: number): SiteResult {
  const script = join(import.meta.dirname, 'market-site-run.ts');
  const argv = [script, String(organisations), String(nodes), String(days)];
  const run = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`market-site-run.ts failed: ${run.stderr}`);
  return JSON.parse(run.stdout) as SiteResult;
}

function exponent(what: string, sizes: readonly number[], results: readonly SiteResult[]): Figure {
  const x = sizes.map((size) => Math.log(size));
  const y = results.map((result) => Math.log(result['seconds']!));
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [middleX, middleY] = [mean(x), mean(y)];
  const covariance = x.reduce((sum, value, i) => sum + (value - middleX) * (y[i]! - middleY), 0);
  const variance = x.reduce((sum, value) => sum + (value - middleX) * (value - middleX), 0);
  return { what, value: covariance / variance, unit: '(exponent)', better: 'less' };
}
