/** A record of emergencies as a Hawkes process with the record's own sizes and durations. */
import type {
  CyclePair,
  FigurePair,
  FittedParameter,
  ModelFit,
} from '../../core/demand/model-fit.ts';
import { randomStream } from '../../core/kernel/random.ts';
import { DAY_MS } from '../../core/kernel/units.ts';
import { readFema, type FemaEvent } from '../formats/fema.ts';
import {
  BRANCHING,
  DECLARATIONS_PER_DAY,
  EXCITATION_DAYS,
  incidentDays,
} from '../models/hawkes.ts';
import { weightedIndex } from '../sampling.ts';
import { mean, quantile, significant, sorted, variance } from '../statistics.ts';
import { assess, type Assessment } from './assessment.ts';
import { DISCLOSED, distributionPair, fittedParameter, LEAST_RECORDS } from './disclosure.ts';
import { autocorrelation } from './distances.ts';
import type { FitOptions } from './fit-options.ts';
import {
  drawEvents,
  hawkesProcess,
  withinDays,
  type EventSample,
  type HawkesEstimate,
} from './hawkes-process.ts';
import { tooShort } from './job-trace.ts';

/** Rates change over decades: only the last years of a record count, as many as the model's. */
const YEARS = 16;
const YEAR_DAYS = 365.25;
const FEWEST_EVENTS = 50;
/** The fitted process is run over so many times the record for its figures. */
const TIMES_LONGER = 20;

type Pair = readonly [number, number];

/** Estimates the model from a record of declarations and judges it. */
export function fitEvents(path: string, options: FitOptions): ModelFit {
  const record = readFema(path);
  const last = record.events[record.events.length - 1]!;
  const endDay = Math.floor(last.beginMs / DAY_MS) + 1;
  const firstDay = endDay - YEARS * YEAR_DAYS;
  const events = record.events.filter((event) => event.beginMs / DAY_MS >= firstDay);
  if (events.length < FEWEST_EVENTS) throw tooShort(path, events.length, FEWEST_EVENTS, 'events');
  const stream = (purpose: string) =>
    randomStream({ seed: options.seed, replication: 0, entity: 'fit', purpose });
  const firstWhole = Math.floor(Math.max(firstDay, events[0]!.beginMs / DAY_MS));
  const days = events.map((event) => event.beginMs / DAY_MS - firstWhole);
  const wholeDays = days.every((day) => day === Math.floor(day));
  const sample: EventSample = {
    times: wholeDays ? withinDays(days, stream('hours')) : Float64Array.from(days),
    days: endDay - firstWhole,
    wholeDays,
  };
  const estimate = hawkesProcess.fit(sample);
  const judged = assess(hawkesProcess, sample, estimate, { ...options, stream: stream('process') });
  const states = pooledStates(events);
  const durations = durationQuantiles(events);
  const long = { days: TIMES_LONGER * sample.days, wholeDays };
  const made = drawMade(estimate, states, durations, long, stream);
  const before = record.events.length - events.length;
  return {
    formatVersion: 1,
    model: 'hawkes',
    kind: 'government',
    trace: {
      name: options.name,
      format: 'fema',
      label: 'derived',
      records: events.length,
      spanDays: significant(sample.days, 4),
      processors: null,
    },
    seed: options.seed,
    workload: {
      model: 'hawkes',
      declarationsPerDay: significant(estimate.declarationsPerDay, 5),
      branching: significant(estimate.branching, 5),
      excitationDays: significant(estimate.excitationDays, 5),
      eventShare: 1,
      states,
      durations,
    },
    samples: [{ what: 'events', count: events.length }],
    setAside: {
      ...record.dropped,
      ...(before > 0 ? { [`beforeTheLast${YEARS}Years`]: before } : {}),
      ...(record.withoutEnd > 0 ? { declarationsWithoutEnd: record.withoutEnd } : {}),
    },
    parameters: parametersOf(estimate, judged),
    tests: judged.tests,
    comparison: comparisonOf(events, sample, made),
    distributions: distributionsOf(events, sample, made),
    cycles: [monthsOf(events, made)],
    limits: limitsOf(wholeDays),
    disclosed: DISCLOSED,
  };
}

/** A long run of the fitted model. */
interface MadeEvents extends EventSample {
  readonly states: readonly number[];
  readonly durationDays: readonly number[];
}

function drawMade(
  estimate: HawkesEstimate,
  states: readonly Pair[],
  durations: readonly Pair[],
  like: Pick<EventSample, 'days' | 'wholeDays'>,
  stream: (purpose: string) => ReturnType<typeof randomStream>,
): MadeEvents {
  const times = drawEvents(estimate, like, stream('made'));
  const marks = stream('marks');
  const weights = states.map(([, events]) => events);
  return {
    ...like,
    times,
    states: Array.from(times, () => states[weightedIndex(marks, weights)]![0]),
    durationDays: Array.from(times, () => incidentDays(marks, durations)),
  };
}

/** How many events took so many states; the rare ones together under their mean. */
export function pooledStates(events: readonly Pick<FemaEvent, 'states'>[]): Pair[] {
  const counts = new Map<number, number>();
  for (const { states } of events) counts.set(states, (counts.get(states) ?? 0) + 1);
  const pooled: Pair[] = [];
  let [count, sum] = [0, 0];
  for (const [states, times] of [...counts].sort(([a], [b]) => b - a)) {
    count += times;
    sum += times * states;
    if (count < LEAST_RECORDS) continue;
    pooled.unshift([Math.round(sum / count), count]);
    [count, sum] = [0, 0];
  }
  if (count > 0 && pooled.length > 0) pooled[0] = [pooled[0]![0], pooled[0]![1] + count];
  return pooled;
}

