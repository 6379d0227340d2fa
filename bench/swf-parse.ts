/** How fast logs in the Standard Workload Format are read: a million generated records. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { swfText } from '../workloads/formats/swf-writer.ts';
import { readSwf } from '../workloads/formats/swf.ts';
import { cpuSeconds } from './benchmark.ts';
import type { Benchmark, Figure } from './benchmark.ts';
import { generatedJobs } from './generated-jobs.ts';

const RECORDS = 1_000_000;
const ROUNDS = 7;
/** Widths of the columns of some logs of the archive, which are padded. */
const WIDTHS = [6, 9, 7, 7, 5, 7, 7, 5, 7, 7, 2, 5, 4, 4, 3, 3, 6, 5] as const;
const rate = { unit: 'MB/CPU-s', better: 'more' } as const;

export const swfParse: Benchmark = {
  name: 'swf-parse',
  title: 'Reading a million records of the Standard Workload Format',
  run() {
    const folder = mkdtempSync(join(tmpdir(), 'ocx-bench-'));
    try {
      return { figures: measured(folder), notes: [] };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function measured(folder: string): Figure[] {
  const jobs = generatedJobs(RECORDS, { processors: 100_000, load: 0.9, largest: 512 });
  const text = [...swfText(jobs, [['MaxProcs', 100_000]])].join('');
  const plain = join(folder, 'plain.swf');
  writeFileSync(plain, text);
  const packed = join(folder, 'packed.swf.gz');
  writeFileSync(packed, gzipSync(text));
  const padded = join(folder, 'padded.swf');
  writeFileSync(padded, `${text.split('\n').slice(1, -1).map(pad).join('\n')}\n`);
  const plainBytes = statSync(plain).size;
  const [first, best] = secondsOf(plain);
  return [
    { what: 'best', value: plainBytes / 1e6 / best, ...rate, must: 80, aim: 150 },
    { what: 'first time in a process', value: plainBytes / 1e6 / first, ...rate },
    { what: 'records', value: RECORDS / best, unit: 'records/CPU-s', better: 'more' },
    {
      what: 'columns padded, best',
      value: statSync(padded).size / 1e6 / secondsOf(padded)[1],
      ...rate,
    },
    {
      what: 'gzip with unpacking, best, by unpacked size',
      value: plainBytes / 1e6 / secondsOf(packed)[1],
      ...rate,
    },
  ];
}

function pad(line: string): string {
  return line
    .split(' ')
    .map((field, index) => field.padStart(WIDTHS[index]!))
    .join(' ');
}

/** Of the first and of the fastest time. */
function secondsOf(path: string): [first: number, best: number] {
  const seconds = Array.from({ length: ROUNDS }, () =>
    cpuSeconds(() => {
      const { jobs } = readSwf(path);
      if (jobs.count !== RECORDS) throw new Error(`${jobs.count} records were read`);
    }),
  );
  return [seconds[0]!, Math.min(...seconds)];
}
