/**
 * The workload model of Lublin & Feitelson (JPDC 63(11), 2003): job sizes, run times that depend
 * on them, and arrivals with a daily cycle. Constants from the authors' program (m_lublin99).
 */
import type { RandomStream } from '../../core/kernel/random.ts';
import { gammaDensity, gammaDistribution } from '../sampling.ts';

/** Constants of one population of jobs. */
export interface LublinPopulation {
  readonly serialProbability: number;
  readonly powerOfTwoProbability: number;
  /** Two-stage uniform of log2 size: below `uMed` with probability `uProb`. */
  readonly uLow: number;
  readonly uMed: number;
  readonly uHi: number;
  readonly uProb: number;
  /** Hyper-gamma of ln(run time): shapes and scales, and p = pa · size + pb of the first. */
  readonly a1: number;
  readonly b1: number;
  readonly a2: number;
  readonly b2: number;
  readonly pa: number;
  readonly pb: number;
  /** Gamma of ln(gap), its shape times the ratio ARAR; and the gamma of the daily cycle. */
  readonly arrivalShape: number;
  readonly arrivalScale: number;
  readonly arrivalRatio: number;
  readonly cycleShape: number;
  readonly cycleScale: number;
  /** Longer run times and gaps are drawn anew, ln of seconds; left out: 12 and 13. */
  readonly longestLogRun?: number;
  readonly longestLogGap?: number;
  /** log2 of the processors of the machine that `uMed` and `uHi` stand for; left out: 7. */
  readonly logSize?: number;
}

/** The whole workload as one population. */
export const LUBLIN_WHOLE: LublinPopulation = {
  serialProbability: 0.244,
  powerOfTwoProbability: 0.576,
  uLow: 0.8,
  uMed: 4.5,
  uHi: 7,
  uProb: 0.86,
  a1: 4.2,
  b1: 0.94,
  a2: 312,
  b2: 0.03,
  pa: -0.0054,
  pb: 0.78,
  arrivalShape: 10.2303,
  arrivalScale: 0.4871,
  arrivalRatio: 1.0225,
  cycleShape: 8.1737,
  cycleScale: 3.9631,
};

export const LUBLIN_BATCH: LublinPopulation = {
  serialProbability: 0.2927,
  powerOfTwoProbability: 0.6686,
  uLow: 1.2,
  uMed: 5,
  uHi: 7,
  uProb: 0.875,
  a1: 6.57,
  b1: 0.823,
  a2: 639.1,
  b2: 0.0156,
  pa: -0.003,
  pb: 0.6986,
  arrivalShape: 6.0415,
  arrivalScale: 0.8531,
  arrivalRatio: 1.0519,
  cycleShape: 6.1271,
  cycleScale: 5.274,
};

export const LUBLIN_INTERACTIVE: LublinPopulation = {
  serialProbability: 0.1541,
  powerOfTwoProbability: 0.625,
  uLow: 1,
  uMed: 3,
  uHi: 5.5,
  uProb: 0.705,
  a1: 3.8351,
  b1: 0.6605,
  a2: 7.073,
  b2: 0.6856,
  pa: -0.0118,
  pb: 0.9156,
  arrivalShape: 6.551,
  arrivalScale: 0.6621,
  arrivalRatio: 0.9797,
  cycleShape: 8.9186,
  cycleScale: 3.668,
};

/** ln of the longest run time and of the longest gap that are accepted. */
export const LARGEST_LOG_RUN = 12;
export const LARGEST_LOG_GAP = 13;
export const BUCKETS = 48;
export const BUCKET_SECONDS = 1_800;
export const CYCLE_START = 11;
/** Processors of the machine that the constants stand for: 2^7. */
export const MODEL_LOG_SIZE = 7;

/** The population on a machine of another size: the upper end of log2 size moves with it. */
export function onMachine(population: LublinPopulation, processors: number): LublinPopulation {
  const moved = Math.log2(processors) - (population.logSize ?? MODEL_LOG_SIZE);
  const uHi = Math.max(population.uLow, population.uHi + moved);
  const uMed = Math.min(uHi, Math.max(population.uLow, population.uMed + moved));
  return { ...population, uMed, uHi };
}

/** Weight of each half hour of the day, mean 1; bucket 0 starts at midnight. */
export function cycleWeights(population: LublinPopulation): Float64Array {
  const weights = new Float64Array(BUCKETS);
  const { cycleShape, cycleScale } = population;
  for (let i = CYCLE_START; i < CYCLE_START + BUCKETS; i++) {
    weights[(i - 1) % BUCKETS] =
      gammaDistribution(i + 0.5, cycleShape, cycleScale) -
      gammaDistribution(i - 0.5, cycleShape, cycleScale);
  }
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / BUCKETS;
  return weights.map((weight) => weight / mean);
}

/** Size of a job in processors, at most `processors`. */
export function lublinSize(
  population: LublinPopulation,
  processors: number,
  stream: RandomStream,
): number {
  const u = stream.uniform();
  if (u <= population.serialProbability) return 1;
  const low = stream.uniform() <= population.uProb;
  const from = low ? population.uLow : population.uMed;
  const to = low ? population.uMed : population.uHi;
  const x = from + stream.uniform() * (to - from);
  return sizeOfLog(
    x,
    u <= population.serialProbability + population.powerOfTwoProbability,
    processors,
  );
}

