/** Experiments that pile up before the deadlines of a synthetic calendar. */
import { Type } from 'typebox';
import type { RandomStream } from '../../core/kernel/random.ts';
import { DAY_MS, HOUR_MS } from '../../core/kernel/units.ts';
import { workloadStream, type LoadedDemand, type WorkloadContext } from '../context.ts';
import { amount, shiftHours, type Filled } from '../fields.ts';
import { poisson } from '../sampling.ts';
import { significant } from '../statistics.ts';
import { surgeDemand, surgeFields } from '../surges.ts';
import type { WorkloadModel } from './model.ts';

/**
 * Full-paper deadlines of systems conferences by month, 2020–2027, measured on the calendar that
 * the format `deadlines` reads.
 */
export const DEADLINES_BY_MONTH: readonly number[] = [
  27, 10, 17, 39, 32, 18, 21, 20, 22, 28, 20, 7,
];
const MONTH_MEAN = DEADLINES_BY_MONTH.reduce((sum, count) => sum + count, 0) / 12;

const schema = Type.Object(
  {
    model: Type.Literal('testbed-surges'),
    deadlinesPerYear: amount(
      'deadlines that matter to the testbed, a year (47 in the real calendar, 2022–2026)',
      47,
      10_000,
    ),
    ...surgeFields,
    shiftHours,
  },
  {
    additionalProperties: false,
    description: 'surges of experiments before deadlines of a synthetic calendar (assumption)',
  },
);

type SurgesTable = Filled<typeof schema, 'experimentsPerDay'>;

export const testbedSurgesModel: WorkloadModel = {
  name: 'testbed-surges',
  title: 'experiments of a testbed before deadlines (engineering assumption)',
  kinds: ['testbed'],
  schema,
  generate,
};

/** Local time at which a day ends anywhere on Earth, for a zone five hours behind UTC. */
const DEADLINE_HOUR = 7;
const MONTH_DAYS = 365 / 12;

/**
 * Deadlines in [0, untilMs) of a calendar that starts on a random day of the year, ascending.
 * Their number a day is Poisson with the month's rate.
 */
export function syntheticDeadlines(
  perYear: number,
  untilMs: number,
  stream: RandomStream,
): number[] {
  const firstDay = stream.integer(365);
  const deadlines: number[] = [];
  for (let day = 0; day * DAY_MS < untilMs; day++) {
    const month = Math.floor(((firstDay + day) % 365) / MONTH_DAYS);
    const rate = (perYear / 365) * (DEADLINES_BY_MONTH[month]! / MONTH_MEAN);
    const atMs = day * DAY_MS + DEADLINE_HOUR * HOUR_MS;
    for (let left = poisson(stream, rate); left > 0; left--) deadlines.push(atMs);
  }
  return deadlines;
}

function generate(table: SurgesTable, context: WorkloadContext): LoadedDemand {
  const beyondMs = 8 * table.surgeDays * DAY_MS;
  const deadlines = syntheticDeadlines(
    table.deadlinesPerYear,
    context.horizonMs + beyondMs,
    workloadStream(context, 'calendar'),
  );
  const surges = surgeDemand(
    deadlines,
    table.deadlinesPerYear / 365,
    table,
    context.nodes,
    context.horizonMs,
    workloadStream(context, 'experiments'),
  );
  return {
    demand: { kind: 'testbed', experiments: surges.experiments },
    sources: [
      {
        name: 'testbed-surges',
        label: 'synthetic',
        sha256: null,
        treatment:
          'engineering assumption, no reservation log of a testbed is public; ' +
          `${table.deadlinesPerYear} deadlines a year, base rate ` +
          `${significant(surges.baseRatePerDay)} experiments a day`,
        droppedRecords: surges.dropped,
      },
    ],
  };
}
