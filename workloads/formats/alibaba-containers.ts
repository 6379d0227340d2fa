/**
 * `container_meta` of Alibaba's cluster trace of 2018: CSV without a header, 8 columns; a row is
 * what was known of a container at some time. It lives from its first row until one says that it
 * stopped.
 */
import { CSV_OPTIONS, delimitedRows, numberIn, refuseCutOff } from '../delimited.ts';
import type { TextPlace } from '../set-aside.ts';
import type { TraceFormat } from './format.ts';
import { machineFormat } from './machine-format.ts';
import { MachineRecorder, type MachineLog } from './machine-log.ts';

export const alibabaContainersFormat: TraceFormat = machineFormat({
  name: 'alibaba-2018-containers',
  title: "container_meta of Alibaba's cluster trace of 2018 (containers)",
  lost: ['machines, limits and memory'],
  description: "containers of Alibaba's cluster trace of 2018",
  recognises: (fileName, head) =>
    /^container_meta.*\.csv(\.gz|\.zst)?$/.test(fileName) ||
    /^c_\d+,m_\d+,\d+,app_\d+,\w+,\d+,\d+,[\d.]*\r?\n/.test(head),
  read: readAlibabaContainers,
});

const FIELDS = 8;
const [ID, , TIME, GROUP, STATUS, CPU] = Array(FIELDS).keys();
const HUNDREDTHS = 100;
/** The trace covers eight days. */
const END_SECONDS = 691_200;

interface Container {
  readonly startSeconds: number;
  readonly cores: number;
  readonly group: string;
  readonly place: TextPlace;
  endSeconds: number | null;
}

/** @throws OcxError INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readAlibabaContainers(path: string): MachineLog {
  const recorder = new MachineRecorder(path);
  const containers = new Map<string, Container>();
  for (const row of delimitedRows(path, CSV_OPTIONS)) {
    refuseCutOff(path, row, FIELDS);
    if (row.fields.length !== FIELDS) {
      recorder.aside.add('fieldCount', row.placeOf(0));
      continue;
    }
    const seconds = numberIn(row.text(TIME!));
    if (seconds === null || seconds < 0) {
      recorder.aside.add('timeUnknown', row.placeOf(TIME!));
      continue;
    }
    const known = containers.get(row.text(ID!));
    const stopped = row.text(STATUS!) === 'stopped';
    if (known === undefined && stopped) {
      recorder.aside.add('endsWithoutBegin', row.placeOf(STATUS!));
    } else if (known === undefined) {
      containers.set(row.text(ID!), {
        startSeconds: seconds,
        cores: (numberIn(row.text(CPU!)) ?? NaN) / HUNDREDTHS,
        group: row.text(GROUP!),
        place: row.placeOf(ID!),
        endSeconds: null,
      });
    } else if (stopped) {
      known.endSeconds ??= seconds;
    } else {
      recorder.odd('saidAgain');
    }
  }
  recorder.lastsUntil(END_SECONDS);
  for (const [id, { startSeconds, endSeconds, cores, group, place }] of containers) {
    const begunBefore = startSeconds === 0;
    // Memory is normalised to an undisclosed size: not an amount.
    const size = { cores, memoryGb: 0, owner: group, category: '' };
    recorder.add({ id, startSeconds, endSeconds, begunBefore, ...size }, place);
  }
  return recorder.finish('alibaba-2018-containers', false, [
    'cores are those asked for, not the limit; a container that never says that it stopped outlasts the log',
    'memory is a share of an undisclosed size and is not kept: nodes are packed by cores alone',
  ]);
}
