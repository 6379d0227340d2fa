/**
 * `machine_meta` of Alibaba's cluster trace of 2018: CSV without a header, 7 columns. It becomes the
 * cluster's size over time: machines and cores.
 */
import {
  CSV_OPTIONS,
  delimitedRows,
  numberIn,
  refuseCutOff,
  type DelimitedRow,
} from '../delimited.ts';
import type { TraceFile } from './format.ts';
import { seriesFormat } from './series-format.ts';
import { SeriesRecorder, type SeriesLog } from './series-log.ts';

export const alibabaMachinesFormat: TraceFile = seriesFormat({
  name: 'alibaba-2018-machines',
  title: "machine_meta of Alibaba's cluster trace of 2018 (supply)",
  lost: ['failure domains and memory'],
  recognises: (fileName, head) =>
    /^machine_meta.*\.csv(\.gz|\.zst)?$/.test(fileName) ||
    /^m_\d+,\d+,\d+,\d*,\d+,[\d.]*,[A-Z]+\r?\n/.test(head),
  read: (path) => readAlibabaMachines(path),
});

const FIELDS = 7;
const [MACHINE, TIME, , , CPU, , STATUS] = Array(FIELDS).keys();
const IN_USE = 'USING';

interface Sighting {
  readonly seconds: number;
  readonly row: DelimitedRow;
}

/** @throws OcxError INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readAlibabaMachines(path: string): SeriesLog {
  const recorder = new SeriesRecorder(path);
  const sightings: Sighting[] = [];
  for (const row of delimitedRows(path, CSV_OPTIONS)) {
    refuseCutOff(path, row, FIELDS);
    const seconds = numberIn(row.text(TIME!));
    if (row.fields.length !== FIELDS) recorder.aside.add('fieldCount', row.placeOf(0));
    else if (seconds === null) recorder.aside.add('timeUnknown', row.placeOf(TIME!));
    else sightings.push({ seconds, row });
  }
  // Rows stand by machine, not by time.
  sightings.sort((a, b) => a.seconds - b.seconds);
  const cores = new Map<string, number>();
  let total = 0;
  sightings.forEach(({ seconds, row }, index) => {
    const machine = row.text(MACHINE!);
    const before = cores.get(machine);
    total -= before ?? 0;
    const size = numberIn(row.text(CPU!)) ?? 0;
    if (row.text(STATUS!) === IN_USE) {
      cores.set(machine, size);
      total += size;
      if (before !== undefined) recorder.odd('saidAgain');
    } else {
      cores.delete(machine);
    }
    // One point an instant, when all its rows have been seen.
    if (sightings[index + 1]?.seconds === seconds) return;
    recorder.add('machines', seconds, cores.size, row.placeOf(TIME!));
    recorder.add('cores', seconds, total, row.placeOf(CPU!));
  });
  return recorder.finish({
    format: 'alibaba-2018-machines',
    unit: 'as named',
    absolute: false,
    holds: true,
    oddities: ['memory is a share of an undisclosed size and is not kept'],
  });
}
