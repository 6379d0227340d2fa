/**
 * From the text of a scenario to its resolved form and its variants. Nothing is guessed: an
 * unknown key is an error that names the nearest known one.
 */
import { Ajv } from 'ajv';
import type { ErrorObject } from 'ajv';
import { parse as parseToml, TomlError } from 'smol-toml';
import type { TSchema } from 'typebox';
import { OcxError } from '../../core/kernel/errors.ts';
import { checkMeaning } from './meaning.ts';
import { nearestRemedy } from './nearest.ts';
import { applySetting, parseSetting } from './settings.ts';
import type { Scenario } from './schema.ts';
import { scenarioSchema } from './schema.ts';

/** What the loader cannot know itself, because `sim/` imports neither workloads nor mechanisms. */
export interface ScenarioVocabulary {
  readonly workloadSchema: TSchema;
  /** The workload table with its defaults; throws an `OcxError` under `keyPath`. */
  checkWorkload(table: Readonly<Record<string, unknown>>, keyPath: string): Record<string, unknown>;
  readonly mechanisms: readonly string[];
  readonly strategies: readonly string[];
}

export interface ScenarioVariant {
  readonly name: string;
  readonly scenario: Scenario;
}

export interface LoadedScenario {
  readonly scenario: Scenario;
  /** `static` first, then the scenario's own in their order. */
  readonly variants: readonly ScenarioVariant[];
}

export const STATIC_VARIANT = 'static';

/**
 * @param file name for messages
 * @param settings `key.path=value`, as given with `--set`
 * @throws OcxError INPUT_SCENARIO_…
 */
export function loadScenario(
  text: string,
  file: string,
  settings: readonly string[],
  vocabulary: ScenarioVocabulary,
): LoadedScenario {
  const raw = parseText(text, file);
  for (const setting of settings) applySetting(raw, parseSetting(setting), file);
  const resolve = (document: unknown) => resolveScenario(document, file, vocabulary);
  const scenario = resolve(structuredClone(raw));
  const variants = resolveVariants(raw, scenario, file, resolve);
  checkSearched(scenario, variants, file);
  for (const { parameter, values } of scenario.sensitivity) {
    for (const value of values) {
      const changed = structuredClone(raw);
      applySetting(changed, { path: parameter.split('.'), value }, file, 'sensitivity');
      resolve(changed);
    }
  }
  return { scenario, variants };
}

/** The search and the sensitivities are of one variant, which must exist. */
function checkSearched(
  scenario: Scenario,
  variants: readonly ScenarioVariant[],
  file: string,
): void {
  const { enabled, variant } = scenario.search;
  if (!enabled && scenario.sensitivity.length === 0) return;
  const names = variants.map(({ name }) => name).filter((name) => name !== STATIC_VARIANT);
  if (names.includes(variant)) return;
  throw new OcxError({
    code: 'INPUT_SCENARIO_VALUE',
    message: `no variant to search is called ${JSON.stringify(variant)}`,
    place: { file, keyPath: 'search.variant' },
    remedy: nearestRemedy(variant, names),
  });
}

function resolveVariants(
  raw: Record<string, unknown>,
  scenario: Scenario,
  file: string,
  resolve: (document: unknown) => Scenario,
): ScenarioVariant[] {
  const named = scenario.variant.filter((variant) => variant.name !== STATIC_VARIANT);
  const listed = named.length > 0 ? named : [{ name: 'market', set: {} }];
  const all = [{ name: STATIC_VARIANT, set: { 'market.mechanism': 'static' } }, ...listed];
  return all.map(({ name, set }) => {
    const changed = structuredClone(raw);
    for (const [path, value] of Object.entries(set)) {
      applySetting(changed, { path: path.split('.'), value }, file, `variant.${name}.set`);
    }
    return { name, scenario: resolve(changed) };
  });
}

