/**
 * Maximum likelihood of Lublin's run times: ln of the run time is one of two gammas, the first one
 * with probability p = pa · size + pb; values beyond the longest are drawn anew. Run times are
 * whole seconds, so each has the mass of its cell and not a density.
 */
import { LUBLIN_WHOLE, lublinRunSeconds } from '../models/lublin-process.ts';
import type { ModelPart } from './assessment.ts';
import { largestDifference } from './distances.ts';
import { cellOfSeconds, gammaMasses, gammaOf, logCells, type LogCells } from './log-cells.ts';
import { restartedMinimum, simplexMinimum, smoothMinimum } from './optimum.ts';

/** Run times of jobs with their sizes. */
export interface RunSample {
  readonly seconds: ArrayLike<number>;
  readonly sizes: ArrayLike<number>;
  /** ln of the longest run time that the model may draw. */
  readonly longestLog: number;
}

/** As in the model's tables. */
export interface RunEstimate {
  readonly a1: number;
  readonly b1: number;
  readonly a2: number;
  readonly b2: number;
  readonly pa: number;
  readonly pb: number;
}

/** A gamma narrower than this would stand for a single value, such as a limit of run times. */
const LEAST_DEVIATION = 0.05;
const LEAST_CHANCE = 1e-300;

/** A sample by cells: how many jobs of each size lie in each. */
interface Tally {
  readonly cells: LogCells;
  readonly sizes: readonly number[];
  /** For each size: cells and counts, one after the other. */
  readonly counts: readonly { readonly cell: number; readonly count: number }[][];
  readonly jobs: readonly number[];
  readonly meanSize: number;
  readonly sizeScale: number;
}

function tallyOf({ seconds, sizes, longestLog }: RunSample): Tally {
  const cells = logCells(longestLog);
  const bySize = new Map<number, Map<number, number>>();
  for (let i = 0; i < seconds.length; i++) {
    const own = bySize.get(sizes[i]!) ?? new Map<number, number>();
    bySize.set(sizes[i]!, own);
    const cell = cellOfSeconds(cells, seconds[i]!);
    own.set(cell, (own.get(cell) ?? 0) + 1);
  }
  const order = [...bySize].sort(([a], [b]) => a - b);
  const jobs = order.map(([, own]) => [...own.values()].reduce((sum, count) => sum + count, 0));
  const all = seconds.length;
  const meanSize = order.reduce((sum, [size], i) => sum + (size * jobs[i]!) / all, 0);
  const squares = order.reduce((sum, [size], i) => {
    return sum + ((size - meanSize) * (size - meanSize) * jobs[i]!) / all;
  }, 0);
  return {
    cells,
    sizes: order.map(([size]) => size),
    counts: order.map(([, own]) =>
      [...own].sort(([a], [b]) => a - b).map(([cell, count]) => ({ cell, count })),
    ),
    jobs,
    meanSize,
    sizeScale: Math.sqrt(squares) || 1,
  };
}

/** Chances of the cells for both gammas, and of being short enough at all. */
function massesOf(tally: Tally, { a1, b1, a2, b2 }: RunEstimate) {
  const first = gammaMasses(tally.cells, a1, b1);
  const second = gammaMasses(tally.cells, a2, b2);
  const sum = (masses: Float64Array) => masses.reduce((total, mass) => total + mass, 0);
  return { first, second, firstMass: sum(first), secondMass: sum(second) };
}

function firstChance({ pa, pb }: RunEstimate, size: number): number {
  return Math.min(1, Math.max(0, pa * size + pb));
}

function logLikelihood(tally: Tally, estimate: RunEstimate): number {
  const { first, second, firstMass, secondMass } = massesOf(tally, estimate);
  let sum = 0;
  tally.sizes.forEach((size, i) => {
    const p = firstChance(estimate, size);
    for (const { cell, count } of tally.counts[i]!) {
      const chance = p * first[cell]! + (1 - p) * second[cell]!;
      sum += count * Math.log(Math.max(LEAST_CHANCE, chance));
    }
    sum -= tally.jobs[i]! * Math.log(Math.max(LEAST_CHANCE, p * firstMass + (1 - p) * secondMass));
  });
  return sum;
}

/** ln of the likelihood of a sample. */
export function runLogLikelihood(sample: RunSample, estimate: RunEstimate): number {
  return logLikelihood(tallyOf(sample), estimate);
}

/**
 * Coordinates in which the likelihood is nearly round: ln of the means and deviations of both
 * gammas, p at the mean size, and its change over the sizes' deviation.
 */
function toCoordinates(tally: Tally, { a1, b1, a2, b2, pa, pb }: RunEstimate): number[] {
  return [
    Math.log(a1 * b1),
    Math.log(Math.sqrt(a1) * b1),
    Math.log(a2 * b2),
    Math.log(Math.sqrt(a2) * b2),
    pb + pa * tally.meanSize,
    pa * tally.sizeScale,
  ];
}

function fromCoordinates(tally: Tally, at: readonly number[]): RunEstimate {
  const [mean1, deviation1, mean2, deviation2, p, change] = at as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const first = gammaOf(Math.exp(mean1), Math.exp(deviation1));
  const second = gammaOf(Math.exp(mean2), Math.exp(deviation2));
  // With one size only, nothing is known of how p changes.
  const pa = tally.sizes.length === 1 ? 0 : change / tally.sizeScale;
  return {
    a1: first.shape,
    b1: first.scale,
    a2: second.shape,
    b2: second.scale,
    pa,
    pb: p - pa * tally.meanSize,
  };
}

