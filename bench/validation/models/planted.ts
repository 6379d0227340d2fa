/**
 * Models with one mistake each, as they are made when a model is written anew from a paper. The
 * bands are worth something only if each of these lies outside at least one of them.
 */
import type { JobTable } from '../../../core/demand/jobs.ts';
import type { RandomStream } from '../../../core/kernel/random.ts';
import { FLAVOURS } from '../../../workloads/cloud/flavours.ts';
import {
  AZURE_MEAN_LIFETIME_HOURS,
  AZURE_SURVIVAL,
  Lifetimes,
  TAIL_START_SECONDS,
} from '../../../workloads/cloud/lifetimes.ts';
import { batchFlavours } from '../../../workloads/cloud/population.ts';
import {
  BATCHES_MEAN,
  batchesInBin,
  batchSize,
  BATCH_SIZES,
  FLAVOUR_SHARES,
  meanBatchSize,
  MIXING_SHAPE,
  weekdayFactors,
  WEEKDAY_RATIO,
} from '../../../workloads/models/azure-batches.ts';
import { BRANCHING, DECLARATIONS_PER_DAY, hawkesTimes } from '../../../workloads/models/hawkes.ts';
import {
  lublinRunSeconds,
  type LublinPopulation,
} from '../../../workloads/models/lublin-process.ts';
import { poisson } from '../../../workloads/sampling.ts';
import { azureAsItIs, azureFigures, AZURE_BANDS, type CloudUnderTest } from './azure.ts';
import { outside } from './bands.ts';
import {
  EMERGENCY_BANDS,
  emergencyFigures,
  hawkesAsItIs,
  type EmergenciesUnderTest,
} from './emergencies.ts';
import {
  LUBLIN_TYPED_BANDS,
  LUBLIN_WHOLE_BANDS,
  lublinAsItIs,
  lublinFigures,
  type LublinUnderTest,
} from './lublin.ts';
import { SURGE_BANDS, surgeFigures, surgesAsTheyAre, type SurgesUnderTest } from './surges.ts';

export interface PlantedModel {
  readonly mistake: string;
  readonly model: string;
  /** One of the bands that it must miss. */
  readonly caughtBy: string;
  /** Names of the figures outside their bands. */
  caught(): string[];
}

const PROCESSORS = 128;

/** The jobs of a model with sizes, and so run times, drawn by a wrong rule. */
function withSizes(
  size: (population: LublinPopulation, stream: RandomStream) => number,
): LublinUnderTest {
  const right = lublinAsItIs('whole');
  const population = right.populations[0]!;
  return {
    populations: right.populations,
    jobs: (stream, count): JobTable => {
      const jobs = right.jobs(stream, count);
      const source = stream('planted');
      for (let i = 0; i < jobs.count; i++) {
        jobs.processors[i] = Math.min(PROCESSORS, Math.max(1, size(population, source)));
        jobs.runSeconds[i] = lublinRunSeconds(population, jobs.processors[i]!, source);
      }
      return jobs;
    },
  };
}

function logSize(population: LublinPopulation, stream: RandomStream): number {
  const low = stream.uniform() <= population.uProb;
  const [from, to] = low ? [population.uLow, population.uMed] : [population.uMed, population.uHi];
  return from + stream.uniform() * (to - from);
}

const power = (log: number) => Math.floor(Math.exp(log * Math.LN2) + 0.5);

/** A second draw decides whether a parallel job is a power of two, instead of the same one. */
const twoDraws = withSizes((population, stream) => {
  if (stream.uniform() <= population.serialProbability) return 1;
  const x = logSize(population, stream);
  const limit = population.serialProbability + population.powerOfTwoProbability;
  return power(stream.uniform() <= limit ? Math.floor(x + 0.5) : x);
});

