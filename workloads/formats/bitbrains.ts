/**
 * Utilisation of one machine of Bitbrains (Grid Workloads Archive T-12; Shen, van Beek, Iosup,
 * CCGrid 2015): columns between `;` and tabs. The header says milliseconds where seconds stand.
 */
import { headedRows, numberIn, refuseCutOff } from '../delimited.ts';
import type { TraceFile } from './format.ts';
import { seriesFormat } from './series-format.ts';
import { SeriesRecorder, type SeriesLog } from './series-log.ts';

export const bitbrainsFormat: TraceFile = seriesFormat({
  name: 'bitbrains',
  title: 'Bitbrains GWA-T-12, one file a machine (utilisation)',
  recognises: (_fileName, head) => /^\uFEFF?Timestamp \[ms\];\s*CPU cores;/.test(head),
  read: (path) => readBitbrains(path),
});

/** Milliseconds since 1970 have been above this since 1973, seconds will be in the year 5138. */
const MILLISECONDS_FROM = 1e11;

/** @throws OcxError INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readBitbrains(path: string): SeriesLog {
  const { header, rows } = headedRows(path, { separator: ';', quotes: false });
  const names = header.names;
  const percent = names.map((name) => name.includes('[%]'));
  const recorder = new SeriesRecorder(path);
  let inSeconds = 0;
  for (const row of rows) {
    refuseCutOff(path, row, header.width);
    if (row.fields.length !== header.width) {
      recorder.aside.add('fieldCount', row.placeOf(0));
      continue;
    }
    const time = numberIn(row.text(0));
    const wrong = row.fields.findIndex((_, index) => numberIn(row.text(index)) === null);
    if (time === null || wrong >= 0) {
      recorder.aside.add('notANumber', row.placeOf(Math.max(0, wrong)));
      continue;
    }
    const seconds = time >= MILLISECONDS_FROM ? time / 1_000 : time;
    if (seconds === time) inSeconds += 1;
    for (let index = 1; index < header.width; index++) {
      const value = numberIn(row.text(index));
      if (percent[index] === true && value! > 100) recorder.odd('over100Percent');
      recorder.add(names[index]!, seconds, value, row.placeOf(index));
    }
  }
  const oddities =
    inSeconds === 0 ? [] : [`times are seconds since 1970 in ${inSeconds} rows, not milliseconds`];
  return recorder.finish({ format: 'bitbrains', unit: 'as named', absolute: true, oddities });
}
