/**
 * Availability of spot machines (Wu et al., NSDI 2024): JSON with the seconds between probes and
 * how many machines each of them found.
 */
import { basename } from 'node:path';
import { noRows } from '../delimited.ts';
import { member, readJson } from '../json.ts';
import type { TraceFile } from './format.ts';
import { seriesFormat } from './series-format.ts';
import { SeriesRecorder, type SeriesLog } from './series-log.ts';

export const skypilotFormat: TraceFile = seriesFormat({
  name: 'skypilot',
  title: 'SkyPilot spot availability, JSON (supply)',
  recognises: (_fileName, head) =>
    /^\s*\{\s*"metadata"\s*:\s*\{[^{}]*"gap_seconds"/.test(head) && /"data"\s*:\s*\[/.test(head),
  read: (path) => readSkypilot(path),
});

const MAXIMUM_GAP_SECONDS = 604_800;

/** @throws OcxError INPUT_JSON, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readSkypilot(path: string): SeriesLog {
  const document = readJson(path);
  const gap = member(member(document.value, 'metadata'), 'gap_seconds');
  const data = member(document.value, 'data');
  if (typeof gap !== 'number' || !(gap > 0 && gap <= MAXIMUM_GAP_SECONDS)) {
    throw noRows(path, 'the metadata have no gap_seconds between 0 and a week');
  }
  if (!Array.isArray(data)) throw noRows(path, 'the file has no list of data');
  const recorder = new SeriesRecorder(path);
  const name = basename(path).replace(/\.json(\.gz|\.zst)?$/, '');
  data.forEach((value, index) => {
    const usable = typeof value === 'number' && value >= 0 ? value : null;
    recorder.add(name, index * gap, usable, document.placeOf(data));
  });
  return recorder.finish({ format: 'skypilot', unit: 'machines available', absolute: false });
}
