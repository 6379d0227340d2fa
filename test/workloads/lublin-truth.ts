/** The published constants of the Lublin–Feitelson model, named as fits name them. */
import { LUBLIN_WHOLE as W } from '../../workloads/models/lublin-process.ts';

export const SIZES = {
  serial: W.serialProbability,
  powerOfTwo: W.powerOfTwoProbability,
  uLow: W.uLow,
  uMed: W.uMed,
  uHi: W.uHi,
  uProb: W.uProb,
};

export const RUNS = { a1: W.a1, b1: W.b1, a2: W.a2, b2: W.b2, pa: W.pa, pb: W.pb };

/** Without a weekend, which the model as published does not have. */
export const ARRIVALS_OF_A_DAY = {
  aarr: W.arrivalShape * W.arrivalRatio,
  barr: W.arrivalScale,
  anum: W.cycleShape,
  bnum: W.cycleScale,
};
