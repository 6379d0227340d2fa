/** From the texts of a results folder to results that a report can be made of. */
import { Ajv } from 'ajv';
import type { ErrorObject, ValidateFunction } from 'ajv';
import type { TSchema } from 'typebox';
import { OcxError } from '../../core/kernel/errors.ts';
import type { Manifest } from '../../core/metrics/manifest.ts';
import type { HourlySeries, Metrics } from '../../core/metrics/results.ts';
import type { SweepResults } from '../../core/metrics/sweep/results.ts';
import { manifestSchema } from './manifest-schema.ts';
import { metricsSchema } from './metrics-schema.ts';
import { sweepSchema } from './sweep-schema.ts';

/** @param file its name, for messages @throws OcxError INPUT_METRICS */
export function parseMetrics(text: string, file: string): Metrics {
  const code = 'INPUT_METRICS';
  const metrics = check<Metrics>(parseJson(text, file, code), metricsSchema, file, code);
  for (const series of metrics.series) checkSeries(series, file);
  return metrics;
}

/** @param file its name, for messages @throws OcxError INPUT_MANIFEST */
export function parseManifest(text: string, file: string): Manifest {
  const code = 'INPUT_MANIFEST';
  return check<Manifest>(parseJson(text, file, code), manifestSchema, file, code);
}

/** @param file its name, for messages @throws OcxError INPUT_SWEEP */
export function parseSweep(text: string, file: string): SweepResults {
  const code = 'INPUT_SWEEP';
  const sweep = check<SweepResults>(parseJson(text, file, code), sweepSchema, file, code);
  if (sweep.cells.some(({ figures }) => figures.length !== sweep.measures.length)) {
    const place = { file, keyPath: 'cells' };
    throw refusal(code, 'a cell has not one figure for each measure', place);
  }
  if (sweep.variance && sweep.variance.length !== sweep.measures.length) {
    throw refusal(code, 'there is not one entry for each measure', { file, keyPath: 'variance' });
  }
  return sweep;
}

function parseJson(text: string, file: string, code: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refusal(code, 'the file is not JSON', { file });
  }
}

function check<Checked>(value: unknown, schema: TSchema, file: string, code: string): Checked {
  const given = schemaOf(value);
  const wanted = (schema as unknown as { properties: { schema: { const: string } } }).properties
    .schema.const;
  if (given !== wanted) {
    const found = typeof given === 'string' ? `"${given.slice(0, 40)}"` : 'none';
    throw refusal(code, `the file's schema is ${found}, not "${wanted}"`, { file });
  }
  const validate = validatorOf(schema);
  if (validate(value)) return value as Checked;
  const error = deepest(validate.errors ?? []);
  throw refusal(code, describe(error), { file, keyPath: keyPathOf(error) });
}

const validators = new Map<TSchema, ValidateFunction>();

/** Made at first use: compiling takes longer than reading a file. */
function validatorOf(schema: TSchema): ValidateFunction {
  const made = validators.get(schema) ?? new Ajv({ strict: false }).compile(schema);
  validators.set(schema, made);
  return made;
}

function schemaOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'schema')) return null;
  return (value as { schema: unknown }).schema;
}

/** Of a union's complaints the deepest says best what is wrong. */
function deepest(errors: readonly ErrorObject[]): ErrorObject | undefined {
  const depth = (error: ErrorObject) => error.instancePath.split('/').length;
  return errors.reduce<ErrorObject | undefined>(
    (best, error) => (best === undefined || depth(error) > depth(best) ? error : best),
    undefined,
  );
}

function describe(error: ErrorObject | undefined): string {
  if (error?.keyword === 'required') {
    return `the key "${(error.params as { missingProperty: string }).missingProperty}" is missing`;
  }
  if (error?.keyword === 'const') {
    const { allowedValue } = error.params as { allowedValue: unknown };
    return `the value is not one of those known, such as ${JSON.stringify(allowedValue)}`;
  }
  return `the value ${error?.message ?? 'is wrong'}`;
}

function keyPathOf(error: ErrorObject | undefined): string {
  const path = (error?.instancePath ?? '').slice(1).replaceAll('/', '.');
  return path.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** A schema cannot say that columns are of one length. */
function checkSeries(series: HourlySeries, file: string): void {
  const columns = [
    series.demandNodes,
    series.busyNodes,
    series.lentNodes,
    series.offeredNodes,
    ...Object.values(series.price),
    ...Object.values(series.capacityByOrganisation),
    ...Object.values(series.demandByOrganisation),
  ];
  if (columns.every((column) => column.length === series.hour.length)) return;
  const place = { file, keyPath: `series.${series.variant}` };
  throw refusal('INPUT_METRICS', 'the columns of a series differ in length', place);
}

function refusal(code: string, message: string, place: { file: string; keyPath?: string }) {
  const remedy = 'give a folder that `ocx compare` or `ocx sweep` has written';
  return new OcxError({ code, message, place, remedy });
}
