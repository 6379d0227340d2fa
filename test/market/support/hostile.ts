/** Values that a hostile party can put into JSON, and ways to put them anywhere in a document. */
import fc from 'fast-check';

/** So many levels that anything recursive runs out of stack. */
function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

const DEEP = deep(200_000);
const MANY = new Array(1_000_000).fill(null);

/** Values by name; all but NaN, Infinity and undefined can come as JSON. */
export const NASTY: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['null', null],
  ['undefined', undefined],
  ['true', true],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['negative', -1],
  ['negative zero', -0],
  ['a half', 0.5],
  ['2^53', 2 ** 53],
  ['1e308', 1e308],
  ['empty text', ''],
  ['number as text', '1'],
  ['long text', 'x'.repeat(100_000)],
  ['name of a method', 'constructor'],
  ['__proto__', '__proto__'],
  ['no primitive', JSON.parse('{"toString": 1, "valueOf": 1}')],
  ['prototype', JSON.parse('{"__proto__": {"nodes": 1, "role": "admin"}}')],
  ['empty object', {}],
  ['empty list', []],
  ['list of null', [null]],
  ['deep', DEEP],
  ['a million', MANY],
]);

/** A nasty value and its name. */
export const nasty: fc.Arbitrary<readonly [string, unknown]> = fc.constantFrom(...NASTY);

/** Every place in a document, as a path of keys; small documents only. */
export function placesOf(document: unknown, path: readonly string[] = []): (readonly string[])[] {
  const places: (readonly string[])[] = path.length > 0 ? [path] : [];
  if (typeof document !== 'object' || document === null) return places;
  for (const key of Object.keys(document)) {
    places.push(...placesOf((document as Record<string, unknown>)[key], [...path, key]));
  }
  return places;
}

/** The document with another value at the place. */
export function withValue(document: unknown, place: readonly string[], value: unknown): unknown {
  const [key, ...rest] = place;
  if (key === undefined) return value;
  const copy = Array.isArray(document) ? [...document] : { ...(document as object) };
  const record = copy as Record<string, unknown>;
  record[key] = withValue(record[key], rest, value);
  return copy;
}
