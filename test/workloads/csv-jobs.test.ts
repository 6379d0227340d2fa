/** Jobs in any CSV file by a map of columns. */
import test from 'ava';
import { readCsvJobs } from '../../workloads/formats/csv-jobs.ts';
import { loadDemand } from '../../workloads/source.ts';
import { batchContext, refusal, testFile } from './files.ts';

const TEXT =
  'Name,When,Took,Asked,Width\na,2022-03-07 10:00:00,90000,60,4\nb,2022-03-07 11:00:00,500,60,8\n';
const COLUMNS = {
  id: 'Name',
  submit: 'When',
  run: 'Took:ms',
  requested: 'Asked:min',
  nodes: 'Width',
};

test('columns are mapped with their units, dates count from 1970', (t) => {
  const log = readCsvJobs(testFile(t, TEXT), { columns: COLUMNS });
  t.deepEqual(log.ids, ['a', 'b']);
  t.deepEqual([...log.jobs.runSeconds], [90, 0.5]);
  t.deepEqual([...log.jobs.estimateSeconds], [3_600, 3_600]);
  t.deepEqual([...log.nodes!], [4, 8]);
  t.is(log.header.unixStartSeconds, Date.parse('2022-03-07T10:00:00Z') / 1000);
});

test('without a header columns have numbers; start and end give wait and run', (t) => {
  const columns = { submit: '#1', start: '#2', end: '#3', processors: '#4' };
  const log = readCsvJobs(testFile(t, '0,5,65,2\n10,12,112,4\n'), { columns });
  t.deepEqual([...log.details!.waitSeconds], [5, 2]);
  t.deepEqual([...log.jobs.runSeconds], [60, 100]);
  t.deepEqual(log.ids, ['1', '2']);
  t.is(log.header.unixStartSeconds, null);
});

test('rows of another length and words for numbers are set aside with their place', (t) => {
  const text = `${TEXT}c,2022-03-07 12:00:00,1\nd,2022-03-07 12:00:00,long,60,1\ne,never,1,60,1\n`;
  const log = readCsvJobs(testFile(t, text), { columns: COLUMNS });
  t.deepEqual(log.quarantined, [
    { reason: 'fieldCount', line: 4, column: 1 },
    { reason: 'notANumber', line: 5, column: 23 },
    { reason: 'submitUnknown', line: 6, column: 3 },
  ]);
});

test('a wrong map is refused by what is missing', (t) => {
  const path = testFile(t, TEXT);
  for (const [columns, says] of [
    [{ ...COLUMNS, submit: 'Then' }, /no column "Then"/],
    [{ ...COLUMNS, color: 'Name' }, /no field is called "color"/],
    [{ run: 'Took' }, /submit/],
    [{ submit: 'When' }, /run or end/],
  ] as const) {
    t.regex(refusal(t, () => readCsvJobs(path, { columns }), 'INPUT_COLUMNS').message, says);
  }
  const cut = testFile(t, TEXT.slice(0, -6));
  t.is(refusal(t, () => readCsvJobs(cut, { columns: COLUMNS }), 'INPUT_TRUNCATED').place?.line, 3);
});

test('a scenario gives the map as a table', (t) => {
  const rows = Array.from({ length: 240 }, (_, hour) => `${hour * 3_600},600,2`).join('\n');
  const trace = testFile(t, `at,run,nodes\n${rows}\n`, 'jobs.csv');
  const columns = { submit: 'at', run: 'run', nodes: 'nodes' };
  const { demand } = loadDemand({ trace, format: 'csv', columns }, batchContext());
  t.is(demand.kind === 'batch' && demand.jobs.count, 168);
  const wrong = { trace, format: 'csv', columns: { ...columns, colour: 'x' } };
  refusal(t, () => loadDemand(wrong, batchContext()), 'INPUT_UNKNOWN_KEY');
});
