/** A plain daily and weekly cycle of node needs, for simple clouds and governments' routine work. */
import { Type } from 'typebox';
import { workloadStream, type LoadedDemand, type WorkloadContext } from '../context.ts';
import { demandOfNeeds } from '../demand-kinds.ts';
import { amount, maybePositive, positive, share, shiftHours, type Filled } from '../fields.ts';
import { dailyCycle } from './daily-cycle-series.ts';
import type { WorkloadModel } from './model.ts';

const schema = Type.Object(
  {
    model: Type.Literal('daily-cycle'),
    load: amount(
      'mean need as a share of the cluster; meanNodes counts instead if given',
      0.6,
      100,
    ),
    meanNodes: maybePositive('mean need over a week, nodes', 1e6),
    dayAmplitude: share("half the day's swing over its mean (assumption)", 0.4),
    peakHour: amount('local hour of the peak (assumption)', 14, 24),
    weekendFactor: positive('need at weekends over working days (assumption)', 0.7, 100),
    noise: amount('standard deviation of hourly noise over the need (assumption)', 0.05, 1),
    shiftHours,
  },
  { additionalProperties: false, description: 'node needs with a daily and a weekly cycle' },
);

type CycleTable = Filled<typeof schema, 'meanNodes'>;

export const dailyCycleModel: WorkloadModel = {
  name: 'daily-cycle',
  title: 'node needs with a daily and a weekly cycle (engineering assumption)',
  kinds: ['cloud', 'government'],
  schema,
  generate,
};

function generate(table: CycleTable, context: WorkloadContext): LoadedDemand {
  const meanNodes = table.meanNodes ?? table.load * context.nodes;
  const needs = dailyCycle(
    { ...table, meanNodes },
    context.horizonMs,
    workloadStream(context, 'cycle'),
  );
  return {
    demand: demandOfNeeds(context.kind, needs),
    sources: [
      {
        name: 'daily-cycle',
        label: 'synthetic',
        sha256: null,
        treatment: `mean ${meanNodes} nodes, peak at ${table.peakHour} h, swing ±${table.dayAmplitude}`,
        droppedRecords: {},
      },
    ],
  };
}
