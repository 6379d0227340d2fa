/** The model of batches of virtual machines against the stream that it was calibrated on. */
import { randomStream, type RandomStream } from '../../../core/kernel/random.ts';
import { FLAVOURS } from '../../../workloads/cloud/flavours.ts';
import {
  AZURE_MEAN_LIFETIME_HOURS,
  AZURE_SURVIVAL,
  binOfSeconds,
  kaplanMeier,
  LAST_BIN,
  Lifetimes,
  TAIL_START_SECONDS,
  tailMeanFor,
} from '../../../workloads/cloud/lifetimes.ts';
import { batchFlavours, SHARED_LIFETIME } from '../../../workloads/cloud/population.ts';
import {
  BATCH_SIZES,
  batchesInBin,
  batchSize,
  FLAVOUR_SHARES,
  HOUR_FACTORS,
  residualShape,
  weekdayFactors,
  WEEKDAY_RATIO,
} from '../../../workloads/models/azure-batches.ts';
import { mean, variance } from '../../../workloads/statistics.ts';
import { around, atMost, largestDeviation, type Figures, type ModelBands } from './bands.ts';

const WEEKS = 52;
const BINS_PER_WEEK = 2_016;
const BATCHES = 100_000;
const LIFETIMES = 200_000;

/** A model as it is held against the bands. */
export interface CloudUnderTest {
  /** Batches in a bin of 300 s; bin 0 begins on Monday at 0 h. */
  batches(bin: number, stream: RandomStream): number;
  size(stream: RandomStream): number;
  /** Flavour of each machine of a batch, as an index of `FLAVOURS`. */
  flavours(size: number, stream: RandomStream): Uint8Array;
  /** Lifetimes in seconds of two machines of one batch. */
  lifetimes(stream: RandomStream): readonly [number, number];
}

export function azureAsItIs(): CloudUnderTest {
  const shape = residualShape(WEEKDAY_RATIO);
  const weekdays = weekdayFactors(WEEKDAY_RATIO);
  const known = [...FLAVOUR_SHARES.values()].reduce((sum, share) => sum + share, 0);
  const shares = FLAVOURS.map(({ letter }) => (FLAVOUR_SHARES.get(letter) ?? 0) / known);
  const tailSeconds = tailMeanFor(AZURE_SURVIVAL, AZURE_MEAN_LIFETIME_HOURS * 3_600);
  const lifetimes = new Lifetimes(AZURE_SURVIVAL, tailSeconds);
  return {
    batches: (bin, stream) => batchesInBin(bin, 1, shape, weekdays, stream),
    size: batchSize,
    flavours: (size, stream) => batchFlavours(size, shares, stream),
    lifetimes: (stream) => {
      const common = stream.uniform();
      const one = () =>
        lifetimes.at(stream.uniform() < SHARED_LIFETIME ? common : stream.uniform(), stream);
      return [one(), one()];
    },
  };
}

export function azureFigures(model: CloudUnderTest): Figures {
  const stream = (purpose: string) =>
    randomStream({ seed: 1, replication: 0, entity: 'azure', purpose });
  return {
    ...arrivalFigures(model, stream('arrivals'), stream('sizes')),
    ...flavourFigures(model, stream('flavours')),
    ...lifetimeFigures(model, stream('lifetimes')),
  };
}