const LARGEST_LOG_MEAN = Math.log(30);

function lossOf(tally: Tally): (at: readonly number[]) => number {
  return (at) => {
    const [mean1, deviation1, mean2, deviation2, p] = at as [
      number,
      number,
      number,
      number,
      number,
    ];
    const least = Math.log(LEAST_DEVIATION);
    if (deviation1 < least || deviation2 < least) return Infinity;
    if (Math.max(mean1, mean2, deviation1, deviation2) > LARGEST_LOG_MEAN) return Infinity;
    if (Math.min(mean1, mean2) < -3 || p < -1 || p > 2) return Infinity;
    return -logLikelihood(tally, fromCoordinates(tally, at));
  };
}

/** Starts for the search: the halves of the sample below and above some of its quantiles. */
function startsOf(tally: Tally): RunEstimate[] {
  const cells = new Float64Array(tally.cells.logEdges.length - 1);
  for (const counts of tally.counts) {
    for (const { cell, count } of counts) cells[cell]! += count;
  }
  const all = cells.reduce((sum, count) => sum + count, 0);
  const starts = [0.3, 0.5, 0.7].map((share) => {
    let below = 0;
    const cut = cells.findIndex((count) => (below += count) >= share * all) + 1;
    const first = momentsOf(tally.cells, cells, 0, cut);
    const second = momentsOf(tally.cells, cells, Math.min(cut, cells.length - 1), cells.length);
    const [one, two] = [gammaOf(...first), gammaOf(...second)];
    return { a1: one.shape, b1: one.scale, a2: two.shape, b2: two.scale, pa: 0, pb: share };
  });
  return starts;
}

/** Mean and deviation of ln seconds over a range of cells, at least .2. */
function momentsOf(
  { logEdges }: LogCells,
  counts: Float64Array,
  from: number,
  to: number,
): readonly [number, number] {
  let [all, sum, squares] = [1e-9, 0, 0];
  for (let i = from; i < to; i++) {
    const middle = (logEdges[i]! + logEdges[i + 1]!) / 2;
    all += counts[i]!;
    sum += counts[i]! * middle;
    squares += counts[i]! * middle * middle;
  }
  const mean = Math.max(0.1, sum / all);
  return [mean, Math.max(0.2, Math.sqrt(Math.max(0, squares / all - mean * mean)))];
}

function fit(sample: RunSample, near?: RunEstimate): RunEstimate {
  const tally = tallyOf(sample);
  const loss = lossOf(tally);
  if (near !== undefined) {
    const start = toCoordinates(tally, near);
    const smooth = smoothMinimum(loss, start, 15);
    const { at } = smooth.value < Infinity ? smooth : simplexMinimum(loss, start);
    return ordered(fromCoordinates(tally, at));
  }
  const steps = [0.2, 0.2, 0.1, 0.3, 0.15, -0.1];
  const best = startsOf(tally)
    .map((start) => simplexMinimum(loss, toCoordinates(tally, start), { steps, tolerance: 1e-7 }))
    .reduce((a, b) => (b.value < a.value ? b : a));
  const ended = restartedMinimum(loss, best.at, { tolerance: 1e-9 });
  const polished = smoothMinimum(loss, ended.at, 20);
  const { at } = polished.value <= ended.value ? polished : ended;
  return ordered(fromCoordinates(tally, at));
}

/** The first gamma is the one of shorter run times. */
function ordered(estimate: RunEstimate): RunEstimate {
  const { a1, b1, a2, b2, pa, pb } = estimate;
  if (a1 * b1 <= a2 * b2) return estimate;
  return { a1: a2, b1: b2, a2: a1, b2: b1, pa: -pa, pb: 1 - pb };
}

/** Expected jobs in each cell, the sizes as they are. */
function expectedCells(tally: Tally, estimate: RunEstimate): Float64Array {
  const { first, second, firstMass, secondMass } = massesOf(tally, estimate);
  let [ofFirst, ofSecond] = [0, 0];
  tally.sizes.forEach((size, i) => {
    const p = firstChance(estimate, size);
    const mass = p * firstMass + (1 - p) * secondMass;
    ofFirst += (tally.jobs[i]! * p) / mass;
    ofSecond += (tally.jobs[i]! * (1 - p)) / mass;
  });
  return first.map((mass, cell) => ofFirst * mass + ofSecond * second[cell]!);
}

/** Run times of the Lublin–Feitelson model, given the sizes. */
export const lublinRuns: ModelPart<RunSample, RunEstimate> = {
  fit,
  numbers: ({ a1, b1, a2, b2, pa, pb }) => [a1, b1, a2, b2, pa, pb],
  tests: [{ name: 'run times', statistic: 'Kolmogorov–Smirnov' }],
  distances(sample, estimate) {
    const tally = tallyOf(sample);
    const observed = new Float64Array(tally.cells.logEdges.length - 1);
    for (const counts of tally.counts) {
      for (const { cell, count } of counts) observed[cell]! += count;
    }
    return [largestDifference(observed, expectedCells(tally, estimate))];
  },
  simulate(estimate, like, stream) {
    const population = { ...LUBLIN_WHOLE, ...estimate, longestLogRun: like.longestLog };
    const seconds = new Float64Array(like.sizes.length);
    for (let i = 0; i < seconds.length; i++) {
      seconds[i] = lublinRunSeconds(population, like.sizes[i]!, stream);
    }
    return { ...like, seconds };
  },
  size: ({ seconds }) => seconds.length,
};
