/**
 * `collection_events` of Google's cluster trace of 2019, as BigQuery exports them: one JSON object a
 * line, 64-bit numbers as text, microseconds.
 */
import { member, parseJsonLine } from '../json.ts';
import { textLines } from '../text-lines.ts';
import type { TraceFile } from './format.ts';
import { eventKind, textOf } from './google-2019.ts';
import { JobCounts } from './google-job-counts.ts';
import { secondsOfMicroseconds } from './google-tasks.ts';
import { seriesFormat } from './series-format.ts';
import { SeriesRecorder, type SeriesLog } from './series-log.ts';

export const google2019CollectionsFormat: TraceFile = seriesFormat({
  name: 'google-2019-collections',
  title:
    "collection_events of Google's cluster trace of 2019, JSON lines (jobs waiting and running)",
  lost: ['names, users, priorities and parents'],
  recognises: (_fileName, head) =>
    /^\s*\{[^\n]*"collection_id"/.test(head) && !/^\s*\{[^\n]*"instance_index"/.test(head),
  read: (path) => readGoogle2019Collections(path),
});

/** @throws OcxError INPUT_JSON with line and column, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readGoogle2019Collections(path: string): SeriesLog {
  const recorder = new SeriesRecorder(path);
  const counts = new JobCounts(recorder);
  for (const { text, number } of textLines(path)) {
    if (text.trim() === '') continue;
    const { value } = parseJsonLine(path, text, number);
    const place = { line: number, column: 1 };
    const kind = eventKind(textOf(member(value, 'type')));
    const id = textOf(member(value, 'collection_id'));
    if (kind === undefined || id === '') {
      recorder.aside.add(id === '' ? 'collectionUnknown' : 'eventUnknown', place);
      continue;
    }
    const seconds = secondsOfMicroseconds(textOf(member(value, 'time')));
    counts.take(kind === 'update' ? 'other' : kind, id, seconds, place);
  }
  return recorder.finish({
    format: 'google-2019-collections',
    unit: 'collections',
    absolute: false,
    holds: true,
    oddities: ['collections have no sizes: those are in instance_events'],
  });
}
