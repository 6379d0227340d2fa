/** Mechanisms that an integer solver can help, by name, each as it is with such help. */
import type { PartSolver } from '../clearing/winners.ts';
import type { Mechanism } from '../mechanism.ts';
import { combinatorialVcgBy } from './combinatorial-vcg.ts';
import { exchangeThresholdBy } from './exchange-threshold.ts';
import { optimumBy } from './optimum.ts';

export const mechanismsBySolver: ReadonlyMap<string, (solver: PartSolver) => Mechanism> = new Map([
  ['exchange-threshold', exchangeThresholdBy],
  ['combinatorial-vcg', combinatorialVcgBy],
  ['optimum', optimumBy],
]);
