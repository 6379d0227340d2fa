/** The table of docs/results/performance.md: every recorded figure beside what it must reach. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Figure, RecordedBenchmark } from './benchmark.ts';

const RESULTS = join(import.meta.dirname, 'results');
export const PERFORMANCE_PAGE = join(import.meta.dirname, '../docs/results/performance.md');
export const PERFORMANCE_BLOCK = 'benchmarks';

/** What stands in bench/results/, by name. */
export function recordedBenchmarks(): RecordedBenchmark[] {
  return readdirSync(RESULTS)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(RESULTS, name), 'utf8')) as RecordedBenchmark);
}

/** First all figures that have a bound, then one section a benchmark with everything it measured. */
export function performanceTables(benchmarks: readonly RecordedBenchmark[]): string {
  return [overview(benchmarks), ...benchmarks.map(section)].join('\n\n');
}

function overview(benchmarks: readonly RecordedBenchmark[]): string {
  const lines = [
    '## What must be reached',
    '',
    '| benchmark | what | measured | must | aim | |',
    '|---|---|---|---|---|---|',
  ];
  for (const { name, figures } of benchmarks) {
    for (const figure of figures) {
      if (figure.verdict !== '') lines.push(`| \`${name}\` ${row(figure)}`);
    }
  }
  return [...lines, '', '## Everything that was measured'].join('\n');
}

function section({ name, title, machine, figures, notes }: RecordedBenchmark): string {
  const lines = [
    `### \`${name}\``,
    '',
    `${title}. Load of the machine before: ${machine.loadAverage} on ${machine.cores} processors.`,
    '',
    '| what | measured | must | aim | |',
    '|---|---|---|---|---|',
    ...figures.map(row),
  ];
  if (notes.length > 0) lines.push('', ...notes.map((note) => `- ${note}`));
  return lines.join('\n');
}

function row(figure: RecordedBenchmark['figures'][number]): string {
  const { what, value, unit, must, aim, verdict } = figure;
  const cells = [
    what,
    `${figureDigits(value)} ${unit}`.trim(),
    boundText(must, figure),
    boundText(aim, figure),
    verdict === 'MISSED' ? '**missed**' : verdict,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** `≥ 10` or `≤ 10`; empty where there is no bound. */
export function boundText(value: number | undefined, { better }: Pick<Figure, 'better'>): string {
  return value === undefined ? '' : `${better === 'more' ? '≥' : '≤'} ${figureDigits(value)}`;
}

/** Three digits that count, or whole numbers in groups from 10,000 on. */
export function figureDigits(value: number): string {
  if (value >= 10_000) return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return String(Number(value.toPrecision(3)));
}
