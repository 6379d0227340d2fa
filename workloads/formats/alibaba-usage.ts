/**
 * `machine_usage` and `container_usage` of Alibaba's cluster trace of 2018: CSV without a header, 9
 * and 11 columns. Kept is the utilisation of processors.
 */
import { CSV_OPTIONS, delimitedRows, numberIn, refuseCutOff } from '../delimited.ts';
import type { TraceFile } from './format.ts';
import { seriesFormat } from './series-format.ts';
import { SeriesRecorder, type SeriesLog } from './series-log.ts';

export const alibabaUsageFormat: TraceFile = seriesFormat({
  name: 'alibaba-2018-usage',
  title: "machine_usage and container_usage of Alibaba's cluster trace of 2018 (utilisation)",
  lost: ['all but the use of processors'],
  recognises: (fileName, head) =>
    /^(machine|container)_usage.*\.csv(\.gz|\.zst)?$/.test(fileName) ||
    /^(c_\d+,)?m_\d+,[\d.]+,\d*,\d*(,[-\d.]*){5,6}\r?\n/.test(head),
  read: (path) => readAlibabaUsage(path),
});

const MACHINE_FIELDS = 9;
const CONTAINER_FIELDS = 11;
const MOST_PERCENT = 100;

/** @throws OcxError INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readAlibabaUsage(path: string): SeriesLog {
  const recorder = new SeriesRecorder(path);
  for (const row of delimitedRows(path, CSV_OPTIONS)) {
    const ofContainer = row.text(0).startsWith('c_');
    const width = ofContainer ? CONTAINER_FIELDS : MACHINE_FIELDS;
    refuseCutOff(path, row, width);
    if (row.fields.length !== width) {
      recorder.aside.add('fieldCount', row.placeOf(0));
      continue;
    }
    const timeAt = ofContainer ? 2 : 1;
    const seconds = numberIn(row.text(timeAt));
    const cpu = numberIn(row.text(timeAt + 1));
    const disk = numberIn(row.text(width - 1));
    // The schema names -1 and 101 as abnormal values of the disk, which is not kept.
    if (disk === -1 || disk === 101) recorder.odd('diskAbnormal');
    if (cpu !== null && cpu > MOST_PERCENT) recorder.odd('over100Percent');
    const usable = cpu !== null && cpu >= 0 ? cpu : null;
    recorder.add(row.text(0), seconds, usable, row.placeOf(seconds === null ? timeAt : timeAt + 1));
  }
  const oddities = ['only the use of processors is kept'];
  return recorder.finish({ format: 'alibaba-2018-usage', unit: '%', absolute: false, oddities });
}
