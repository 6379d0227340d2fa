/** A log of batch jobs as a Lublin–Feitelson model: all parts together. */
import type { FigurePair, FittedParameter, ModelFit } from '../../core/demand/model-fit.ts';
import { randomStream } from '../../core/kernel/random.ts';
import { lublinTables, populationOf, type LublinTables } from '../models/lublin-parameters.ts';
import { LUBLIN_WHOLE, type LublinPopulation } from '../models/lublin-process.ts';
import { lublinJobs, lublinSetup } from '../models/lublin.ts';
import { mean, significant, sorted } from '../statistics.ts';
import { assess, type Assessment, type ModelPart } from './assessment.ts';
import { DISCLOSED, distributionPair, fittedParameter, rounded } from './disclosure.ts';
import { autocorrelation, rankCorrelation } from './distances.ts';
import type { FitOptions } from './fit-options.ts';
import type { JobTrace } from './job-trace.ts';
import { lublinArrivals, type ArrivalEstimate } from './lublin-arrivals.ts';
import { lublinRuns, type RunEstimate } from './lublin-runs.ts';
import { lublinSizes, type SizeEstimate } from './lublin-sizes.ts';

/** The estimates of all parts. */
export interface LublinEstimate {
  readonly sizes: SizeEstimate;
  readonly runs: RunEstimate;
  readonly arrivals: ArrivalEstimate;
  /** ln of the longest run time and of the longest gap, rounded up to a tenth. */
  readonly longestLogRun: number;
  readonly longestLogGap: number;
}

/** Parts of the bootstrap, for progress. */
export const LUBLIN_PARTS = 3;

/** Estimates a model from a log and judges it. */
export function fitLublin(trace: JobTrace, options: FitOptions): ModelFit {
  const samples = samplesOf(trace);
  const judged = <Sample, Estimate>(
    part: ModelPart<Sample, Estimate>,
    sample: Sample,
    purpose: string,
  ) => {
    const stream = randomStream({ ...named(options), purpose });
    const estimate = part.fit(sample);
    return { estimate, ...assess(part, sample, estimate, { ...options, stream }) };
  };
  const sizes = judged(lublinSizes, samples.sizes, 'sizes');
  const runs = judged(lublinRuns, samples.runs, 'runs');
  const arrivals = judged(lublinArrivals, samples.arrivals, 'arrivals');
  const estimate: LublinEstimate = {
    sizes: sizes.estimate,
    runs: runs.estimate,
    arrivals: arrivals.estimate,
    longestLogRun: samples.runs.longestLog,
    longestLogGap: samples.arrivals.longestLog,
  };
  const workload = workloadOf(trace, estimate);
  const { weekendFactor } = workload;
  const population = populationOf(workload);
  const setup = lublinSetup('whole', trace.processors, workload.load, weekendFactor, population);
  const made = lublinJobs(setup, Infinity, madeJobs(trace), (purpose) =>
    randomStream({ ...named(options), purpose: `made.${purpose}` }),
  );
  const model: Jobs = {
    submitSeconds: made.submitSeconds,
    runSeconds: made.runSeconds,
    sizes: made.processors,
  };
  return {
    formatVersion: 1,
    model: 'lublin',
    kind: trace.kind,
    trace: {
      name: options.name,
      format: trace.format,
      label: trace.label,
      records: trace.sizes.length,
      spanDays: significant(spanSeconds(trace) / 86_400, 4),
      processors: trace.processors,
    },
    seed: options.seed,
    workload: { ...workload },
    samples: [{ what: 'jobs', count: trace.sizes.length }],
    setAside: trace.setAside,
    parameters: parametersOf(estimate, trace, { sizes, runs, arrivals }),
    tests: [...sizes.tests, ...runs.tests, ...arrivals.tests],
    comparison: comparisonOf(trace, model),
    distributions: distributionsOf(trace, model),
    cycles: cyclesOf(trace, model),
    limits: limitsOf(trace, setup.pace),
    disclosed: DISCLOSED,
  };
}

interface Jobs {
  readonly submitSeconds: Float64Array;
  readonly runSeconds: Float64Array;
  readonly sizes: Int32Array;
}

const FEWEST_MADE = 20_000;
const MOST_MADE = 200_000;

function madeJobs(trace: JobTrace): number {
  return Math.min(MOST_MADE, Math.max(FEWEST_MADE, trace.sizes.length));
}

function named({ seed }: FitOptions) {
  return { seed, replication: 0, entity: 'fit' };
}

const upToTenth = (value: number, least: number) => Math.max(least, Math.ceil(10 * value) / 10);

