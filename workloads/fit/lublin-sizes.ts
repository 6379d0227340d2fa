/**
 * Maximum likelihood of Lublin's job sizes. A size is serial, a power of two or neither, and the
 * last two come from the lower or the upper stage of the uniform of log2: five kinds of job, each
 * with a known chance of every whole size. Their shares have a closed form in each step of an EM;
 * the three ends of the stages are found by the simplex on what that leaves.
 */
import type { RandomStream } from '../../core/kernel/random.ts';
import { LUBLIN_WHOLE, lublinSize } from '../models/lublin-process.ts';
import type { ModelPart } from './assessment.ts';
import { pooledChiSquare } from './distances.ts';
import { simplexMinimum } from './optimum.ts';

/** Sizes of jobs on a machine. */
export interface SizeSample {
  readonly sizes: ArrayLike<number>;
  readonly processors: number;
}

/** As in the model's tables. */
export interface SizeEstimate {
  readonly serial: number;
  readonly powerOfTwo: number;
  readonly uLow: number;
  readonly uMed: number;
  readonly uHi: number;
  readonly uProb: number;
}

/** Shares of the five kinds: serial, power of two low and high, other low and high. */
type Shares = readonly [number, number, number, number, number];

/** Chance that a size beyond the stages has, so that one odd job does not decide the ends. */
const ODD_CHANCE = 1e-9;
const EM_STEPS = 60;
const SHORTEST_STAGE = 0.05;

/** How often each size from 1 to the machine's occurs. */
export function sizeCounts({ sizes, processors }: SizeSample): Float64Array {
  const counts = new Float64Array(processors + 1);
  for (let i = 0; i < sizes.length; i++) counts[Math.min(processors, sizes[i]!)]! += 1;
  return counts;
}

/** The sizes that occur, with the ends of log2 that each stands for. */
interface Cell {
  readonly count: number;
  readonly serial: boolean;
  /** Ends of x as a power of two, or both NaN, and as another size. */
  readonly power: readonly [number, number];
  readonly other: readonly [number, number];
}

function cellOf(size: number, count: number, processors: number): Cell {
  const last = size >= processors;
  const log = Math.log2(size);
  const exponent = Math.ceil(log - 1e-9);
  const isPower = last || Math.abs(log - exponent) < 1e-9;
  const low = size === 1 ? -Infinity : exponent - 0.5;
  return {
    count,
    serial: size === 1,
    power: isPower ? [low, last ? Infinity : exponent + 0.5] : [NaN, NaN],
    other: [
      size === 1 ? -Infinity : Math.log2(size - 0.5),
      last ? Infinity : Math.log2(size + 0.5),
    ],
  };
}

function stageShare([from, to]: readonly [number, number], low: number, high: number): number {
  // Comparisons with NaN are false, so that a size that is no power of two gets 0.
  const overlap = Math.min(to, high) - Math.max(from, low);
  return overlap > 0 ? overlap / (high - low) : 0;
}

/** Chances of a cell under each of the five kinds. */
function kindsOf(cell: Cell, [uLow, uMed, uHi]: readonly number[]): Shares {
  return [
    cell.serial ? 1 : 0,
    stageShare(cell.power, uLow!, uMed!),
    stageShare(cell.power, uMed!, uHi!),
    stageShare(cell.other, uLow!, uMed!),
    stageShare(cell.other, uMed!, uHi!),
  ];
}

/** Shares of the kinds that fit best for given ends, and the likelihood then. */
function bestShares(cells: readonly Cell[], ends: readonly number[], start: Shares) {
  const kinds = cells.map((cell) => kindsOf(cell, ends));
  let shares = start;
  let logLikelihood = -Infinity;
  for (let step = 0; step < EM_STEPS; step++) {
    const sums = [0, 0, 0, 0, 0];
    let total = 0;
    cells.forEach(({ count }, c) => {
      const chances = kinds[c]!;
      let chance = ODD_CHANCE;
      for (let k = 0; k < 5; k++) chance += shares[k]! * chances[k]!;
      for (let k = 0; k < 5; k++) sums[k]! += (count * shares[k]! * chances[k]!) / chance;
      total += count * Math.log(chance);
    });
    const gain = total - logLikelihood;
    logLikelihood = total;
    shares = constrained(sums);
    if (gain >= 0 && gain < 1e-9 * Math.abs(total)) break;
  }
  return { shares, logLikelihood };
}

/** The model has one `uProb` for powers of two and others. */
function constrained(sums: readonly number[]): Shares {
  const [serial, powerLow, powerHigh, otherLow, otherHigh] = sums as unknown as Shares;
  const all = serial + powerLow + powerHigh + otherLow + otherHigh || 1;
  const stages = powerLow + powerHigh + otherLow + otherHigh || 1;
  const low = (powerLow + otherLow) / stages;
  const [power, other] = [(powerLow + powerHigh) / all, (otherLow + otherHigh) / all];
  return [serial / all, power * low, power * (1 - low), other * low, other * (1 - low)];
}

