/**
 * The shape of a command: every field there and of its kind, and no other. Commands come from
 * parties that are not trusted; what is behind this check meets no value of a wrong type.
 */
import type { Refusal } from './errors.ts';
import { isSafeAmount } from './units.ts';

/** A list of strings means one of them; `?` marks a field that may be absent. */
export type FieldKind = 'name' | 'name?' | 'text' | 'count' | 'flag' | 'any' | readonly string[];

/** Field → kind; the header's fields are not listed. */
export type CommandShape = Readonly<Record<string, FieldKind>>;

/** 1–128 visible ASCII characters; `__proto__` is a name like any other. */
const NAME = /^[\x21-\x7e]{1,128}$/;
const TEXT_LENGTH_MAXIMUM = 4_096;
const HEADER: ReadonlySet<string> = new Set(['kind', 'timeMs', 'from', 'commandId']);

/** True for a legal name. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value);
}

/** Null, or INPUT_BAD_ARGUMENT that names the field. The header is checked for its command id. */
export function shapeRefusal(command: object, shape: CommandShape): Refusal | null {
  const fields = command as Readonly<Record<string, unknown>>;
  if (!isName(fields['commandId'])) return badArgument('commandId is missing or no legal name');
  for (const name in shape) {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!isOfKind(value, shape[name]!)) {
      return badArgument(`${name} is missing or not ${describe(shape[name]!)}`);
    }
  }
  for (const name in fields) {
    if (!HEADER.has(name) && !Object.hasOwn(shape, name)) {
      return badArgument(`there is no field ${JSON.stringify(name).slice(0, 64)}`);
    }
  }
  return null;
}

function isOfKind(value: unknown, kind: FieldKind): boolean {
  switch (kind) {
    case 'name':
      return isName(value);
    case 'name?':
      return value === undefined || isName(value);
    case 'text':
      return typeof value === 'string' && value.length <= TEXT_LENGTH_MAXIMUM;
    case 'count':
      return isSafeAmount(value) && value >= 0;
    case 'flag':
      return typeof value === 'boolean';
    case 'any':
      return value !== undefined;
    default:
      return typeof value === 'string' && kind.includes(value);
  }
}

function describe(kind: FieldKind): string {
  return typeof kind === 'string' ? `a legal ${kind}` : `one of ${kind.join(', ')}`;
}

function badArgument(message: string): Refusal {
  return { code: 'INPUT_BAD_ARGUMENT', message };
}
