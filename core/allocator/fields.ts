/**
 * The shape of commands: every field there, of its kind, and no other. Commands come from parties
 * that are not trusted; nothing behind this check meets a value of a wrong type.
 */
import { isSafeAmount } from '../kernel/units.ts';
import type { Refusal } from '../kernel/errors.ts';
import { badArgument } from './refusals.ts';

/** A list of strings means one of them. */
export type FieldKind =
  | 'name'
  | 'nameOrNull'
  | 'urlOrNull'
  | 'macAddressOrNull'
  | 'names'
  | 'namesOrNull'
  | 'time'
  | 'timeOrNull'
  | 'boolean'
  | 'json'
  | 'terms'
  | readonly string[];

export type Fields = Readonly<Record<string, FieldKind>>;

/** 1–128 visible ASCII characters; `__proto__` is a name like any other. */
const NAME = /^[\x21-\x7e]{1,128}$/;
/** Of what a BMC fetches: a host and a path, without spaces. */
const URL = /^https?:\/\/[\x21-\x7e]{1,1000}$/;
const MAC_ADDRESS = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i;
/** Longest list of names in one command. */
const NAMES_MAXIMUM = 100_000;

export function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value);
}

export function isMacAddress(value: unknown): value is string {
  return typeof value === 'string' && MAC_ADDRESS.test(value);
}

/** Null, or INPUT_BAD_ARGUMENT with the field's name. `besides` are allowed without a check. */
export function checkFields(
  value: unknown,
  fields: Fields,
  besides: ReadonlySet<string> = NOTHING,
): Refusal | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return badArgument('an object with named fields is needed');
  }
  for (const name in fields) {
    const given = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
    if (!isOfKind(given, fields[name]!)) {
      return badArgument(`${name} is missing or not ${describe(fields[name]!)}`);
    }
  }
  for (const name in value) {
    if (!Object.hasOwn(fields, name) && !besides.has(name)) {
      return badArgument(`there is no field ${JSON.stringify(name).slice(0, 64)}`);
    }
  }
  return null;
}

const NOTHING: ReadonlySet<string> = new Set();

function isOfKind(value: unknown, kind: FieldKind): boolean {
  switch (kind) {
    case 'name':
      return isName(value);
    case 'nameOrNull':
      return value === null || isName(value);
    case 'urlOrNull':
      return value === null || (typeof value === 'string' && URL.test(value));
    case 'macAddressOrNull':
      return value === null || isMacAddress(value);
    case 'names':
      return isNameList(value);
    case 'namesOrNull':
      return value === null || isNameList(value);
    case 'time':
      return isSafeAmount(value) && value >= 0;
    case 'timeOrNull':
      return value === null || (isSafeAmount(value) && value >= 0);
    case 'boolean':
      return typeof value === 'boolean';
    case 'json':
      return isJson(value, 0);
    case 'terms':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    default:
      return typeof value === 'string' && kind.includes(value);
  }
}

function isNameList(value: unknown): boolean {
  return Array.isArray(value) && value.length <= NAMES_MAXIMUM && value.every(isName);
}

/** Nesting that is accepted in a JSON value. */
const DEPTH_MAXIMUM = 16;

function isJson(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth >= DEPTH_MAXIMUM) return false;
  return Object.values(value).every((member) => isJson(member, depth + 1));
}

function describe(kind: FieldKind): string {
  return typeof kind === 'string' ? `a legal ${kind}` : `one of ${kind.join(', ')}`;
}
