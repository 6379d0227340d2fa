/**
 * From the text of an experiment to its cells. A scenario is loaded for each cell by whoever runs
 * it; here every name must fit the others.
 */
import { Ajv } from 'ajv';
import { OcxError } from '../../../core/kernel/errors.ts';
import type {
  Levels,
  PassMark,
  SweepAxis,
  SweepMeasure,
  SweepScreen,
  SweepStopping,
} from '../../../core/metrics/sweep/results.ts';
import { parseDocument, schemaError } from '../../scenario/document.ts';
import type { DocumentKind } from '../../scenario/document.ts';
import { nearestRemedy } from '../../scenario/nearest.ts';
import type { Setting } from '../../scenario/settings.ts';
import { ExperimentSchema } from './schema.ts';
import type { ExperimentFile, Level } from './schema.ts';
import { resolveStopping } from './stopping.ts';

/** More than anybody has waited for. */
const MAXIMUM_CELLS = 100_000;

const EXPERIMENT: DocumentKind = {
  noun: 'experiment',
  code: 'INPUT_EXPERIMENT',
  start: 'see experiments/ for examples',
  describe: '`ocx sweep --schema` describes every key',
};

/** One combination of levels: a scenario with settings. */
export interface ExperimentCell {
  /** Among the cells of the whole experiment, from 0. */
  readonly number: number;
  readonly levels: Levels;
  /** As it stands in the experiment. */
  readonly scenario: string;
  /** In order; a later one overrides an earlier one. */
  readonly settings: readonly Setting[];
}

export interface Experiment {
  readonly name: string;
  readonly question: string;
  /** Of each cell; with a stopping rule, at most. */
  readonly replications: number;
  /** Null: as many as `replications` in every cell. */
  readonly stopping: SweepStopping | null;
  /** Null: every cell. */
  readonly screen: SweepScreen | null;
  /** Beside `static`; empty: all. */
  readonly variants: readonly string[];
  readonly axes: readonly SweepAxis[];
  /** The first axis changes slowest. */
  readonly cells: readonly ExperimentCell[];
  readonly measures: readonly SweepMeasure[];
  readonly marks: readonly PassMark[];
  /** Key paths that the axes set. */
  readonly varied: readonly VariedPath[];
  /** Words that this part was asked for with; empty: the experiment as it stands in its file. */
  readonly changes: readonly string[];
}

export interface VariedPath {
  readonly axis: string;
  readonly path: readonly string[];
}

interface ResolvedAxis {
  readonly name: string;
  readonly levels: readonly Level[];
}

/** Key path → every word that it may have, for `values = ["*"]`. */
export type ExperimentVocabulary = ReadonlyMap<string, readonly string[]>;

const EVERY_WORD = '*';

let compiled: ReturnType<Ajv['compile']> | null = null;

/** @throws OcxError INPUT_EXPERIMENT_… */
export function loadExperiment(
  text: string,
  file: string,
  vocabulary: ExperimentVocabulary,
): Experiment {
  const document = parseDocument(text, file, EXPERIMENT);
  const givesReplications = Object.hasOwn(document, 'replications');
  compiled ??= new Ajv({ useDefaults: true, strict: false, verbose: true }).compile(
    ExperimentSchema,
  );
  if (!compiled(document)) throw schemaError(compiled.errors![0]!, document, file, EXPERIMENT);
  const written = document as unknown as ExperimentFile;
  const stopping = resolveStopping(written, givesReplications, file);
  const given = stopping ? { ...written, replications: stopping.maximum } : written;
  const axes = given.axis.map((axis, index) => resolveAxis(axis, index, file, vocabulary));
  const levelNames = axes.map(({ name, levels }) => ({
    name,
    levels: levels.map((level) => level.name),
  }));
  requireUnique(
    axes.map(({ name }) => name),
    'axis',
    file,
  );
  for (const axis of levelNames) requireUnique(axis.levels, `axis.${axis.name}`, file);
  requireUnique(
    given.measure.map(({ name }) => name),
    'measure',
    file,
  );
  requireUnique(
    given.mark.map(({ name }) => name),
    'mark',
    file,
  );
  for (const mark of given.mark) checkMark(mark, levelNames, given, file);
  return {
    name: given.name,
    question: given.question,
    replications: given.replications,
    stopping,
    screen: given.screen ?? null,
    variants: given.variants,
    axes: levelNames,
    cells: combine(axes, given, file),
    measures: given.measure,
    marks: given.mark.map((mark) => ({
      ...mark,
      per: mark.per ?? null,
      relativeTo: mark.relativeTo ?? null,
    })),
    varied: axes.flatMap(({ name, levels }) => variedBy(name, levels)),
    changes: [],
  };
}

