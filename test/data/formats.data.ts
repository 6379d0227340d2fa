/** Every real sample of a trace format is recognised, read and counted. OCX_TRACES names the folder. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { csvLines } from '../../workloads/column-table.ts';
import { withMember } from '../../workloads/formats/archive.ts';
import { readSacct } from '../../workloads/formats/sacct.ts';
import { recogniseFormat } from '../../workloads/formats/registry.ts';
import { swfText } from '../../workloads/formats/swf-writer.ts';
import { parquetBytes } from '../../workloads/parquet.ts';

const traces = process.env['OCX_TRACES'];
const withTraces = traces === undefined ? test.skip : test;

interface Sample {
  readonly file: string;
  readonly format: string;
  readonly records: number;
  readonly dropped?: Record<string, number>;
}

const SAMPLES: readonly Sample[] = [
  {
    file: 'formats/sacct_dump2101.log',
    format: 'sacct',
    records: 12,
    dropped: { fieldCount: 1, step: 2 },
  },
  { file: 'formats/sacct_dump2110.log', format: 'sacct', records: 5, dropped: { step: 2 } },
  { file: 'formats/sacct_simple.log', format: 'sacct', records: 4 },
  {
    file: 'formats/sacct_submitline_multiline.log',
    format: 'sacct',
    records: 6,
    dropped: { step: 7 },
  },
  { file: 'formats/sample.gwf', format: 'gwf', records: 70 },
  { file: 'formats/batsim-test_delays.json', format: 'batsim', records: 10 },
  { file: 'formats/batsim-test_various_profile_types.json', format: 'batsim', records: 11 },
  { file: 'formats/batsim-test_walltime.json', format: 'batsim', records: 44 },
  { file: 'hpc/nrel-eagle-sample-1000.csv', format: 'eagle', records: 1_000 },
  { file: 'formats/azure-v1-vmtable.sample.csv.gz', format: 'azure-vms', records: 10 },
  {
    file: 'cloud/alibaba-gpu-v2023-openb_pod_list_default.csv.gz',
    format: 'alibaba-gpu-2023',
    records: 7_255,
    dropped: { neverScheduled: 897 },
  },
  { file: 'formats/google2011-task-events-sample-1.csv', format: 'google-2011', records: 11 },
  {
    file: 'formats/azure-v1-vm_cpu_readings.sample.csv.gz',
    format: 'azure-readings',
    records: 100,
  },
  {
    file: 'spot/ec2-spot-t3.micro-2regions-2025-12_2026-02.csv.gz',
    format: 'ec2-spot',
    records: 2_758,
  },
  {
    file: 'formats/google2011-machine-events-sample-1.csv',
    format: 'google-2011-machines',
    records: 24,
  },
  { file: 'formats/google2011-task-usage-sample-1.csv', format: 'google-2011-usage', records: 11 },
  { file: 'prices/ote-cz-day-ahead-1h-2021.csv.gz', format: 'day-ahead', records: 8_760 },
  { file: 'prices/ote-cz-day-ahead-1h-2022.csv.gz', format: 'day-ahead', records: 8_760 },
  { file: 'prices/ote-cz-day-ahead-1h-2023.csv.gz', format: 'day-ahead', records: 8_760 },
  { file: 'cloud/bitbrains-faststorage-1vm.csv.gz', format: 'bitbrains', records: 86_190 },
  { file: 'hpc/surf-lisa-2022-10.tasks.parquet', format: 'opendc', records: 68_648 },
  { file: 'cloud/bitbrains-small.tasks.parquet', format: 'opendc', records: 50 },
  { file: 'cloud/bitbrains-small.fragments.parquet', format: 'opendc-fragments', records: 276_979 },
];

for (const { file, format, records, dropped } of SAMPLES) {
  withTraces(`${file} is recognised as ${format} and every record is accounted for`, (t) => {
    const path = join(traces!, file);
    const found = recogniseFormat(path);
    t.is(found.name, format);
    const inspection = found.inspect(path, {});
    t.is(inspection.records, records);
    t.deepEqual({ ...inspection.dropped }, dropped ?? {});
    t.true(found.columns(path, {}).rows > 0);
  });
}

withTraces('separators in names move no column of the dumps of Slurm', (t) => {
  for (const { file, format } of SAMPLES) {
    if (format !== 'sacct') continue;
    const { header, jobs } = readSacct(join(traces!, file));
    for (const name of [...header.partitions.values(), ...header.queues.values()]) {
      t.regex(name, /^(general-compute|mrisupport|partition001|qos001)$/, file);
    }
    t.true(
      jobs.processors.every((width) => [1, 2, 12, 18, 25, 32, 40, 576].includes(width)),
      file,
    );
  }
});

interface Archive {
  readonly file: string;
  readonly format: string;
  readonly files: number;
  /** Points over all files. */
  readonly points: number;
}

