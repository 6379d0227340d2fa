/**
 * The constants of the Lublin–Feitelson model as tables of a workload, in the paper's names:
 * `sizes`, `runs` and `arrivals`. Left out, they are the published constants of the whole workload.
 */
import { Type, type Static, type TSchema } from 'typebox';
import { OcxError } from '../../core/kernel/errors.ts';
import { positive, share } from '../fields.ts';
import { gammaDistribution } from '../sampling.ts';
import {
  LARGEST_LOG_GAP,
  LARGEST_LOG_RUN,
  LUBLIN_WHOLE,
  MODEL_LOG_SIZE,
  type LublinPopulation,
} from './lublin-process.ts';

const W = LUBLIN_WHOLE;

const log2Size = (description: string, fallback: number) =>
  Type.Optional(Type.Number({ default: fallback, minimum: 0, maximum: 26, description }));

const real = (description: string, fallback: number) =>
  Type.Optional(Type.Number({ default: fallback, minimum: -1e3, maximum: 1e3, description }));

function table<Properties extends Record<string, TSchema>>(
  description: string,
  properties: Properties,
) {
  return Type.Optional(Type.Object(properties, { additionalProperties: false, description }));
}

/** The three tables; each of their keys has the published constant as its default. */
export const lublinTables = {
  sizes: table('job sizes: serial, powers of two, two-stage uniform of log2 of the size', {
    serial: share('probability of a job on one processor', W.serialProbability),
    powerOfTwo: share('probability of a size that is a power of two', W.powerOfTwoProbability),
    uLow: log2Size('log2 of the size: least', W.uLow),
    uMed: log2Size('log2 of the size: end of the first stage', W.uMed),
    uHi: log2Size('log2 of the size: most', W.uHi),
    uProb: share('probability of the first stage', W.uProb),
    procs: Type.Optional(
      Type.Number({
        default: 2 ** MODEL_LOG_SIZE,
        minimum: 2,
        maximum: 50_000_000,
        description:
          'processors of the machine that uMed and uHi stand for; on another machine both move ' +
          'with log2 of its size',
      }),
    ),
  }),
  runs: table('ln of run time: two gammas, the first with probability pa · size + pb', {
    a1: positive('shape of the first gamma', W.a1, 1e6),
    b1: positive('scale of the first gamma', W.b1, 1e3),
    a2: positive('shape of the second gamma', W.a2, 1e6),
    b2: positive('scale of the second gamma', W.b2, 1e3),
    pa: real('change of the probability with each processor', W.pa),
    pb: real('probability before that', W.pb),
    longestLog: positive('ln of the longest run time, seconds', LARGEST_LOG_RUN, 20),
  }),
  arrivals: table('gamma of ln of the gap, and gamma of the daily cycle in half hours', {
    aarr: positive('shape of ln of the gap', W.arrivalShape, 1e6),
    barr: positive('scale of ln of the gap', W.arrivalScale, 1e3),
    ratio: positive("factor on the shape, the paper's ARAR", W.arrivalRatio, 100),
    anum: positive('shape of the daily cycle', W.cycleShape, 1e6),
    bnum: positive('scale of the daily cycle, half hours', W.cycleScale, 1e3),
    longestLog: positive('ln of the longest gap, seconds', LARGEST_LOG_GAP, 20),
  }),
};

type Given = { readonly [Key in keyof typeof lublinTables]?: Static<(typeof lublinTables)[Key]> };

/** The tables as they stand in a workload, defaults filled in where a table is given. */
export type LublinTables = { readonly [Key in keyof Given]?: Required<NonNullable<Given[Key]>> };

/** Least share of each gamma that lies below the longest value; else draws would not end. */
const LEAST_MASS = 1e-3;

/**
 * The population that the tables describe, on the machine of `sizes.procs`.
 *
 * @throws OcxError INPUT_WORKLOAD where they contradict themselves
 */
