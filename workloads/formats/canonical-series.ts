/** Series as `ocx trace convert` writes them, CSV or Parquet. */
import { numberIn } from '../delimited.ts';
import { openTable } from '../table-rows.ts';
import { refuseColumns } from './canonical-table.ts';
import type { TraceFile } from './format.ts';
import { HOLDS_NOTE, seriesFormat, UNIT_NOTE, UNIT_UNKNOWN } from './series-format.ts';
import { SeriesRecorder, type SeriesLog } from './series-log.ts';

export const seriesTableFormat: TraceFile = seriesFormat({
  name: 'series',
  title: 'series as ocx trace convert writes them, CSV or Parquet',
  recognises: (_fileName, head) =>
    /^(\uFEFF)?series,(unixSeconds|seconds),value\r?\n/.test(head) ||
    (head.startsWith('PAR1') &&
      head.includes('series') &&
      /(unixS|s)econds/.test(head) &&
      head.includes('value')),
  read: (path) => readCanonicalSeries(path),
});

/** @throws OcxError INPUT_COLUMNS, INPUT_CSV, INPUT_PARQUET, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readCanonicalSeries(path: string): SeriesLog {
  const table = openTable(path, ['series', 'unixSeconds', 'seconds', 'value']);
  const absolute = table.names.has('unixSeconds');
  const time = absolute ? 'unixSeconds' : 'seconds';
  refuseColumns(path, table, ['series', time, 'value']);
  const recorder = new SeriesRecorder(path);
  for (const row of table.rows) {
    if (!row.complete) {
      recorder.aside.add('fieldCount', row.placeOf('series'));
      continue;
    }
    const seconds = numberIn(row.text(time));
    const value = numberIn(row.text('value'));
    recorder.add(
      row.text('series'),
      seconds,
      value,
      row.placeOf(seconds === null ? time : 'value'),
    );
  }
  return recorder.finish({
    format: 'series',
    unit: table.notes.get(UNIT_NOTE) ?? UNIT_UNKNOWN,
    absolute,
    holds: table.notes.get(HOLDS_NOTE) === 'true',
    derived: true,
  });
}
