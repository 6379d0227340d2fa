/** Parquet: OpenDC's tables, damaged and hostile files. */
import test from 'ava';
import { randomStream } from '../../core/kernel/random.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import type { ColumnTable } from '../../workloads/column-table.ts';
import { readOpenDcFragments } from '../../workloads/formats/opendc-fragments.ts';
import { readOpenDc } from '../../workloads/formats/opendc.ts';
import { recogniseFormat } from '../../workloads/formats/registry.ts';
import { parquetBytes } from '../../workloads/parquet.ts';
import { readParquet } from '../../workloads/parquet-reader.ts';
import { refusal, testFile } from './files.ts';

const START_MS = 1_664_575_200_000;

function tasks(rows: number): ColumnTable {
  const numbers = (value: (row: number) => number) =>
    Array.from({ length: rows }, (_, row) => value(row));
  return {
    rows,
    columns: [
      { name: 'id', type: 'INT32', values: numbers((row) => row + 1) },
      {
        name: 'submission_time',
        type: 'INT64',
        values: numbers((row) => START_MS + ((row * 7) % rows) * 60_000),
      },
      { name: 'duration', type: 'INT64', values: numbers((row) => (row % 5) * 1_500) },
      { name: 'cpu_count', type: 'INT32', values: numbers(() => 16) },
      { name: 'cpu_capacity', type: 'DOUBLE', values: numbers(() => 2_600.5) },
      { name: 'mem_capacity', type: 'INT64', values: numbers(() => 100_000) },
    ],
  };
}

test('tasks are put into order, milliseconds become seconds, memory is kept', (t) => {
  const path = testFile(t, parquetBytes(tasks(100)), 'tasks.parquet');
  t.is(recogniseFormat(path).name, 'opendc');
  const log = readOpenDc(path);
  t.is(log.jobs.count, 100);
  t.is(log.header.unixStartSeconds, START_MS / 1_000);
  t.deepEqual(
    [...log.jobs.submitSeconds],
    Array.from({ length: 100 }, (_, i) => i * 60),
  );
  t.is(log.ids[1], '44');
  t.is(log.jobs.runSeconds[1], (43 % 5) * 1.5);
  t.is(log.memoryMib![0], 100_000);
  t.true(log.outOfOrder > 0);
});

test('fragments follow each other within their task', (t) => {
  const table: ColumnTable = {
    rows: 4,
    columns: [
      { name: 'id', type: 'STRING', values: ['a', 'b', 'a', 'a'] },
      { name: 'duration', type: 'INT64', values: [300_000, 300_000, 1_313_221_000, 300_000] },
      { name: 'cpu_usage', type: 'DOUBLE', values: [1, 2, 3, 4] },
    ],
  };
  const path = testFile(t, parquetBytes(table), 'fragments.parquet');
  t.is(recogniseFormat(path).name, 'opendc-fragments');
  const log = readOpenDcFragments(path);
  t.deepEqual([...log.series[0]!.seconds], [0, 300, 1_313_521]);
  t.deepEqual(log.suspicious, { longerThanADay: 1 });
});

test('other tables, cut files and files that are none are refused in one line', (t) => {
  const bytes = parquetBytes(tasks(50));
  const other = parquetBytes({ rows: 1, columns: [{ name: 'x', type: 'INT32', values: [1] }] });
  refusal(t, () => readOpenDc(testFile(t, other)), 'INPUT_PARQUET');
  refusal(t, () => readOpenDcFragments(testFile(t, other)), 'INPUT_PARQUET');
  refusal(t, () => readOpenDc(testFile(t, bytes.slice(0, -10))), 'INPUT_TRUNCATED');
  refusal(t, () => readOpenDc(testFile(t, 'PAR1')), 'INPUT_PARQUET');
  refusal(t, () => readOpenDc(testFile(t, 'PAR1\u0000\u0000\u0000\u0000PAR1')), 'INPUT_PARQUET');
  refusal(t, () => readOpenDc('/nowhere'), 'INPUT_FILE_UNREADABLE');
});

test('whatever a byte is changed to, a file is read or refused, and quickly', (t) => {
  const bytes = parquetBytes(tasks(200));
  const stream = randomStream({ seed: 5, replication: 0, entity: 'x', purpose: 'test.parquet' });
  let refused = 0;
  for (let round = 0; round < 400; round++) {
    const damaged = bytes.slice();
    const changes = 1 + stream.integer(3);
    for (let i = 0; i < changes; i++) {
      // The end holds the description of the columns.
      const at =
        round % 2 === 0 ? stream.integer(damaged.length) : damaged.length - 1 - stream.integer(700);
      damaged[at] = stream.integer(256);
    }
    const path = testFile(t, damaged, 'a.parquet');
    const started = performance.now();
    try {
      readParquet(path, ['id', 'submission_time', 'duration', 'cpu_count', 'mem_capacity']);
    } catch (error) {
      refused += 1;
      t.true(error instanceof OcxError, String(error));
    }
    t.true(performance.now() - started < 1_000);
  }
  t.true(refused > 50);
});
