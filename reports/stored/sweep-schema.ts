/** What a stored `sweep.json` must look like before a report is made of it. */
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { MEASURE_UNITS } from '../../core/metrics/sweep/results.ts';
import type { SweepResults } from '../../core/metrics/sweep/results.ts';
import { estimateSchema, maybeSchema, measuredMechanismSchema } from './metrics-schema.ts';

const text = Type.String();
const levels = Type.Record(Type.String(), text);
const number = Type.Number();
const verdict = Type.Union([
  Type.Literal('pass'),
  Type.Literal('fail'),
  Type.Literal('not measured'),
]);

const judged = Type.Array(
  Type.Object({
    levels,
    value: Type.Union([number, Type.Null()]),
    verdict,
    reason: Type.Union([text, Type.Null()]),
  }),
);

const mark = Type.Object({
  name: text,
  measure: text,
  per: Type.Union([text, Type.Null()]),
  at: levels,
  relativeTo: Type.Union([levels, Type.Null()]),
  figure: Type.Union([Type.Literal('mean'), Type.Literal('lower'), Type.Literal('upper')]),
  comparison: Type.Union([
    Type.Literal('<'),
    Type.Literal('<='),
    Type.Literal('>'),
    Type.Literal('>='),
    Type.Literal('='),
  ]),
  threshold: number,
  verdict,
  cells: judged,
  elsewhere: judged,
});

const term = Type.Object({
  axes: Type.Array(text),
  degreesOfFreedom: number,
  sumOfSquares: number,
  share: number,
  shareUnbiased: number,
  f: Type.Union([number, Type.Null()]),
  p: Type.Union([number, Type.Null()]),
  effect: Type.Optional(estimateSchema),
});

const variance = Type.Union([
  Type.Object({
    measure: text,
    replications: number,
    terms: Type.Array(term),
    otherInteractions: number,
    ofReplications: number,
    rest: number,
  }),
  Type.Object({ measure: text, reason: text }),
]);

export const sweepSchema = Type.Object({
  schema: Type.Literal('ocx-sweep/1'),
  name: text,
  question: text,
  seed: number,
  replications: number,
  stopping: Type.Optional(
    Type.Object({
      measure: text,
      halfWidth: number,
      scale: Type.Union([Type.Literal('absolute'), Type.Literal('relative')]),
      minimum: number,
      maximum: number,
    }),
  ),
  changes: Type.Optional(Type.Array(text)),
  axes: Type.Array(Type.Object({ name: text, levels: Type.Array(text) }), { minItems: 1 }),
  measures: Type.Array(
    Type.Object({
      name: text,
      path: text,
      unit: Type.Union(MEASURE_UNITS.map((unit) => Type.Literal(unit))),
    }),
  ),
  cells: Type.Array(
    Type.Object({
      levels,
      scenario: text,
      digest: text,
      invariantViolations: number,
      ledgerImbalance: number,
      figures: Type.Array(maybeSchema),
      stopped: Type.Optional(
        Type.Object({
          replications: number,
          by: Type.Union([
            Type.Literal('target'),
            Type.Literal('maximum'),
            Type.Literal('no figure'),
          ]),
          halfWidth: Type.Union([number, Type.Null()]),
        }),
      ),
    }),
  ),
  marks: Type.Array(mark),
  screen: Type.Optional(
    Type.Object({ design: Type.Literal('plackett-burman'), foldover: Type.Boolean() }),
  ),
  variance: Type.Optional(Type.Array(variance)),
  mechanisms: Type.Array(measuredMechanismSchema),
});

/** Does not compile where the schema and the type drift apart. */
export const checkedAsSweep: (checked: Static<typeof sweepSchema>) => SweepResults = (checked) =>
  checked;
