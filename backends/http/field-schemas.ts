/** JSON Schemas of the fields of commands and queries, from the core's own list of them. */
import { Type, type TSchema } from 'typebox';
import { LEASE_TERMS } from '../../core/allocator/commands.ts';
import type { ApiFieldKind, ApiFields } from './service-facade.ts';

const NAME_PATTERN = '^[\\x21-\\x7e]{1,128}$';
const MAC_ADDRESS_PATTERN = '^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$';
const URL_PATTERN = '^https?://[\\x21-\\x7e]{1,1000}$';
const NAMES_MAXIMUM = 10_000;
const TEXT_LENGTH_MAXIMUM = 4_096;

const name = () => Type.String({ pattern: NAME_PATTERN, maxLength: 128 });
const names = () => Type.Array(name(), { maxItems: NAMES_MAXIMUM });
const time = () => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** May be left out, which is the same as null. */
function nullable(schema: TSchema): TSchema {
  return Type.Optional(Type.Union([schema, Type.Null()], { default: null }));
}

/** What a service of the core takes as a field of this kind; the service itself looks closer. */
export function schemaOf(kind: ApiFieldKind): TSchema {
  switch (kind) {
    case 'name':
      return name();
    case 'nameOrNull':
      return nullable(name());
    case 'macAddressOrNull':
      return nullable(Type.String({ pattern: MAC_ADDRESS_PATTERN }));
    case 'urlOrNull':
      return nullable(Type.String({ pattern: URL_PATTERN, maxLength: 1_008 }));
    case 'names':
      return names();
    case 'namesOrNull':
      return nullable(names());
    case 'name?':
      return Type.Optional(name());
    case 'text':
      return Type.String({ maxLength: TEXT_LENGTH_MAXIMUM });
    case 'time':
    case 'count':
      return time();
    case 'timeOrNull':
      return nullable(time());
    case 'boolean':
    case 'flag':
      return Type.Boolean();
    case 'any':
    case 'json':
      return Type.Unknown();
    case 'terms':
      return objectOf(LEASE_TERMS);
    default:
      return Type.Union(kind.map((choice) => Type.Literal(choice)));
  }
}

/** An object with these fields and no other. */
export function objectOf(fields: ApiFields): TSchema {
  const properties = Object.entries(fields).map(([key, kind]) => [key, schemaOf(kind)] as const);
  return Type.Object(Object.fromEntries(properties), { additionalProperties: false });
}

/** The fields that are not among `taken`; null where none is left. */
export function fieldsBeside(fields: ApiFields, taken: readonly string[]): ApiFields | null {
  const rest = Object.entries(fields).filter(([key]) => !taken.includes(key));
  return rest.length === 0 ? null : Object.fromEntries(rest);
}

/** Parameters of a query string are text. */
export function queryStringOf(fields: ApiFields): TSchema {
  const properties = Object.entries(fields).map(([key, kind]) => {
    const schema =
      kind === 'boolean' ? Type.Union([Type.Literal('true'), Type.Literal('false')]) : name();
    return [key, Type.Optional(schema)] as const;
  });
  return Type.Object(Object.fromEntries(properties), { additionalProperties: false });
}
