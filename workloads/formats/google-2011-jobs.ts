/**
 * `job_events` of Google's cluster trace of 2011, version 2.1 (Reiss et al. 2011): CSV without a
 * header, 8 columns, microseconds.
 */
import { CSV_OPTIONS, delimitedRows, numberIn, refuseCutOff } from '../delimited.ts';
import type { TraceFile } from './format.ts';
import { JobCounts, type JobEventKind } from './google-job-counts.ts';
import { secondsOfMicroseconds } from './google-tasks.ts';
import { seriesFormat } from './series-format.ts';
import { SeriesRecorder, type SeriesLog } from './series-log.ts';

export const google2011JobsFormat: TraceFile = seriesFormat({
  name: 'google-2011-jobs',
  title: "job_events of Google's cluster trace of 2011 (jobs waiting and running)",
  lost: ['names, users and classes of jobs'],
  recognises: (fileName, head) =>
    (/job[_-]events/.test(fileName) && /\.csv(\.gz|\.zst)?$/.test(fileName)) ||
    /^(#[^\n]*\n)?\d+,\d*,\d+,[0-8],[^,\n]*,[0-3]?,[^,\n]*,[^,\n]*\r?\n/.test(head),
  read: (path) => readGoogle2011Jobs(path),
});

const FIELDS = 8;
const [TIME, , JOB, EVENT] = Array(FIELDS).keys();
const KINDS: readonly JobEventKind[] = [
  'submit',
  'schedule',
  'end',
  'end',
  'end',
  'end',
  'end',
  'other',
  'other',
];

/** @throws OcxError INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readGoogle2011Jobs(path: string): SeriesLog {
  const recorder = new SeriesRecorder(path);
  const counts = new JobCounts(recorder);
  for (const row of delimitedRows(path, { ...CSV_OPTIONS, comment: '#' })) {
    refuseCutOff(path, row, FIELDS);
    const kind = KINDS[numberIn(row.text(EVENT!)) ?? -1];
    if (row.fields.length !== FIELDS || kind === undefined) {
      const short = row.fields.length !== FIELDS;
      recorder.aside.add(short ? 'fieldCount' : 'eventUnknown', row.placeOf(short ? 0 : EVENT!));
      continue;
    }
    counts.take(kind, row.text(JOB!), secondsOfMicroseconds(row.text(TIME!)), row.placeOf(TIME!));
  }
  return recorder.finish({
    format: 'google-2011-jobs',
    unit: 'jobs',
    absolute: false,
    holds: true,
    oddities: ['jobs have no sizes: those are in task_events'],
  });
}