/** The logarithm is cut off instead of rounded. */
const cutOff = withSizes((population, stream) => {
  const u = stream.uniform();
  if (u <= population.serialProbability) return 1;
  const x = logSize(population, stream);
  const limit = population.serialProbability + population.powerOfTwoProbability;
  return power(u <= limit ? Math.floor(x) : x);
});

const lublin = (
  mistake: string,
  caughtBy: string,
  planted: LublinUnderTest,
  bands = LUBLIN_WHOLE_BANDS,
): PlantedModel => ({
  mistake,
  model: bands.model,
  caughtBy,
  caught: () => outside(bands.bands, lublinFigures(planted)),
});

const LUBLIN_PLANTED: readonly PlantedModel[] = [
  lublin('gaps without the ratio ARAR', 'mean gap, s', lublinAsItIs('whole', { arrivalRatio: 1 })),
  lublin('two draws decide the size', 'powers of two', twoDraws),
  lublin('log₂ of the size is cut off', 'mean processors', cutOff),
  lublin('p does not fall with the size', 'mean run time, s', lublinAsItIs('whole', { pa: 0 })),
  lublin(
    'the daily cycle of batch jobs',
    'largest weight of the day',
    lublinAsItIs('whole', { cycleShape: 6.1271, cycleScale: 5.274 }),
  ),
  lublin(
    'batch jobs arrive like interactive ones',
    'batch jobs',
    lublinAsItIs('typed', { arrivalShape: 6.551, arrivalScale: 0.6621, arrivalRatio: 0.9797 }),
    LUBLIN_TYPED_BANDS,
  ),
];

const azure = (
  mistake: string,
  caughtBy: string,
  planted: Partial<CloudUnderTest>,
): PlantedModel => ({
  mistake,
  model: AZURE_BANDS.model,
  caughtBy,
  caught: () => outside(AZURE_BANDS.bands, azureFigures({ ...azureAsItIs(), ...planted })),
});

const RIGHT_CLOUD = azureAsItIs();
const MEAN_LIFETIME_SECONDS = AZURE_MEAN_LIFETIME_HOURS * 3_600;
const GEOMETRIC_LOG = Math.log(1 - 1 / meanBatchSize());
const WEEKDAYS = weekdayFactors(WEEKDAY_RATIO);

/** P(T ≥ bin) where P(T > bin) is meant: everybody dies one bin later. */
const atLeastInsteadOfMore = new Lifetimes(
  [1, ...AZURE_SURVIVAL.slice(0, -1)],
  20 * TAIL_START_SECONDS,
);

/** The last range falls with the square of the size, as all once did. */
function flatLargest(stream: RandomStream): number {
  const size = batchSize(stream);
  const [largest] = BATCH_SIZES[BATCH_SIZES.length - 1]!;
  if (size <= 256) return size;
  return Math.floor(1 / (1 / 257 - stream.uniform() * (1 / 257 - 1 / (largest + 1))));
}

const AZURE_PLANTED: readonly PlantedModel[] = [
  azure('batches without mixing and cycles', 'batches in 300 s, variance', {
    batches: (_, stream) => poisson(stream, BATCHES_MEAN),
  }),
  azure('mixing beside the cycles at full strength', 'batches in 300 s, variance', {
    batches: (bin, stream) => batchesInBin(bin, 1, MIXING_SHAPE, WEEKDAYS, stream),
  }),
  azure('the day begins an hour late', 'hours of the day, largest deviation', {
    batches: (bin, stream) => RIGHT_CLOUD.batches(bin + 12, stream),
  }),
  azure('geometric batch sizes', 'batch sizes, largest deviation of the distribution', {
    size: (stream) => 1 + Math.floor(Math.log(1 - stream.uniform()) / GEOMETRIC_LOG),
  }),
  azure('the largest batches fall with the square', 'machines in 300 s, Fano factor', {
    size: flatLargest,
  }),
  azure('exponential lifetimes', 'survival, largest deviation', {
    lifetimes: (stream) => [
      300 * Math.ceil(stream.exponential(MEAN_LIFETIME_SECONDS) / 300),
      300 * Math.ceil(stream.exponential(MEAN_LIFETIME_SECONDS) / 300),
    ],
  }),
  azure('survival read with ≥ instead of >', 'survival, largest deviation', {
    lifetimes: (stream) => {
      const u = stream.uniform();
      return [atLeastInsteadOfMore.at(u, stream), atLeastInsteadOfMore.at(u, stream)];
    },
  }),
  azure('each machine lives its own life', 'two machines of a batch die in the same bin', {
    lifetimes: (stream) => [RIGHT_CLOUD.lifetimes(stream)[0], RIGHT_CLOUD.lifetimes(stream)[0]],
  }),
  azure('flavours drawn machine by machine', 'two machines of a batch are the same flavour', {
    flavours: (size, stream) =>
      batchFlavours(
        size,
        FLAVOURS.map(({ letter }) => FLAVOUR_SHARES.get(letter) ?? 0),
        stream,
        0,
      ),
  }),
];

