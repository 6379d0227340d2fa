/**
 * `task_events` of Google's cluster trace of 2011, version 2.1 (Reiss et al. 2011): CSV without a
 * header, 13 columns, microseconds, sizes as shares of the largest machine.
 */
import { numberIn } from '../delimited.ts';
import { google2011Events, LIFE_EVENTS, type EventTable } from './google-2011-events.ts';
import { secondsOfMicroseconds, TaskIntervals, type TaskEvent } from './google-tasks.ts';
import { machineFormat } from './machine-format.ts';
import { MachineRecorder, type MachineLog } from './machine-log.ts';
import type { TraceFormat } from './format.ts';

export const google2011Format: TraceFormat = machineFormat({
  name: 'google-2011',
  title: "task_events of Google's cluster trace of 2011 (tasks)",
  lost: ['machines, users, disks and constraints'],
  description: "task events of Google's cluster trace of 2011",
  recognises: (fileName, head) =>
    (/task[_-]events/.test(fileName) && /\.csv(\.gz|\.zst)?$/.test(fileName)) ||
    /^(#[^\n]*\n)?\d+,\d*,\d+,\d+,\d*,[0-8],[^,\n]*,[0-3],\d+,/.test(head),
  read: readGoogle2011,
});

const FIELDS = 13;
const [TIME, , JOB, TASK, , EVENT, , , PRIORITY, CPU, MEMORY] = Array(FIELDS).keys();
const TABLE: EventTable<TaskEvent['kind']> = {
  fields: FIELDS,
  event: EVENT!,
  kinds: [...LIFE_EVENTS, 'update', 'update'],
};
/** The trace begins at 600 s; what is there at 0 was there before. */
const START_SECONDS = 600;

/** @throws OcxError INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readGoogle2011(path: string): MachineLog {
  const recorder = new MachineRecorder(path);
  const tasks = new TaskIntervals(recorder, START_SECONDS);
  for (const { kind, row } of google2011Events(path, TABLE, recorder.aside)) {
    tasks.take(
      {
        kind,
        seconds: secondsOfMicroseconds(row.text(TIME!)),
        job: row.text(JOB!),
        task: row.text(TASK!),
        cpu: numberIn(row.text(CPU!)),
        memory: numberIn(row.text(MEMORY!)),
        category: row.text(PRIORITY!),
      },
      row.placeOf(TIME!),
    );
  }
  tasks.finish();
  return recorder.finish('google-2011', true, [
    'sizes are shares of the largest machine, which counts as one node',
  ]);
}
