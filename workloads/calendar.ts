/**
 * Civil dates without the platform's date objects: days since 1970-01-01, ISO 8601 instants, and
 * the local hour of the week, in which traces of different years are aligned.
 */
import { OcxError } from '../core/kernel/errors.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, WEEK_MS } from '../core/kernel/units.ts';

/** 1970-01-01 was a Thursday: the first Monday 00:00 of the era is day 4. */
const FIRST_MONDAY_DAYS = 4;

export const WEEKDAYS = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar (Hinnant 2013). */
export function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return era * 146_097 + yearOfEra * 365 + leapDays + dayOfYear - 719_468;
}

/** The date of a day since 1970-01-01; inverse of `daysFromCivil`. */
export function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const dayOfYear = dayOfEra - (365 * yearOfEra + leapDays);
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9);
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

const INSTANT =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3})\d*)?)?)?(Z?)$/;

/**
 * Milliseconds from 1970-01-01T00:00 to a date and time as written (`2005-08-29`, with or without
 * time and `Z`), as if it were UTC; null where it is no such thing, or no date (30 February), or
 * not between 1900 and 2200.
 */
export function parseCivilMs(text: string): number | null {
  const match = INSTANT.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const days = daysFromCivil(year!, month!, day!);
  const back = civilFromDays(days);
  if (back.year !== year || back.month !== month || back.day !== day) return null;
  if (year < 1900 || year > 2200 || hour! > 23 || minute! > 59 || second! > 59) return null;
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0'));
  return days * DAY_MS + hour! * HOUR_MS + minute! * MINUTE_MS + second! * SECOND_MS + milliseconds;
}

/** `2005-08-29T06:10:00Z` of milliseconds since 1970. */
export function formatInstant(ms: number): string {
  const days = Math.floor(ms / DAY_MS);
  const { year, month, day } = civilFromDays(days);
  const seconds = Math.floor((ms - days * DAY_MS) / SECOND_MS);
  const two = (value: number) => String(value).padStart(2, '0');
  const time = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two);
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${time.join(':')}Z`;
}

/** Milliseconds since the last Monday 00:00; of local time if given local time. */
export function sinceMondayMs(ms: number): number {
  const since = (ms - FIRST_MONDAY_DAYS * DAY_MS) % WEEK_MS;
  return since < 0 ? since + WEEK_MS : since;
}

/** Fixed offsets by name. AoE, "anywhere on Earth", is the last zone in which a day ends. */
const FIXED_OFFSETS: ReadonlyMap<string, number> = new Map([
  ['AoE', -12 * HOUR_MS],
  ['UTC', 0],
  ['GMT', 0],
]);

/** Names that calendars use for zones with daylight saving time. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['PT', 'America/Los_Angeles'],
  ['ET', 'America/New_York'],
]);

/** Offset of local time from UTC. */
export interface Zone {
  readonly name: string;
  /** Local minus UTC at an instant in ms since 1970. */
  offsetMs(utcMs: number): number;
}

/**
 * A zone by name: `AoE`, `UTC`, `UTC+8`, `PT`, or an IANA name with its daylight saving time.
 *
 * @throws OcxError INPUT_ZONE for an unknown one
 */
export function zoneNamed(name: string): Zone {
  const fixed = FIXED_OFFSETS.get(name) ?? utcOffset(name);
  if (fixed !== null) return { name, offsetMs: () => fixed };
  const formatter = zoneFormatter(ALIASES.get(name) ?? name);
  if (formatter === null) {
    throw new OcxError({
      code: 'INPUT_ZONE',
      message: `no time zone is called ${JSON.stringify(name.slice(0, 60))}`,
      remedy: 'use AoE, UTC, UTC+8 or a name like Europe/Stockholm',
    });
  }
  return { name, offsetMs: (utcMs) => localMs(formatter, utcMs) - utcMs };
}

/** A zone of a fixed offset in seconds east of UTC. */
export function zoneOfOffset(seconds: number): Zone {
  return { name: `UTC${seconds < 0 ? '' : '+'}${seconds} s`, offsetMs: () => seconds * SECOND_MS };
}

/**
 * The instant at which clocks of a zone show a local time (ms as `parseCivilMs` gives them). Where
 * daylight saving time makes it ambiguous, the later offset's.
 */
export function instantOfLocal(zone: Zone, local: number): number {
  const guess = local - zone.offsetMs(local);
  return local - zone.offsetMs(guess);
}

function utcOffset(name: string): number | null {
  const match = /^UTC([+-])(\d{1,2})(?::?(\d{2}))?$/.exec(name);
  if (match === null) return null;
  const hours = Number(match[2]);
  const minutes = Number(match[3] ?? 0);
  if (hours > 14 || minutes > 59) return null;
  return (match[1] === '-' ? -1 : 1) * (hours * HOUR_MS + minutes * MINUTE_MS);
}

function zoneFormatter(name: string): Intl.DateTimeFormat | null {
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{0,60}$/.test(name)) return null;
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
  } catch {
    return null;
  }
}

function localMs(formatter: Intl.DateTimeFormat, utcMs: number): number {
  const wholeSeconds = Math.floor(utcMs / SECOND_MS) * SECOND_MS;
  const parts = new Map<string, number>();
  for (const part of formatter.formatToParts(wholeSeconds))
    parts.set(part.type, Number(part.value));
  const at = (type: string) => parts.get(type)!;
  const days = daysFromCivil(at('year'), at('month'), at('day'));
  const time = at('hour') * HOUR_MS + at('minute') * MINUTE_MS + at('second') * SECOND_MS;
  return days * DAY_MS + time + (utcMs - wholeSeconds);
}
