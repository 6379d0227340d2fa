/**
 * Fragments of OpenDC's traces, Parquet: how many MHz a task uses for how many milliseconds, one
 * after the other. A gap of a task's record stands as one long fragment.
 */
import { OcxError } from '../../core/kernel/errors.ts';
import { readParquet } from '../parquet-reader.ts';
import type { TraceFile } from './format.ts';
import { seriesFormat } from './series-format.ts';
import { SeriesRecorder, type SeriesLog } from './series-log.ts';

export const openDcFragmentsFormat: TraceFile = seriesFormat({
  name: 'opendc-fragments',
  title: 'fragments of OpenDC, Parquet (utilisation)',
  recognises: (_fileName, head) =>
    head.startsWith('PAR1') && head.includes('cpu_usage') && head.includes('duration'),
  read: (path) => readOpenDcFragments(path),
});

const COLUMNS = ['id', 'duration', 'cpu_usage'];
const MILLISECONDS = 1_000;
const LONG_SECONDS = 86_400;

/** @throws OcxError INPUT_PARQUET, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readOpenDcFragments(path: string): SeriesLog {
  const table = readParquet(path, COLUMNS);
  const [ids, durations, usages] = COLUMNS.map((name) => table.columns.get(name));
  if (ids === undefined || durations === undefined || usages === undefined) {
    throw new OcxError({
      code: 'INPUT_PARQUET',
      message: `the table lacks one of the columns ${COLUMNS.join(', ')}`,
      place: { file: path },
      remedy: 'check that this is a table of fragments',
    });
  }
  const recorder = new SeriesRecorder(path);
  const elapsed = new Map<string, number>();
  for (let row = 0; row < table.rows; row++) {
    const place = { line: row + 1, column: 1 };
    const id = String(ids[row]);
    const seconds = Number(durations[row]) / MILLISECONDS;
    const usage = usages[row];
    if (!(seconds >= 0)) {
      recorder.aside.add('durationUnknown', place);
      continue;
    }
    const start = elapsed.get(id) ?? 0;
    elapsed.set(id, start + seconds);
    if (seconds > LONG_SECONDS) recorder.odd('longerThanADay');
    recorder.add(id, start, typeof usage === 'number' ? usage : null, place);
  }
  return recorder.finish({
    format: 'opendc-fragments',
    unit: 'MHz',
    absolute: false,
    holds: true,
    oddities: ['places of records are rows of the table'],
  });
}
