/** The workload table of a scenario: one of the trace formats or of the models. */
import { Type, type TObject } from 'typebox';
import { Value } from 'typebox/value';
import { distance } from 'fastest-levenshtein';
import { OcxError, type ErrorPlace } from '../core/kernel/errors.ts';
import { TRACE_FORMATS, formatNamed, recogniseByName } from './formats/registry.ts';
import { WORKLOAD_MODELS, modelNamed } from './models/registry.ts';

/** A workload table as it stands in a scenario. */
export type WorkloadTable = Readonly<Record<string, unknown>>;

/** JSON Schema of a workload table; for documentation, editors and whole-scenario checks. */
export const WorkloadSchema = Type.Union(
  [
    ...TRACE_FORMATS.map((format) => format.schema),
    ...WORKLOAD_MODELS.map((model) => model.schema),
  ],
  { description: 'demand: a trace file with its format, or a model' },
);

/**
 * Checks a workload table and fills in its defaults.
 *
 * A table with both a trace and a model is what `--set organisation.X.workload.trace=FILE` makes
 * of an organisation that had a model: the trace counts, and what belongs to the model only goes.
 * A trace without a format gets the one that its name suggests.
 *
 * @param keyPath where the table stands, for messages
 * @throws OcxError INPUT_WORKLOAD… naming the key, with the nearest known one
 */
export function checkWorkload(table: WorkloadTable, keyPath = 'workload'): Record<string, unknown> {
  if (typeof table !== 'object' || table === null || Array.isArray(table)) {
    throw refused('INPUT_WORKLOAD', 'a table is expected', { keyPath }, 'give a trace or a model');
  }
  const schema = 'trace' in table ? traceSchema(table, keyPath) : modelSchema(table, keyPath);
  const own = ownKeys(table, schema);
  const filled = Value.Default(schema, own) as Record<string, unknown>;
  for (const key of Object.keys(filled)) {
    if (Object.hasOwn(schema.properties, key)) continue;
    throw unknownKey(key, Object.keys(schema.properties), keyPath);
  }
  const [error] = Value.Errors(schema, filled);
  if (error === undefined) return filled;
  const keys = error.instancePath.slice(1).split('/');
  refuseUnknownInside(keys, schema, keyPath);
  const key = keys.join('.');
  const place = { keyPath: key ? `${keyPath}.${key}` : keyPath };
  const allowed = (error.params as { allowedValues?: readonly unknown[] }).allowedValues;
  const found = key ? ` (found ${shown(valueAt(filled, keys))})` : '';
  const message = `${error.message}${allowed ? `: ${allowed.join(', ')}` : ''}${found}`;
  throw refused('INPUT_WORKLOAD', message, place, 'correct the value');
}

function valueAt(table: Record<string, unknown>, keys: readonly string[]): unknown {
  return keys.reduce((value: unknown, key) => (value as Record<string, unknown>)[key], table);
}

/** A key of a table within the table that is not known there. */
function refuseUnknownInside(keys: readonly string[], schema: TObject, keyPath: string): void {
  let inner = schema as TObject | undefined;
  keys.forEach((key, depth) => {
    const known = inner?.properties;
    if (known !== undefined && !Object.hasOwn(known, key)) {
      throw unknownKey(key, Object.keys(known), [keyPath, ...keys.slice(0, depth)].join('.'));
    }
    inner = known?.[key] as TObject | undefined;
  });
}

function traceSchema(table: WorkloadTable, keyPath: string): TObject {
  const given = table['format'];
  if (given === undefined) {
    const guess = recogniseByName(String(table['trace']));
    if (guess !== null) return guess.schema;
    throw refused(
      'INPUT_WORKLOAD_FORMAT',
      "the trace's format is not given and its name does not show it",
      { keyPath },
      `add format = one of ${TRACE_FORMATS.map((format) => format.name).join(', ')}`,
    );
  }
  const format = formatNamed(String(given));
  if (format !== null) return format.schema;
  const names = TRACE_FORMATS.map((known) => known.name);
  throw unknownName('format', String(given), names, keyPath);
}

function modelSchema(table: WorkloadTable, keyPath: string): TObject {
  const names = WORKLOAD_MODELS.map((model) => model.name);
  const given = table['model'];
  if (given === undefined) {
    throw refused(
      'INPUT_WORKLOAD',
      'it names neither a trace nor a model',
      { keyPath },
      `add trace = "file" or model = one of ${names.join(', ')}`,
    );
  }
  const model = modelNamed(String(given));
  if (model !== null) return model.schema;
  throw unknownName('model', String(given), names, keyPath);
}

/** The table without what only the replaced model knows, with the format that was guessed. */
function ownKeys(table: WorkloadTable, schema: TObject): Record<string, unknown> {
  const own: Record<string, unknown> = Object.create(null);
  const replaced = 'trace' in table && 'model' in table;
  const model = replaced ? modelNamed(String(table['model'])) : null;
  for (const key of Object.keys(table)) {
    const known = Object.hasOwn(schema.properties, key);
    const ofModel = model !== null && Object.hasOwn(model.schema.properties, key);
    if (!known && replaced && (key === 'model' || ofModel)) continue;
    own[key] = table[key];
  }
  const format = schema.properties['format'] as { const?: string } | undefined;
  if (format?.const !== undefined && own['format'] === undefined) own['format'] = format.const;
  return own;
}

function unknownKey(key: string, known: readonly string[], keyPath: string): OcxError {
  const place = { keyPath: `${keyPath}.${key}` };
  return refused('INPUT_UNKNOWN_KEY', 'there is no such key', place, suggestion(key, known));
}

function unknownName(
  key: string,
  name: string,
  known: readonly string[],
  keyPath: string,
): OcxError {
  const place = { keyPath: `${keyPath}.${key}` };
  const message = `there is no ${key} called ${shown(name)}`;
  return refused(`INPUT_WORKLOAD_${key.toUpperCase()}`, message, place, suggestion(name, known));
}

function suggestion(word: string, known: readonly string[]): string {
  const nearest = [...known].sort(
    (a, b) => distance(word, a) - distance(word, b) || (a < b ? -1 : 1),
  )[0]!;
  if (distance(word, nearest) <= Math.max(2, word.length / 3)) return `did you mean ${nearest}?`;
  return `known are ${known.join(', ')}`;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}

function refused(code: string, message: string, place: ErrorPlace, remedy: string): OcxError {
  return new OcxError({ code, message, place, remedy });
}
