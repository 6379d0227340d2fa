/**
 * Cloud demand as batches of virtual machines: a non-homogeneous Poisson process of batches with a
 * gamma-mixed rate, calibrated on the processed Azure V1 stream, folded to nodes.
 */
import { Type } from 'typebox';
import type { RandomStream } from '../../core/kernel/random.ts';
import { SECOND_MS } from '../../core/kernel/units.ts';
import { FLAVOURS } from '../cloud/flavours.ts';
import {
  AZURE_MEAN_LIFETIME_HOURS,
  AZURE_SURVIVAL,
  Lifetimes,
  tailMeanFor,
} from '../cloud/lifetimes.ts';
import { needSink, packedToMean, packingFields, setAside } from '../cloud/packing.ts';
import {
  batchFlavours,
  EQUILIBRIUM,
  Population,
  PREHISTORY_MS,
  scaleFor,
  SHARED_FLAVOUR,
  SHARED_LIFETIME,
  type CloudRates,
} from '../cloud/population.ts';
import { workloadStream, type LoadedDemand, type WorkloadContext } from '../context.ts';
import { maybePositive, positive, shiftHours, type Filled } from '../fields.ts';
import { poisson, powerLaw, powerTail } from '../sampling.ts';
import { significant } from '../statistics.ts';
import {
  batchTables,
  givenBatches,
  type BatchArrivals,
  type BatchTables,
  type GivenBatches,
  type SizePoint,
} from './batch-parameters.ts';
import type { WorkloadModel } from './model.ts';

const BIN_SECONDS = 300;
const BINS_PER_DAY = 288;
/** Batches in 300 s: mean and variance over the whole stream (Fano factor 5.69). */
export const BATCHES_MEAN = 52.82;
export const BATCHES_VARIANCE = 300.6;
/** Shape of the gamma mixing that gives this variance without any cycle: m² / (v − m). */
export const MIXING_SHAPE = (BATCHES_MEAN * BATCHES_MEAN) / (BATCHES_VARIANCE - BATCHES_MEAN);

/**
 * P(batch size ≤ n), and how the density falls from the size before to n: ∝ size^−exponent, which
 * gives the measured mean size within each range (1 where the range is one size).
 */
export const BATCH_SIZES: readonly SizePoint[] = [
  [1, 0.5714, 1],
  [2, 0.7522, 1],
  [3, 0.8179, 1],
  [4, 0.8586, 1],
  [5, 0.8834, 1],
  [8, 0.9222, 1.58],
  [16, 0.9652, 1.81],
  [32, 0.9852, 1.72],
  [64, 0.9947, 3.47],
  [128, 0.9978, 2.28],
  [256, 0.99944, 1.95],
  // The largest batch of the stream has 788 machines.
  [788, 1, 6.71],
];

/** Machines by hour of the trace clock, whose zone is not known, over their mean; training part. */
export const HOUR_FACTORS: readonly number[] = [
  0.84, 0.77, 0.77, 0.68, 0.82, 0.93, 0.96, 0.89, 0.97, 1.04, 1.13, 1.16, 1.01, 1.1, 1.29, 1.41,
  1.15, 1.09, 1.14, 1.12, 1.07, 0.83, 0.83, 0.98,
];

/** Busiest over quietest weekday; which days are quiet is an assumption (Saturday, Sunday). */
export const WEEKDAY_RATIO = 1.33;

/** Shares of the flavours that make up 99.6 % of the machines. */
export const FLAVOUR_SHARES: ReadonlyMap<string, number> = new Map([
  ['b', 0.4265],
  ['g', 0.2782],
  ['k', 0.1131],
  ['m', 0.1118],
  ['o', 0.0462],
  ['a', 0.0232],
]);

const schema = Type.Object(
  {
    model: Type.Literal('azure-batches'),
    meanNodes: maybePositive('mean need, nodes', 1e6),
    ...packingFields,
    tailMeanDays: maybePositive(
      'mean of what is left to live after 3.5 days; left out: so that machines live 51.8 hours on ' +
        'average, as in the whole Azure V1 trace',
      3_650,
    ),
    weekdayRatio: positive('rate of working days over weekends', WEEKDAY_RATIO, 100),
    ...batchTables,
    shiftHours,
  },
  {
    additionalProperties: false,
    description: 'virtual machines in batches, calibrated on Azure V1, packed to nodes',
  },
);

type BatchesTable = Filled<typeof schema, 'meanNodes' | 'tailMeanDays' | keyof BatchTables> &
  BatchTables;

export const azureBatchesModel: WorkloadModel = {
  name: 'azure-batches',
  title: 'batches of virtual machines of a cloud (calibrated on Azure V1)',
  kinds: ['cloud'],
  schema,
  generate,
};

/** Size of a batch. */
export function batchSize(stream: RandomStream, sizes: readonly SizePoint[] = BATCH_SIZES): number {
  const u = stream.uniform();
  let smallest = 1;
  for (const [size, cumulative, exponent = 2] of sizes) {
    if (u < cumulative) {
      if (size === smallest) return size;
      return Math.min(size, Math.floor(powerLaw(stream, smallest, size + 1, exponent)));
    }
    smallest = size + 1;
  }
  return 1;
}

/** Mean of `batchSize`, exactly. */
export function meanBatchSize(sizes: readonly SizePoint[] = BATCH_SIZES): number {
  let sum = 0;
  let below = 0;
  let smallest = 1;
  for (const [size, cumulative, exponent = 2] of sizes) {
    const range = cumulative - below;
    if (size === smallest) sum += range * size;
    else {
      const tail = (n: number) => powerTail(n, exponent);
      const whole = tail(smallest) - tail(size + 1);
      for (let n = smallest; n <= size; n++) sum += (range * n * (tail(n) - tail(n + 1))) / whole;
    }
    below = cumulative;
    smallest = size + 1;
  }
  return sum;
}

