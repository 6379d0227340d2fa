/**
 * Batch jobs as `ocx trace convert` and `ocx trace generate` write them, CSV or Parquet: every
 * number and name is read as it was, so that nothing is lost on the way back to SWF.
 */
import { numberIn } from '../delimited.ts';
import { openTable, type TableFile, type TableRow } from '../table-rows.ts';
import { HEADER_NOTE } from './batch-columns.ts';
import { batchFormat, timeZoneField } from './batch-format.ts';
import { BatchRecorder, UNKNOWN_RECORD, type BatchLog, type BatchRecord } from './batch-log.ts';
import type { TraceFormat, TraceOptions } from './format.ts';
import { refuseColumns } from './canonical-table.ts';
import { REST_NAMES, type RestField } from './swf-columns.ts';
import { SwfHeaderReader, type SwfHeader } from './swf-header.ts';

export const jobsFormat: TraceFormat = batchFormat({
  name: 'jobs',
  title: 'jobs as ocx trace convert and generate write them, CSV or Parquet (batch jobs)',
  description: 'jobs as ocx writes them, CSV or Parquet',
  // A table does not say where it came from; only Parquet can say that it was made up.
  label: 'derived',
  fields: timeZoneField,
  recognises: (_fileName, head) =>
    /^(\uFEFF)?job,submitSeconds,(wait|run)Seconds,/.test(head) ||
    (head.startsWith('PAR1') && head.includes('submitSeconds') && head.includes('runSeconds')),
  read: readCanonicalJobs,
});

/** Numbers, by the canonical name of their column. */
const NUMBERS = [
  'job',
  'submitSeconds',
  'submitUnixSeconds',
  'waitSeconds',
  'runSeconds',
  'requestedSeconds',
  'estimateSeconds',
  'allocatedProcessors',
  'requestedProcessors',
  'nodes',
  'status',
  'user',
  'queue',
  'partition',
  'memoryMib',
  ...REST_NAMES,
] as const;
const TEXTS = ['id', 'userName', 'queueName', 'partitionName'] as const;
type NumberColumn = (typeof NUMBERS)[number];

/**
 * Reads jobs.
 *
 * @throws OcxError INPUT_COLUMNS where it is another table, INPUT_CSV, INPUT_PARQUET,
 * INPUT_TRUNCATED, INPUT_NO_ROWS, …
 */
export function readCanonicalJobs(path: string, options: TraceOptions = {}): BatchLog {
  const table = openTable(path, [...NUMBERS, ...TEXTS]);
  refuseColumns(path, table, ['submitSeconds', 'runSeconds']);
  const recorder = new BatchRecorder(path, table.names.has('job'));
  let lines = 0;
  let unixStart: number | null = null;
  for (const row of table.rows) {
    lines = row.line;
    if (!row.complete) {
      recorder.aside.add('fieldCount', row.placeOf(''));
      continue;
    }
    const wrong = NUMBERS.find(
      (name) => row.text(name) !== '' && numberIn(row.text(name)) === null,
    );
    if (wrong !== undefined) {
      recorder.aside.add('notANumber', row.placeOf(wrong));
      continue;
    }
    const record = recordOf(row, table.names);
    const unix = numberOf(row, 'submitUnixSeconds', NaN);
    if (unixStart === null && !Number.isNaN(unix)) unixStart = unix - record.submitSeconds;
    recorder.add(record, row.placeOf('submitSeconds'));
  }
  const header = headerOf(table, unixStart, options);
  return recorder.finish({ format: 'jobs', absolute: false, header }, lines);
}

function numberOf(row: TableRow, column: NumberColumn, unknown: number): number {
  return numberIn(row.text(column)) ?? unknown;
}

function recordOf(row: TableRow, names: ReadonlySet<string>): BatchRecord {
  const number = (column: NumberColumn) => numberOf(row, column, -1);
  const rest = Object.fromEntries(REST_NAMES.map((name) => [name, number(name)]));
  return {
    ...UNKNOWN_RECORD,
    id: row.text('id') || row.text('job'),
    submitSeconds: number('submitSeconds'),
    waitSeconds: number('waitSeconds'),
    runSeconds: number('runSeconds'),
    requestedSeconds:
      number('requestedSeconds') >= 0 ? number('requestedSeconds') : number('estimateSeconds'),
    allocated: number('allocatedProcessors'),
    // What ocx trace generate makes are jobs on nodes.
    requested: number(names.has('requestedProcessors') ? 'requestedProcessors' : 'nodes'),
    nodes: number('nodes'),
    status: number('status'),
    user: row.text('userName'),
    queue: row.text('queueName'),
    partition: row.text('partitionName'),
    memoryMib: number('memoryMib'),
    numbers: {
      job: number('job'),
      userNumber: number('user'),
      queueNumber: number('queue'),
      partitionNumber: number('partition'),
      ...(rest as Record<RestField, number>),
    },
  };
}

/** As noted in the file; without a note what the columns and the user say. */
function headerOf(table: TableFile, unixStart: number | null, options: TraceOptions): SwfHeader {
  const reader = new SwfHeaderReader();
  const lines = linesIn(table.notes.get(HEADER_NOTE));
  for (const line of lines) reader.add(line);
  const header = reader.finish();
  return {
    ...header,
    unixStartSeconds: header.unixStartSeconds ?? unixStart,
    timeZone: options.timeZone ?? header.timeZone,
  };
}

function linesIn(note: string | undefined): string[] {
  try {
    const lines: unknown = JSON.parse(note ?? '[]');
    return Array.isArray(lines) ? lines.filter((line) => typeof line === 'string') : [];
  } catch {
    // Somebody else's note under our name: then there is no header.
    return [];
  }
}
