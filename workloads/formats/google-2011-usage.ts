/**
 * `task_usage` of Google's cluster trace of 2011, version 2.1 (Reiss et al. 2011): CSV without a
 * header. Kept is the mean use of processors of each measurement, at its start.
 */
import { CSV_OPTIONS, delimitedRows, numberIn, refuseCutOff } from '../delimited.ts';
import type { TraceFile } from './format.ts';
import { secondsOfMicroseconds } from './google-tasks.ts';
import { seriesFormat } from './series-format.ts';
import { SeriesRecorder, type SeriesLog } from './series-log.ts';

export const google2011UsageFormat: TraceFile = seriesFormat({
  name: 'google-2011-usage',
  title: "task_usage of Google's cluster trace of 2011 (utilisation)",
  lost: ['all but the mean use of processors'],
  recognises: (fileName, head) =>
    (/task[_-]usage/.test(fileName) && /\.csv(\.gz|\.zst)?$/.test(fileName)) ||
    /^(#[^\n]*\n)?\d+,\d+,\d+,\d+,\d*,[\d.]+(,[^,\n]*){13,14}\r?\n/.test(head),
  read: (path) => readGoogle2011Usage(path),
});

/** The first version has 19 columns, later ones 20. */
const LEAST_FIELDS = 19;
const MOST_FIELDS = 20;
const [START, , JOB, TASK, , CPU] = Array(MOST_FIELDS).keys();

/** @throws OcxError INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readGoogle2011Usage(path: string): SeriesLog {
  const recorder = new SeriesRecorder(path);
  for (const row of delimitedRows(path, { ...CSV_OPTIONS, comment: '#' })) {
    refuseCutOff(path, row, LEAST_FIELDS);
    if (row.fields.length < LEAST_FIELDS || row.fields.length > MOST_FIELDS) {
      recorder.aside.add('fieldCount', row.placeOf(0));
      continue;
    }
    const seconds = secondsOfMicroseconds(row.text(START!));
    const known = seconds !== null && !Number.isNaN(seconds);
    const name = `${row.text(JOB!)}/${row.text(TASK!)}`;
    recorder.add(name, seconds, numberIn(row.text(CPU!)), row.placeOf(known ? CPU! : START!));
  }
  return recorder.finish({
    format: 'google-2011-usage',
    unit: 'share of the largest machine',
    absolute: false,
    oddities: ['only the mean use of processors is kept'],
  });
}
