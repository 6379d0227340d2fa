/** What every log of series has in common: it is looked into and converted, and drives no cluster. */
import { SECOND_MS } from '../../core/kernel/units.ts';
import { cachedByFile } from '../cache.ts';
import { formatInstant } from '../calendar.ts';
import { withLost, type ColumnTable } from '../column-table.ts';
import { mean, quantile, significant, sorted, spanFact } from '../statistics.ts';
import type { Fact, Inspection, Sketch, TraceFile, TraceOptions } from './format.ts';
import type { Series, SeriesLog } from './series-log.ts';

/** How one format of series is told from others and read. */
export interface SeriesReader {
  readonly name: string;
  readonly title: string;
  /** What such files hold and the reader does not keep, in words. */
  readonly lost?: readonly string[];
  recognises(fileName: string, head: string): boolean;
  read(path: string, options: TraceOptions): SeriesLog;
}

/** A format of series out of its reader. */
export function seriesFormat(reader: SeriesReader): TraceFile {
  const read = (path: string, options: TraceOptions) =>
    cachedByFile(path, JSON.stringify([reader.name, options.timeZone]), () =>
      reader.read(path, options),
    );
  return {
    name: reader.name,
    title: reader.title,
    recognises: (fileName, head) => reader.recognises(fileName, head),
    inspect: (path, options) => inspectSeries(read(path, options)),
    columns: (path, options) => withLost(seriesColumns(read(path, options)), reader.lost),
  };
}

const SHOWN_SERIES = 12;
/** Names of what Parquet notes about a table of series. */
export const UNIT_NOTE = 'ocx.unit';
export const HOLDS_NOTE = 'ocx.holds';
/** The unit of series whose file does not say it. */
export const UNIT_UNKNOWN = 'as written';

function inspectSeries(log: SeriesLog): Inspection {
  const { series } = log;
  const starts = series.map(({ seconds }) => seconds[0]!);
  const ends = series.map(({ seconds }) => seconds.at(-1)!);
  const from = least(starts);
  const until = -least(ends.map((end) => -end));
  const instant = (seconds: number) => (log.absolute ? formatInstant(seconds * SECOND_MS) : null);
  const longest = series.reduce((a, b) => (b.seconds.length > a.seconds.length ? b : a));
  const hidden = series.length - SHOWN_SERIES;
  const oddities = [...log.oddities];
  if (log.holds) oddities.push('a value holds until the next one of its series');
  if (hidden > 0) oddities.push(`${hidden} more series are not shown here`);
  return {
    format: log.format,
    label: log.derived ? 'derived' : 'real',
    records: log.points,
    facts: [
      { name: 'series', value: series.length },
      { name: 'first', value: instant(from) },
      { name: 'last', value: instant(until) },
      spanFact(until - from),
      { name: 'unit', value: log.unit },
      ...series.slice(0, SHOWN_SERIES).map((each) => describe(each, log)),
    ],
    dropped: log.dropped,
    quarantined: log.quarantined,
    suspicious: log.suspicious,
    oddities,
    sketches: [sketch(longest, log)],
  };
}

function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

function describe(series: Series, log: SeriesLog): Fact {
  const ascending = sorted(series.values);
  let changes = 0;
  for (let i = 1; i < series.values.length; i++) {
    if (series.values[i] !== series.values[i - 1]) changes += 1;
  }
  const average = log.holds ? heldMean(series) : mean(series.values);
  const parts = [
    `${series.values.length} ${series.values.length === 1 ? 'point' : 'points'}`,
    `least ${significant(ascending[0]!)}`,
    `median ${significant(quantile(ascending, 0.5))}`,
    `mean ${significant(average)}`,
    `most ${significant(ascending.at(-1)!)}`,
    `${changes} changes`,
  ];
  return { name: printable(series.name), value: parts.join(', ') };
}

/** Mean over time of values that hold until the next one; of a single point its value. */
function heldMean({ seconds, values }: Series): number {
  const span = seconds.at(-1)! - seconds[0]!;
  if (span <= 0) return mean(values);
  let sum = 0;
  for (let i = 1; i < values.length; i++) sum += values[i - 1]! * (seconds[i]! - seconds[i - 1]!);
  return sum / span;
}

function sketch(series: Series, log: SeriesLog): Sketch {
  const first = series.seconds[0]!;
  const short = spanFact(series.seconds.at(-1)! - first).unit === 's';
  const labels = Array.from(series.seconds, (at) => {
    if (log.absolute) return formatInstant(at * SECOND_MS).slice(0, short ? 19 : 16);
    const since = at - first;
    return short ? `${significant(since, 3)} s` : `day ${significant(since / 86_400, 3)}`;
  });
  const values = Array.from(series.values);
  return { title: printable(series.name), unit: log.unit, labels, values };
}

const MAXIMUM_NAME = 40;

/** A name that cannot do anything to a terminal. */
function printable(name: string): string {
  const escaped = name.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
  const half = MAXIMUM_NAME / 2;
  if (escaped.length > MAXIMUM_NAME) return `${escaped.slice(0, half - 1)}…${escaped.slice(-half)}`;
  return escaped === '' ? '(no name)' : escaped;
}

function seriesColumns(log: SeriesLog): ColumnTable {
  const rows = log.points;
  const names: string[] = [];
  const seconds = new Float64Array(rows);
  const values = new Float64Array(rows);
  let at = 0;
  for (const series of log.series) {
    seconds.set(series.seconds, at);
    values.set(series.values, at);
    at += series.seconds.length;
    while (names.length < at) names.push(series.name);
  }
  return {
    rows,
    columns: [
      { name: 'series', type: 'STRING', values: names },
      { name: log.absolute ? 'unixSeconds' : 'seconds', type: 'DOUBLE', values: seconds },
      { name: 'value', type: 'DOUBLE', values: values },
    ],
    notes: [
      ...(log.unit === UNIT_UNKNOWN
        ? []
        : [{ key: UNIT_NOTE, value: log.unit, words: `the unit, ${log.unit}` }]),
      ...(log.holds
        ? [{ key: HOLDS_NOTE, value: 'true', words: 'that a value holds until the next one' }]
        : []),
    ],
  };
}