const ARCHIVES: readonly Archive[] = [
  {
    file: 'spot/ec2-spot-us-east-1-2016-jun-aug-300s.tar.xz',
    format: 'ec2-spot',
    files: 12,
    points: 309_872,
  },
  {
    file: 'spot/skypilot-spot-availability-aws-2022-10-26.tar.xz',
    format: 'skypilot',
    files: 8,
    points: 8 * 3_895,
  },
  {
    file: 'spot/skypilot-spot-availability-16node-aws-2023-08-27.tar.xz',
    format: 'skypilot',
    files: 3,
    points: 12_719,
  },
  {
    file: 'testbed/planetlab-20110303.tar.xz',
    format: 'planetlab',
    files: 1_052,
    points: 1_052 * 288,
  },
];

for (const { file, format, files, points } of ARCHIVES) {
  withTraces(`every file in ${file} is recognised as ${format} and read`, (t) => {
    const path = join(traces!, file);
    const found = recogniseFormat(path);
    t.is(found.name, 'archive');
    const { records, facts, dropped, oddities } = found.inspect(path, {});
    t.is(facts.find(({ name }) => name === 'series')?.value, files);
    t.is(records, points);
    t.deepEqual({ ...dropped }, {});
    t.true(oddities.includes(`${files} files of format ${format}`), oddities.join());
    // What the system's own tar unpacks is the same.
    const listed = execFileSync('tar', ['-tJf', path], { encoding: 'utf8' }).trim().split('\n');
    const names = listed.filter((name) => !name.endsWith('/') && !name.endsWith('README.md'));
    t.is(names.length, files);
    const one = execFileSync('tar', ['-xJOf', path, names[0]!]);
    withMember(path, names[0]!, (member) => {
      t.deepEqual(readFileSync(member), one);
      t.is(recogniseFormat(member).name, format);
    });
  });
}

/** Lines of a log as a reader of text sees them: fields as numbers, records without submission left out. */
function plainRecords(path: string): string[] {
  const lines = gunzipSync(readFileSync(path)).toString('latin1').split('\n');
  const rows = lines
    .filter((line) => /^\s*\d/.test(line))
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter((row) => row[1]! >= 0);
  // Stable: equal times keep their order.
  return rows.sort((a, b) => a[1]! - b[1]!).map((row) => row.join(' '));
}

for (const name of ['KTH-SP2-1996-2.1-cln', 'CTC-SP2-1996-3.1-cln', 'LLNL-Thunder-2007-1.1-cln']) {
  withTraces(`${name} keeps all fields on its way over CSV and Parquet`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'ocx-formats-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(traces!, 'hpc', `${name}.swf.gz`);
    const table = recogniseFormat(path).columns(path, {});
    const files = { csv: join(folder, 'a.csv'), parquet: join(folder, 'a.parquet') };
    writeFileSync(files.csv, `${[...csvLines(table)].join('\n')}\n`);
    writeFileSync(files.parquet, parquetBytes(table));
    const expected = plainRecords(path);
    for (const file of Object.values(files)) {
      const { jobs, details, header } = recogniseFormat(file).swf!(file, {});
      const lines = [...swfText(jobs, header, details)].join('').trimEnd().split('\n');
      const records = lines.filter((line) => !line.startsWith(';'));
      t.is(records.length, expected.length);
      t.is(
        records.findIndex((line, i) => line !== expected[i]),
        -1,
        file,
      );
      if (file === files.parquet) t.true(lines.some((line) => /^; MaxProcs: \d+$/.test(line)));
    }
  });
}
