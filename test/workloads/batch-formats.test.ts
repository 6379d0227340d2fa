/** What all formats of batch jobs share: recorder, columns, the way to SWF and back. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { csvLines } from '../../workloads/column-table.ts';
import { BatchRecorder, UNKNOWN_RECORD } from '../../workloads/formats/batch-log.ts';
import { jobsFormat } from '../../workloads/formats/canonical-jobs.ts';
import { readCanonicalSeries } from '../../workloads/formats/canonical-series.ts';
import { recogniseFormat, TRACE_FILES } from '../../workloads/formats/registry.ts';
import { sacctFormat } from '../../workloads/formats/sacct.ts';
import { swfText } from '../../workloads/formats/swf-writer.ts';
import { swfFormat } from '../../workloads/formats/swf-trace.ts';
import { parquetBytes } from '../../workloads/parquet.ts';
import { record, refusal, testFile, testFolder } from './files.ts';
import { SAMPLES } from './samples.ts';

const place = { line: 1, column: 1 };
const job = (id: string, submitSeconds: number) => ({ ...UNKNOWN_RECORD, id, submitSeconds });

test('jobs are put into order with all their columns, ids stay with their jobs', (t) => {
  const recorder = new BatchRecorder('a');
  recorder.add({ ...job('late', 20), user: 'ada', runSeconds: 2 }, place);
  recorder.add({ ...job('early', 10), user: 'eve', runSeconds: 1 }, place);
  recorder.add({ ...job('also late', 20), user: 'ada', runSeconds: 3 }, place);
  const log = recorder.finish({ format: 'x', absolute: true }, 3);
  t.deepEqual(log.ids, ['early', 'late', 'also late']);
  t.deepEqual([...log.jobs.runSeconds], [1, 2, 3]);
  t.deepEqual([...log.jobs.submitSeconds], [0, 10, 10]);
  t.deepEqual([...log.jobs.user], [2, 1, 1]);
  t.is(log.outOfOrder, 1);
});

test('what no machine has seen is set aside, a log of decades is refused', (t) => {
  const recorder = new BatchRecorder('a');
  recorder.add(job('1', NaN), place);
  recorder.add({ ...job('2', 1), runSeconds: 1e10 }, place);
  recorder.add({ ...job('3', 1), requested: 1.5 }, place);
  recorder.add({ ...job('4', 1), nodes: 2 ** 40 }, place);
  recorder.add({ ...job('5', 1), memoryMib: Infinity }, place);
  t.deepEqual({ ...recorder.aside.dropped }, { notAnInteger: 1, outOfRange: 3, submitUnknown: 1 });
  refusal(t, () => recorder.finish({ format: 'x', absolute: false }, 1), 'INPUT_NO_ROWS');
  recorder.add(job('6', 0), place);
  recorder.add(job('7', 1e9), place);
  refusal(t, () => recorder.finish({ format: 'x', absolute: false }, 1), 'INPUT_OUT_OF_RANGE');
});

test('a dump becomes canonical CSV and from there SWF without losing what SWF can hold', (t) => {
  const dump = [
    'JobID|User|Partition|Submit|Start|End|Elapsed|Timelimit|NNodes|AllocCPUS|ReqCPUS|State',
    '5_1|=ada|long,er|2022-03-07T10:00:00|2022-03-07T10:01:00|x|00:10:00|01:00:00|1|8|8|COMPLETED',
    '6|eve|short|2022-03-07T11:00:00|2022-03-07T11:00:00|x|00:20:00|01:00:00|2|16|8|FAILED',
  ];
  const path = testFile(t, `${dump.map((line) => line.replace('|x|', '|Unknown|')).join('\n')}\n`);
  const csv = join(testFolder(t), 'a.csv');
  writeFileSync(csv, `${[...csvLines(sacctFormat.columns(path, {}))].join('\n')}\n`);
  t.is(recogniseFormat(csv).name, 'jobs');
  const direct = sacctFormat.swf!(path, {});
  const back = jobsFormat.swf!(csv, {});
  const body = (document: typeof direct) =>
    [...swfText(document.jobs, document.header, document.details)]
      .join('')
      .split('\n')
      .filter((line) => !line.startsWith(';'));
  t.deepEqual(body(back), body(direct));
  t.deepEqual(direct.notRepresented, [
    'ids of 2 jobs, which are numbered anew',
    'names of 2 users',
    'whole nodes of 2 jobs',
    'names and accounts of jobs, their node lists, and TRES beyond nodes, processors and memory',
  ]);
  t.true(direct.header.some((line) => line[0] === 'Partition' && line[1] === '1 long,er'));
  const swf = testFile(t, [...swfText(direct.jobs, direct.header, direct.details)].join(''));
  t.is(swfFormat.inspect(swf, {}).records, 2);
});

test('no two formats take the same names, and none takes a file of words', (t) => {
  t.is(new Set(TRACE_FILES.map(({ name }) => name)).size, TRACE_FILES.length);
  for (const format of TRACE_FILES) t.false(format.recognises('notes.txt', 'hello\n'), format.name);
});

/** Every field known somewhere, fractions, repeated numbers, names in the header, and odd lines. */
const WHOLE = [
  '; Version: 2.2',
  ';\tsee: the \u00e9 archive',
  '; MaxProcs: 8 (all)',
  '; UnixStartTime: 825000000',
  '; TimeZoneString: Europe/Stockholm',
  '; Queue: 7 a, b',
  '1 5 -1 60 2 59.25 1024 2 120 2048 1 300000 7 4 7 1 -1 -1',
  '1 5 0 61 -1 -1 -1 4 -1 -1 2 300000 7 4 7 1 1 30',
  '9007199254740991 86400.5 3 0 0 -1 -1 -1 120 -1 5 -1 -1 -1 0 -1 -1 -1',
];