function sharesOf({ serial, powerOfTwo, uProb }: SizeEstimate): Shares {
  const other = Math.max(0, 1 - serial - powerOfTwo);
  return [serial, powerOfTwo * uProb, powerOfTwo * (1 - uProb), other * uProb, other * (1 - uProb)];
}

/** ln of the likelihood of a sample. */
export function sizeLogLikelihood(sample: SizeSample, estimate: SizeEstimate): number {
  const shares = sharesOf(estimate);
  const ends = [estimate.uLow, estimate.uMed, estimate.uHi];
  let sum = 0;
  for (const cell of cellsOf(sample)) {
    const chances = kindsOf(cell, ends);
    const chance = shares.reduce((total, share, k) => total + share * chances[k]!, ODD_CHANCE);
    sum += cell.count * Math.log(chance);
  }
  return sum;
}

function cellsOf(sample: SizeSample): Cell[] {
  const cells: Cell[] = [];
  sizeCounts(sample).forEach((count, size) => {
    if (count > 0 && size > 0) cells.push(cellOf(size, count, sample.processors));
  });
  return cells;
}

function fit(sample: SizeSample, near?: SizeEstimate): SizeEstimate {
  const cells = cellsOf(sample);
  const top = Math.log2(sample.processors);
  let shares: Shares = near ? sharesOf(near) : [0.3, 0.4, 0.1, 0.15, 0.05];
  const loss = (ends: readonly number[]) => {
    const [uLow, uMed, uHi] = ends as [number, number, number];
    if (uLow < 0 || uHi > top + 0.5 || uMed - uLow < SHORTEST_STAGE) return Infinity;
    if (uHi - uMed < SHORTEST_STAGE) return Infinity;
    return -bestShares(cells, ends, shares).logLikelihood;
  };
  const starts = near
    ? [[near.uLow, near.uMed, near.uHi]]
    : [1.5, 2.5, 3.5].map((back) => [
        Math.min(0.8, top / 4),
        Math.max(top / 2, top - back),
        Math.max(1, top),
      ]);
  const steps = near ? [0.1, 0.1, -0.1] : [0.3, 0.3, -0.3];
  const found = starts
    .map((start) => {
      const first = simplexMinimum(loss, start, { steps, tolerance: 1e-9 });
      return simplexMinimum(loss, first.at, { steps: steps.map((step) => step / 3) });
    })
    .reduce((a, b) => (b.value < a.value ? b : a));
  for (let round = 0; round < 10; round++) shares = bestShares(cells, found.at, shares).shares;
  const [uLow, uMed, uHi] = found.at as [number, number, number];
  const [serial, powerLow, powerHigh, otherLow, otherHigh] = shares;
  const low = powerLow + otherLow;
  const stages = low + powerHigh + otherHigh;
  const uProb = stages > 0 ? low / stages : LUBLIN_WHOLE.uProb;
  return { serial, powerOfTwo: powerLow + powerHigh, uLow, uMed, uHi, uProb };
}

/** Expected share of every size from 1 to the machine's. */
export function sizeShares(estimate: SizeEstimate, processors: number): Float64Array {
  const shares = sharesOf(estimate);
  const ends = [estimate.uLow, estimate.uMed, estimate.uHi];
  return Float64Array.from({ length: processors + 1 }, (_, size) => {
    if (size === 0) return 0;
    const chances = kindsOf(cellOf(size, 1, processors), ends);
    return shares.reduce((total, share, k) => total + share * chances[k]!, 0);
  });
}

/** Sizes of the Lublin–Feitelson model. */
export const lublinSizes: ModelPart<SizeSample, SizeEstimate> = {
  fit,
  numbers: ({ serial, powerOfTwo, uLow, uMed, uHi, uProb }) => [
    serial,
    powerOfTwo,
    uLow,
    uMed,
    uHi,
    uProb,
  ],
  tests: [{ name: 'job sizes', statistic: 'chi-square' }],
  distances(sample, estimate) {
    const expected = sizeShares(estimate, sample.processors);
    const n = sample.sizes.length;
    return [
      pooledChiSquare(
        sizeCounts(sample),
        expected.map((share) => share * n),
      ),
    ];
  },
  simulate(estimate, like, stream) {
    const population = {
      ...LUBLIN_WHOLE,
      ...estimate,
      serialProbability: estimate.serial,
      powerOfTwoProbability: estimate.powerOfTwo,
    };
    return { ...like, sizes: drawn(like.sizes.length, () => size(population, like, stream)) };
  },
  size: ({ sizes }) => sizes.length,
};

function size(
  population: Parameters<typeof lublinSize>[0],
  like: SizeSample,
  stream: RandomStream,
): number {
  return lublinSize(population, like.processors, stream);
}

function drawn(count: number, draw: () => number): Int32Array {
  const values = new Int32Array(count);
  for (let i = 0; i < count; i++) values[i] = draw();
  return values;
}
