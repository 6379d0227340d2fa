/**
 * Lublin's arrivals. First the daily cycle, by maximum likelihood of how many jobs arrive in each
 * half hour of the day, and how much quieter weekends are; then, on the clock on which both are
 * flat, the gamma of ln of the gaps: the likeliest of those with the sample's mean gap.
 */
import {
  BUCKET_SECONDS,
  BUCKETS,
  cycleWeights,
  LUBLIN_WHOLE,
  LublinArrivals,
  type LublinPopulation,
} from '../models/lublin-process.ts';
import { weekdayArrivals } from '../models/lublin.ts';
import type { ModelPart } from './assessment.ts';
import { autocorrelation, largestDifference, pooledChiSquare } from './distances.ts';
import { cellOfSeconds, gammaMasses, gammaOf, logCells, type LogCells } from './log-cells.ts';
import { restartedMinimum, simplexMinimum, smoothMinimum } from './optimum.ts';

/** When jobs arrive. */
export interface ArrivalSample {
  /** Ascending, whole seconds of local time since a Monday, 00:00. */
  readonly seconds: Float64Array;
  /** False where it is not known which days are weekends. */
  readonly weekdaysKnown: boolean;
  /** ln of the longest gap that the model may draw. */
  readonly longestLog: number;
}

/** As in the model's tables; `aarr` has the published ratio in it. */
export interface ArrivalEstimate {
  readonly aarr: number;
  readonly barr: number;
  readonly anum: number;
  readonly bnum: number;
  readonly weekendFactor: number;
}

const WEEK_BUCKETS = 7 * BUCKETS;
const WEEK_SECONDS = WEEK_BUCKETS * BUCKET_SECONDS;

/** The population with these arrivals; everything else as published. */
export function arrivalPopulation(estimate: ArrivalEstimate, longestLog: number): LublinPopulation {
  return {
    ...LUBLIN_WHOLE,
    arrivalShape: estimate.aarr,
    arrivalScale: estimate.barr,
    arrivalRatio: 1,
    cycleShape: estimate.anum,
    cycleScale: estimate.bnum,
    longestLogGap: longestLog,
  };
}

/** Rate in each half hour of the week, mean 1. */
function weekWeights(estimate: ArrivalEstimate): Float64Array {
  const day = cycleWeights(arrivalPopulation(estimate, NaN));
  const factors = weekdayArrivals(estimate.weekendFactor);
  return Float64Array.from(
    { length: WEEK_BUCKETS },
    (_, i) => day[i % BUCKETS]! * factors[Math.floor(i / BUCKETS)]!,
  );
}

/** Arrivals in each half hour of the week, and how many half hours of it the sample saw. */
interface WeekCounts {
  readonly arrivals: Float64Array;
  readonly seen: Float64Array;
}

function weekCounts({ seconds }: ArrivalSample): WeekCounts {
  const arrivals = new Float64Array(WEEK_BUCKETS);
  const seen = new Float64Array(WEEK_BUCKETS);
  for (const second of seconds) arrivals[Math.floor(second / BUCKET_SECONDS) % WEEK_BUCKETS]! += 1;
  const from = seconds[0]! / BUCKET_SECONDS;
  const to = seconds[seconds.length - 1]! / BUCKET_SECONDS;
  for (let bucket = Math.floor(from); bucket < to; bucket++) {
    const share = Math.min(to, bucket + 1) - Math.max(from, bucket);
    seen[bucket % WEEK_BUCKETS]! += share;
  }
  return { arrivals, seen };
}

/** Arrivals a half hour at weekends over those on working days. */
function weekendFactorOf({ arrivals, seen }: WeekCounts): number {
  const rate = (from: number, to: number) => {
    const sum = (values: Float64Array) =>
      values.subarray(from * BUCKETS, to * BUCKETS).reduce((total, value) => total + value, 0);
    return sum(arrivals) / sum(seen);
  };
  const ratio = rate(5, 7) / rate(0, 5);
  return Number.isFinite(ratio) && ratio > 0 ? ratio : 1;
}

/** Sum over the days of the week. */
function byHalfHour(week: ArrayLike<number>): Float64Array {
  const day = new Float64Array(BUCKETS);
  for (let i = 0; i < WEEK_BUCKETS; i++) day[i % BUCKETS]! += week[i]!;
  return day;
}

