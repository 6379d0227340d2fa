/** A cloud's virtual machines as a model of batches: arrivals, sizes, flavours and lifetimes. */
import type { FigurePair, FittedParameter, ModelFit } from '../../core/demand/model-fit.ts';
import { randomStream, type RandomStream } from '../../core/kernel/random.ts';
import { FLAVOURS } from '../cloud/flavours.ts';
import {
  AZURE_MEAN_LIFETIME_HOURS,
  AZURE_SURVIVAL,
  kaplanMeier,
  LAST_BIN,
  Lifetimes,
  tailMeanFor,
} from '../cloud/lifetimes.ts';
import { expectedNodes } from '../cloud/population.ts';
import { AZURE_BATCHES, meanBatchSize, WEEKDAY_RATIO } from '../models/azure-batches.ts';
import { RUNNING } from '../formats/azure-files.ts';
import { mean, significant, sorted, variance } from '../statistics.ts';
import { assess, type Assessment } from './assessment.ts';
import { batchArrivals, type CountEstimate, type CountSample } from './batch-arrivals.ts';
import { batchSizes, type BatchSample } from './batch-sizes.ts';
import {
  DISCLOSED,
  distributionPair,
  fittedParameter,
  LEAST_RECORDS,
  rounded,
} from './disclosure.ts';
import { autocorrelation } from './distances.ts';
import type { FitOptions } from './fit-options.ts';
import { tooShort } from './job-trace.ts';
import { addLives, emptyCounts, lifetimeCounts, type MachineTrace } from './machine-trace.ts';

/** Parts of the bootstrap, for progress. */
export const BATCH_PARTS = 2;

const BIN_SECONDS = 300;
const BINS_PER_DAY = 288;
const FEWEST_BATCHES = 200;
const PACKING = { coresPerNode: 32, memoryPerNodeGb: 256, packingFactor: 0.85 };

/**
 * Estimates the model from a trace of machines and judges it.
 *
 * @param path for messages
 */
export function fitBatches(trace: MachineTrace, path: string, options: FitOptions): ModelFit {
  const batches = trace.batchSeconds.length;
  if (batches < FEWEST_BATCHES) throw tooShort(path, batches, FEWEST_BATCHES, 'batches');
  const stream = (purpose: string) =>
    randomStream({ seed: options.seed, replication: 0, entity: 'fit', purpose });
  const counts = countsOf(trace);
  const sizes = { sizes: sizesOf(trace) };
  const arrivals = batchArrivals.fit(counts);
  const points = batchSizes.fit(sizes);
  const judged = {
    arrivals: assess(batchArrivals, counts, arrivals, { ...options, stream: stream('arrivals') }),
    sizes: assess(batchSizes, sizes, points, { ...options, stream: stream('sizes') }),
  };
  const lives = livesOf(trace, options.replications, stream('lives'));
  const { table: workload, natural } = workloadOf(trace, arrivals, points, lives);
  const made = {
    counts: batchArrivals.simulate(arrivals, longer(counts), stream('made')),
    sizes: batchSizes.simulate(points, sizes, stream('made.sizes')),
  };
  const lag = autocorrelation(counts.counts, 1);
  return {
    formatVersion: 1,
    model: 'azure-batches',
    kind: 'cloud',
    trace: {
      name: options.name,
      format: trace.format,
      label: trace.label,
      records: trace.flavour.length,
      spanDays: significant((trace.endSeconds - trace.startSeconds) / 86_400, 4),
      processors: null,
    },
    seed: options.seed,
    workload: { ...workload },
    samples: [
      { what: 'machines', count: trace.flavour.length },
      { what: 'batches', count: batches },
      { what: 'machines with a lifetime', count: lives.known },
    ],
    setAside: trace.setAside,
    parameters: parametersOf(workload, judged, lives),
    tests: [...judged.arrivals.tests, ...judged.sizes.tests],
    comparison: comparisonOf({ counts, sizes }, made, workload.meanNodes, natural),
    distributions: distributionsOf({ counts, sizes }, made),
    cycles: cyclesOf(counts, made.counts),
    limits: limitsOf(trace, lives, lag, workload.meanNodes / natural),
    disclosed: DISCLOSED,
  };
}

/** Batches in each bin from the first to the last. */
function countsOf({ batchSeconds, startSeconds, endSeconds, weekdayAtZero }: MachineTrace) {
  const first = Math.floor(startSeconds / BIN_SECONDS);
  const last = Math.max(first + 1, Math.ceil(endSeconds / BIN_SECONDS));
  const counts = new Float64Array(last - first);
  for (const seconds of batchSeconds) {
    counts[Math.min(counts.length - 1, Math.floor(seconds / BIN_SECONDS) - first)]! += 1;
  }
  return { counts, firstBin: first + weekdayAtZero * BINS_PER_DAY };
}

