/**
 * Utilisation of one slice of PlanetLab (CoMon project; Beloglazov and Buyya 2012): one whole number
 * of per cent a line, every 300 s of one day. It is activity, not a record of reservations.
 */
import { basename } from 'node:path';
import { numberIn } from '../delimited.ts';
import { textLines } from '../text-lines.ts';
import type { TraceFile } from './format.ts';
import { seriesFormat } from './series-format.ts';
import { SeriesRecorder, type SeriesLog } from './series-log.ts';

export const planetlabFormat: TraceFile = seriesFormat({
  name: 'planetlab',
  title: 'PlanetLab, one file a slice and day (utilisation)',
  recognises: (_fileName, head) => /^(100|\d{1,2})\r?\n((100|\d{1,2})\r?\n){9,}/.test(head),
  read: (path) => readPlanetlab(path),
});

const STEP_SECONDS = 300;
const POINTS_A_DAY = 288;
const MOST = 100;

/** @throws OcxError INPUT_NO_ROWS, INPUT_ENCODING, … */
export function readPlanetlab(path: string): SeriesLog {
  const recorder = new SeriesRecorder(path);
  const name = basename(path);
  let index = 0;
  for (const { text, number } of textLines(path)) {
    if (text.trim() === '') continue;
    const value = numberIn(text.trim());
    const usable = value !== null && value >= 0 && value <= MOST ? value : null;
    recorder.add(name, index * STEP_SECONDS, usable, { line: number, column: 1 });
    index += 1;
  }
  const oddities = ['utilisation of a slice, not a record of what was reserved'];
  if (index !== POINTS_A_DAY) oddities.push(`a day has ${POINTS_A_DAY} values, here are ${index}`);
  return recorder.finish({ format: 'planetlab', unit: '%', absolute: false, oddities });
}
