/**
 * Jobs in any CSV file, by a map that says which column holds what. Without a map it reads what
 * `ocx trace convert --to csv` writes.
 */
import { Type } from 'typebox';
import { OcxError } from '../../core/kernel/errors.ts';
import { CSV_OPTIONS, delimitedRows, HeaderColumns, noRows, numberIn } from '../delimited.ts';
import { refuseCutOff, type DelimitedRow } from '../delimited.ts';
import { batchFormat, timeZoneField } from './batch-format.ts';
import { BatchRecorder, countsFrom1970, UNKNOWN_RECORD } from './batch-log.ts';
import type { BatchLog, BatchRecord } from './batch-log.ts';
import { readCanonicalJobs } from './canonical-jobs.ts';
import { LogClock } from './clock.ts';
import type { TraceFormat, TraceOptions } from './format.ts';

/** What a column may hold. */
const FIELDS = {
  id: 'name or number of the job',
  submit: 'when it was submitted: a number or a date',
  start: 'when it started',
  end: 'when it ended',
  wait: 'time from submission to start',
  run: 'time from start to end',
  requested: 'the estimate of its run',
  processors: 'processors that it had',
  requestedProcessors: 'processors that it asked for',
  nodes: 'whole nodes that it had',
  status: '1 completed, 0 failed, 5 cancelled, or the words',
  user: 'who submitted it',
  queue: 'its queue',
  partition: 'its partition',
  memory: 'its memory, MiB',
} as const;
type Field = keyof typeof FIELDS;
const FIELD_NAMES = Object.keys(FIELDS) as Field[];

const columnsField = {
  columns: Type.Optional(
    Type.Object(
      Object.fromEntries(
        FIELD_NAMES.map((field) => [
          field,
          Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: FIELDS[field] })),
        ]),
      ),
      {
        additionalProperties: false,
        description:
          'which column holds what: a name of the header or #1, #2, … where there is none, with ' +
          ':ms, :min or :h behind it where times are not in seconds',
      },
    ),
  ),
};

export const csvFormat: TraceFormat = batchFormat({
  name: 'csv',
  title: 'jobs in any CSV file, by --columns (batch jobs)',
  lost: ['columns that no field is mapped to'],
  description: 'jobs in a CSV file',
  fields: { ...columnsField, ...timeZoneField },
  // Never: only its user knows what its columns are.
  recognises: () => false,
  read: readCsvJobs,
});

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, min: 60, h: 3_600 };
const STATUS: ReadonlyMap<string, number> = new Map([
  ['completed', 1],
  ['failed', 0],
  ['cancelled', 5],
]);

interface Column {
  readonly position: number;
  readonly unitSeconds: number;
}

/**
 * Reads jobs.
 *
 * @throws OcxError INPUT_COLUMNS for a map with a field or a column that is not there;
 * INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, …
 */
export function readCsvJobs(path: string, options: TraceOptions = {}): BatchLog {
  const map = options.columns;
  if (map === undefined) return readCanonicalJobs(path, options);
  const rows = delimitedRows(path, CSV_OPTIONS);
  const numbered = Object.values(map).every((column) => column.startsWith('#'));
  const first = numbered ? null : rows.next();
  if (first?.done) throw noRows(path, 'the file holds no row');
  const header = first === null ? null : new HeaderColumns(path, first.value);
  const columns = resolveColumns(path, map, header);
  const recorder = new BatchRecorder(path);
  const clock = new LogClock(options.timeZone);
  let width = header?.width ?? 0;
  let lines = 0;
  let firstSubmit = -1;
  for (const row of rows) {
    lines = row.line;
    if (width === 0) width = row.fields.length;
    refuseCutOff(path, row, width);
    if (row.fields.length !== width) {
      recorder.aside.add('fieldCount', row.placeOf(0));
      continue;
    }
    const wrong = unreadable(row, columns);
    if (wrong !== null) {
      recorder.aside.add('notANumber', row.placeOf(wrong));
      continue;
    }
    const record = recordOf(row, columns, clock, recorder.count);
    if (record === null) {
      recorder.aside.add('endsBeforeItStarts', row.placeOf(columns.get('end')!.position));
      continue;
    }
    if (firstSubmit < 0) firstSubmit = record.submitSeconds;
    recorder.add(record, row.placeOf(columns.get('submit')!.position));
  }
  return recorder.finish(
    {
      format: 'csv',
      absolute: countsFrom1970(firstSubmit),
      timeZone: options.timeZone ?? null,
      oddities: clock.oddities(),
    },
    lines,
  );
}

