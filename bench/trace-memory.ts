/**
 * How much memory it takes to inspect large packed traces: made-up rows of three formats, a gigabyte of
 * text each (`OCX_BENCH_TRACE_MB`), against a twentieth of it. Text is read piece by piece, so what
 * grows is what is kept of the records.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Benchmark, Figure } from './benchmark.ts';

const TEXT_MB = Number(process.env['OCX_BENCH_TRACE_MB'] ?? 1_000);
const SMALL_SHARE = 0.05;
const MEMBER_ROWS = 200_000;
const RUN = join(import.meta.dirname, 'trace-memory-run.ts');

const HASH = 'abcdefghijklmnopqrstuvwxyz0123456789+/ABCDEFGHIJKLMNOPQRSTUVWX';

/** A row of a format by its number; the first one may be its header. */
const FORMATS: Readonly<Record<string, (row: number) => string>> = {
  swf: (row) =>
    `${row + 1} ${row * 3} ${row % 977} ${row % 86_399} ${1 + (row % 64)} 59.25 10240 ${1 + (row % 64)} 86400 -1 1 ${row % 999} 5 -1 1 1 -1 -1`,
  sacct: (row) => {
    if (row === 0)
      return 'JobID|User|Partition|Submit|Start|End|Elapsed|Timelimit|NNodes|NCPUS|State';
    const at = new Date(1_600_000_000_000 + row * 3_000).toISOString().slice(0, 19);
    return `${row}|user${row % 999}|batch|${at}|${at}|${at}|00:${10 + (row % 50)}:00|1-00:00:00|1|64|COMPLETED`;
  },
  'azure-readings': (row) =>
    `${300 * Math.floor(row / 20_000)},${HASH}${10_000 + (row % 20_000)},${row % 7}.5,${20 + (row % 60)}.25,${10 + (row % 9)}.125`,
};

interface Inspected {
  readonly records: number;
  readonly peak: number;
}

export const traceMemory: Benchmark = {
  name: 'trace-memory',
  title: 'Memory of inspecting large packed traces',
  run() {
    const folder = mkdtempSync(join(tmpdir(), 'ocx-trace-memory-'));
    try {
      const figures = Object.entries(FORMATS).flatMap(([format, rowAt]) => {
        const path = join(folder, `${format}.gz`);
        const small = inspected(path, rowAt, TEXT_MB * SMALL_SHARE);
        const large = inspected(path, rowAt, TEXT_MB);
        const perRecord = ((large.peak - small.peak) * 1e6) / (large.records - small.records);
        return [
          {
            what: `${format}, ${TEXT_MB} MB of text, peak`,
            value: large.peak,
            unit: 'MB',
            better: 'less',
          },
          {
            what: `${format}, for each record more`,
            value: perRecord,
            unit: 'bytes',
            better: 'less',
          },
        ] satisfies Figure[];
      });
      return { figures, notes: [] };
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

function inspected(path: string, rowAt: (row: number) => string, megabytes: number): Inspected {
  const file = openSync(path, 'w');
  let size = 0;
  for (let row = 0; size < megabytes * 1e6;) {
    const rows: string[] = [];
    for (let i = 0; i < MEMBER_ROWS; i++) rows.push(rowAt(row++));
    const text = `${rows.join('\n')}\n`;
    writeSync(file, gzipSync(text, { level: 1 }));
    size += text.length;
  }
  closeSync(file);
  const { stdout, status } = spawnSync(process.execPath, [RUN, path], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${path} was not inspected`);
  return JSON.parse(stdout) as Inspected;
}
