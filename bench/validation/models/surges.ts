/**
 * The testbed's surges against their own formula. No reservation log of a testbed is public: this
 * shows that the model is what it says, not that testbeds are so. The calendar alone is counted.
 */
import { randomStream, type RandomStream } from '../../../core/kernel/random.ts';
import { DAY_MS } from '../../../core/kernel/units.ts';
import {
  DEADLINES_BY_MONTH,
  syntheticDeadlines,
} from '../../../workloads/models/testbed-surges.ts';
import { checkWorkload } from '../../../workloads/schema.ts';
import { GANG_SIZES, surgeDemand, type SurgeFields } from '../../../workloads/surges.ts';
import type { Experiment } from '../../../core/demand/demand.ts';
import { around, atMost, largestDeviation, type Figures, type ModelBands } from './bands.ts';

const FIELDS = checkWorkload({ model: 'testbed-surges' }) as unknown as SurgeFields;
const BASE_PER_DAY = 20;
const DEADLINE_DAY = 100;
const DAYS = 120;
const RUNS = 60;
const YEARS = 200;
const PER_YEAR = 47;

/** A model as it is held against the bands. */
export interface SurgesUnderTest {
  deadlines(perYear: number, untilMs: number, stream: RandomStream): readonly number[];
  /** Experiments around one deadline at `deadlineMs`, in [0, horizonMs). */
  experiments(deadlineMs: number, horizonMs: number, stream: RandomStream): readonly Experiment[];
}

export function surgesAsTheyAre(): SurgesUnderTest {
  return {
    deadlines: syntheticDeadlines,
    experiments: (deadlineMs, horizonMs, stream) =>
      surgeDemand(
        [deadlineMs],
        1 / DAYS,
        { ...FIELDS, experimentsPerDay: BASE_PER_DAY },
        100,
        horizonMs,
        stream,
      ).experiments,
  };
}

export function surgeFigures(model: SurgesUnderTest): Figures {
  const stream = (purpose: string) =>
    randomStream({ seed: 1, replication: 0, entity: 'surges', purpose });
  const perDay = new Float64Array(DAYS);
  const gangs = new Float64Array(GANG_SIZES.length);
  let count = 0;
  for (let run = 0; run < RUNS; run++) {
    const all = model.experiments(DEADLINE_DAY * DAY_MS, DAYS * DAY_MS, stream(`run ${run}`));
    for (const { releaseMs, nodes } of all) {
      perDay[Math.floor(releaseMs / DAY_MS)]! += 1 / RUNS / BASE_PER_DAY;
      gangs[GANG_SIZES.findIndex(([size]) => size === nodes)]! += 1;
      count += 1;
    }
  }
  const rate = (from: number, to: number) =>
    perDay.subarray(from, to).reduce((sum, each) => sum + each, 0) / (to - from);
  return {
    'rate long before a deadline, over the base rate': rate(0, 50),
    'in the last week but its last day': rate(DEADLINE_DAY - 7, DEADLINE_DAY - 1),
    'in the two days after': rate(DEADLINE_DAY, DEADLINE_DAY + 2),
    'gang sizes, largest deviation': largestDeviation(
      gangs.map((each) => each / count),
      GANG_SIZES.map(([, share]) => share),
    ),
    ...calendarFigures(model, stream),
  };
}

/** One year at a time, so that its first day is known: the day of the year is drawn first. */
function calendarFigures(
  model: SurgesUnderTest,
  stream: (purpose: string) => RandomStream,
): Figures {
  const byMonth = new Float64Array(12);
  let deadlines = 0;
  for (let year = 0; year < YEARS; year++) {
    const firstDay = stream(`year ${year}`).integer(365);
    for (const atMs of model.deadlines(PER_YEAR, 365 * DAY_MS, stream(`year ${year}`))) {
      const day = (firstDay + Math.floor(atMs / DAY_MS)) % 365;
      byMonth[Math.floor(day / (365 / 12))]! += 1;
      deadlines += 1;
    }
  }
  const known = DEADLINES_BY_MONTH.reduce((sum, each) => sum + each, 0);
  return {
    'deadlines a year': deadlines / YEARS,
    'deadlines by month, largest deviation': largestDeviation(
      byMonth.map((each) => each / deadlines),
      DEADLINES_BY_MONTH.map((each) => each / known),
    ),
  };
}

/** Mean of 1 + a · e^(−days/τ) between so many days before a deadline. */
function surgeMean(from: number, to: number): number {
  const { surge, surgeDays } = FIELDS;
  const integral = surgeDays * (Math.exp(-to / surgeDays) - Math.exp(-from / surgeDays));
  return 1 + (surge * integral) / (from - to);
}

export const SURGE_BANDS: ModelBands = {
  model: 'Surges of a testbed (engineering assumption)',
  drawn: '60 × 120 days around one deadline, 200 years of the calendar',
  source: 'its own formula; calendar: 261 deadlines of systems conferences (ccf-deadlines)',
  bands: [
    around('rate long before a deadline, over the base rate', 1, 0.02, 3),
    around('in the last week but its last day', surgeMean(7, 1), 0.08, 3),
    around('in the two days after', 1 - FIELDS.dip, 0.06, 3),
    atMost('gang sizes, largest deviation', 0.005, 4),
    around('deadlines a year', PER_YEAR, 1.5, 2),
    atMost('deadlines by month, largest deviation', 0.01, 4),
  ],
  measure: () => surgeFigures(surgesAsTheyAre()),
};
