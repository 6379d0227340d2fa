/**
 * From the text of a scenario to its resolved form and its variants. Nothing is guessed: an
 * unknown key is an error that names the nearest known one.
 */
import { Ajv } from 'ajv';
import type { TSchema } from 'typebox';
import { OcxError } from '../../core/kernel/errors.ts';
import { parseDocument, schemaError } from './document.ts';
import type { DocumentKind } from './document.ts';
import { checkFork, forkOf } from './forks.ts';
import type { Fork } from './forks.ts';
import { checkMeaning } from './meaning.ts';
import { nearestRemedy } from './nearest.ts';
import { applySetting, parseSetting } from './settings.ts';
import type { Setting } from './settings.ts';
import type { Scenario, Variant } from './schema.ts';
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
  /** Absent where its run begins at the beginning. */
  readonly fork?: Fork;
}

export interface LoadedScenario {
  readonly scenario: Scenario;
  /** `static` first, then the scenario's own in their order. */
  readonly variants: readonly ScenarioVariant[];
}

export const STATIC_VARIANT = 'static';

const SCENARIO: DocumentKind = {
  noun: 'scenario',
  code: 'INPUT_SCENARIO',
  start: 'start one with `ocx scenario init`',
  describe: '`ocx scenario schema` describes every key',
};

/**
 * @param file name for messages
 * @param settings `key.path=value` as given with `--set`, or as an experiment sets them
 * @throws OcxError INPUT_SCENARIO_…
 */
export function loadScenario(
  text: string,
  file: string,
  settings: readonly (string | Setting)[],
  vocabulary: ScenarioVocabulary,
): LoadedScenario {
  const raw = parseDocument(text, file, SCENARIO);
  for (const setting of settings) {
    applySetting(raw, typeof setting === 'string' ? parseSetting(setting) : setting, file);
  }
  const resolve = (document: unknown) => resolveScenario(document, file, vocabulary);
  const scenario = resolve(structuredClone(raw));
  const variants = resolveVariants(raw, scenario, file, resolve);
  checkSearched(scenario, variants, file);
  checkConditioned(scenario, file);
  checkIncentives(scenario, variants, file);
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
  const names = wholeMarkets(variants);
  if (names.includes(variant)) return;
  throw new OcxError({
    code: 'INPUT_SCENARIO_VALUE',
    message: `no variant to search is called ${JSON.stringify(variant)}`,
    place: { file, keyPath: 'search.variant' },
    remedy: nearestRemedy(variant, names),
  });
}

/** Weights are those of one condition. */
function checkConditioned({ organisation }: Scenario, file: string): void {
  const [, second] = organisation.filter(({ workload }) => 'conditionNodes' in workload);
  if (!second) return;
  throw new OcxError({
    code: 'INPUT_SCENARIO_VALUE',
    message: 'emergencies of two organisations are conditioned on',
    place: { file, keyPath: `organisation.${second.name}.workload.conditionNodes` },
    remedy: 'leave it out of all organisations but one',
  });
}

/** Variants that have a market, and run from the beginning: others cannot be run on other hardware. */
function wholeMarkets(variants: readonly ScenarioVariant[]): string[] {
  return variants.flatMap(({ name, fork }) => (name === STATIC_VARIANT || fork ? [] : [name]));
}

/** False reports are tried in variants that exist, and there is one to try. */
function checkIncentives(
  { incentives, search }: Scenario,
  variants: readonly ScenarioVariant[],
  file: string,
): void {
  if (!incentives?.enabled) return;
  const names = wholeMarkets(variants);
  const asked = incentives.variants.length > 0 ? incentives.variants : [search.variant];
  const unknown = asked.find((name) => !names.includes(name));
  const fail = (key: string, message: string, remedy: string) => {
    const place = { file, keyPath: `incentives.${key}` };
    throw new OcxError({ code: 'INPUT_SCENARIO_VALUE', message, place, remedy });
  };
  if (unknown !== undefined) {
    const message = `no variant with a market is called ${JSON.stringify(unknown)}`;
    fail('variants', message, nearestRemedy(unknown, names));
  }
  const { factors, markups, withheldShares, waitSlots } = incentives;
  if ([...factors, ...markups, ...withheldShares, ...waitSlots].length === 0) {
    fail('factors', 'there is no false report to try', 'list at least one factor');
  }
}

function resolveVariants(
  raw: Record<string, unknown>,
  scenario: Scenario,
  file: string,
  resolve: (document: unknown) => Scenario,
): ScenarioVariant[] {
  const named = scenario.variant.filter((variant) => variant.name !== STATIC_VARIANT);
  const listed = named.length > 0 ? named : [{ name: 'market', set: {} }];
  const all: Variant[] = [
    { name: STATIC_VARIANT, set: { 'market.mechanism': 'static' } },
    ...listed,
  ];
  const resolved = (...chain: readonly Variant[]) => {
    const changed = structuredClone(raw);
    for (const { name, set } of chain) {
      for (const [path, value] of Object.entries(set)) {
        applySetting(changed, { path: path.split('.'), value }, file, `variant.${name}.set`);
      }
    }
    return resolve(changed);
  };
  return all.map((variant): ScenarioVariant => {
    const { name } = variant;
    const fork = forkOf(variant, all, scenario, file);
    if (!fork) return { name, scenario: resolved(variant) };
    const base = all.find((other) => other.name === fork.from)!;
    const own = resolved(base, variant);
    checkFork(name, resolved(base), own, file);
    return { name, scenario: own, fork };
  });
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
  throw schemaError(compiled.errors![0]!, document, file, SCENARIO);
}
