/**
 * Documents that people write, scenarios and experiments: from text to a raw value, and what a
 * schema says against it as one line that tells where and what to do.
 */
import type { ErrorObject } from 'ajv';
import { parse as parseToml, TomlError } from 'smol-toml';
import { OcxError } from '../../core/kernel/errors.ts';
import { nearestRemedy } from './nearest.ts';

/** What the messages say of a kind of document. */
export interface DocumentKind {
  readonly noun: string;
  /** Beginning of its codes, e.g. `INPUT_SCENARIO`. */
  readonly code: string;
  /** What to do about an empty one. */
  readonly start: string;
  /** Where its keys are described. */
  readonly describe: string;
}

/** The raw document: TOML, or JSON where the text starts with a brace. @throws OcxError */
export function parseDocument(
  text: string,
  file: string,
  kind: DocumentKind,
): Record<string, unknown> {
  if (text.trim() === '') {
    throw new OcxError({
      code: `${kind.code}_EMPTY`,
      message: `the ${kind.noun} is empty`,
      place: { file },
      remedy: kind.start,
    });
  }
  try {
    const value: unknown = text.trimStart().startsWith('{') ? JSON.parse(text) : parseToml(text);
    return value as Record<string, unknown>;
  } catch (error) {
    const place =
      error instanceof TomlError ? { file, line: error.line, column: error.column } : { file };
    throw new OcxError({
      code: `${kind.code}_SYNTAX`,
      message: firstLine(error),
      place,
      remedy: 'correct the syntax (TOML, or JSON starting with a brace)',
    });
  }
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0]!;
}

/** One ajv error as one line that says where and what to do. */
export function schemaError(
  error: ErrorObject,
  document: unknown,
  file: string,
  kind: DocumentKind,
): OcxError {
  const keyPath = namedPath(error.instancePath, document);
  const at = (key: string) => (keyPath ? `${keyPath}.${key}` : key);
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params['additionalProperty']);
    const known = Object.keys((error.parentSchema as { properties?: object })?.properties ?? {});
    return new OcxError({
      code: `${kind.code}_UNKNOWN_KEY`,
      message: `unknown key ${JSON.stringify(key)}`,
      place: { file, keyPath: at(key) },
      remedy: nearestRemedy(key, known),
    });
  }
  if (error.keyword === 'required') {
    const key = String(error.params['missingProperty']);
    return new OcxError({
      code: `${kind.code}_MISSING_KEY`,
      message: `missing key ${JSON.stringify(key)}`,
      place: { file, keyPath: at(key) },
      remedy: `add it; ${kind.describe}`,
    });
  }
  const allowed = error.params['allowedValues'] as unknown[] | undefined;
  const what = allowed ? `must be one of ${allowed.join(', ')}` : (error.message ?? 'is wrong');
  return new OcxError({
    code: `${kind.code}_VALUE`,
    message: `${describeValue(error.data)} ${what}`,
    place: { file, keyPath },
    remedy: allowed
      ? nearestRemedy(String(error.data), allowed.map(String))
      : (unitRemedy(keyPath) ?? kind.describe),
  });
}

function describeValue(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** Units stand in the key, so a value with a unit of its own is the likeliest mistake. */
function unitRemedy(keyPath: string): string | null {
  const unit = /(Minutes|Hours|Days|Share|GiB|Slots|PerHour)$/.exec(keyPath)?.[1];
  return unit ? `give a plain number in the unit that the key names (${unit})` : null;
}

/** `/organisation/0/nodes` → `organisation.hpc-a.nodes`: tables in arrays go by their name. */
function namedPath(pointer: string, document: unknown): string {
  const parts: string[] = [];
  let value: unknown = document;
  for (const token of pointer.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    value = (value as Record<string, unknown> | undefined)?.[key];
    const itsName = (value as { name?: unknown } | null | undefined)?.name;
    parts.push(/^\d+$/.test(key) && typeof itsName === 'string' ? itsName : key);
  }
  return parts.join('.');
}
