/** Canonical JSON (RFC 8785): one text for one value, whatever order its keys were made in. */
import canonicalize from 'canonicalize';
import { invariant } from './errors.ts';

/** Maps with string keys count as objects, Sets and typed arrays as arrays in their own order. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(plain(value));
  invariant(typeof text === 'string', 'only JSON values have a canonical form');
  return text;
}

function plain(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Set) return [...value].map(plain);
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array);
  const entries: Iterable<[string, unknown]> =
    value instanceof Map ? (value as Map<string, unknown>) : Object.entries(value);
  const object: Record<string, unknown> = Object.create(null);
  for (const [key, member] of entries) if (member !== undefined) object[key] = plain(member);
  return object;
}
