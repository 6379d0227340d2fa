/**
 * Replays of up to ten million jobs on 100,000 nodes that hold only jobs that wait or run: whether time
 * grows with the jobs and memory does not, for generated jobs and for a log in a file.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyJobTable } from '../core/demand/jobs.ts';
import { swfText } from '../workloads/formats/swf-writer.ts';
import type { Benchmark, Figure } from './benchmark.ts';
import { GeneratedJobs } from './generated-jobs.ts';
import { MIX } from './ten-million-mix.ts';
import type { StreamedRun } from './ten-million-run.ts';

const SIZES = [1_000_000, 3_000_000, 10_000_000] as const;
const PIECE = 100_000;
const ROUNDS = 3;

export const tenMillionJobs: Benchmark = {
  name: 'ten-million-jobs',
  title: 'Up to ten million jobs on 100,000 nodes, EASY, replayed in pieces',
  onlyByName: true,
  run() {
    const folder = mkdtempSync(join(tmpdir(), 'ocx-bench-'));
    try {
      const generated = SIZES.map((jobs) => fastest(() => measure(String(jobs))));
      const files = SIZES.map((jobs) => {
        const path = join(folder, 'log.swf');
        writeLog(path, jobs);
        return { run: measure(String(jobs), path), bytes: statSync(path).size };
      });
      for (const [at, { run }] of files.entries()) requireSame(generated[at]!, run);
      const figures = [...generatedFigures(generated), ...fileFigures(files)];
      return { figures, notes: [] };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function generatedFigures(runs: readonly StreamedRun[]): Figure[] {
  const largest = runs[runs.length - 1]!;
  const seconds = { unit: 's', better: 'less' } as const;
  const exponent = growth(runs.map(({ seconds: time }) => time));
  return [
    { what: 'ten million jobs', value: largest.seconds, ...seconds, aim: 30 },
    { what: 'exponent of time in jobs', value: exponent, ...bounded, must: 1.15, aim: 1.1 },
    { what: 'a million jobs', value: runs[0]!.seconds, ...seconds },
    {
      what: 'memory of ten million ÷ that of one',
      value: memoryRatio(runs),
      ...bounded,
      must: 1.1,
      aim: 1.05,
    },
    { what: 'peak of the whole process', value: largest.peakMegabytes, unit: 'MB', better: 'less' },
  ];
}

const bounded = { unit: '', better: 'less' } as const;

function fileFigures(files: readonly { run: StreamedRun; bytes: number }[]): Figure[] {
  const { run, bytes } = files[files.length - 1]!;
  const ratio = memoryRatio(files.map((file) => file.run));
  return [
    {
      what: 'from a log in a file: ten million jobs',
      value: run.seconds,
      unit: 's',
      better: 'less',
      aim: 30,
    },
    { what: '… memory ÷ that of one million', value: ratio, ...bounded, must: 1.1, aim: 1.05 },
    { what: '… peak of the whole process', value: run.peakMegabytes, unit: 'MB', better: 'less' },
    { what: '… length of the log', value: bytes / 1e6, unit: 'MB', better: 'more' },
  ];
}

/** The slope of ln(time) over ln(jobs), by least squares. */
function growth(seconds: readonly number[]): number {
  const x = SIZES.map((jobs) => Math.log(jobs));
  const y = seconds.map((time) => Math.log(time));
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  let [above, below] = [0, 0];
  for (const [at, value] of x.entries()) {
    above += (value - meanX) * (y[at]! - meanY);
    below += (value - meanX) * (value - meanX);
  }
  return above / below;
}

function memoryRatio(runs: readonly StreamedRun[]): number {
  return runs[runs.length - 1]!.peakMegabytes / runs[0]!.peakMegabytes;
}

/** Of several processes, because others share the machine. */
function fastest(run: () => StreamedRun): StreamedRun {
  const runs = Array.from({ length: ROUNDS }, run);
  return runs.reduce((best, next) => (next.seconds < best.seconds ? next : best));
}

function measure(...argv: readonly string[]): StreamedRun {
  const script = join(import.meta.dirname, 'ten-million-run.ts');
  const child = spawnSync(process.execPath, [script, ...argv], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(`ten-million-run.ts failed: ${child.stderr}`);
  return JSON.parse(child.stdout) as StreamedRun;
}

function requireSame(generated: StreamedRun, read: StreamedRun): void {
  if (read.jobs === generated.jobs && read.meanWaitSeconds === generated.meanWaitSeconds) return;
  throw new Error('the log in the file was replayed otherwise than the jobs that it was made of');
}

function writeLog(path: string, jobs: number): void {
  const generated = new GeneratedJobs(MIX);
  const piece = emptyJobTable(PIECE);
  const file = openSync(path, 'w');
  try {
    writeFileSync(file, `; MaxProcs: ${MIX.processors}\n`);
    for (let count = 0; count < jobs; count += PIECE) {
      generated.fill(piece);
      for (const text of swfText(piece, [])) writeFileSync(file, text);
    }
  } finally {
    closeSync(file);
  }
}