function arrivalFigures(
  model: CloudUnderTest,
  arrivals: RandomStream,
  sizes: RandomStream,
): Figures {
  const bins = WEEKS * BINS_PER_WEEK;
  const batches = new Float64Array(bins);
  const machines = new Float64Array(bins);
  const ofSize = new Float64Array(BATCH_SIZES[BATCH_SIZES.length - 1]![0] + 2);
  for (let bin = 0; bin < bins; bin++) {
    batches[bin] = model.batches(bin, arrivals);
    for (let left = batches[bin]!; left > 0; left--) {
      const size = model.size(sizes);
      machines[bin]! += size;
      ofSize[Math.min(size, ofSize.length - 1)]! += 1;
    }
  }
  const all = batches.reduce((sum, count) => sum + count, 0);
  const machinesMean = mean(machines);
  const by = (parts: number, part: (bin: number) => number) => {
    const sums = new Float64Array(parts);
    machines.forEach((count, bin) => (sums[part(bin)]! += count));
    return sums.map((sum) => sum / (machinesMean * (bins / parts)));
  };
  const weekdays = by(7, (bin) => Math.floor(bin / 288) % 7);
  return {
    'batches in 300 s, mean': mean(batches),
    'batches in 300 s, variance': variance(batches),
    'batches in 300 s, Fano factor': variance(batches) / mean(batches),
    'batch sizes, largest deviation of the distribution': largestDeviation(
      BATCH_SIZES.map(([size]) => ofSize.subarray(0, size + 1).reduce((a, b) => a + b, 0) / all),
      BATCH_SIZES.map(([, cumulative]) => cumulative),
    ),
    'mean batch size': machines.reduce((sum, count) => sum + count, 0) / all,
    'machines in 300 s, mean': machinesMean,
    'machines in 300 s, Fano factor': variance(machines) / machinesMean,
    'hours of the day, largest deviation': largestDeviation(
      by(24, (bin) => Math.floor(bin / 12) % 24),
      HOUR_FACTORS.map((factor) => factor / mean(HOUR_FACTORS)),
    ),
    'busiest over quietest weekday': Math.max(...weekdays) / Math.min(...weekdays),
  };
}

function flavourFigures(model: CloudUnderTest, stream: RandomStream): Figures {
  const counts = new Float64Array(FLAVOURS.length);
  let same = 0;
  for (let batch = 0; batch < BATCHES; batch++) {
    const [first, second] = model.flavours(2, stream);
    counts[first!]! += 1;
    if (first === second) same += 1;
  }
  const letters = [...FLAVOUR_SHARES.keys()];
  return {
    'flavours, largest deviation': largestDeviation(
      letters.map(
        (letter) => counts[FLAVOURS.findIndex((each) => each.letter === letter)]! / BATCHES,
      ),
      [...FLAVOUR_SHARES.values()],
    ),
    'two machines of a batch are the same flavour': same / BATCHES,
  };
}

/** Counted as the data is: deaths by bin, and what lives on after 3.5 days censored. */
function lifetimeFigures(model: CloudUnderTest, stream: RandomStream): Figures {
  const deaths = new Float64Array(LAST_BIN + 1);
  const censored = new Float64Array(LAST_BIN + 1);
  let sum = 0;
  let sameBin = 0;
  for (let draw = 0; draw < LIFETIMES; draw++) {
    const [seconds, other] = model.lifetimes(stream);
    sum += seconds;
    if (seconds > TAIL_START_SECONDS) censored[LAST_BIN]! += 1;
    else deaths[binOfSeconds(seconds)]! += 1;
    if (binOfSeconds(seconds) === binOfSeconds(other)) sameBin += 1;
  }
  return {
    'survival, largest deviation': largestDeviation(kaplanMeier(deaths, censored), AZURE_SURVIVAL),
    'mean lifetime, h': sum / LIFETIMES / 3_600,
    'two machines of a batch die in the same bin': sameBin / LIFETIMES,
  };
}

export const AZURE_BANDS: ModelBands = {
  model: 'Batches of virtual machines',
  drawn: '52 weeks of batches; 100,000 pairs of flavours, 200,000 of lifetimes',
  source:
    'processed Azure V1 stream (Cortez et al., SOSP 2017; Bergsma et al., SOSP 2021), as counted by test/data/models.data.ts',
  bands: [
    around('batches in 300 s, mean', 52.82, 0.5, 2),
    around('batches in 300 s, variance', 300.6, 15, 1),
    around('batches in 300 s, Fano factor', 5.69, 0.3, 2),
    atMost('batch sizes, largest deviation of the distribution', 0.001, 5),
    around('mean batch size', 3.79, 0.03, 3),
    around('machines in 300 s, mean', 200.2, 3, 1),
    around('machines in 300 s, Fano factor', 64.9, 3.5, 1),
    atMost('hours of the day, largest deviation', 0.04, 3),
    around('busiest over quietest weekday', 1.33, 0.04, 3),
    atMost('flavours, largest deviation', 0.006, 4),
    around('two machines of a batch are the same flavour', 0.886, 0.006, 4),
    atMost('survival, largest deviation', 0.005, 4),
    around('mean lifetime, h', 51.83, 2.6, 2),
    around('two machines of a batch die in the same bin', 0.574, 0.02, 4),
  ],
  measure: () => azureFigures(azureAsItIs()),
};