function byWeekday(week: ArrayLike<number>): Float64Array {
  const days = new Float64Array(7);
  for (let i = 0; i < WEEK_BUCKETS; i++) days[Math.floor(i / BUCKETS)]! += week[i]!;
  return days;
}

const LEAST_WEIGHT = 1e-6;

function fitCycle(counts: WeekCounts, weekendFactor: number, near?: ArrivalEstimate) {
  const factors = weekdayArrivals(weekendFactor);
  const seen = byHalfHour(counts.seen.map((s, i) => s * factors[Math.floor(i / BUCKETS)]!));
  const arrivals = byHalfHour(counts.arrivals);
  const all = arrivals.reduce((sum, count) => sum + count, 0);
  const shapeOf = (at: readonly number[]) => gammaOf(Math.exp(at[0]!), Math.exp(at[1]!));
  const loss = (at: readonly number[]) => {
    const [mean, deviation] = at as [number, number];
    if (mean < Math.log(8) || mean > Math.log(80)) return Infinity;
    if (deviation < Math.log(0.5) || deviation > Math.log(200)) return Infinity;
    const { shape, scale } = shapeOf(at);
    const weights = cycleWeights({ ...LUBLIN_WHOLE, cycleShape: shape, cycleScale: scale });
    let [total, sum] = [0, 0];
    for (let i = 0; i < BUCKETS; i++) {
      const weight = Math.max(LEAST_WEIGHT, weights[i]!);
      total += weight * seen[i]!;
      sum += arrivals[i]! * Math.log(weight);
    }
    return all * Math.log(total) - sum;
  };
  const { anum, bnum } = near ?? {
    anum: LUBLIN_WHOLE.cycleShape,
    bnum: LUBLIN_WHOLE.cycleScale,
  };
  const start = [Math.log(anum * bnum), Math.log(Math.sqrt(anum) * bnum)];
  const { at } = near ? smoothMinimum(loss, start, 12) : restartedMinimum(loss, start);
  const { shape, scale } = shapeOf(at);
  return { anum: shape, bnum: scale };
}

/** Gaps in seconds on the clock on which days and weekends are flat. */
export function flatGaps({ seconds }: ArrivalSample, estimate: ArrivalEstimate): Float64Array {
  const weights = weekWeights(estimate);
  const before = new Float64Array(WEEK_BUCKETS + 1);
  for (let i = 0; i < WEEK_BUCKETS; i++) before[i + 1] = before[i]! + weights[i]!;
  const whole = before[WEEK_BUCKETS]!;
  const flat = (second: number) => {
    const week = Math.floor(second / WEEK_SECONDS);
    const at = (second - week * WEEK_SECONDS) / BUCKET_SECONDS;
    const bucket = Math.min(WEEK_BUCKETS - 1, Math.floor(at));
    return BUCKET_SECONDS * (week * whole + before[bucket]! + (at - bucket) * weights[bucket]!);
  };
  const gaps = new Float64Array(Math.max(0, seconds.length - 1));
  let last = flat(seconds[0]!);
  for (let i = 1; i < seconds.length; i++) {
    const next = flat(seconds[i]!);
    gaps[i - 1] = next - last;
    last = next;
  }
  return gaps;
}

/** Arrivals are whole seconds, so gaps are rounded, and cells begin at halves. */
function gapCounts(gaps: Float64Array, longestLog: number) {
  const cells = logCells(longestLog, 0.5);
  const counts = new Float64Array(cells.logMiddles.length);
  for (const gap of gaps) counts[cellOfSeconds(cells, gap)]! += 1;
  return { cells, counts };
}

/**
 * Gamma of ln of the gaps whose mean gap is the sample's, and that is the likeliest of those. Left
 * to itself the likelihood looks at ln alone: where gaps are not quite gamma it finds one whose
 * mean gap, which the longest gaps make, is several times too large, and with it the load too small.
 */
