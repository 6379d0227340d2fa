/**
 * Histories of EC2 spot prices: what describe-spot-price-history answers as JSON or as text of the
 * command-line tools, CSV with Timestamp and SpotPrice, and series resampled to 300 s (one value a
 * line behind an `x`). A price holds until the next one; answers run backwards in time.
 */
import { CSV_OPTIONS, delimitedRows, headedRows, numberIn, refuseCutOff } from '../delimited.ts';
import { noRows } from '../delimited.ts';
import { member, readJson } from '../json.ts';
import { readHead } from '../input.ts';
import { textLines } from '../text-lines.ts';
import { LogClock } from './clock.ts';
import type { TraceFile } from './format.ts';
import { seriesFormat } from './series-format.ts';
import { SeriesRecorder, type SeriesLog } from './series-log.ts';

export const ec2SpotFormat: TraceFile = seriesFormat({
  name: 'ec2-spot',
  title: 'EC2 spot price history: JSON, text, CSV, resampled series (prices)',
  recognises: (_fileName, head) => shapeOf(head) !== null,
  read: (path) => readEc2Spot(path),
});

type Shape = 'json' | 'text' | 'csv' | 'resampled';
const UNIT = 'USD an hour';
const STEP_SECONDS = 300;

function shapeOf(head: string): Shape | null {
  if (/^\s*\{\s*"(SpotPriceHistory|NextToken)"\s*:/.test(head)) return 'json';
  if (/^(SPOTINSTANCEPRICE|SPOTPRICEHISTORY)\t/.test(head)) return 'text';
  if (/^\uFEFF?[^\n]*\bTimestamp\b[^\n]*\bSpotPrice\b/.test(head)) return 'csv';
  if (/^\uFEFF?[^\n]*\bSpotPrice\b[^\n]*\bTimestamp\b/.test(head)) return 'csv';
  return /^"?x"?\r?\n\d*\.\d+\r?\n/.test(head) ? 'resampled' : null;
}

/** @throws OcxError INPUT_JSON, INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readEc2Spot(path: string): SeriesLog {
  const recorder = new SeriesRecorder(path);
  const clock = new LogClock(undefined);
  const oddities: string[] = [];
  const shape = shapeOf(readHead(path));
  if (shape === 'json') readAnswer(path, recorder, clock);
  else if (shape === 'text') readToolText(path, recorder, clock);
  else if (shape === 'csv') oddities.push(...readTable(path, recorder, clock));
  else if (shape === 'resampled') {
    readResampled(path, recorder);
    oddities.push('there are no times: one value every 300 s, the oldest first');
  } else throw noRows(path, 'the file is in none of the four forms of spot price histories');
  const resampled = shape === 'resampled';
  return recorder.finish({
    format: 'ec2-spot',
    unit: UNIT,
    absolute: !resampled,
    holds: !resampled,
    derived: resampled,
    oddities: [...oddities, ...clock.oddities()],
  });
}

function readAnswer(path: string, recorder: SeriesRecorder, clock: LogClock): void {
  const document = readJson(path);
  const history = member(document.value, 'SpotPriceHistory');
  if (!Array.isArray(history)) throw noRows(path, 'the answer has no SpotPriceHistory');
  for (const record of history) {
    const text = (key: string) => {
      const value = member(record, key);
      return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
    };
    const isObject = typeof record === 'object' && record !== null;
    recorder.add(
      seriesName(text('InstanceType'), text('AvailabilityZone'), text('ProductDescription')),
      clock.seconds(text('Timestamp')),
      numberIn(text('SpotPrice')),
      document.placeOf(isObject ? record : history),
    );
  }
}

function seriesName(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}

/** Old tools: price, time, type, product, zone. New ones: zone, type, product, price, time. */
function readToolText(path: string, recorder: SeriesRecorder, clock: LogClock): void {
  const fields = 6;
  for (const row of delimitedRows(path, { separator: '\t', quotes: false })) {
    const word = row.text(0);
    if (word === 'NEXTTOKEN') continue;
    refuseCutOff(path, row, fields);
    if (!['SPOTINSTANCEPRICE', 'SPOTPRICEHISTORY'].includes(word) || row.fields.length < fields) {
      recorder.aside.add('fieldCount', row.placeOf(0));
      continue;
    }
    const [price, time, type, product, zone] =
      word === 'SPOTINSTANCEPRICE' ? [1, 2, 3, 4, 5] : [4, 5, 2, 3, 1];
    recorder.add(
      seriesName(row.text(type!), row.text(zone!), row.text(product!)),
      clock.seconds(row.text(time!)),
      numberIn(row.text(price!)),
      row.placeOf(Math.min(price!, time!)),
    );
  }
}

function readTable(path: string, recorder: SeriesRecorder, clock: LogClock): string[] {
  const { header, rows } = headedRows(path, CSV_OPTIONS);
  const time = header.need('Timestamp');
  const price = header.need('SpotPrice');
  const zone = header.find('AvailabilityZone');
  const names = [header.find('InstanceType'), zone, header.find('ProductDescription')];
  if (zone < 0) names.push(header.find('Region'));
  for (const row of rows) {
    refuseCutOff(path, row, header.width);
    if (row.fields.length !== header.width) {
      recorder.aside.add('fieldCount', row.placeOf(0));
      continue;
    }
    const seconds = clock.seconds(row.text(time));
    recorder.add(
      seriesName(...names.map((position) => row.text(position))),
      seconds,
      numberIn(row.text(price)),
      row.placeOf(seconds === null ? time : price),
    );
  }
  return zone >= 0 ? [] : ['there are no zones: prices of several zones stand in one series'];
}

function readResampled(path: string, recorder: SeriesRecorder): void {
  let index = 0;
  for (const { text, number } of textLines(path)) {
    if (number === 1 || text.trim() === '') continue;
    // A value that is missing still takes its 300 s.
    recorder.add('price', index * STEP_SECONDS, numberIn(text.trim()), { line: number, column: 1 });
    index += 1;
  }
}
