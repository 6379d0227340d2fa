/** The model of emergencies against FEMA's declarations that it was calibrated on. */
import type { LoadedDemand } from '../../../workloads/context.ts';
import { randomStream, type RandomStream } from '../../../core/kernel/random.ts';
import { DAY_MS } from '../../../core/kernel/units.ts';
import { EVENT_YEARS, STATES_PER_EVENT } from '../../../workloads/emergencies.ts';
import {
  BRANCHING,
  DECLARATIONS_PER_DAY,
  EXCITATION_DAYS,
  hawkesTimes,
  incidentDays,
} from '../../../workloads/models/hawkes.ts';
import { loadDemand } from '../../../workloads/source.ts';
import { mean, quantile, variance } from '../../../workloads/statistics.ts';
import { around, atMost, largestDeviation, range, type Figures, type ModelBands } from './bands.ts';

/** The record of 2000–2019 is one window of this length. */
const WINDOW_DAYS = 7_305;
const WINDOWS = 60;
const DURATIONS = 50_000;
const REPLICATIONS = 25;

/** A model as it is held against the bands. */
export interface EmergenciesUnderTest {
  /** Days of the declarations in [0, untilDays), ascending. */
  declarations(untilDays: number, stream: RandomStream): readonly number[];
  durationDays(stream: RandomStream): number;
  /** Events, and those of at least so many states, in as many years as the record has. */
  events(
    minimumStates: number,
    replication: number,
  ): { readonly all: number; readonly large: number };
}

export function hawkesAsItIs(): EmergenciesUnderTest {
  return {
    declarations: (untilDays, stream) =>
      hawkesTimes(
        {
          baseRate: DECLARATIONS_PER_DAY * (1 - BRANCHING),
          branching: BRANCHING,
          decay: 1 / EXCITATION_DAYS,
        },
        untilDays,
        stream,
      ),
    durationDays: incidentDays,
    events: (minimumStates, replication) => eventsOf(loaded(minimumStates, replication)),
  };
}

function loaded(minimumStates: number, replication: number): LoadedDemand {
  return loadDemand(
    { model: 'hawkes', minimumStates },
    {
      kind: 'government',
      organisation: 'government',
      seed: 1,
      replication,
      horizonMs: EVENT_YEARS * 365.25 * DAY_MS,
      warmUpMs: 0,
      nodes: 100,
      scenarioFolder: '.',
      tracesFolder: undefined,
    },
  );
}

/** What a workload says of the events that it has drawn: kept, folded into others, too small. */
function eventsOf({ demand, sources }: LoadedDemand): { all: number; large: number } {
  const { fewerStates = 0, foldedIntoEarlier = 0 } = sources[0]!.droppedRecords;
  const kept = demand.kind === 'government' ? demand.emergencies.length : 0;
  const large = kept + foldedIntoEarlier;
  return { all: large + fewerStates, large };
}

export function emergencyFigures(model: EmergenciesUnderTest): Figures {
  const stream = (purpose: string) =>
    randomStream({ seed: 1, replication: 0, entity: 'emergencies', purpose });
  const perDay = new Float64Array(WINDOWS * WINDOW_DAYS);
  for (const day of model.declarations(perDay.length, stream('declarations'))) {
    perDay[Math.floor(day)]! += 1;
  }
  const largest = Array.from({ length: WINDOWS }, (_, window) =>
    Math.max(...perDay.subarray(window * WINDOW_DAYS, (window + 1) * WINDOW_DAYS)),
  );
  const days = new Float64Array(DURATIONS);
  const source = stream('durations');
  for (let i = 0; i < DURATIONS; i++) days[i] = Math.min(90, model.durationDays(source));
  days.sort();
  return {
    'declarations a day': mean(perDay),
    'daily Fano factor': variance(perDay) / mean(perDay),
    'days without any': perDay.filter((count) => count === 0).length / perDay.length,
    'most on a day, in the fullest of 60 times 20 years': Math.max(...largest),
    ...eventFigures(model),
    'duration, 10 %, days': quantile(days, 0.1),
    'duration, 25 %, days': quantile(days, 0.25),
    'duration, median, days': quantile(days, 0.5),
    'duration, 75 %, days': quantile(days, 0.75),
    'duration, 90 %, days': quantile(days, 0.9),
  };
}

/** Sizes that the record tells apart; larger ones are a handful. */
const SIZES = [1, 2, 3, 4, 5, 6, 7];

function eventFigures(model: EmergenciesUnderTest): Figures {
  const counts = SIZES.map((minimumStates) => {
    const each = Array.from({ length: REPLICATIONS }, (_, replication) =>
      model.events(minimumStates, replication),
    );
    return { all: mean(each.map(({ all }) => all)), large: mean(each.map(({ large }) => large)) };
  });
  const atLeast = (states: number) =>
    STATES_PER_EVENT.reduce((sum, [size, events]) => sum + (size >= states ? events : 0), 0);
  return {
    'events a year': counts[0]!.all / EVENT_YEARS,
    'events a year over 5 states or more': counts[4]!.large / EVENT_YEARS,
    'events a year over 7 states or more': counts[6]!.large / EVENT_YEARS,
    'states of an event, largest deviation of the distribution': largestDeviation(
      counts.map(({ all, large }) => large / all),
      SIZES.map((states) => atLeast(states) / atLeast(1)),
    ),
  };
}

export const EMERGENCY_BANDS: ModelBands = {
  model: 'Emergencies',
  drawn: '1,200 years of declarations, 25 × 16 years of events, 50,000 durations',
  source:
    'OpenFEMA declarations of major disasters and emergencies 2000–2019, events merged 2000–2015',
  bands: [
    around('declarations a day', 0.1963, 0.003, 4),
    around('daily Fano factor', 1.67, 0.05, 3),
    around('days without any', 0.854, 0.01, 4),
    { ...range('most on a day, in the fullest of 60 times 20 years', 12, 24, 0), expected: 12 },
    around('events a year', 42.25, 1, 2),
    around('events a year over 5 states or more', 1.88, 0.2, 3),
    around('events a year over 7 states or more', 0.31, 0.1, 3),
    atMost('states of an event, largest deviation of the distribution', 0.01, 4),
    around('duration, 10 %, days', 1, 0.05, 2),
    around('duration, 25 %, days', 2, 0.1, 2),
    around('duration, median, days', 7, 0.4, 2),
    around('duration, 75 %, days', 26, 1.5, 2),
    around('duration, 90 %, days', 90, 1, 2),
  ],
  measure: () => emergencyFigures(hawkesAsItIs()),
};