const FEWEST_BINS = 28 * BINS_PER_DAY;

/** At least four weeks of bins, for the model's own figures. */
function longer({ counts, firstBin }: CountSample): CountSample {
  return { counts: new Float64Array(Math.max(counts.length, FEWEST_BINS)), firstBin };
}

function sizesOf({ batchStart }: MachineTrace): Int32Array {
  return Int32Array.from({ length: batchStart.length - 1 }, (_, i) => {
    return batchStart[i + 1]! - batchStart[i]!;
  });
}

/** What is known of lifetimes. */
interface Lives {
  readonly known: number;
  /** P(beyond bin b), Azure's where too few are known, and its standard error. */
  readonly survival: readonly number[];
  readonly errors: readonly number[] | null;
  readonly tailMeanDays: number | null;
  readonly sharedLifetime: number | null;
  readonly sharedFlavour: number | null;
}

function livesOf(trace: MachineTrace, replications: number, stream: RandomStream): Lives {
  const { deaths, censored } = lifetimeCounts(trace.durationBin);
  const known = deaths.reduce((sum, n) => sum + n, 0) + censored.reduce((sum, n) => sum + n, 0);
  const own = known >= FEWEST_BATCHES;
  const { tail } = trace;
  return {
    known,
    survival: own ? kaplanMeier(deaths, censored) : AZURE_SURVIVAL,
    errors: own ? survivalErrors(trace, replications, stream) : null,
    tailMeanDays:
      tail !== null && tail.deaths >= LEAST_RECORDS ? tail.seconds / tail.deaths / 86_400 : null,
    sharedLifetime: own ? sharedLifetime(trace) : null,
    sharedFlavour: sharedFlavour(trace),
  };
}

/**
 * Standard errors of a Kaplan–Meier curve from batches drawn with repetition: machines of a batch
 * share their fate, so that Greenwood's formula, which takes each for itself, is too sure.
 */
export function survivalErrors(
  { batchStart, durationBin }: Pick<MachineTrace, 'batchStart' | 'durationBin'>,
  replications: number,
  stream: RandomStream,
): number[] {
  const batches = batchStart.length - 1;
  const curves = Array.from({ length: replications }, () => {
    const counts = emptyCounts();
    for (let drawn = 0; drawn < batches; drawn++) {
      const batch = stream.integer(batches);
      addLives(counts, durationBin, batchStart[batch]!, batchStart[batch + 1]!);
    }
    return kaplanMeier(counts.deaths, counts.censored);
  });
  return curves[0]!.map((_, bin) => {
    const values = curves.map((curve) => curve[bin]!);
    return Math.sqrt((variance(values) * replications) / (replications - 1));
  });
}

/**
 * How often machines share the lifetime of their batch: two that both do have the same bin, others
 * only by chance, so that P(same) = s² + (1 − s²) · Σ p².
 */
function sharedLifetime({ batchStart, durationBin }: MachineTrace): number | null {
  const bins = new Float64Array(LAST_BIN + 100);
  let [pairs, same, all] = [0, 0, 0];
  for (let batch = 0; batch + 1 < batchStart.length; batch++) {
    for (let i = batchStart[batch]!; i < batchStart[batch + 1]!; i++) {
      const bin = durationBin[i]!;
      if (bin < 0 || bin >= RUNNING) continue;
      bins[bin]! += 1;
      all += 1;
      const first = durationBin[batchStart[batch]!]!;
      if (i === batchStart[batch] || first < 0 || first >= RUNNING) continue;
      pairs += 1;
      if (first === bin) same += 1;
    }
  }
  const share = sharedBy(
    pairs,
    same,
    bins.reduce((sum, n) => sum + (n / all) * (n / all), 0),
  );
  return share === null ? null : Math.sqrt(share);
}

/** How often a machine has the size of its batch's first one, beyond chance. */
function sharedFlavour({ batchStart, flavour }: MachineTrace): number | null {
  const counts = new Float64Array(FLAVOURS.length);
  for (const each of flavour) counts[each]! += 1;
  let [pairs, same] = [0, 0];
  for (let batch = 0; batch + 1 < batchStart.length; batch++) {
    const first = batchStart[batch]!;
    for (let i = first + 1; i < batchStart[batch + 1]!; i++) {
      pairs += 1;
      if (flavour[i] === flavour[first]) same += 1;
    }
  }
  const n = flavour.length;
  return sharedBy(
    pairs,
    same,
    counts.reduce((sum, count) => sum + (count / n) * (count / n), 0),
  );
}

const FEWEST_PAIRS = 50;

function sharedBy(pairs: number, same: number, byChance: number): number | null {
  if (pairs < FEWEST_PAIRS || byChance >= 1) return null;
  return Math.min(1, Math.max(0, (same / pairs - byChance) / (1 - byChance)));
}