/** Size of a job whose log2 was drawn as `x`. */
export function sizeOfLog(x: number, powerOfTwo: boolean, processors: number): number {
  const log = powerOfTwo ? Math.floor(x + 0.5) : x;
  const size = Math.floor(Math.exp(log * Math.LN2) + 0.5);
  return Math.max(1, Math.min(size, processors));
}

/** Run time in whole seconds; 0 is possible. */
export function lublinRunSeconds(
  population: LublinPopulation,
  size: number,
  stream: RandomStream,
): number {
  const p = firstShare(population, size);
  for (;;) {
    const first = stream.uniform() <= p;
    const log = first
      ? stream.gamma(population.a1, population.b1)
      : stream.gamma(population.a2, population.b2);
    if (log <= (population.longestLogRun ?? LARGEST_LOG_RUN)) return Math.floor(Math.exp(log));
  }
}

/** Probability of the first gamma for a job of so many processors. */
export function firstShare(population: LublinPopulation, size: number): number {
  return Math.min(1, Math.max(0, population.pa * size + population.pb));
}

/** Arrival times in seconds, ascending, without end. */
export class LublinArrivals {
  readonly #population: LublinPopulation;
  readonly #stream: RandomStream;
  readonly #weights: Float64Array;
  readonly #weekdayFactors: readonly number[];
  readonly #pace: number;
  #bucket = 0;
  #bucketStart = 0;
  #points = 0;
  #spent = 0;

  /**
   * @param pace factor on the rate of arrivals; the daily cycle stays as it is
   * @param weekdayFactors factor on each day's weights, Monday first; the model itself has none
   */
  constructor(
    population: LublinPopulation,
    stream: RandomStream,
    pace = 1,
    weekdayFactors: readonly number[] = [1, 1, 1, 1, 1, 1, 1],
  ) {
    this.#population = population;
    this.#stream = stream;
    this.#weights = cycleWeights(population);
    this.#weekdayFactors = weekdayFactors;
    this.#pace = pace;
  }

  next(): number {
    // Points are what arrivals consume; a bucket holds as many as its weight.
    this.#points += Math.exp(this.#logGap()) / BUCKET_SECONDS / this.#pace;
    while (this.#points > this.#weight() - this.#spent) {
      this.#points -= this.#weight() - this.#spent;
      this.#spent = 0;
      this.#bucket += 1;
      this.#bucketStart += BUCKET_SECONDS;
    }
    this.#spent += this.#points;
    this.#points = 0;
    return this.#bucketStart + BUCKET_SECONDS * (this.#spent / this.#weight());
  }

  #weight(): number {
    const day = Math.floor(this.#bucket / BUCKETS) % 7;
    return this.#weights[this.#bucket % BUCKETS]! * this.#weekdayFactors[day]!;
  }

  #logGap(): number {
    const { arrivalShape, arrivalScale, arrivalRatio } = this.#population;
    const longest = this.#population.longestLogGap ?? LARGEST_LOG_GAP;
    for (;;) {
      const log = this.#stream.gamma(arrivalShape * arrivalRatio, arrivalScale);
      if (log <= longest) return log;
    }
  }
}

/** Mean seconds between arrivals in the long run: E[e^g | g ≤ the longest]. */
export function meanGapSeconds(population: LublinPopulation): number {
  const { arrivalShape, arrivalScale, arrivalRatio } = population;
  const longest = population.longestLogGap ?? LARGEST_LOG_GAP;
  return truncatedMeanExp(arrivalShape * arrivalRatio, arrivalScale, longest).mean;
}

/** Expected processor-seconds of a job. */
export function meanWork(population: LublinPopulation, processors: number): number {
  const longest = population.longestLogRun ?? LARGEST_LOG_RUN;
  const first = truncatedMeanExp(population.a1, population.b1, longest);
  const second = truncatedMeanExp(population.a2, population.b2, longest);
  const meanRun = (size: number) => {
    const p = firstShare(population, size);
    const share = (p * first.mass) / (p * first.mass + (1 - p) * second.mass);
    // Whole seconds are cut off, half a second on average.
    return Math.max(0, share * first.mean + (1 - share) * second.mean - 0.5);
  };
  const serial = population.serialProbability;
  let work = serial * meanRun(1);
  const grid = 2_000;
  for (const [share, from, to] of [
    [population.uProb, population.uLow, population.uMed],
    [1 - population.uProb, population.uMed, population.uHi],
  ] as const) {
    for (let i = 0; i < grid; i++) {
      const x = from + ((i + 0.5) / grid) * (to - from);
      const power = sizeOfLog(x, true, processors);
      const other = sizeOfLog(x, false, processors);
      const weight = share / grid;
      work += weight * population.powerOfTwoProbability * power * meanRun(power);
      work += weight * (1 - serial - population.powerOfTwoProbability) * other * meanRun(other);
    }
  }
  return work;
}

/** E[e^x | x ≤ limit] of a gamma variable and P(x ≤ limit), by Simpson's rule. */
function truncatedMeanExp(
  shape: number,
  scale: number,
  limit: number,
): { mean: number; mass: number } {
  const steps = 4_000;
  const width = limit / steps;
  let integral = 0;
  for (let i = 0; i <= steps; i++) {
    const x = i * width;
    const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
    integral += weight * Math.exp(x) * gammaDensity(x, shape, scale);
  }
  const mass = gammaDistribution(limit, shape, scale);
  return { mean: (integral * width) / 3 / mass, mass };
}
