/**
 * `optimum`: what somebody who knew every value could do: the allocation of the largest surplus,
 * without any money. An oracle to hold other mechanisms against, not a way to trade.
 *
 * It has two ends. The allocation that was found is the lower one, the upper bound in the clearing's
 * `search` the upper one; the truth lies between, and is known where they meet. `ocx clear` and the
 * sampled rounds of a run add the bound of the linear relaxation, which is tighter on large rounds.
 * Claims: efficient where the optimum is proved; nothing on money or incentives: owners lend for
 * nothing, whatever they reported as their reserve.
 * Complexity: as for the allocation of `combinatorial-vcg`.
 *
 * Example: two nodes; 7 bid for both, 5 and 4 for one each. The optimum serves the last two, W = 9.
 *
 * Parameters: as for `combinatorial-vcg`.
 */
import { compileRound } from '../clearing/instance.ts';
import { clearingOf, emptyClearing } from '../clearing/result.ts';
import { determineWinners } from '../clearing/winners.ts';
import type { PartSolver } from '../clearing/winners.ts';
import type { Mechanism } from '../mechanism.ts';
import { effortOf } from './effort.ts';

/** Branches of the exact search in a part, where nobody says otherwise. */
const BRANCHES = 20_000;

/** Without help from an integer solver: what simulations and journals use. */
export const optimum: Mechanism = optimumBy(null);

/** @param solver helps with parts that the exact search gives up, or null */
export function optimumBy(solver: PartSolver | null): Mechanism {
  return {
    name: 'optimum',
    version: 1,
    properties: {
      individualRationality: 'never',
      incentiveCompatibility: 'never',
      efficiency: 'proved-optimum',
      budgetBalance: 'no-money',
      falseNameProofness: 'never',
      gangs: true,
      windows: true,
    },
    clear(round, parameters, state) {
      const instance = compileRound(round, 'id', 'cheapest');
      if (instance.candidates.length === 0) {
        return { clearing: emptyClearing(round, instance.rejected), state };
      }
      const { allocation, upperBound, iterations, branches, proved, slotPrices } = determineWinners(
        instance,
        effortOf(parameters, BRANCHES, round.seed, solver),
      );
      const payment = new Array<number>(instance.bids.length).fill(0);
      const receipt = new Array<number>(instance.asks.length).fill(0);
      const clearing = clearingOf(round, allocation, payment, receipt, {
        objectiveMillicredits: allocation.welfare,
        upperBoundMillicredits: upperBound,
        iterations,
        thresholdMillicredits: null,
        clampedDiscounts: 0,
        branches,
        unprovedWelfares: proved ? 0 : 1,
      });
      return { clearing: { ...clearing, slotPrices }, state };
    },
  };
}
