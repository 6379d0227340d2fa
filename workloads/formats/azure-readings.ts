/**
 * Processor readings of the public Azure traces V1 and V2 (Cortez et al., SOSP 2017): CSV without a
 * header: time, machine, least, most and average utilisation of 300 s. The average is kept.
 */
import { CSV_OPTIONS, delimitedRows, numberIn, refuseCutOff } from '../delimited.ts';
import type { TraceFile } from './format.ts';
import { seriesFormat } from './series-format.ts';
import { SeriesRecorder, type SeriesLog } from './series-log.ts';

export const azureReadingsFormat: TraceFile = seriesFormat({
  name: 'azure-readings',
  title: 'vm_cpu_readings of the public Azure traces V1 and V2 (utilisation)',
  lost: ['least and most use of processors'],
  recognises: (fileName, head) =>
    /vm_cpu_readings.*\.csv(\.gz|\.zst)?$/.test(fileName) ||
    /^\d+,[\w+/=]{30,},[\d.]+,[\d.]+,[\d.]+\r?\n/.test(head),
  read: (path) => readAzureReadings(path),
});

const FIELDS = 5;

/** @throws OcxError INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readAzureReadings(path: string): SeriesLog {
  const recorder = new SeriesRecorder(path);
  for (const row of delimitedRows(path, CSV_OPTIONS)) {
    refuseCutOff(path, row, FIELDS);
    if (row.fields.length !== FIELDS) {
      recorder.aside.add('fieldCount', row.placeOf(0));
      continue;
    }
    const seconds = numberIn(row.text(0));
    const [least, most, average] = [2, 3, 4].map((index) => numberIn(row.text(index)));
    if (!(least! <= average! && average! <= most!)) recorder.odd('averageOutsideItsRange');
    recorder.add(row.text(1), seconds, average!, row.placeOf(seconds === null ? 0 : 4));
  }
  const oddities = ['only averages are kept'];
  return recorder.finish({ format: 'azure-readings', unit: '%', absolute: false, oddities });
}
