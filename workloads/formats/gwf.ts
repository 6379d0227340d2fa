/**
 * Grid Workload Format (Grid Workloads Archive; Iosup et al. 2008): 29 columns between white space,
 * comments behind `#`, −1 for unknown. Also the dialect with commas and a header of column names.
 */
import { delimitedRows, headedRows, numberIn, refuseCutOff } from '../delimited.ts';
import type { DelimitedRow, HeaderColumns } from '../delimited.ts';
import { textLines } from '../text-lines.ts';
import { batchFormat } from './batch-format.ts';
import { BatchRecorder, countsFrom1970, UNKNOWN_RECORD, type BatchLog } from './batch-log.ts';
import type { TraceFormat } from './format.ts';

export const gwfFormat: TraceFormat = batchFormat({
  name: 'gwf',
  title: 'Grid Workload Format of the Grid Workloads Archive (batch jobs)',
  lost: ['dependencies, sites, network and disks'],
  description: 'a log in the Grid Workload Format',
  recognises: (fileName, head) =>
    /\.gwf(\.gz|\.zst)?$/.test(fileName) ||
    /^(WorkflowID\s*,\s*)?JobID\s*,\s*SubmitTime\s*,/.test(head) ||
    /^#\s*JobID\s+SubmitTime\s/m.test(head),
  read: readGwf,
});

const NAMES = (
  'JobID SubmitTime WaitTime RunTime NProcs AverageCPUTimeUsed UsedMemory ReqNProcs ReqTime ' +
  'ReqMemory Status UserID GroupID ExecutableID QueueID PartitionID'
).split(' ');
/** Columns up to the status; what stands behind is used where it is there. */
const LEAST_FIELDS = 11;

/** @throws OcxError INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readGwf(path: string): BatchLog {
  const recorder = new BatchRecorder(path);
  let first = -1;
  let lines = 0;
  const oddities: string[] = [];
  const take = (row: DelimitedRow, find: (name: string) => number) => {
    lines = row.line;
    const text = (name: string) => row.text(find(name));
    const number = (name: string) => numberIn(text(name)) ?? -1;
    const submit = number('SubmitTime');
    if (first < 0) first = submit;
    const status = number('Status');
    const known = (name: string) => (text(name) === '-1' ? '' : text(name));
    recorder.add(
      {
        ...UNKNOWN_RECORD,
        id: text('JobID'),
        submitSeconds: submit,
        waitSeconds: number('WaitTime'),
        runSeconds: number('RunTime'),
        requestedSeconds: number('ReqTime'),
        allocated: number('NProcs'),
        requested: number('ReqNProcs'),
        status: [0, 1, 5].includes(status) ? status : -1,
        user: known('UserID'),
        queue: known('QueueID'),
        partition: known('PartitionID'),
      },
      row.placeOf(Math.max(0, find('SubmitTime'))),
    );
  };
  const header = namedHeader(path);
  if (header === null) readColumns(path, recorder, take);
  else {
    for (const row of header.rows) take(row, (name) => header.header.find(name));
    if (header.header.find('Dependencies') >= 0)
      oddities.push('dependencies of tasks are not kept');
  }
  return recorder.finish({ format: 'gwf', absolute: countsFrom1970(first), oddities }, lines);
}

function namedHeader(
  path: string,
): { header: HeaderColumns; rows: Generator<DelimitedRow> } | null {
  for (const { text } of textLines(path)) {
    if (text.trim() === '' || text.startsWith('#')) continue;
    if (!/^\s*[A-Za-z]\w*\s*,/.test(text)) return null;
    return headedRows(path, { separator: ',', quotes: false, comment: '#' });
  }
  return null;
}

function readColumns(
  path: string,
  recorder: BatchRecorder,
  take: (row: DelimitedRow, find: (name: string) => number) => void,
): void {
  const positions = new Map(NAMES.map((name, index) => [name, index]));
  for (const line of delimitedRows(path, { separator: '\n', quotes: false, comment: '#' })) {
    const row = line.splitAtSpace();
    if (row.fields.length < LEAST_FIELDS) {
      refuseCutOff(path, row, LEAST_FIELDS);
      recorder.aside.add('fieldCount', row.placeOf(0));
    } else take(row, (name) => positions.get(name) ?? -1);
  }
}
