/** Checks and reads a calibration file that a user made. */
import { Ajv } from 'ajv';
import type { ErrorObject } from 'ajv';
import { distance } from 'fastest-levenshtein';
import { parse, TomlError } from 'smol-toml';
import { OcxError } from '../../../core/kernel/errors.ts';
import {
  attestedPhasesSeconds,
  defaultCalibration,
  HardwareProfileSchema,
  unattestedPhasesSeconds,
} from './calibration.ts';
import type { Calibration, ConcurrencyTable, HardwareProfile } from './calibration.ts';

/**
 * A user's calibration: TOML with `schema = "ocx-calibration/1"` and `[profile.NAME]` tables of
 * the shape of {@link HardwareProfile}. A profile with `basedOn = "r630"` takes from there what
 * it leaves out. The shipped profiles stay available under their names unless redefined.
 *
 * @param text contents of the file
 * @param file its name, for messages
 * @throws OcxError INPUT_CALIBRATION that names the file, the key and what is allowed
 */
export function parseCalibration(text: string, file: string): Calibration {
  const document = parseToml(text, file);
  const { schema, profile: tables, ...rest } = document;
  const unknownKey = Object.keys(rest)[0];
  if (unknownKey !== undefined) throw unknown(file, unknownKey, ['schema', 'profile']);
  if (schema !== 'ocx-calibration/1') {
    throw refused(file, 'schema', 'this key must be "ocx-calibration/1"');
  }
  if (!isTable(tables)) throw refused(file, 'profile', 'at least one [profile.NAME] is needed');
  const profiles = new Map<string, HardwareProfile>(defaultCalibration().profiles);
  for (const [name, own] of Object.entries(tables)) {
    profiles.set(name, resolveProfile(file, `profile.${name}`, own, profiles));
  }
  return { schema: 'ocx-calibration/1', profiles };
}

function resolveProfile(
  file: string,
  keyPath: string,
  own: unknown,
  known: ReadonlyMap<string, HardwareProfile>,
): HardwareProfile {
  if (!isTable(own)) throw refused(file, keyPath, 'a profile is a table');
  const { basedOn, ...changes } = own;
  if (basedOn === undefined) return checkProfile(changes, file, keyPath);
  const base = typeof basedOn === 'string' ? known.get(basedOn) : undefined;
  if (base === undefined) {
    const names = [...known.keys()].join(', ');
    throw refused(file, `${keyPath}.basedOn`, `this must name one of: ${names}`);
  }
  return checkProfile(merge(base, changes), file, keyPath);
}

/** The value as a profile, its table of totals in agreement with its phases. */
export function checkProfile(value: unknown, file: string, keyPath: string): HardwareProfile {
  const validate = validator();
  if (!validate(value)) throw describe(validate.errors![0]!, file, keyPath);
  const profile = value as HardwareProfile;
  const concurrency = profile.concurrency;
  if (concurrency !== 'none')
    checkConcurrency(profile, concurrency, file, `${keyPath}.concurrency`);
  return profile;
}

let compiled: ReturnType<Ajv['compile']> | undefined;
function validator() {
  compiled ??= new Ajv({ allErrors: false }).compile(HardwareProfileSchema);
  return compiled;
}

function checkConcurrency(
  profile: HardwareProfile,
  concurrency: ConcurrencyTable,
  file: string,
  keyPath: string,
): void {
  const { nodes, unattestedSeconds, attestedSeconds } = concurrency;
  if (unattestedSeconds.length !== nodes.length || attestedSeconds.length !== nodes.length) {
    throw refused(file, keyPath, 'its three lists must be of one length');
  }
  if (nodes[0] !== 1) throw refused(file, `${keyPath}.nodes`, 'the first entry must be 1');
  for (let i = 1; i < nodes.length; i++) {
    if (nodes[i]! <= nodes[i - 1]!) throw refused(file, `${keyPath}.nodes`, 'it must increase');
  }
  for (const [key, phases] of [
    ['unattestedSeconds', unattestedPhasesSeconds(profile)],
    ['attestedSeconds', attestedPhasesSeconds(profile)],
  ] as const) {
    const total = concurrency[key][0]!;
    if (Math.abs(total - phases) > 0.05) {
      const phrase = `its first entry is ${total} s, but the profile's phases for UEFI add up to`;
      throw refused(
        file,
        `${keyPath}.${key}`,
        `${phrase} ${phases.toFixed(2)} s`,
        'give totals that fit the phases, or set concurrency = "none"',
      );
    }
    const slower = concurrency[key].findIndex((value, i) => value < total && i > 0);
    if (slower > 0) throw refused(file, `${keyPath}.${key}`, 'no entry may be below the first');
  }
}

type Table = Record<string, unknown>;

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function merge(base: unknown, changes: Table): Table {
  const inherited = new Map<string, unknown>(isTable(base) ? Object.entries(base) : []);
  for (const [key, value] of Object.entries(changes)) {
    inherited.set(key, isTable(value) ? merge(inherited.get(key), value) : value);
  }
  return Object.fromEntries(inherited);
}

function parseToml(text: string, file: string): Table {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new OcxError({
      code: 'INPUT_CALIBRATION',
      message: `not TOML: ${error.message.split('\n')[0]}`,
      place: { file, line: error.line, column: error.column },
    });
  }
}

function describe(error: ErrorObject, file: string, root: string): OcxError {
  const keyPath = [root, ...error.instancePath.split('/').slice(1)].join('.');
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params['additionalProperty']);
    return unknown(file, `${keyPath}.${key}`, [...keysAt(error), 'basedOn']);
  }
  if (error.keyword === 'required') {
    return refused(file, `${keyPath}.${error.params['missingProperty']}`, 'this key is missing');
  }
  return refused(file, keyPath, `the value ${error.message ?? 'is not allowed'}`);
}

/** Keys that the schema has where the error points. */
function keysAt(error: ErrorObject): string[] {
  let schema = HardwareProfileSchema as unknown as Table;
  for (const part of error.instancePath.split('/').slice(1)) {
    schema = ((schema['properties'] ?? {}) as Table)[part] as Table;
    if (schema === undefined) return [];
    const alternatives = schema['anyOf'] as Table[] | undefined;
    if (alternatives) schema = alternatives[0]!;
  }
  return Object.keys((schema['properties'] ?? {}) as Table);
}

function unknown(file: string, keyPath: string, allowed: readonly string[]): OcxError {
  const key = keyPath.split('.').at(-1)!;
  const nearest = allowed
    .map((name) => ({ name, edits: distance(key, name) }))
    .sort((a, b) => a.edits - b.edits || (a.name < b.name ? -1 : 1))[0];
  return new OcxError({
    code: 'INPUT_CALIBRATION',
    message: 'there is no such key',
    place: { file, keyPath },
    ...(nearest ? { remedy: `did you mean "${nearest.name}"?` } : {}),
  });
}

function refused(file: string, keyPath: string, message: string, remedy?: string): OcxError {
  const place = { file, keyPath };
  return new OcxError({
    code: 'INPUT_CALIBRATION',
    message,
    place,
    ...(remedy === undefined ? {} : { remedy }),
  });
}