const emergencies = (
  mistake: string,
  caughtBy: string,
  planted: Partial<EmergenciesUnderTest>,
): PlantedModel => ({
  mistake,
  model: EMERGENCY_BANDS.model,
  caughtBy,
  caught: () => outside(EMERGENCY_BANDS.bands, emergencyFigures({ ...hawkesAsItIs(), ...planted })),
});

const process =
  (branching: number, excitationDays: number, baseRate: number) =>
  (untilDays: number, stream: RandomStream) =>
    hawkesTimes({ baseRate, branching, decay: 1 / excitationDays }, untilDays, stream);

const EMERGENCY_PLANTED: readonly PlantedModel[] = [
  emergencies('Poisson emergencies', 'daily Fano factor', {
    declarations: process(0, 1, DECLARATIONS_PER_DAY),
  }),
  emergencies('excitement over a week', 'daily Fano factor', {
    declarations: process(0.226, 7, DECLARATIONS_PER_DAY * (1 - 0.226)),
  }),
  emergencies('the base rate is not lowered by the branching', 'declarations a day', {
    declarations: process(BRANCHING, 0.37, DECLARATIONS_PER_DAY),
  }),
  emergencies('exponential durations', 'duration, 75 %, days', {
    durationDays: (stream) => stream.exponential(7 / Math.LN2),
  }),
  emergencies(
    'more than so many states instead of at least',
    'events a year over 5 states or more',
    {
      events: (minimumStates, replication) => hawkesAsItIs().events(minimumStates + 1, replication),
    },
  ),
];

const surges = (
  mistake: string,
  caughtBy: string,
  planted: Partial<SurgesUnderTest>,
): PlantedModel => ({
  mistake,
  model: SURGE_BANDS.model,
  caughtBy,
  caught: () => outside(SURGE_BANDS.bands, surgeFigures({ ...surgesAsTheyAre(), ...planted })),
});

const SURGE_PLANTED: readonly PlantedModel[] = [
  surges('no surge at all', 'in the last week but its last day', {
    experiments: (_, horizonMs, stream) =>
      surgesAsTheyAre().experiments(10 * horizonMs, horizonMs, stream),
  }),
  surges('the surge comes after its deadline', 'in the two days after', {
    experiments: (deadlineMs, horizonMs, stream) =>
      surgesAsTheyAre().experiments(deadlineMs + 3 * 86_400_000, horizonMs, stream),
  }),
  surges('deadlines evenly over the year', 'deadlines by month, largest deviation', {
    deadlines: (perYear, untilMs, stream) =>
      Array.from({ length: poisson(stream, perYear) }, () => stream.uniform() * untilMs),
  }),
];

export const PLANTED_MODELS: readonly PlantedModel[] = [
  ...LUBLIN_PLANTED,
  ...AZURE_PLANTED,
  ...EMERGENCY_PLANTED,
  ...SURGE_PLANTED,
];