type Points = ReturnType<typeof batchSizes.fit>;

function workloadOf(trace: MachineTrace, arrivals: CountEstimate, sizes: Points, lives: Lives) {
  const { weekdayRatio, ...counts } = arrivals;
  const shares = FLAVOURS.map(({ letter }, index): [string, number] => {
    const count = trace.flavour.filter((each) => each === index).length;
    return [letter, count < LEAST_RECORDS ? 0 : count / trace.flavour.length];
  });
  const tailDays = lives.tailMeanDays;
  const tail =
    tailDays === null
      ? tailMeanFor(lives.survival, AZURE_MEAN_LIFETIME_HOURS * 3_600)
      : tailDays * 86_400;
  const natural = expectedNodes(
    {
      machinesPerSecond: (counts.mean * meanBatchSize(sizes)) / BIN_SECONDS,
      flavourShares: shares.map(([, share]) => share),
      lifetimes: FLAVOURS.map(() => new Lifetimes(lives.survival, tail)),
    },
    PACKING,
  );
  const known = <Value>(key: string, value: Value | null) =>
    value === null ? {} : { [key]: value };
  const table = rounded({
    model: 'azure-batches',
    meanNodes: nodesInUse(trace, lives.survival, tail),
    weekdayRatio,
    ...known('tailMeanDays', tailDays),
    batches: { ...counts, sizes },
    flavours: Object.fromEntries(shares.filter(([, share]) => share > 0)),
    survival: lives.survival.slice(0, LAST_BIN + 1),
    ...known('sharedLifetime', lives.sharedLifetime),
    ...known('sharedFlavour', lives.sharedFlavour),
  });
  return { table: table as typeof table & OptionalNumbers, natural };
}

interface OptionalNumbers {
  readonly tailMeanDays?: number;
  readonly sharedLifetime?: number;
  readonly sharedFlavour?: number;
}

type BatchWorkload = ReturnType<typeof workloadOf>['table'];

function parametersOf(
  workload: BatchWorkload,
  judged: { arrivals: Assessment; sizes: Assessment },
  lives: Lives,
): FittedParameter[] {
  const { batches } = workload;
  const errors = judged.arrivals.standardErrors;
  const { arrivals, survival } = AZURE_BATCHES;
  const positive = [0, Infinity] as const;
  const row = fittedParameter;
  const optional = (key: 'sharedLifetime' | 'sharedFlavour' | 'tailMeanDays', meaning: string) => {
    const value = workload[key];
    const known = key === 'tailMeanDays' ? null : AZURE_BATCHES[key];
    return value === undefined ? [] : [row(key, meaning, value, null, known)];
  };
  return [
    row('batches.mean', 'batches in 300 s', batches.mean, errors[0]!, arrivals.mean, positive),
    row(
      'batches.variance',
      'their variance',
      batches.variance,
      errors[1]!,
      arrivals.variance,
      positive,
    ),
    row(
      'weekdayRatio',
      'rate of working days over weekends',
      workload.weekdayRatio,
      errors[2]!,
      WEEKDAY_RATIO,
      positive,
    ),
    ...batches.hourFactors.map((factor, hour) =>
      row(
        `batches.hourFactors[${hour}]`,
        `rate of hour ${hour} over the mean`,
        factor,
        errors[3 + hour]!,
        arrivals.hourFactors[hour]!,
        positive,
      ),
    ),
    ...batches.sizes.map(([size, share]) =>
      row(`batches.sizes[${size}]`, `batches of at most ${size} machines`, share, null, null),
    ),
    ...workload.survival.map((share, bin) =>
      row(
        `survival[${bin}]`,
        'machines that outlive the duration bin (Kaplan–Meier)',
        share,
        lives.errors?.[bin] ?? null,
        survival[bin]!,
        [0, 1],
      ),
    ),
    ...optional('tailMeanDays', 'mean of what is left to live after 3.5 days'),
    ...optional('sharedLifetime', 'how often a machine shares the lifetime of its batch'),
    ...optional('sharedFlavour', "how often it shares the size of the batch's first machine"),
  ];
}

interface Both {
  readonly counts: CountSample;
  readonly sizes: BatchSample;
}

