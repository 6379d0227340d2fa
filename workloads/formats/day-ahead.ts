/**
 * Day-ahead prices of electricity by the hour, as the Czech market operator OTE publishes them: CSV
 * with date, hour and price. Hours are counted from local midnight, so days on which clocks change
 * have 23 or 25 of them; the 25th is written 24:00.
 */
import { HOUR_MS, SECOND_MS } from '../../core/kernel/units.ts';
import { instantOfLocal, parseCivilMs } from '../calendar.ts';
import { CSV_OPTIONS, headedRows, numberIn, refuseCutOff } from '../delimited.ts';
import { zoneGiven } from './batch-log.ts';
import type { TraceFile, TraceOptions } from './format.ts';
import { seriesFormat } from './series-format.ts';
import { SeriesRecorder, type SeriesLog } from './series-log.ts';

export const dayAheadFormat: TraceFile = seriesFormat({
  name: 'day-ahead',
  title: 'day-ahead prices of electricity by the hour, CSV (prices)',
  recognises: (_fileName, head) => /^\uFEFF?date,time_from,time_to,price_eur_mwh/.test(head),
  read: readDayAhead,
});

/** @throws OcxError INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, INPUT_ZONE, … */
export function readDayAhead(path: string, options: TraceOptions = {}): SeriesLog {
  const zone = zoneGiven(options.timeZone);
  const { header, rows } = headedRows(path, CSV_OPTIONS);
  const at = {
    date: header.need('date'),
    from: header.need('time_from'),
    price: header.need('price_eur_mwh'),
  };
  const recorder = new SeriesRecorder(path);
  const hours = new Map<number, number>();
  for (const row of rows) {
    refuseCutOff(path, row, header.width);
    if (row.fields.length !== header.width) {
      recorder.aside.add('fieldCount', row.placeOf(0));
      continue;
    }
    const midnight = parseCivilMs(row.text(at.date));
    const hour = /^([01]\d|2[0-4]):00$/.exec(row.text(at.from))?.[1];
    if (midnight === null || hour === undefined) {
      recorder.aside.add('timeUnknown', row.placeOf(midnight === null ? at.date : at.from));
      continue;
    }
    const start = zone === null ? midnight : instantOfLocal(zone, midnight);
    const seconds = (start + Number(hour) * HOUR_MS) / SECOND_MS;
    hours.set(midnight, (hours.get(midnight) ?? 0) + 1);
    recorder.add('price', seconds, numberIn(row.text(at.price)), row.placeOf(at.price));
  }
  for (const count of hours.values()) if (count !== 24) recorder.odd(`dayOf${count}Hours`);
  const oddities =
    zone === null ? ['days are local; --time-zone gives instants, e.g. Europe/Prague'] : [];
  return recorder.finish({ format: 'day-ahead', unit: 'EUR/MWh', absolute: true, oddities });
}
