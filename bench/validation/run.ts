/**
 * Holds the kernel against queueing theory and prints the table. With `--record` it goes into
 * `docs/results/validation.md`, between the two comments that mark its place. Exit code 1 where a
 * mean lies more than four standard errors from theory or two ways of simulating differ.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { QUEUEING_CASES, validateStation } from './queueing.ts';
import type { QueueingResult } from './queueing.ts';

const SIZE = { replications: 30, customers: 60_000, warmUp: 10_000 };
const TOLERATED_DEVIATION = 4;
const BEGIN = '<!-- begin queueing -->';
const END = '<!-- end queueing -->';

const results = QUEUEING_CASES.map((station) => validateStation(station, SIZE));
const table = renderTable(results);
process.stdout.write(table);
if (process.argv.includes('--record')) record(table);
const isWrong = ({ deviation, differentWaits }: QueueingResult) =>
  Math.abs(deviation) > TOLERATED_DEVIATION || differentWaits > 0;
if (results.some(isWrong)) process.exitCode = 1;

function renderTable(rows: readonly QueueingResult[]): string {
  const lines = [
    '| station | services | ρ | mean wait, theory | simulated, 95 % interval | error | standard errors | waits > 1, theory | simulated | waits that differ |',
    '|---|---|---|---|---|---|---|---|---|---|',
  ];
  for (const { station, theory, simulated, deviation, tail, differentWaits } of rows) {
    const [low, high] = simulated.ci95;
    const cells = [
      station.name,
      station.law.name,
      station.utilisation,
      theory.toFixed(4),
      `${simulated.mean.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}]`,
      `${((100 * (simulated.mean - theory)) / theory).toFixed(2)} %`,
      deviation.toFixed(2),
      tail ? tail.theory.toFixed(4) : '–',
      tail ? tail.simulated.mean.toFixed(4) : '–',
      differentWaits,
    ];
    lines.push(`| ${cells.join(' | ')} |`);
  }
  return `${lines.join('\n')}\n`;
}

function record(text: string): void {
  const path = join(import.meta.dirname, '../../docs/results/validation.md');
  const document = readFileSync(path, 'utf8');
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${path} has no place for the table`);
  const content = `${document.slice(0, begin + BEGIN.length)}\n\n${text}\n${document.slice(end)}`;
  writeFileSync(`${path}.part`, content);
  renameSync(`${path}.part`, path);
}
