/**
 * The tightest upper bound on a round's welfare that is cheap to have: of the linear relaxation, which
 * is tight where many contend, and of the exact search, which knows that gangs are not served in part
 * and is tight on small rounds.
 */
import type { MarketRound } from '../orders.ts';
import { instanceBound } from './bound.ts';
import { compileRound } from './instance.ts';
import type { LpSolver } from './linear-program.ts';
import { determineWinners } from './winners.ts';

/** Branches of the exact search in each part. */
const BRANCHES = 20_000;

/** @returns millicredits that no feasible clearing's welfare exceeds */
export function optimumBound(round: MarketRound, solver: LpSolver): number {
  const instance = compileRound(round, 'id', 'cheapest');
  if (instance.candidates.length === 0) return 0;
  const effort = { iterations: null, branches: BRANCHES, seed: round.seed, solver: null };
  const { upperBound } = determineWinners(instance, effort);
  return Math.min(upperBound, instanceBound(instance, solver).upperBoundMillicredits);
}
