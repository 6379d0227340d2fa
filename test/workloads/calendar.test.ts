import test from 'ava';
import fc from 'fast-check';
import {
  civilFromDays,
  daysFromCivil,
  formatInstant,
  instantOfLocal,
  parseCivilMs,
  sinceMondayMs,
  zoneNamed,
  zoneOfOffset,
} from '../../workloads/calendar.ts';
import { DAY_MS, HOUR_MS, WEEK_MS } from '../../core/kernel/units.ts';
import { refusal } from './files.ts';

test('days and dates agree with the platform over four centuries', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: -100_000, max: 100_000 }), (days) => {
      const { year, month, day } = civilFromDays(days);
      const platform = new Date(days * DAY_MS);
      t.deepEqual(
        [year, month, day],
        [platform.getUTCFullYear(), platform.getUTCMonth() + 1, platform.getUTCDate()],
      );
      t.is(daysFromCivil(year, month, day), days);
    }),
  );
});

test('instants are read as they are written and printed back', (t) => {
  for (const text of ['2005-08-29T06:10:00Z', '1953-05-02T00:00:00Z', '2199-12-31T23:59:59Z']) {
    t.is(formatInstant(parseCivilMs(text)!), text);
    t.is(parseCivilMs(text), Date.parse(text));
  }
  t.is(parseCivilMs('2005-08-29'), Date.parse('2005-08-29'));
  t.is(parseCivilMs('1953-05-02T00:00:00.000Z'), Date.parse('1953-05-02'));
  t.is(parseCivilMs('2005-08-29 23:59:59'), Date.parse('2005-08-29T23:59:59Z'));
});

test('what is no date is none', (t) => {
  for (const text of [
    '2024-02-30',
    '2023-02-29',
    '2024-13-01',
    '2024-00-10',
    '2024-01-01T24:00',
    '2016-12-31T23:59:60Z',
    '9999-01-01',
    '0001-01-01',
    '1e12',
    '',
    '2024-1-1',
    '２０２４-01-01',
  ]) {
    t.is(parseCivilMs(text), null, text);
  }
});

test('weeks start on Monday', (t) => {
  t.is(sinceMondayMs(Date.parse('2024-01-01T00:00:00Z')), 0);
  t.is(sinceMondayMs(Date.parse('1969-12-28T01:00:00Z')), 6 * DAY_MS + HOUR_MS);
  t.is(sinceMondayMs(Date.parse('2024-01-07T23:00:00Z')), WEEK_MS - HOUR_MS);
});

test('zones have their offsets, with daylight saving time', (t) => {
  const at = (zone: string, instant: string) =>
    zoneNamed(zone).offsetMs(Date.parse(instant)) / HOUR_MS;
  t.is(at('AoE', '2024-06-01T00:00:00Z'), -12);
  t.is(at('UTC', '2024-06-01T00:00:00Z'), 0);
  t.is(at('UTC+8', '2024-06-01T00:00:00Z'), 8);
  t.is(at('UTC-12', '2024-06-01T00:00:00Z'), -12);
  t.is(at('PT', '2021-02-24T00:00:00Z'), -8);
  t.is(at('PT', '2021-06-24T00:00:00Z'), -7);
  t.is(at('Europe/Stockholm', '1996-09-23T12:00:31Z'), 2);
  t.is(at('US/Eastern', '1996-12-01T00:00:00Z'), -5);
  t.is(zoneOfOffset(-18_000).offsetMs(0), -5 * HOUR_MS);
});

test('an unknown zone is refused', (t) => {
  for (const name of ['Mars/Olympus', '', 'UTC+99', 'x'.repeat(1000), '__proto__']) {
    refusal(t, () => zoneNamed(name), 'INPUT_ZONE');
  }
});

test('anywhere on Earth ends twelve hours after UTC', (t) => {
  const local = parseCivilMs('2022-04-01 23:59:00')!;
  t.is(instantOfLocal(zoneNamed('AoE'), local), 1_648_900_740_000);
  t.is(
    instantOfLocal(zoneNamed('America/Los_Angeles'), parseCivilMs('2021-02-23 20:59:59')!),
    Date.parse('2021-02-24T04:59:59Z'),
  );
});
