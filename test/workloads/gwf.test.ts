/** The Grid Workload Format and its dialect with commas. */
import test from 'ava';
import { readGwf } from '../../workloads/formats/gwf.ts';
import { recogniseFormat } from '../../workloads/formats/registry.ts';
import { refusal, testFile } from './files.ts';

const row = (fields: Readonly<Record<number, string | number>>) =>
  Array.from({ length: 29 }, (_, index) => fields[index + 1] ?? -1).join('\t');

test('29 columns are read, unknown ones stay unknown, comments are skipped', (t) => {
  const text = [
    '# Grid Workload Format',
    '# JobID SubmitTime WaitTime',
    row({ 1: 7, 2: 1_100_000_000, 3: 5, 4: 60, 5: 2, 8: 4, 9: 120, 11: 1, 12: 'user9', 15: 'q1' }),
    row({ 1: 8, 2: 1_100_000_010, 4: 30.5, 5: 1, 11: 77 }),
  ].join('\n');
  const path = testFile(t, `${text}\n`, 'grid.gwf');
  t.is(recogniseFormat(path).name, 'gwf');
  const log = readGwf(path);
  t.is(log.header.unixStartSeconds, 1_100_000_000);
  t.deepEqual([...log.jobs.runSeconds], [60, 30.5]);
  t.deepEqual([...log.jobs.processors], [2, 1]);
  t.deepEqual([...log.jobs.user], [1, -1]);
  t.deepEqual([...log.details!.status], [1, -1]);
  t.is(log.header.queues.get(1), 'q1');
});

test('the dialect with commas is read by its header', (t) => {
  const text =
    'WorkflowID, JobID , SubmitTime, RunTime, NProcs, ReqNProcs, Dependencies\n0, 1, 16, 11, 1, 2,\n0, 2, 10, 11, 1, 1, 1\n';
  const log = readGwf(testFile(t, text, 'a.gwf'));
  t.deepEqual(log.ids, ['2', '1']);
  t.is(log.header.unixStartSeconds, null);
  t.true(log.header.oddities[0]!.includes('dependencies'));
});

test('short rows are set aside, words for times too, a cut row is refused', (t) => {
  const good = row({ 1: 1, 2: 5, 4: 1, 5: 1 });
  const log = readGwf(testFile(t, `1 2 3\n${row({ 1: 2, 2: 'soon' })}\n${good}\n`, 'a.gwf'));
  t.deepEqual(log.quarantined, [
    { reason: 'fieldCount', line: 1, column: 1 },
    { reason: 'submitUnknown', line: 2, column: 3 },
  ]);
  refusal(t, () => readGwf(testFile(t, `${good}\n1\t2`, 'a.gwf')), 'INPUT_TRUNCATED');
  refusal(t, () => readGwf(testFile(t, '# nothing\n', 'a.gwf')), 'INPUT_NO_ROWS');
});