export function populationOf({ sizes, runs, arrivals }: LublinTables): LublinPopulation {
  const population: LublinPopulation = {
    serialProbability: sizes?.serial ?? W.serialProbability,
    powerOfTwoProbability: sizes?.powerOfTwo ?? W.powerOfTwoProbability,
    uLow: sizes?.uLow ?? W.uLow,
    uMed: sizes?.uMed ?? W.uMed,
    uHi: sizes?.uHi ?? W.uHi,
    uProb: sizes?.uProb ?? W.uProb,
    a1: runs?.a1 ?? W.a1,
    b1: runs?.b1 ?? W.b1,
    a2: runs?.a2 ?? W.a2,
    b2: runs?.b2 ?? W.b2,
    pa: runs?.pa ?? W.pa,
    pb: runs?.pb ?? W.pb,
    arrivalShape: arrivals?.aarr ?? W.arrivalShape,
    arrivalScale: arrivals?.barr ?? W.arrivalScale,
    arrivalRatio: arrivals?.ratio ?? W.arrivalRatio,
    cycleShape: arrivals?.anum ?? W.cycleShape,
    cycleScale: arrivals?.bnum ?? W.cycleScale,
    longestLogRun: runs?.longestLog ?? LARGEST_LOG_RUN,
    longestLogGap: arrivals?.longestLog ?? LARGEST_LOG_GAP,
    logSize: Math.log2(sizes?.procs ?? 2 ** MODEL_LOG_SIZE),
  };
  refuseContradictions(population);
  return population;
}

/** The tables of a population; the inverse of `populationOf`. */
export function tablesOf(population: LublinPopulation): LublinTables {
  const p = population;
  return {
    sizes: {
      serial: p.serialProbability,
      powerOfTwo: p.powerOfTwoProbability,
      uLow: p.uLow,
      uMed: p.uMed,
      uHi: p.uHi,
      uProb: p.uProb,
      procs: Math.round(2 ** (p.logSize ?? MODEL_LOG_SIZE)),
    },
    runs: {
      a1: p.a1,
      b1: p.b1,
      a2: p.a2,
      b2: p.b2,
      pa: p.pa,
      pb: p.pb,
      longestLog: p.longestLogRun ?? LARGEST_LOG_RUN,
    },
    arrivals: {
      aarr: p.arrivalShape,
      barr: p.arrivalScale,
      ratio: p.arrivalRatio,
      anum: p.cycleShape,
      bnum: p.cycleScale,
      longestLog: p.longestLogGap ?? LARGEST_LOG_GAP,
    },
  };
}

function refuseContradictions(p: LublinPopulation): void {
  const mass = (longest: number, shape: number, scale: number) =>
    gammaDistribution(longest, shape, scale);
  if (p.serialProbability + p.powerOfTwoProbability > 1 + 1e-9) {
    throw refused('sizes', 'serial and powerOfTwo together are more than 1');
  }
  if (p.uLow > p.uMed || p.uMed > p.uHi) throw refused('sizes', 'uLow ≤ uMed ≤ uHi does not hold');
  if (
    mass(p.longestLogRun!, p.a1, p.b1) < LEAST_MASS ||
    mass(p.longestLogRun!, p.a2, p.b2) < LEAST_MASS
  ) {
    throw refused('runs', 'one of the gammas lies beyond longestLog');
  }
  if (mass(p.longestLogGap!, p.arrivalShape * p.arrivalRatio, p.arrivalScale) < LEAST_MASS) {
    throw refused('arrivals', 'the gamma of gaps lies beyond longestLog');
  }
  const day = mass(58.5, p.cycleShape, p.cycleScale) - mass(10.5, p.cycleShape, p.cycleScale);
  if (day < LEAST_MASS) throw refused('arrivals', 'the daily cycle lies outside of the day');
}

function refused(key: string, message: string): OcxError {
  return new OcxError({
    code: 'INPUT_WORKLOAD',
    message,
    place: { keyPath: `workload.${key}` },
    remedy: 'correct the table, or leave it out for the published constants',
  });
}