const DURATION_SHARES = [0.1, 0.25, 0.5, 0.75, 0.9];
/** A day that begins and ends on the same date lasts half a day on average. */
const SHORTEST_DAYS = 0.5;

function daysOf(events: readonly FemaEvent[]): Float64Array {
  const known = events.filter((event) => event.endMs !== null);
  return sorted(
    known.map((event) => Math.max(SHORTEST_DAYS, (event.endMs! - event.beginMs) / DAY_MS)),
  );
}

/** Quantiles of durations, as the model takes them. */
function durationQuantiles(events: readonly FemaEvent[]): Pair[] {
  const known = daysOf(events);
  const at = (p: number) => significant(quantile(known, p), 3);
  const top = at(Math.max(0.9, 1 - LEAST_RECORDS / known.length));
  return [
    [0, SHORTEST_DAYS],
    ...DURATION_SHARES.map((p): Pair => [p, at(p)]),
    [1, Math.max(top, at(0.9))],
  ];
}

function parametersOf(estimate: HawkesEstimate, { standardErrors }: Assessment): FittedParameter[] {
  const { declarationsPerDay, branching, excitationDays } = estimate;
  const [rate, offspring, decay] = standardErrors as (number | null)[];
  const positive = [0, Infinity] as const;
  return [
    fittedParameter(
      'declarationsPerDay',
      'long-run rate of events',
      declarationsPerDay,
      rate!,
      DECLARATIONS_PER_DAY,
      positive,
    ),
    fittedParameter(
      'branching',
      'events that one event causes, on average',
      branching,
      offspring!,
      BRANCHING,
      [0, 1],
    ),
    fittedParameter(
      'excitationDays',
      'how long an event excites others, days',
      excitationDays,
      decay!,
      EXCITATION_DAYS,
      positive,
    ),
  ];
}

function dailyCounts({ times, days }: EventSample): Float64Array {
  const counts = new Float64Array(Math.ceil(days));
  for (const time of times) counts[Math.floor(time)]! += 1;
  return counts;
}

const NATIONAL_STATES = 5;

function comparisonOf(
  events: readonly FemaEvent[],
  sample: EventSample,
  made: MadeEvents,
): FigurePair[] {
  const states = events.map((event) => event.states);
  const counts = { trace: dailyCounts(sample), model: dailyCounts(made) };
  const daily = (name: string, figure: (counts: Float64Array) => number): FigurePair => ({
    name,
    unit: '',
    trace: significant(figure(counts.trace), 4),
    model: significant(figure(counts.model), 4),
  });
  const national = (all: readonly number[]) =>
    significant(all.filter((each) => each >= NATIONAL_STATES).length / all.length, 3);
  return [
    { ...daily('events a day', mean), unit: 'events' },
    daily('variance over mean of events a day', (each) => variance(each) / mean(each)),
    daily('days without an event', (each) => each.filter((n) => n === 0).length / each.length),
    daily('events of a day and of the next, correlation', (each) => autocorrelation(each, 1)),
    daily('events of a day and a month later, correlation', (each) => autocorrelation(each, 30)),
    {
      name: `events over at least ${NATIONAL_STATES} states`,
      unit: 'share',
      trace: national(states),
      model: national(made.states),
    },
  ];
}

function distributionsOf(events: readonly FemaEvent[], sample: EventSample, made: MadeEvents) {
  const gaps = ({ times }: EventSample) =>
    sorted(times.slice(1).map((time, i) => (time - times[i]!) * 86_400));
  const seconds = (days: Iterable<number>) => sorted(days).map((day) => day * 86_400);
  const words = (name: string, title: string, unit: string) => ({
    name,
    title,
    unit,
    logarithmic: true,
  });
  return [
    distributionPair(words('gap', 'Gap between events', 's'), gaps(sample), gaps(made)),
    distributionPair(
      words('duration', 'Duration of events', 's'),
      seconds(daysOf(events)),
      seconds(made.durationDays),
    ),
    distributionPair(
      words('states', 'States of an event', 'states'),
      sorted(events.map((event) => event.states)),
      sorted(made.states),
    ),
  ];
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun'].concat([
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
]);

function monthsOf(events: readonly FemaEvent[], made: MadeEvents): CyclePair {
  const counted = (days: Iterable<number>) => {
    const counts = new Array<number>(12).fill(0);
    // Months of equal length, from January on; a calendar's differ by less than they vary.
    for (const day of days) counts[Math.floor((day % YEAR_DAYS) / (YEAR_DAYS / 12))]! += 1;
    const middle = mean(counts);
    return counts.map((count) => significant(count / middle, 3));
  };
  return {
    name: 'year',
    title: 'Events by month',
    labels: MONTHS,
    trace: counted(events.map((event) => event.beginMs / DAY_MS)),
    model: counted(made.times),
  };
}

function limitsOf(wholeDays: boolean): string[] {
  return [
    'The model has no seasons: in each month it expects as many events.',
    'States and durations of events are drawn apart from each other and from when they happen.',
    'How many nodes an event needs is not in the record; it stays an assumption of the workload table.',
    ...(wholeDays
      ? [
          'The record knows days only. The time within a day was drawn, so nothing is known of how ' +
            'events follow each other within one.',
        ]
      : []),
    `Only the last ${YEARS} years count, because rates change over decades.`,
    'With own states, injectPerYear has to be given where emergencies are injected.',
  ];
}
