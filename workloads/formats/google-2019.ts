/**
 * `instance_events` of Google's cluster trace of 2019, as BigQuery exports them: one JSON object a
 * line, 64-bit numbers as text, microseconds, sizes as shares of the largest machine.
 */
import { member, parseJsonLine, type JsonValue } from '../json.ts';
import { textLines } from '../text-lines.ts';
import { secondsOfMicroseconds, TaskIntervals, type TaskEvent } from './google-tasks.ts';
import { machineFormat } from './machine-format.ts';
import { MachineRecorder, type MachineLog } from './machine-log.ts';
import type { TraceFormat } from './format.ts';

export const google2019Format: TraceFormat = machineFormat({
  name: 'google-2019',
  title: "instance_events of Google's cluster trace of 2019, JSON lines (tasks)",
  lost: ['machines, users and constraints'],
  description: "instance events of Google's cluster trace of 2019",
  recognises: (_fileName, head) =>
    /^\s*\{[^\n]*"instance_index"/.test(head) && /^\s*\{[^\n]*"collection_id"/.test(head),
  read: readGoogle2019,
});

/** Events by number; exports have either numbers or names. */
const EVENTS =
  'SUBMIT QUEUE ENABLE SCHEDULE EVICT FAIL FINISH KILL LOST UPDATE_PENDING UPDATE_RUNNING'.split(
    ' ',
  );
const KINDS: Readonly<Record<string, TaskEvent['kind']>> = Object.assign(Object.create(null), {
  SUBMIT: 'submit',
  QUEUE: 'other',
  ENABLE: 'other',
  SCHEDULE: 'schedule',
  EVICT: 'end',
  FAIL: 'end',
  FINISH: 'end',
  KILL: 'end',
  LOST: 'end',
  UPDATE_PENDING: 'update',
  UPDATE_RUNNING: 'update',
});
const START_SECONDS = 600;

/** @throws OcxError INPUT_JSON with line and column, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readGoogle2019(path: string): MachineLog {
  const recorder = new MachineRecorder(path);
  const tasks = new TaskIntervals(recorder, START_SECONDS);
  for (const { text, number } of textLines(path)) {
    if (text.trim() === '') continue;
    const { value } = parseJsonLine(path, text, number);
    const place = { line: number, column: 1 };
    const type = textOf(member(value, 'type'));
    const kind = eventKind(type);
    const job = textOf(member(value, 'collection_id'));
    if (kind === undefined || job === '') {
      recorder.aside.add(job === '' ? 'collectionUnknown' : 'eventUnknown', place);
      continue;
    }
    const request = member(value, 'resource_request');
    tasks.take(
      {
        kind,
        seconds: secondsOfMicroseconds(textOf(member(value, 'time'))),
        job,
        task: textOf(member(value, 'instance_index')),
        cpu: amount(member(request, 'cpus')),
        memory: amount(member(request, 'memory')),
        category: textOf(member(value, 'priority')),
      },
      place,
    );
  }
  tasks.finish();
  return recorder.finish('google-2019', true, [
    'sizes are shares of the largest machine, which counts as one node',
  ]);
}

/** What an event, by number or name, does; undefined for none. */
export function eventKind(type: string): TaskEvent['kind'] | undefined {
  return KINDS[EVENTS[Number(type || 'NaN')] ?? type];
}

/** A number or text as text; empty for anything else. */
export function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function amount(value: JsonValue | undefined): number | null {
  return typeof value === 'number' ? value : null;
}