/** What each part is fitted to. */
export function samplesOf(trace: JobTrace) {
  let [longestRun, longestGap] = [1, 1];
  trace.runSeconds.forEach((run) => (longestRun = Math.max(longestRun, run)));
  trace.submitSeconds.forEach((submit, i) => {
    longestGap = Math.max(longestGap, submit - (trace.submitSeconds[i - 1] ?? submit));
  });
  return {
    sizes: { sizes: trace.sizes, processors: trace.processors },
    runs: {
      seconds: trace.runSeconds,
      sizes: trace.sizes,
      longestLog: upToTenth(Math.log(longestRun + 1), 1),
    },
    arrivals: {
      seconds: trace.submitSeconds,
      weekdaysKnown: trace.weekdaysKnown,
      // On the flat clock a gap by day is up to twice as long.
      longestLog: upToTenth(Math.log(2 * longestGap), 1),
    },
  };
}

function spanSeconds({ submitSeconds }: Pick<Jobs, 'submitSeconds'>): number {
  const n = submitSeconds.length;
  return ((submitSeconds[n - 1]! - submitSeconds[0]!) * n) / (n - 1);
}

/** Work that comes in over what the machine could do meanwhile. */
function loadOf(jobs: Jobs, processors: number): number {
  let work = 0;
  for (let i = 0; i < jobs.sizes.length; i++) work += jobs.runSeconds[i]! * jobs.sizes[i]!;
  return work / (processors * spanSeconds(jobs));
}

interface LublinWorkload extends LublinTables {
  readonly model: 'lublin';
  readonly load: number;
  readonly weekendFactor: number;
}

function workloadOf(trace: JobTrace, estimate: LublinEstimate): LublinWorkload {
  const { sizes, runs, arrivals } = estimate;
  const { weekendFactor, ...gaps } = arrivals;
  return {
    model: 'lublin',
    ...rounded({
      load: loadOf(trace, trace.processors),
      weekendFactor,
      sizes: { ...sizes, procs: 0 },
      runs: { ...runs, longestLog: estimate.longestLogRun },
      arrivals: { ...gaps, ratio: 1, longestLog: estimate.longestLogGap },
    }),
    ...{ sizes: { ...rounded({ ...sizes }), procs: trace.processors } },
  };
}

type Judged = Record<'sizes' | 'runs' | 'arrivals', Assessment>;

function parametersOf(
  { sizes, runs, arrivals }: LublinEstimate,
  trace: JobTrace,
  judged: Judged,
): FittedParameter[] {
  const W: LublinPopulation = LUBLIN_WHOLE;
  const moved = Math.log2(trace.processors) - 7;
  const share = [0, 1] as const;
  const row = (
    table: 'sizes' | 'runs' | 'arrivals',
    key: string,
    value: number,
    at: number,
    published: number,
    bounds?: readonly [number, number],
  ) => {
    const known = lublinTables[table].properties as Record<string, { description?: string }>;
    const meaning = known[key]?.description ?? 'arrivals at weekends over working days';
    const name = known[key] === undefined ? key : `${table}.${key}`;
    const error = judged[table].standardErrors[at]!;
    return fittedParameter(name, meaning, value, error, significant(published, 5), bounds);
  };
  const positive = [0, Infinity] as const;
  return [
    row('sizes', 'serial', sizes.serial, 0, W.serialProbability, share),
    row('sizes', 'powerOfTwo', sizes.powerOfTwo, 1, W.powerOfTwoProbability, share),
    row('sizes', 'uLow', sizes.uLow, 2, W.uLow),
    row('sizes', 'uMed', sizes.uMed, 3, W.uMed + moved),
    row('sizes', 'uHi', sizes.uHi, 4, W.uHi + moved),
    row('sizes', 'uProb', sizes.uProb, 5, W.uProb, share),
    row('runs', 'a1', runs.a1, 0, W.a1, positive),
    row('runs', 'b1', runs.b1, 1, W.b1, positive),
    row('runs', 'a2', runs.a2, 2, W.a2, positive),
    row('runs', 'b2', runs.b2, 3, W.b2, positive),
    row('runs', 'pa', runs.pa, 4, W.pa),
    row('runs', 'pb', runs.pb, 5, W.pb),
    row('arrivals', 'aarr', arrivals.aarr, 0, W.arrivalShape * W.arrivalRatio, positive),
    row('arrivals', 'barr', arrivals.barr, 1, W.arrivalScale, positive),
    row('arrivals', 'anum', arrivals.anum, 2, W.cycleShape, positive),
    row('arrivals', 'bnum', arrivals.bnum, 3, W.cycleScale, positive),
    ...(trace.weekdaysKnown
      ? [row('arrivals', 'weekendFactor', arrivals.weekendFactor, 4, 1, positive)]
      : []),
  ];
}

