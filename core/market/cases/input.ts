/**
 * Reading the input of a worked case: untrusted JSON, money in credits.
 *
 * All of these throw an `OcxError` with code INPUT_CASE_INVALID that names the key.
 */
import { OcxError } from '../../kernel/errors.ts';
import { CREDIT_MILLICREDITS } from '../../kernel/units.ts';
import type { Millicredits } from '../../kernel/units.ts';

/** More entries than this are not a worked case. */
const MOST_ENTRIES = 10_000;

export function invalid(keyPath: string, message: string): OcxError {
  return new OcxError({ code: 'INPUT_CASE_INVALID', message, place: { keyPath } });
}

/** The value as an object with string keys; a list or null is refused. */
export function asRecord(value: unknown, keyPath: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(keyPath, 'an object is needed');
  }
  return value as Record<string, unknown>;
}

/** The entries of an object, sorted by key as code units. */
export function entriesOf(value: unknown, keyPath: string): [string, unknown][] {
  const entries = Object.entries(asRecord(value, keyPath));
  if (entries.length > MOST_ENTRIES) throw invalid(keyPath, `more than ${MOST_ENTRIES} entries`);
  return entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** The own member of an object, or undefined. */
export function member(record: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

export function asList(value: unknown, keyPath: string): unknown[] {
  if (!Array.isArray(value)) throw invalid(keyPath, 'a list is needed');
  if (value.length > MOST_ENTRIES) throw invalid(keyPath, `more than ${MOST_ENTRIES} entries`);
  return value;
}

export function asNumber(value: unknown, keyPath: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw invalid(keyPath, 'a number is needed');
  }
  return value;
}

export function asNumbers(value: unknown, keyPath: string): number[] {
  return asList(value, keyPath).map((item, i) => asNumber(item, `${keyPath}[${i}]`));
}

/** A whole number from `least` to `most`. */
export function asCount(value: unknown, keyPath: string, least = 0, most = 1e9): number {
  const number = asNumber(value, keyPath);
  if (!Number.isInteger(number) || number < least || number > most) {
    throw invalid(keyPath, `a whole number from ${least} to ${most} is needed`);
  }
  return number;
}

export function asText(value: unknown, keyPath: string): string {
  if (typeof value !== 'string' || value === '') throw invalid(keyPath, 'a text is needed');
  return value;
}

/** Most credits that a case may speak of. */
const MOST_CREDITS = 1e9;

/** An amount in credits, ≥ 0, as whole millicredits (rounded to the nearest). */
export function asMoney(value: unknown, keyPath: string): Millicredits {
  const credits = asNumber(value, keyPath);
  if (credits < 0 || credits > MOST_CREDITS) {
    throw invalid(keyPath, `an amount from 0 to ${MOST_CREDITS} credits is needed`);
  }
  return Math.round(credits * CREDIT_MILLICREDITS);
}

export function toCredits(millicredits: number): number {
  return millicredits / CREDIT_MILLICREDITS;
}

/** An object whose keys come from the input: no key of it has a meaning of its own. */
export function keyed<Value>(entries: Iterable<readonly [string, Value]>): Record<string, Value> {
  const record: Record<string, Value> = Object.create(null);
  for (const [key, value] of entries) record[key] = value;
  return record;
}