function fitGaps(gaps: Float64Array, longestLog: number, near?: ArrivalEstimate) {
  const { cells, counts } = gapCounts(gaps, longestLog);
  const wanted = Math.max(1.5, gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length);
  const gammaWith = (deviation: number) => gammaOf(logMeanFor(cells, deviation, wanted), deviation);
  const loss = (at: readonly number[]) => {
    if (Math.abs(at[0]!) > 3) return Infinity;
    const { shape, scale } = gammaWith(Math.exp(at[0]!));
    const masses = gammaMasses(cells, shape, scale);
    let [mass, sum] = [0, 0];
    for (let i = 0; i < masses.length; i++) {
      mass += masses[i]!;
      if (counts[i]! > 0) sum += counts[i]! * Math.log(Math.max(1e-300, masses[i]!));
    }
    return gaps.length * Math.log(Math.max(1e-300, mass)) - sum;
  };
  const start = near ? Math.log(Math.sqrt(near.aarr) * near.barr) : Math.log(1.5);
  const steps = [near ? 0.05 : 0.3];
  const { at } = simplexMinimum(loss, [start], { steps, tolerance: 1e-9 });
  const { shape, scale } = gammaWith(Math.exp(at[0]!));
  return { aarr: shape, barr: scale };
}

/** Mean of ln of a gap at which the gap itself has a mean, seconds, for a deviation of ln. */
function logMeanFor(cells: LogCells, deviation: number, meanSeconds: number): number {
  const { edges } = cells;
  let [low, high] = [0.02, 2 * cells.longestLog];
  for (let step = 0; step < 36; step++) {
    const middle = (low + high) / 2;
    const { shape, scale } = gammaOf(middle, deviation);
    const masses = gammaMasses(cells, shape, scale);
    let [mass, seconds] = [0, 0];
    for (let i = 0; i < masses.length; i++) {
      mass += masses[i]!;
      seconds += (masses[i]! * (edges[i]! + edges[i + 1]!)) / 2;
    }
    if (mass > 0 && seconds < meanSeconds * mass) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function fit(sample: ArrivalSample, near?: ArrivalEstimate): ArrivalEstimate {
  const counts = weekCounts(sample);
  const weekendFactor = sample.weekdaysKnown ? weekendFactorOf(counts) : 1;
  const cycle = fitCycle(counts, weekendFactor, near);
  const flat = { aarr: 1, barr: 1, ...cycle, weekendFactor };
  return { ...flat, ...fitGaps(flatGaps(sample, flat), sample.longestLog, near) };
}

/** Arrivals of the Lublin–Feitelson model. */
export const lublinArrivals: ModelPart<ArrivalSample, ArrivalEstimate> = {
  fit,
  numbers: ({ aarr, barr, anum, bnum, weekendFactor }) => [aarr, barr, anum, bnum, weekendFactor],
  tests: [
    { name: 'gaps between arrivals, daily cycle taken out', statistic: 'Kolmogorov–Smirnov' },
    { name: 'arrivals by half hour of the day', statistic: 'chi-square' },
    { name: 'arrivals by weekday', statistic: 'chi-square' },
    { name: 'ln of one gap and the next', statistic: 'autocorrelation' },
  ],
  distances(sample, estimate) {
    const gaps = flatGaps(sample, estimate);
    const { cells, counts } = gapCounts(gaps, sample.longestLog);
    const masses = gammaMasses(cells, estimate.aarr, estimate.barr);
    const week = weekCounts(sample);
    const weights = weekWeights(estimate);
    const wanted = week.seen.map((seen, i) => seen * weights[i]!);
    const all = wanted.reduce((sum, value) => sum + value, 0) / sample.seconds.length;
    const expected = wanted.map((value) => value / all);
    return [
      largestDifference(counts, masses),
      pooledChiSquare(byHalfHour(week.arrivals), byHalfHour(expected)),
      pooledChiSquare(byWeekday(week.arrivals), byWeekday(expected)),
      Math.abs(
        autocorrelation(
          gaps.map((gap) => Math.log(Math.max(1, gap))),
          1,
        ),
      ),
    ];
  },
  simulate(estimate, like, stream) {
    const population = arrivalPopulation(estimate, like.longestLog);
    const factors = weekdayArrivals(estimate.weekendFactor);
    const arrivals = new LublinArrivals(population, stream, 1, factors);
    const seconds = new Float64Array(like.seconds.length);
    for (let i = 0; i < seconds.length; i++) seconds[i] = Math.floor(arrivals.next());
    return { ...like, seconds };
  },
  size: ({ seconds }) => Math.max(0, seconds.length - 1),
};
