/**
 * What an ask says about its nodes: cores, memory, firmware, anything; a small JSON object. It
 * comes from parties that nobody trusts: names that could reach a prototype, depth and size are
 * refused before anything is done with it.
 */

export type PropertyValue =
  string | number | boolean | null | readonly PropertyValue[] | NodeProperties;

/** Properties by name. */
export interface NodeProperties {
  readonly [name: string]: PropertyValue;
}

/** Most values, at all depths together. */
export const MAXIMUM_PROPERTIES = 64;
export const MAXIMUM_PROPERTY_DEPTH = 4;
/** Longest name or text. */
export const MAXIMUM_PROPERTY_LENGTH = 128;
const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** `MARKET_PROPERTIES_INVALID`, or null. Absent properties are in order. */
export function propertiesFault(properties: unknown): string | null {
  if (properties === undefined) return null;
  const isRecord = typeof properties === 'object' && properties !== null;
  const isFine = isRecord && !Array.isArray(properties) && new Budget().allows(properties, 0);
  return isFine ? null : 'MARKET_PROPERTIES_INVALID';
}

/** A copy of valid properties, names in order: the same properties have the same JSON. */
export function plainProperties(properties: NodeProperties): NodeProperties {
  return copy(properties) as NodeProperties;
}

/** A scalar that may stand in a property or be compared with one. */
export function isScalar(value: unknown): value is string | number | boolean {
  if (typeof value === 'string') return value.length <= MAXIMUM_PROPERTY_LENGTH;
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}

class Budget {
  #left = MAXIMUM_PROPERTIES;

  allows(value: unknown, depth: number): boolean {
    if (value === null || isScalar(value)) return true;
    if (typeof value !== 'object' || depth === MAXIMUM_PROPERTY_DEPTH) return false;
    if (Array.isArray(value)) {
      if (!this.#take(value.length)) return false;
      // By position: a hole is no value.
      for (let i = 0; i < value.length; i++) if (!this.allows(value[i], depth + 1)) return false;
      return true;
    }
    const names = Object.keys(value);
    if (!this.#take(names.length)) return false;
    return names.every(
      (name) =>
        name.length <= MAXIMUM_PROPERTY_LENGTH &&
        NAME.test(name) &&
        this.allows((value as Record<string, unknown>)[name], depth + 1),
    );
  }

  #take(values: number): boolean {
    this.#left -= values;
    return this.#left >= 0;
  }
}

function copy(value: PropertyValue): PropertyValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copy);
  const record = value as NodeProperties;
  const copied: Record<string, PropertyValue> = {};
  // Valid names begin with a letter: none of them means anything to an object.
  for (const name of Object.keys(record).sort()) copied[name] = copy(record[name]!);
  return copied;
}
