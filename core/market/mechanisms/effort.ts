/** How hard the mechanisms that search for an allocation try: parameters with limits. */
import type { Effort, PartSolver } from '../clearing/winners.ts';
import type { MechanismParameters } from '../mechanism.ts';

/** More than this is not done, whoever asks. */
const MOST_ITERATIONS = 1_000_000;
const MOST_BRANCHES = 1_000_000;

/**
 * Parameters `iterations`: rounds of ruin and refill; without it, by the number of bids. `branches`:
 * most branches of the exact search in a part of up to `MOST_EXACT_BIDS` bids.
 *
 * @param branches where the parameters do not say
 */
export function effortOf(
  parameters: MechanismParameters,
  branches: number,
  seed: string,
  solver: PartSolver | null,
): Effort {
  return {
    iterations: countOf(parameters, 'iterations', MOST_ITERATIONS) ?? null,
    branches: countOf(parameters, 'branches', MOST_BRANCHES) ?? branches,
    seed,
    solver,
  };
}

function countOf(parameters: MechanismParameters, name: string, most: number): number | undefined {
  const asked = parameters[name];
  if (asked === undefined || !(asked >= 0)) return undefined;
  return Math.min(most, Math.floor(asked));
}