/** Arrivals in each hour from the first to the last. */
function hourly({ submitSeconds }: Jobs): Float64Array {
  const first = Math.floor(submitSeconds[0]! / 3_600);
  const last = Math.floor(submitSeconds[submitSeconds.length - 1]! / 3_600);
  const counts = new Float64Array(last - first + 1);
  for (const second of submitSeconds) counts[Math.floor(second / 3_600) - first]! += 1;
  return counts;
}

function gapsOf({ submitSeconds }: Jobs): Float64Array {
  return submitSeconds.slice(1).map((second, i) => second - submitSeconds[i]!);
}

function comparisonOf(trace: JobTrace, model: Jobs): FigurePair[] {
  const pair = (name: string, unit: string, figure: (jobs: Jobs) => number): FigurePair => ({
    name,
    unit,
    trace: significant(figure(trace), 4),
    model: significant(figure(model), 4),
  });
  const sizeShare = (test: (size: number) => boolean) => (jobs: Jobs) =>
    jobs.sizes.filter(test).length / jobs.sizes.length;
  const later = (hours: number) => (jobs: Jobs) => autocorrelation(hourly(jobs), hours);
  return [
    pair('offered load', 'of the machine', (jobs) => loadOf(jobs, trace.processors)),
    pair('mean gap between arrivals', 's', (jobs) => mean(gapsOf(jobs))),
    pair('mean run time', 's', (jobs) => mean(jobs.runSeconds)),
    pair('mean size', 'processors', (jobs) => mean(jobs.sizes)),
    pair(
      'serial jobs',
      'share',
      sizeShare((size) => size === 1),
    ),
    pair(
      'powers of two, serial ones included',
      'share',
      sizeShare((n) => (n & (n - 1)) === 0),
    ),
    pair('rank correlation of size and run time', '', (jobs) =>
      rankCorrelation(jobs.sizes, jobs.runSeconds),
    ),
    pair('arrivals of an hour and of the next, correlation', '', later(1)),
    pair('arrivals of an hour and a day later, correlation', '', later(24)),
    pair('arrivals of an hour and a week later, correlation', '', later(168)),
  ];
}

function distributionsOf(trace: JobTrace, model: Jobs) {
  const words = (name: string, title: string, unit: string) => ({
    name,
    title,
    unit,
    logarithmic: true,
  });
  const of = (words_: ReturnType<typeof words>, values: (jobs: Jobs) => Iterable<number>) =>
    distributionPair(words_, sorted(values(trace)), sorted(values(model)));
  return [
    of(words('run-time', 'Run time', 's'), (jobs) => jobs.runSeconds),
    of(words('size', 'Size of jobs', 'processors'), (jobs) => jobs.sizes),
    of(words('gap', 'Gap between arrivals', 's'), gapsOf),
  ];
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** Rates relative to their mean. */
function relative(counts: readonly number[]): number[] {
  const middle = mean(counts) || 1;
  return counts.map((count) => significant(count / middle, 3));
}

function cyclesOf(trace: JobTrace, model: Jobs) {
  const counted = (parts: number, seconds: number) => (jobs: Jobs) => {
    const counts = new Array<number>(parts).fill(0);
    for (const second of jobs.submitSeconds) counts[Math.floor(second / seconds) % parts]! += 1;
    return relative(counts);
  };
  const [hours, days] = [counted(24, 3_600), counted(7, 86_400)];
  const day = {
    name: 'day',
    title: 'Arrivals by hour of the day',
    labels: Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0')),
    trace: hours(trace),
    model: hours(model),
  };
  if (!trace.weekdaysKnown) return [day];
  const week = { name: 'week', title: 'Arrivals by weekday', labels: WEEKDAYS };
  return [day, { ...week, trace: days(trace), model: days(model) }];
}

function limitsOf(trace: JobTrace, pace: number): string[] {
  const limits = [
    'The model has no users: nobody submits similar jobs one after the other, and nobody waits for ' +
      'a result before the next job.',
    'Run time depends on size only by the chance of the first gamma, which changes linearly with ' +
      'the size.',
    'Gaps between arrivals depend on the hour and on weekends, not on the gaps before; the rate is ' +
      'the same from the first week to the last, without holidays, terms or stops of the machine.',
    'Estimates of run time are not fitted: the model makes its own.',
  ];
  if (Math.abs(pace - 1) > 0.02) {
    limits.push(
      `The fitted gaps and sizes alone would give ${significant(1 / pace, 3)} of the trace's load; ` +
        `load in the table makes arrivals ${significant(pace, 3)} times as dense.`,
    );
  }
  if (!trace.weekdaysKnown) {
    limits.push('The log does not say when it began, so weekends could not be told.');
  }
  return limits;
}
