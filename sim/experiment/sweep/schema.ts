/**
 * The experiment: a question, the axes along which scenarios are changed, what is measured in
 * each cell, and the pass marks set before anybody has seen a result.
 */
import { Type } from 'typebox';
import type { Static, TSchema } from 'typebox';
import {
  LEAST_REPLICATIONS as LEAST_OF_RULE,
  MOST_REPLICATIONS,
} from '../../../core/metrics/statistics/sequential.ts';
import { MEASURE_UNITS } from '../../../core/metrics/sweep/results.ts';
import type { Comparator, MeasureUnit, SweepScreen } from '../../../core/metrics/sweep/results.ts';
import { MOST_AXES } from './screen.ts';

/** An interval needs two. */
export const LEAST_REPLICATIONS = 2;
/** More than anybody has waited for. */
export const LARGEST_REPLICATIONS = 10_000;

/** Every object refuses unknown keys. */
function table<T extends Record<string, TSchema>>(properties: T, description: string) {
  return Type.Object(properties, { additionalProperties: false, description });
}

function word<const W extends string>(words: readonly W[], options: object = {}) {
  return Type.Unsafe<W>({ type: 'string', enum: words, ...options });
}

const name = (description: string) =>
  Type.String({ pattern: '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$', description });

const title = (description: string) => Type.String({ minLength: 1, maxLength: 100, description });

const settings = Type.Record(Type.String(), Type.Unknown(), {
  default: {},
  description: 'key path of the scenario → value',
});

const levels = (description: string) =>
  Type.Record(Type.String(), Type.String(), { default: {}, description });

export const LevelSchema = table(
  {
    name: title('what the level is called'),
    scenario: Type.String({ default: '', description: 'another scenario than the experiment’s' }),
    set: settings,
  },
  'one level of an axis, with several settings',
);

export const AxisSchema = table(
  {
    name: Type.Optional(name('default: the last word of the key')),
    key: Type.Optional(Type.String({ minLength: 1, description: 'key path of the scenario' })),
    values: Type.Optional(
      Type.Array(Type.Unknown(), {
        minItems: 1,
        maxItems: 1000,
        description: '["*"] for market.mechanism: every mechanism but static',
      }),
    ),
    level: Type.Optional(Type.Array(LevelSchema, { minItems: 1, maxItems: 1000 })),
  },
  'what is changed: either a key with its values, or named levels',
);

export const MeasureSchema = table(
  {
    name: title('heads its column'),
    path: Type.String({ minLength: 1, description: 'key path into metrics.json' }),
    unit: Type.Unsafe<MeasureUnit>({ type: 'string', enum: MEASURE_UNITS, default: 'count' }),
    absent: Type.Optional(
      Type.Number({ description: 'the figure where the results have no such key, e.g. 0' }),
    ),
  },
  'one figure of every cell',
);

export const MarkSchema = table(
  {
    name: title('what is asked, in words'),
    measure: Type.String({ description: 'name of a measure' }),
    per: Type.Optional(
      Type.String({ description: 'name of a measure of the same cell to divide by' }),
    ),
    at: levels('axis → level of the cells that it is asked of; empty: all'),
    relativeTo: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'divide by the cell that has these levels instead',
      }),
    ),
    figure: word(['mean', 'lower', 'upper'], {
      default: 'mean',
      description: 'the mean, or an end of its 95 % interval',
    }),
    comparison: Type.Unsafe<Comparator>({ type: 'string', enum: ['<', '<=', '>', '>=', '='] }),
    threshold: Type.Number(),
  },
  'a pass mark',
);

export const StoppingSchema = table(
  {
    measure: Type.String({ description: 'name of the measure whose interval decides' }),
    halfWidth: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: 'half of its 95 % interval at most, in its unit; either this or relative',
      }),
    ),
    relative: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
        description: 'the same as a share of the mean, e.g. 0.05',
      }),
    ),
    minimumReplications: Type.Integer({
      minimum: LEAST_REPLICATIONS,
      maximum: LARGEST_REPLICATIONS,
      default: LEAST_OF_RULE,
    }),
    maximumReplications: Type.Integer({
      minimum: LEAST_REPLICATIONS,
      maximum: LARGEST_REPLICATIONS,
      default: MOST_REPLICATIONS,
    }),
  },
  'until when the replications of a cell go on, in place of `replications`',
);

export const ScreenSchema = table(
  {
    design: Type.Unsafe<SweepScreen['design']>({ type: 'string', enum: ['plackett-burman'] }),
    foldover: Type.Boolean({
      default: true,
      description: 'twice the cells, so that no interaction of two axes passes for an axis',
    }),
  },
  'few cells that rank the axes, each at its first and its last level, in place of all cells',
);

/** As it stands in a file. */
export const ExperimentSchema = table(
  {
    schema: Type.Optional(Type.Literal('ocx-experiment/1')),
    name: name('of the experiment'),
    question: Type.String({ minLength: 1, maxLength: 300, description: 'one sentence' }),
    scenario: Type.String({ minLength: 1, description: 'path, from the experiment’s own folder' }),
    seed: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
    replications: Type.Integer({
      minimum: LEAST_REPLICATIONS,
      maximum: LARGEST_REPLICATIONS,
      default: 5,
    }),
    stopping: Type.Optional(StoppingSchema),
    screen: Type.Optional(ScreenSchema),
    variants: Type.Array(name('of a variant of the scenario'), {
      default: [],
      maxItems: 64,
      description: 'variants that are run beside `static`; empty: all of the scenario',
    }),
    set: settings,
    axis: Type.Array(AxisSchema, { minItems: 1, maxItems: MOST_AXES }),
    measure: Type.Array(MeasureSchema, { minItems: 1, maxItems: 100 }),
    mark: Type.Array(MarkSchema, { default: [], maxItems: 1000 }),
  },
  'an ocx experiment',
);

export type ExperimentFile = Static<typeof ExperimentSchema>;
export type Level = Static<typeof LevelSchema>;