test('from SWF to CSV and Parquet and back every field, and by Parquet every byte, is the same', (t) => {
  const swf = testFile(t, `${WHOLE.join('\n')}\n`);
  const text = (document: ReturnType<NonNullable<typeof swfFormat.swf>>) =>
    [...swfText(document.jobs, document.header, document.details)].join('').trimEnd().split('\n');
  t.deepEqual(text(swfFormat.swf!(swf, {})), WHOLE);
  const table = swfFormat.columns(swf, {});
  t.is(table.notes?.length, 1);
  const records = (lines: readonly string[]) => lines.filter((line) => !line.startsWith(';'));
  const parquet = testFile(t, parquetBytes(table), 'a.parquet');
  const csv = testFile(t, `${[...csvLines(table)].join('\n')}\n`, 'a.csv');
  for (const path of [csv, parquet]) t.is(recogniseFormat(path).name, 'jobs');
  t.deepEqual(text(jobsFormat.swf!(parquet, {})), WHOLE);
  const back = jobsFormat.swf!(csv, {});
  t.deepEqual(records(text(back)), records(WHOLE));
  t.true(back.header.some((line) => line[0] === 'UnixStartTime' && line[1] === 825_000_000));
  // What was read from either form is written to the same bytes again.
  for (const path of [csv, parquet]) {
    t.deepEqual([...csvLines(jobsFormat.columns(path, {}))], [...csvLines(table)], path);
  }
  const withProcs = text(swfFormat.swf!(swf, { procs: 16 }));
  t.deepEqual(
    withProcs.filter((line) => line.includes('MaxProcs')),
    ['; MaxProcs: 16'],
  );
});

test('what SWF says and columns do not is listed', (t) => {
  const alea = `${record({ 1: 1, 2: 1e9, 4: 5, 5: 1 })} {a} q p\n`;
  t.deepEqual(swfFormat.columns(testFile(t, alea), {}).notRepresented, [
    'node lists, names of queues and properties of Alea',
  ]);
  const unordered = `${record({ 1: 1, 2: 9, 4: 5, 5: 1 })}\n${record({ 1: 2, 2: 3, 4: 5, 5: 1 })}\n`;
  t.deepEqual(swfFormat.swf!(testFile(t, unordered), {}).notRepresented, [
    'the order of 1 lines (jobs are sorted by submission)',
  ]);
});

test('machines, series and needs are read back from both forms as they were written', (t) => {
  const of = (name: string) => TRACE_FILES.find((format) => format.name === name)!;
  for (const [name, kind] of [
    ['azure-vms', 'machines'],
    ['google-2011', 'machines'],
    ['ec2-spot', 'series'],
    ['bitbrains', 'series'],
    ['needs-csv', 'needs-csv'],
  ] as const) {
    const table = of(name).columns(testFile(t, SAMPLES[name]!, 'a.txt'), {});
    const lines = [...csvLines(table)];
    const csv = testFile(t, `${lines.join('\n')}\n`, 'a.csv');
    const parquet = testFile(t, parquetBytes(table), 'a.parquet');
    for (const path of [csv, parquet]) {
      const found = recogniseFormat(path);
      t.is(found.name, kind, path);
      t.deepEqual([...csvLines(found.columns(path, {}))], lines, path);
    }
    t.deepEqual(recogniseFormat(parquet).columns(parquet, {}).notes, table.notes);
  }
});

test('names that a spreadsheet would run, and such that only look so, come back', (t) => {
  const names = [
    '=1+1',
    "'=1",
    '-x',
    "'",
    "'a",
    '+/==',
    '@',
    ' padded ',
    'a "b", c',
    'two\nlines',
    '__proto__',
  ];
  const table = {
    rows: names.length,
    columns: [
      { name: 'series', type: 'STRING' as const, values: names },
      { name: 'seconds', type: 'DOUBLE' as const, values: names.map(() => 1) },
      { name: 'value', type: 'DOUBLE' as const, values: names.map((_, i) => i) },
    ],
  };
  const text = `${[...csvLines(table)].join('\n')}\n`;
  t.false(/^[=+\-@]/m.test(text.slice(text.indexOf('\n') + 1)));
  t.deepEqual(
    readCanonicalSeries(testFile(t, text)).series.map(({ name }) => name),
    names,
  );
});

test('a canonical table without its columns, or another one, is refused', (t) => {
  const path = testFile(t, 'job,submitSeconds\n1,2\n');
  t.regex(refusal(t, () => jobsFormat.columns(path, {}), 'INPUT_COLUMNS').message, /runSeconds/);
  const cut = testFile(t, 'series,seconds,value\na,1,2\nb,2');
  t.is(refusal(t, () => readCanonicalSeries(cut), 'INPUT_TRUNCATED').place?.line, 3);
});