function comparisonOf(own: Both, made: Both, nodes: number, natural: number): FigurePair[] {
  const pair = (name: string, unit: string, figure: (both: Both) => number): FigurePair => ({
    name,
    unit,
    trace: significant(figure(own), 4),
    model: significant(figure(made), 4),
  });
  const later = (bins: number) => (both: Both) => autocorrelation(both.counts.counts, bins);
  const large = ({ sizes }: Both) =>
    sizes.sizes.filter((size) => size > 16).length / sizes.sizes.length;
  return [
    pair('batches in 300 s', '', ({ counts }) => mean(counts.counts)),
    pair('variance over mean of that', '', ({ counts }) => {
      return variance(counts.counts) / mean(counts.counts);
    }),
    pair('machines a batch', '', ({ sizes }) => mean(sizes.sizes)),
    pair('batches of more than 16 machines', 'share', large),
    pair('batches in 300 s and in the next, correlation', '', later(1)),
    pair('batches in 300 s and an hour later, correlation', '', later(12)),
    pair('batches in 300 s and a day later, correlation', '', later(BINS_PER_DAY)),
    {
      name: 'nodes in use in the long run, before meanNodes scales the batches',
      unit: 'nodes',
      trace: significant(nodes, 4),
      model: significant(natural, 4),
    },
  ];
}

/** Nodes that the trace's machines need in the long run, with lifetimes by flavour. */
function nodesInUse(trace: MachineTrace, survival: readonly number[], tail: number): number {
  const bins = FLAVOURS.map((_, index) =>
    lifetimeCounts(trace.durationBin.filter((__, i) => trace.flavour[i] === index)),
  );
  const lifetimes = bins.map(({ deaths, censored }) => {
    const known = deaths.reduce((sum, n) => sum + n, 0) + censored.reduce((sum, n) => sum + n, 0);
    return new Lifetimes(known < FEWEST_BATCHES ? survival : kaplanMeier(deaths, censored), tail);
  });
  const shares = FLAVOURS.map(
    (_, index) => trace.flavour.filter((each) => each === index).length / trace.flavour.length,
  );
  const machinesPerSecond = trace.flavour.length / (trace.endSeconds - trace.startSeconds);
  return expectedNodes({ machinesPerSecond, flavourShares: shares, lifetimes }, PACKING);
}

function distributionsOf(own: Both, made: Both) {
  const words = { unit: 'batches', logarithmic: false };
  const counts = { ...words, name: 'batches', title: 'Batches in 300 s' };
  const sizes = {
    name: 'batch-size',
    title: 'Size of batches',
    unit: 'machines',
    logarithmic: true,
  };
  return [
    distributionPair(counts, sorted(own.counts.counts), sorted(made.counts.counts)),
    distributionPair(sizes, sorted(own.sizes.sizes), sorted(made.sizes.sizes)),
  ];
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

function cyclesOf(own: CountSample, made: CountSample) {
  const over = (parts: number, partOf: (bin: number) => number) => (sample: CountSample) => {
    const cells = Array.from({ length: parts }, () => ({ sum: 0, bins: 0 }));
    sample.counts.forEach((count, i) => {
      const cell = cells[partOf(sample.firstBin + i)]!;
      cell.sum += count;
      cell.bins += 1;
    });
    const rates = cells.map(({ sum, bins }) => (bins > 0 ? sum / bins : 0));
    const middle = mean(rates) || 1;
    return rates.map((rate) => significant(rate / middle, 3));
  };
  const hours = over(24, (bin) => Math.floor((bin % BINS_PER_DAY) / 12));
  const days = over(7, (bin) => Math.floor(bin / BINS_PER_DAY) % 7);
  const names = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0'));
  return [
    {
      name: 'day',
      title: 'Batches by hour of the day',
      labels: names,
      trace: hours(own),
      model: hours(made),
    },
    {
      name: 'week',
      title: 'Batches by weekday',
      labels: WEEKDAYS,
      trace: days(own),
      model: days(made),
    },
  ];
}

function limitsOf(trace: MachineTrace, lives: Lives, lag: number, scale: number): string[] {
  return [
    ...trace.assumed,
    'The rate of batches varies from one 300 s to the next as if they did not know of each other, ' +
      `but for hours and weekends; in the trace neighbours correlate by ${significant(lag, 2)}. ` +
      'Errors of the arrivals hold under the model and are therefore too small.',
    'All working days are alike, and so are Saturdays and Sundays; the rate does not grow.',
    'Sizes and lifetimes of machines are drawn apart: the model has one survival curve for all.',
    'No tenant comes back: batches know nothing of each other.',
    ...(Math.abs(scale - 1) > 0.02
      ? [
          `Batches as they come would need ${significant(1 / scale, 3)} of the trace's nodes, mostly ` +
            'because large machines live longer or shorter than small ones; meanNodes in the table ' +
            `(nodes of 32 cores and 256 GB) makes ${significant(scale, 3)} times as many batches.`,
        ]
      : []),
    ...(lives.errors === null
      ? ["Too few lifetimes are known: the survival curve is Azure's."]
      : []),
    ...(lives.tailMeanDays === null
      ? [
          'What lives longer than 3.5 days is not seen to its end; the tail is left to the model’s ' +
            'default.',
        ]
      : []),
  ];
}
