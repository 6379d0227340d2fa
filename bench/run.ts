/**
 * Runs the benchmarks, or those named, and prints their figures. With `--record` each writes
 * `bench/results/<name>.json`, and docs/results/performance.md is made anew from these files. Exit code 1 where a figure misses what it must reach, 2 for a
 * benchmark that does not exist.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { batchCluster } from './batch-cluster.ts';
import { machine, verdict } from './benchmark.ts';
import type { Benchmark, BenchmarkReport, RecordedBenchmark } from './benchmark.ts';
import { clearing } from './clearing.ts';
import { deepQueue } from './deep-queue.ts';
import { holdModel } from './hold-model.ts';
import { live } from './live.ts';
import { liveReplay } from './live-replay.ts';
import { marketOrganisations } from './market-organisations.ts';
import { marketYear, marketYear5Minutes } from './market-year.ts';
import { writeMarkedBlock } from './marked-block.ts';
import { npmStart } from './npm-start.ts';
import { overload } from './overload.ts';
import {
  boundText,
  figureDigits,
  PERFORMANCE_BLOCK,
  PERFORMANCE_PAGE,
  performanceTables,
  recordedBenchmarks,
} from './performance-page.ts';
import { replay } from './replay.ts';
import { spotRound } from './spot-round.ts';
import { swfParse } from './swf-parse.ts';
import { sweep } from './sweep.ts';
import { tenMillionJobs } from './ten-million-jobs.ts';
import { traceMemory } from './trace-memory.ts';
import { unitAuctions } from './unit-auctions.ts';

/** One line a benchmark. */
const BENCHMARKS: readonly Benchmark[] = [
  holdModel,
  replay,
  deepQueue,
  swfParse,
  batchCluster,
  clearing,
  spotRound,
  unitAuctions,
  traceMemory,
  marketYear,
  marketYear5Minutes,
  marketOrganisations,
  sweep,
  npmStart,
  live,
  liveReplay,
  overload,
  tenMillionJobs,
];

const argv = process.argv.slice(2);
const recording = argv.includes('--record');
const names = argv.filter((word) => word !== '--record');
const known = BENCHMARKS.map(({ name }) => name);
const unknown = names.find((name) => !known.includes(name));

if (unknown !== undefined) {
  process.stderr.write(
    `INPUT_ARGUMENT: there is no benchmark ${JSON.stringify(unknown)}, choose from ${known.join(', ')}\n`,
  );
  process.exitCode = 2;
} else {
  for (const benchmark of BENCHMARKS) {
    const isChosen = names.length > 0 ? names.includes(benchmark.name) : !benchmark.onlyByName;
    if (!isChosen) continue;
    const report = await benchmark.run();
    print(benchmark, report);
    if (recording) record(benchmark, report);
    if (report.figures.some((figure) => verdict(figure) === 'MISSED')) process.exitCode = 1;
  }
  if (recording) {
    writeMarkedBlock(PERFORMANCE_PAGE, PERFORMANCE_BLOCK, performanceTables(recordedBenchmarks()));
  }
}

function print({ title }: Benchmark, { figures, notes }: BenchmarkReport): void {
  const rows = figures.map((figure) => [
    figure.what,
    `${figureDigits(figure.value)} ${figure.unit}`,
    named('must', boundText(figure.must, figure)),
    named('aim', boundText(figure.aim, figure)),
    verdict(figure),
  ]);
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(0, ...rows.map((row) => row[column]!.length)),
  );
  process.stdout.write(`${title}\n`);
  for (const row of rows) {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    process.stdout.write(`  ${cells.join('  ').trimEnd()}\n`);
  }
  for (const note of notes) process.stdout.write(`  note: ${note}\n`);
  process.stdout.write('\n');
}

function named(word: string, text: string): string {
  return text === '' ? '' : `${word} ${text}`;
}

function record({ name, title }: Benchmark, report: BenchmarkReport): void {
  const folder = join(import.meta.dirname, 'results');
  const path = join(folder, `${name}.json`);
  const figures = report.figures.map((figure) => ({
    ...figure,
    value: Number(figure.value.toPrecision(4)),
    verdict: verdict(figure),
  }));
  const content: RecordedBenchmark = {
    name,
    title,
    machine: machine(),
    figures,
    notes: report.notes,
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${path}.part`, `${JSON.stringify(content, null, 2)}\n`);
  renameSync(`${path}.part`, path);
}
