/**
 * Maximum likelihood of a Hawkes process with exponential decay, by the recursion of Ogata (Annals
 * of the Institute of Statistical Mathematics 30, 1978), and its residuals: on the clock of the
 * fitted intensity, gaps are exponential with mean 1.
 */
import type { RandomStream } from '../../core/kernel/random.ts';
import { hawkesTimes } from '../models/hawkes.ts';
import { sorted } from '../statistics.ts';
import type { ModelPart } from './assessment.ts';
import { autocorrelation, sampleDistance } from './distances.ts';
import { restartedMinimum, simplexMinimum } from './optimum.ts';

/** Times of events. */
export interface EventSample {
  /** Ascending, in [0, days). */
  readonly times: Float64Array;
  readonly days: number;
  /** Only the day was known: the time within the day is drawn. */
  readonly wholeDays: boolean;
}

/** As in the model's table. */
export interface HawkesEstimate {
  /** Long-run rate. */
  readonly declarationsPerDay: number;
  /** Mean number of direct offspring. */
  readonly branching: number;
  readonly excitationDays: number;
}

/** ln of the likelihood. */
export function hawkesLogLikelihood(
  { times, days }: EventSample,
  { declarationsPerDay, branching, excitationDays }: HawkesEstimate,
): number {
  const base = declarationsPerDay * (1 - branching);
  const decay = 1 / excitationDays;
  let sum = -base * days;
  let excited = 0;
  let last = 0;
  for (const time of times) {
    excited *= Math.exp(-decay * (time - last));
    sum += Math.log(base + branching * decay * excited);
    sum -= branching * (1 - Math.exp(-decay * (days - time)));
    excited += 1;
    last = time;
  }
  return sum;
}

const MOST_BRANCHING = 0.95;
const LONGEST_EXCITATION = 365;
/** Where hours are drawn, little can be told of what fades within a day. */
const SHORTEST_EXCITATION = { known: 1 / 24, drawn: 0.1 };

function fit(sample: EventSample, near?: HawkesEstimate): HawkesEstimate {
  const rate = sample.times.length / sample.days;
  const shortest = SHORTEST_EXCITATION[sample.wholeDays ? 'drawn' : 'known'];
  const at = ([perDay, odds, days]: readonly number[]): HawkesEstimate => ({
    declarationsPerDay: Math.exp(perDay!),
    branching: MOST_BRANCHING / (1 + Math.exp(-odds!)),
    excitationDays: Math.exp(days!),
  });
  const loss = (place: readonly number[]) => {
    const estimate = at(place);
    const { excitationDays, declarationsPerDay } = estimate;
    if (excitationDays < shortest || excitationDays > LONGEST_EXCITATION) return Infinity;
    if (Math.abs(place[1]!) > 8 || declarationsPerDay > 20 * rate) return Infinity;
    return -hawkesLogLikelihood(sample, estimate);
  };
  const odds = (branching: number) => Math.log(branching / (MOST_BRANCHING - branching));
  const place = (estimate: HawkesEstimate) => [
    Math.log(estimate.declarationsPerDay),
    Math.min(7, Math.max(-7, odds(Math.min(0.94, Math.max(0.001, estimate.branching))))),
    Math.log(estimate.excitationDays),
  ];
  if (near !== undefined) return at(simplexMinimum(loss, place(near), { steps: STEPS }).at);
  const found = [1, 7, 40]
    .map((excitationDays) => ({ declarationsPerDay: rate, branching: 0.3, excitationDays }))
    .map((start) => restartedMinimum(loss, place(start), { steps: STEPS }))
    .reduce((a, b) => (b.value < a.value ? b : a));
  return at(found.at);
}

const STEPS = [0.1, 0.4, 0.4];

/** Gaps on the clock of the intensity. */
export function hawkesResiduals(
  { times }: EventSample,
  { declarationsPerDay, branching, excitationDays }: HawkesEstimate,
): Float64Array {
  const base = declarationsPerDay * (1 - branching);
  const residuals = new Float64Array(times.length);
  let excited = 0;
  let last = 0;
  times.forEach((time, i) => {
    const left = Math.exp(-(time - last) / excitationDays);
    residuals[i] = base * (time - last) + branching * excited * (1 - left);
    excited = excited * left + 1;
    last = time;
  });
  return residuals;
}

const BURN_IN = 10;

/** Event times of a process that has run for long; days only where only days are known. */
export function drawEvents(
  estimate: HawkesEstimate,
  like: Pick<EventSample, 'days' | 'wholeDays'>,
  stream: RandomStream,
): Float64Array {
  const { declarationsPerDay, branching, excitationDays } = estimate;
  const burnIn = BURN_IN * excitationDays;
  const process = {
    baseRate: declarationsPerDay * (1 - branching),
    branching,
    decay: 1 / excitationDays,
  };
  const times = hawkesTimes(process, burnIn + like.days, stream)
    .filter((time) => time >= burnIn)
    .map((time) => time - burnIn);
  return like.wholeDays ? withinDays(times, stream) : Float64Array.from(times);
}

/** The same days, each time at random within its day. */
export function withinDays(times: Iterable<number>, stream: RandomStream): Float64Array {
  return sorted(Array.from(times, (time) => Math.floor(time) + stream.uniform()));
}

/** The Hawkes process of declarations. */
export const hawkesProcess: ModelPart<EventSample, HawkesEstimate> = {
  fit,
  numbers: ({ declarationsPerDay, branching, excitationDays }) => [
    declarationsPerDay,
    branching,
    excitationDays,
  ],
  tests: [
    { name: 'gaps on the clock of the intensity', statistic: 'Kolmogorov–Smirnov' },
    { name: 'one such gap and the next', statistic: 'autocorrelation' },
  ],
  distances(sample, estimate) {
    const residuals = hawkesResiduals(sample, estimate);
    return [
      sampleDistance(sorted(residuals), (x) => 1 - Math.exp(-x)),
      Math.abs(autocorrelation(residuals, 1)),
    ];
  },
  simulate: (estimate, like, stream) => ({ ...like, times: drawEvents(estimate, like, stream) }),
  size: ({ times }) => times.length,
};
