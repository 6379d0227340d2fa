/**
 * Tasks of OpenDC's traces (its documentation, "Workload"), Parquet: times and durations in
 * milliseconds, memory in MB; rows in no order.
 */
import { OcxError } from '../../core/kernel/errors.ts';
import { readParquet, type ParquetValue } from '../parquet-reader.ts';
import { batchFormat } from './batch-format.ts';
import { BatchRecorder, countsFrom1970, UNKNOWN_RECORD, type BatchLog } from './batch-log.ts';
import type { TraceFormat } from './format.ts';

export const openDcFormat: TraceFormat = batchFormat({
  name: 'opendc',
  title: 'tasks of OpenDC, Parquet (batch jobs)',
  lost: ['speed of processors and deadlines'],
  description: 'tasks of OpenDC',
  recognises: (_fileName, head) =>
    head.startsWith('PAR1') && head.includes('submission_time') && head.includes('cpu_count'),
  read: readOpenDc,
});

const REQUIRED = ['id', 'submission_time', 'duration', 'cpu_count'];
const MILLISECONDS = 1_000;

/** @throws OcxError INPUT_PARQUET, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readOpenDc(path: string): BatchLog {
  const table = readParquet(path, [...REQUIRED, 'mem_capacity', 'deadline']);
  const missing = REQUIRED.filter((name) => !table.columns.has(name));
  if (missing.length > 0) {
    throw new OcxError({
      code: 'INPUT_PARQUET',
      message: `the table has no column ${missing.join(', ')}`,
      place: { file: path },
      remedy: 'check that this is a table of tasks',
    });
  }
  const recorder = new BatchRecorder(path);
  const value = (name: string, row: number) => table.columns.get(name)?.[row] ?? null;
  let first = -1;
  for (let row = 0; row < table.rows; row++) {
    const submit = numberOf(value('submission_time', row));
    const duration = numberOf(value('duration', row));
    const submitSeconds = submit === null ? -1 : submit / MILLISECONDS;
    if (first < 0) first = submitSeconds;
    recorder.add(
      {
        ...UNKNOWN_RECORD,
        id: String(value('id', row) ?? row + 1),
        submitSeconds,
        runSeconds: duration === null ? -1 : duration / MILLISECONDS,
        requested: numberOf(value('cpu_count', row)) ?? -1,
        memoryMib: numberOf(value('mem_capacity', row)) ?? -1,
      },
      { line: row + 1, column: 1 },
    );
  }
  const oddities = ['places of records are rows of the table'];
  if (table.columns.has('deadline')) oddities.push('deadlines of tasks are not kept');
  return recorder.finish(
    { format: 'opendc', absolute: countsFrom1970(first), oddities },
    table.rows,
  );
}

/** A number, also of a 64-bit integer or an instant; null for anything else. */
function numberOf(value: ParquetValue): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return value instanceof Date ? value.getTime() : null;
}
