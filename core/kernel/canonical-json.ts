/**
 * Canonical JSON (RFC 8785): one text for one value, whatever order its keys were made in.
 *
 * Every event of every journal passes through here several times, so it is one pass without copies;
 * `test/kernel/canonical-json.test.ts` holds it against a package that does the same slowly.
 */
import { OcxError } from './errors.ts';

/** Maps with string keys count as objects, Sets and typed arrays as arrays in their own order. */
export function canonicalJson(value: unknown): string {
  if (value === undefined) throw impossible('undefined has no canonical form');
  return textOf(value, 0);
}

/** Far deeper than anything of ours; a circle ends here. */
const DEEPEST = 1_000;
/** What needs no escape: no control characters, quotes, backslashes, nor halves of characters. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function textOf(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
      if (!Number.isFinite(value)) throw impossible(`${value} is no JSON number`);
      return value === 0 ? '0' : `${value}`;
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return value === null ? 'null' : structure(value, depth + 1);
    default:
      throw impossible(`a ${typeof value} has no canonical form`);
  }
}

function quoted(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw impossible('a text holds half a character');
  return JSON.stringify(text);
}

function structure(value: object, depth: number): string {
  if (depth > DEEPEST) throw impossible('it is a circle, or far too deep');
  if (Object.getPrototypeOf(value) === Object.prototype) {
    return object(value as Record<string, unknown>, depth);
  }
  if (Array.isArray(value)) return list(value, depth);
  if (value instanceof Map)
    return members([...value.keys()] as string[], (key) => value.get(key), depth);
  if (value instanceof Set) return list([...value], depth);
  if (ArrayBuffer.isView(value)) return list(Array.from(value as Float64Array), depth);
  return object(value as Record<string, unknown>, depth);
}

function list(values: readonly unknown[], depth: number): string {
  let text = '[';
  for (let i = 0; i < values.length; i++) {
    if (i > 0) text += ',';
    const member = values[i];
    text += member === undefined ? 'null' : textOf(member, depth);
  }
  return `${text}]`;
}

/** Keys in the order of their code units, which is that of `sort`. */
function members(keys: string[], valueOf: (key: string) => unknown, depth: number): string {
  let text = '';
  for (const key of keys.sort()) {
    const member = valueOf(key);
    if (member === undefined) continue;
    text += `${text === '' ? '{' : ','}${quoted(key)}:${textOf(member, depth)}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

/** Objects that were made alike have the same keys in the same order. */
interface Shape {
  /** As an object of this shape has them. */
  readonly keys: readonly string[];
  /** In order, each with the text that stands before its value. */
  readonly fields: readonly (readonly [key: string, before: string])[];
}

/** Enough for all that programs make; what parties name their keys must not fill the memory. */
const MOST_SHAPES = 1_000;
const MOST_LENGTHS = 16;
/** First key and number of keys → the shape that was met there last. */
const shapes = new Map<string, Map<number, Shape>>();

function object(value: Record<string, unknown>, depth: number): string {
  const keys = Object.keys(value);
  if (keys.length === 0) return '{}';
  let text = '';
  for (const [key, before] of shapeOf(keys).fields) {
    const member = value[key];
    if (member === undefined) continue;
    text += (text === '' ? '{' : ',') + before + textOf(member, depth);
  }
  return text === '' ? '{}' : `${text}}`;
}

function shapeOf(keys: readonly string[]): Shape {
  const alike = shapes.get(keys[0]!);
  const met = alike?.get(keys.length);
  if (met && isSame(met.keys, keys)) return met;
  const fields = keys.toSorted().map((key) => [key, `${quoted(key)}:`] as const);
  const shape = { keys, fields };
  if (alike && alike.size < MOST_LENGTHS) alike.set(keys.length, shape);
  else if (!alike && shapes.size < MOST_SHAPES)
    shapes.set(keys[0]!, new Map([[keys.length, shape]]));
  return shape;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function impossible(message: string): OcxError {
  return new OcxError({ code: 'INVARIANT_VIOLATED', message: `only JSON values: ${message}` });
}