/** Factor of each weekday, Monday first, mean 1. */
export function weekdayFactors(ratio: number): number[] {
  const quiet = 7 / (5 * ratio + 2);
  const busy = quiet * ratio;
  return [busy, busy, busy, busy, busy, quiet, quiet];
}

/** Those of the Azure stream. */
export const AZURE_ARRIVALS: BatchArrivals = {
  mean: BATCHES_MEAN,
  variance: BATCHES_VARIANCE,
  hourFactors: HOUR_FACTORS,
};

/** All that the model draws from, as measured on the Azure stream. */
export const AZURE_BATCHES: GivenBatches = {
  arrivals: AZURE_ARRIVALS,
  sizes: BATCH_SIZES,
  flavours: FLAVOUR_SHARES,
  survival: AZURE_SURVIVAL,
  sharedLifetime: SHARED_LIFETIME,
  sharedFlavour: SHARED_FLAVOUR,
  own: false,
};

function meanFactor({ hourFactors }: BatchArrivals): number {
  return hourFactors.reduce((sum, factor) => sum + factor, 0) / hourFactors.length;
}

/**
 * Shape of the gamma mixing beside the cycles, so that the counts' overall variance stays the
 * measured one: cycles and mixing multiply, so their squared coefficients of variation combine.
 */
export function residualShape(ratio: number, arrivals: BatchArrivals = AZURE_ARRIVALS): number {
  const square = (values: readonly number[], mean: number) =>
    values.reduce((sum, value) => sum + (value / mean) * (value / mean), 0) / values.length;
  const cycles =
    square(arrivals.hourFactors, meanFactor(arrivals)) * square(weekdayFactors(ratio), 1);
  const { mean, variance } = arrivals;
  // Written as 1 + 1 / shape, the shape without cycles, as the published constants are.
  const overall = 1 + 1 / ((mean * mean) / (variance - mean));
  const mixing = overall / cycles - 1;
  return mixing > 0 ? 1 / mixing : Infinity;
}

/** Number of batches in a bin of 300 s; bins of one week before time 0 have negative numbers. */
export function batchesInBin(
  bin: number,
  scale: number,
  shape: number,
  weekdays: readonly number[],
  stream: RandomStream,
  arrivals: BatchArrivals = AZURE_ARRIVALS,
): number {
  const day = Math.floor(bin / BINS_PER_DAY);
  const hour = Math.floor((bin - day * BINS_PER_DAY) / 12);
  const factor =
    (arrivals.hourFactors[hour]! / meanFactor(arrivals)) * weekdays[((day % 7) + 7) % 7]!;
  const mixing = shape === Infinity ? 1 : stream.gamma(shape, 1 / shape);
  // The rate is constant within a bin, so a Poisson count is the process itself.
  return poisson(stream, arrivals.mean * scale * factor * mixing);
}

function ratesOf(table: BatchesTable, given: GivenBatches): CloudRates {
  const tail =
    table.tailMeanDays === undefined
      ? tailMeanFor(given.survival, AZURE_MEAN_LIFETIME_HOURS * 3_600)
      : table.tailMeanDays * 86_400;
  const known = [...given.flavours.values()].reduce((sum, value) => sum + value, 0);
  const lifetimes = new Lifetimes(given.survival, tail);
  return {
    machinesPerSecond: (given.arrivals.mean * meanBatchSize(given.sizes)) / BIN_SECONDS,
    flavourShares: FLAVOURS.map(({ letter }) => (given.flavours.get(letter) ?? 0) / known),
    lifetimes: FLAVOURS.map(() => lifetimes),
    sharedLifetime: given.sharedLifetime,
  };
}

function generate(table: BatchesTable, context: WorkloadContext): LoadedDemand {
  const given = givenBatches(table, AZURE_BATCHES);
  const rates = ratesOf(table, given);
  const meanNodes = table.meanNodes ?? table.load * context.nodes;
  const shape = residualShape(table.weekdayRatio, given.arrivals);
  const weekdays = weekdayFactors(table.weekdayRatio);
  const binMs = BIN_SECONDS * SECOND_MS;
  const packed = packedToMean(table, (packing) => {
    const scale = scaleFor(meanNodes, rates, packing);
    const sink = needSink(packing, context.horizonMs);
    const population = new Population(rates, sink, workloadStream(context, 'lifetimes'));
    population.addOldOnes(scale);
    const counts = workloadStream(context, 'arrivals');
    const batches = workloadStream(context, 'batches');
    for (let bin = -PREHISTORY_MS / binMs; bin * binMs < context.horizonMs; bin++) {
      let left = batchesInBin(bin, scale, shape, weekdays, counts, given.arrivals);
      for (; left > 0; left--) {
        const size = batchSize(batches, given.sizes);
        const flavours = batchFlavours(size, rates.flavourShares, batches, given.sharedFlavour);
        population.add({ timeMs: bin * binMs, flavours, lifetimesSeconds: null }, 1);
      }
    }
    return { ...sink.finish(), scale };
  });
  const treatment =
    `batches at ${significant(packed.scale, 3)} of ${given.own ? 'the given' : "Azure's"} rate (mean ${significant(meanNodes)} nodes), ` +
    `${table.coresPerNode} cores and ${table.memoryPerNodeGb} GB a node, ${packed.words}` +
    (table.packing === 'totals' ? '' : `; ${EQUILIBRIUM}`);
  return {
    demand: { kind: 'cloud', needs: packed.needs },
    sources: [
      {
        name: 'azure-batches',
        label: 'synthetic',
        sha256: null,
        treatment,
        droppedRecords: setAside(packed),
      },
    ],
  };
}