function resolveColumns(
  path: string,
  map: Readonly<Record<string, string>>,
  header: HeaderColumns | null,
): Map<Field, Column> {
  const columns = new Map<Field, Column>();
  for (const [field, written] of Object.entries(map)) {
    if (!FIELD_NAMES.includes(field as Field)) {
      throw wrongMap(path, `no field is called ${JSON.stringify(field.slice(0, 60))}`);
    }
    const unit = /:(ms|s|min|h)$/.exec(written)?.[1];
    const name = unit === undefined ? written : written.slice(0, -unit.length - 1);
    const number = /^#(\d{1,4})$/.exec(name)?.[1];
    const position = number === undefined ? (header?.find(name) ?? -1) : Number(number) - 1;
    if (position < 0) {
      throw wrongMap(path, `the header has no column ${JSON.stringify(name.slice(0, 60))}`);
    }
    columns.set(field as Field, { position, unitSeconds: UNITS[unit ?? 's']! });
  }
  if (!columns.has('submit')) throw wrongMap(path, 'no column is named for submit');
  if (!columns.has('run') && !columns.has('end')) {
    throw wrongMap(path, 'no column is named for run or end');
  }
  return columns;
}

function wrongMap(path: string, message: string): OcxError {
  return new OcxError({
    code: 'INPUT_COLUMNS',
    message,
    place: { file: path, line: 1 },
    remedy: `map ${FIELD_NAMES.join(', ')} to columns, e.g. submit=Submitted,run=Seconds`,
  });
}

const NUMERIC: readonly Field[] = [
  'wait',
  'run',
  'requested',
  'processors',
  'requestedProcessors',
  'nodes',
  'memory',
];

/** Position of the first field that should be a number, or nothing, and is neither. */
function unreadable(row: DelimitedRow, columns: ReadonlyMap<Field, Column>): number | null {
  for (const field of NUMERIC) {
    const column = columns.get(field);
    if (column === undefined) continue;
    const text = row.text(column.position);
    if (text !== '' && numberIn(text) === null) return column.position;
  }
  return null;
}

/** Null where it ends before it starts. */
function recordOf(
  row: DelimitedRow,
  columns: ReadonlyMap<Field, Column>,
  clock: LogClock,
  index: number,
): BatchRecord | null {
  const text = (field: Field) => row.text(columns.get(field)?.position ?? -1);
  const amount = (field: Field) => {
    const value = numberIn(text(field));
    if (value === null) return -1;
    return value < 0 ? value : value * columns.get(field)!.unitSeconds;
  };
  const time = (field: Field) => {
    const seconds = clock.seconds(text(field));
    const unit = numberIn(text(field)) === null ? 1 : (columns.get(field)?.unitSeconds ?? 1);
    return seconds === null ? null : seconds * unit;
  };
  const submit = time('submit');
  const start = time('start');
  const end = time('end');
  const begun = start ?? (submit === null ? null : submit + Math.max(0, amount('wait')));
  if (end !== null && begun !== null && end < begun) return null;
  const status = text('status').toLowerCase();
  return {
    ...UNKNOWN_RECORD,
    id: text('id') || String(index + 1),
    submitSeconds: submit ?? -1,
    waitSeconds: start !== null && submit !== null ? start - submit : amount('wait'),
    runSeconds: columns.has('run') || end === null || begun === null ? amount('run') : end - begun,
    requestedSeconds: amount('requested'),
    allocated: amount('processors'),
    requested: amount('requestedProcessors'),
    nodes: amount('nodes'),
    status: STATUS.get(status) ?? (/^[0-5]$/.test(status) ? Number(status) : -1),
    user: text('user'),
    queue: text('queue'),
    partition: text('partition'),
    memoryMib: amount('memory'),
  };
}
