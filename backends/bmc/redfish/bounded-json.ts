/**
 * JSON of a party that is not trusted: its depth is looked at before it is parsed, and what is read
 * of it are own properties of the type that is expected.
 */

const DEEPEST = 32;

export type JsonObject = Readonly<Record<string, unknown>>;

/** Null for what is not a JSON object, or is nested deeper than anything a BMC has to say. */
export function parseBounded(text: string): JsonObject | null {
  if (isTooDeep(text)) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let isString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (isString) {
      if (character === '\\') i += 1;
      else if (character === '"') isString = false;
    } else if (character === '"') isString = true;
    else if (character === '{' || character === '[') {
      depth += 1;
      if (depth > DEEPEST) return true;
    } else if (character === '}' || character === ']') depth -= 1;
  }
  return false;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands under a path of property names; undefined where one is missing. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let current = value;
  for (const name of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, name)) {
      return undefined;
    }
    current = (current as Record<string | number, unknown>)[name];
  }
  return current;
}

export function textAt(value: unknown, ...path: readonly (string | number)[]): string | null {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : null;
}

export function numberAt(value: unknown, ...path: readonly (string | number)[]): number | null {
  const found = at(value, ...path);
  return typeof found === 'number' && Number.isFinite(found) ? found : null;
}

export function objectAt(value: unknown, ...path: readonly (string | number)[]): JsonObject | null {
  const found = at(value, ...path);
  return isObject(found) ? found : null;
}

/** The first few strings of a list; nothing for what is no list. */
export function linksAt(value: unknown, most: number, ...path: readonly string[]): string[] {
  const found = at(value, ...path);
  if (!Array.isArray(found)) return [];
  return found.slice(0, most).flatMap((member: unknown) => textAt(member, '@odata.id') ?? []);
}
