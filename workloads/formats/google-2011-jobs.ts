/**
 * `job_events` of Google's cluster trace of 2011, version 2.1 (Reiss et al. 2011): CSV without a
 * header, 8 columns, microseconds.
 */
import type { TraceFile } from './format.ts';
import { google2011Events, LIFE_EVENTS, type EventTable } from './google-2011-events.ts';
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
const TABLE: EventTable<JobEventKind> = {
  fields: FIELDS,
  event: EVENT!,
  kinds: [...LIFE_EVENTS, 'other', 'other'],
};

/** @throws OcxError INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readGoogle2011Jobs(path: string): SeriesLog {
  const recorder = new SeriesRecorder(path);
  const counts = new JobCounts(recorder);
  for (const { kind, row } of google2011Events(path, TABLE, recorder.aside)) {
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
