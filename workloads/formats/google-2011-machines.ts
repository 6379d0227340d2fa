/**
 * `machine_events` of Google's cluster trace of 2011, version 2.1 (Reiss et al. 2011): CSV without a
 * header. It becomes the cluster's size over time: machines, processors and memory.
 */
import { CSV_OPTIONS, delimitedRows, numberIn, refuseCutOff } from '../delimited.ts';
import type { TraceFile } from './format.ts';
import { secondsOfMicroseconds } from './google-tasks.ts';
import { seriesFormat } from './series-format.ts';
import { SeriesRecorder, type SeriesLog } from './series-log.ts';

export const google2011MachinesFormat: TraceFile = seriesFormat({
  name: 'google-2011-machines',
  title: "machine_events of Google's cluster trace of 2011 (supply)",
  lost: ['platforms of machines, and which they are'],
  recognises: (fileName, head) =>
    (/machine[_-]events/.test(fileName) && /\.csv(\.gz|\.zst)?$/.test(fileName)) ||
    /^(#[^\n]*\n)?\d+,\d+,[012],[^,\n]*,[\d.]*,[\d.]*\r?\n/.test(head),
  read: (path) => readGoogle2011Machines(path),
});

const FIELDS = 6;
const [TIME, MACHINE, EVENT, , CPU, MEMORY] = Array(FIELDS).keys();
const EVENTS = ['0', '1', '2'];
const REMOVE = '1';

/** @throws OcxError INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readGoogle2011Machines(path: string): SeriesLog {
  const recorder = new SeriesRecorder(path);
  const sizes = new Map<string, readonly [cpu: number, memory: number]>();
  let cpu = 0;
  let memory = 0;
  for (const row of delimitedRows(path, { ...CSV_OPTIONS, comment: '#' })) {
    refuseCutOff(path, row, FIELDS);
    const event = row.text(EVENT!);
    if (row.fields.length !== FIELDS || !EVENTS.includes(event)) {
      const short = row.fields.length !== FIELDS;
      recorder.aside.add(short ? 'fieldCount' : 'eventUnknown', row.placeOf(short ? 0 : EVENT!));
      continue;
    }
    const seconds = secondsOfMicroseconds(row.text(TIME!));
    if (seconds === null || Number.isNaN(seconds)) {
      recorder.aside.add('timeUnknown', row.placeOf(TIME!));
      continue;
    }
    const machine = row.text(MACHINE!);
    const before = sizes.get(machine);
    if (event === REMOVE && before === undefined) {
      recorder.aside.add('removedUnknown', row.placeOf(MACHINE!));
      continue;
    }
    const after = [numberIn(row.text(CPU!)) ?? 0, numberIn(row.text(MEMORY!)) ?? 0] as const;
    if (event === REMOVE) sizes.delete(machine);
    else sizes.set(machine, after);
    const [newCpu, newMemory] = event === REMOVE ? [0, 0] : after;
    cpu += newCpu - (before?.[0] ?? 0);
    memory += newMemory - (before?.[1] ?? 0);
    recorder.add('machines', seconds, sizes.size, row.placeOf(TIME!));
    recorder.add('processors', seconds, cpu, row.placeOf(CPU!));
    recorder.add('memory', seconds, memory, row.placeOf(MEMORY!));
  }
  return recorder.finish({
    format: 'google-2011-machines',
    unit: 'machines, or as many largest ones',
    absolute: false,
    holds: true,
  });
}
