/** What all formats of batch jobs share: recorder, columns, the way to SWF and back. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { csvLines } from '../../workloads/column-table.ts';
import { BatchRecorder, UNKNOWN_RECORD } from '../../workloads/formats/batch-log.ts';
import { csvFormat } from '../../workloads/formats/csv-jobs.ts';
import { recogniseFormat, TRACE_FILES } from '../../workloads/formats/registry.ts';
import { sacctFormat } from '../../workloads/formats/sacct.ts';
import { swfText } from '../../workloads/formats/swf-writer.ts';
import { swfFormat } from '../../workloads/formats/swf-trace.ts';
import { refusal, testFile, testFolder } from './files.ts';

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
  t.is(recogniseFormat(csv).name, 'csv');
  const direct = sacctFormat.swf!(path, {});
  const back = csvFormat.swf!(csv, {});
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
  ]);
  t.true(direct.header.some(([label, value]) => label === 'Partition' && value === '1 long,er'));
  const swf = testFile(t, [...swfText(direct.jobs, direct.header, direct.details)].join(''));
  t.is(swfFormat.inspect(swf, {}).records, 2);
});

test('no two formats take the same names, and none takes a file of words', (t) => {
  t.is(new Set(TRACE_FILES.map(({ name }) => name)).size, TRACE_FILES.length);
  for (const format of TRACE_FILES) t.false(format.recognises('notes.txt', 'hello\n'), format.name);
});