function resolveAxis(
  axis: ExperimentFile['axis'][number],
  index: number,
  file: string,
  vocabulary: ExperimentVocabulary,
): ResolvedAxis {
  const { key, level } = axis;
  const isEvery = axis.values?.length === 1 && axis.values[0] === EVERY_WORD;
  const values = (isEvery && vocabulary.get(key ?? '')) || axis.values;
  const name = axis.name ?? key?.split('.').at(-1) ?? String(index + 1);
  if (level !== undefined && key === undefined && values === undefined) {
    return { name, levels: level };
  }
  if (level === undefined && key !== undefined && values !== undefined) {
    const levels = values.map((value): Level => ({
      name: typeof value === 'string' ? value : JSON.stringify(value),
      scenario: '',
      set: { [key]: value },
    }));
    return { name, levels };
  }
  throw refusal(
    'VALUE',
    file,
    `axis.${name}`,
    'an axis has either a key with values or levels',
    'write key = "…" and values = […], or [[axis.level]] tables',
  );
}

/** Each path once. */
function variedBy(axis: string, levels: readonly Level[]): VariedPath[] {
  const paths = new Set(levels.flatMap(({ set }) => Object.keys(set)));
  return [...paths].map((path) => ({ axis, path: path.split('.') }));
}

/** The Cartesian product; the first axis changes slowest. */
function combine(
  axes: readonly ResolvedAxis[],
  given: ExperimentFile,
  file: string,
): ExperimentCell[] {
  const count = axes.reduce((product, { levels }) => product * levels.length, 1);
  // Of a screen only a few are run.
  if (count * (given.screen ? 1 : given.replications) > MAXIMUM_CELLS) {
    const message = `the axes make ${count} cells of ${given.replications} replications`;
    throw refusal('VALUE', file, 'axis', message, `an experiment may have ${MAXIMUM_CELLS} in all`);
  }
  const common = settingsOf(given.set);
  if (given.seed !== undefined) common.push({ path: ['seed'], value: given.seed });
  common.push({ path: ['replications'], value: given.replications });
  let cells: Omit<ExperimentCell, 'number'>[] = [
    { levels: {}, scenario: given.scenario, settings: common },
  ];
  for (const { name, levels } of axes) {
    cells = cells.flatMap((cell) =>
      levels.map((level) => ({
        levels: { ...cell.levels, [name]: level.name },
        scenario: level.scenario === '' ? cell.scenario : level.scenario,
        settings: [...cell.settings, ...settingsOf(level.set)],
      })),
    );
  }
  return cells.map((cell, number) => ({ number, ...cell }));
}

function settingsOf(set: Readonly<Record<string, unknown>>): Setting[] {
  return Object.entries(set).map(([path, value]) => ({ path: path.split('.'), value }));
}

function checkMark(
  mark: ExperimentFile['mark'][number],
  axes: readonly SweepAxis[],
  given: ExperimentFile,
  file: string,
): void {
  const keyPath = `mark.${mark.name}`;
  const measures = given.measure.map(({ name }) => name);
  for (const key of ['measure', 'per'] as const) {
    const name = mark[key];
    if (name === undefined || measures.includes(name)) continue;
    const message = `no measure is called ${JSON.stringify(name)}`;
    throw refusal('VALUE', file, `${keyPath}.${key}`, message, nearestRemedy(name, measures));
  }
  for (const [key, levels] of Object.entries({ at: mark.at, relativeTo: mark.relativeTo ?? {} })) {
    for (const [axis, level] of Object.entries(levels)) {
      const known = axes.find(({ name }) => name === axis)?.levels;
      if (known?.includes(level)) continue;
      const message = known
        ? `axis ${axis} has no level ${JSON.stringify(level)}`
        : `no axis is called ${JSON.stringify(axis)}`;
      const remedy = known
        ? nearestRemedy(level, known)
        : nearestRemedy(
            axis,
            axes.map(({ name }) => name),
          );
      throw refusal('VALUE', file, `${keyPath}.${key}.${axis}`, message, remedy);
    }
  }
}

function requireUnique(names: readonly string[], key: string, file: string): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  const message = `two of ${key} are called ${JSON.stringify(twice)}`;
  throw refusal('DUPLICATE', file, key, message, 'give each a name of its own');
}

function refusal(code: string, file: string, keyPath: string, message: string, remedy: string) {
  return new OcxError({
    code: `INPUT_EXPERIMENT_${code}`,
    message,
    place: { file, keyPath },
    remedy,
  });
}