/** The raw document: TOML, or JSON where the text starts with a brace. */
function parseText(text: string, file: string): Record<string, unknown> {
  if (text.trim() === '') {
    throw new OcxError({
      code: 'INPUT_SCENARIO_EMPTY',
      message: 'the scenario is empty',
      place: { file },
      remedy: 'start one with `ocx scenario init`',
    });
  }
  try {
    const value: unknown = text.trimStart().startsWith('{') ? JSON.parse(text) : parseToml(text);
    return value as Record<string, unknown>;
  } catch (error) {
    const place =
      error instanceof TomlError ? { file, line: error.line, column: error.column } : { file };
    throw new OcxError({
      code: 'INPUT_SCENARIO_SYNTAX',
      message: firstLine(error),
      place,
      remedy: 'correct the syntax (TOML, or JSON starting with a brace)',
    });
  }
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0]!;
}

function resolveScenario(
  document: unknown,
  file: string,
  vocabulary: ScenarioVocabulary,
): Scenario {
  validate(document, file);
  const scenario = document as Scenario;
  for (const organisation of scenario.organisation) {
    const keyPath = `organisation.${organisation.name}.workload`;
    try {
      organisation.workload = vocabulary.checkWorkload(organisation.workload, keyPath);
    } catch (error) {
      if (error instanceof OcxError) throw inFile(error, file);
      throw error;
    }
  }
  checkMeaning(scenario, file, vocabulary.mechanisms, vocabulary.strategies);
  return scenario;
}

function inFile(error: OcxError, file: string): OcxError {
  return new OcxError({
    code: error.code,
    message: error.message,
    place: { file, ...error.place },
    ...(error.remedy ? { remedy: error.remedy } : {}),
  });
}

let compiled: ReturnType<Ajv['compile']> | null = null;

/** Checks against the schema and fills the defaults in. */
function validate(document: unknown, file: string): void {
  // Workload tables are checked by their own format's schema, which gives better messages.
  const open = { type: 'object' } as unknown as TSchema;
  compiled ??= new Ajv({ useDefaults: true, strict: false, verbose: true }).compile(
    scenarioSchema(open),
  );
  if (compiled(document)) return;
  throw schemaError(compiled.errors![0]!, document, file);
}

/** One ajv error as one line that says where and what to do. */
export function schemaError(error: ErrorObject, document: unknown, file: string): OcxError {
  const keyPath = namedPath(error.instancePath, document);
  const at = (key: string) => (keyPath ? `${keyPath}.${key}` : key);
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params['additionalProperty']);
    const known = Object.keys((error.parentSchema as { properties?: object })?.properties ?? {});
    return new OcxError({
      code: 'INPUT_SCENARIO_UNKNOWN_KEY',
      message: `unknown key ${JSON.stringify(key)}`,
      place: { file, keyPath: at(key) },
      remedy: nearestRemedy(key, known),
    });
  }
  if (error.keyword === 'required') {
    const key = String(error.params['missingProperty']);
    return new OcxError({
      code: 'INPUT_SCENARIO_MISSING_KEY',
      message: `missing key ${JSON.stringify(key)}`,
      place: { file, keyPath: at(key) },
      remedy: 'add it; `ocx scenario schema` describes every key',
    });
  }
  const allowed = error.params['allowedValues'] as unknown[] | undefined;
  const what = allowed ? `must be one of ${allowed.join(', ')}` : (error.message ?? 'is wrong');
  return new OcxError({
    code: 'INPUT_SCENARIO_VALUE',
    message: `${describeValue(error.data)} ${what}`,
    place: { file, keyPath },
    remedy: allowed ? nearestRemedy(String(error.data), allowed.map(String)) : unitRemedy(keyPath),
  });
}

function describeValue(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** Units stand in the key, so a value with a unit of its own is the likeliest mistake. */
function unitRemedy(keyPath: string): string {
  const unit = /(Minutes|Hours|Days|Share|GiB|Slots|PerHour)$/.exec(keyPath)?.[1];
  return unit
    ? `give a plain number in the unit that the key names (${unit})`
    : '`ocx scenario schema` describes every key';
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
