/**
 * `exchange-threshold`: the default for gangs × windows. One sealed round, the allocation of the
 * largest reported surplus that the search finds, and threshold payments.
 *
 * Paper: Parkes, Kalagnanam & Eso, IJCAI 2001.
 * Claims: individually rational and strongly budget balanced, always and to the millicredit, also
 * on an approximate allocation. Not incentive compatible: the regret of a trader is bounded by the
 * threshold, which is the least that a balanced budget allows. Efficient on
 * reports where the exact search proves the allocation, as on small rounds; on larger ones the search
 * is a heuristic whose gap to a bound is measured (`docs/numbers.md`). Not false-name-proof.
 * Complexity: a round of search costs O(bids + options of one class × asks of the class × steps); a
 * payment one refill for each bid served and each seller.
 *
 * Example (after Parkes et al.): sellers ask 10 and 5 for a node each, buyers bid 51 and 40 for two.
 * W = 36, Vickrey discounts 11, 36, 36; C = 18; the buyer pays 51, the sellers get 28 and 23.
 *
 * Parameters `iterations`: rounds of ruin and refill; without it, by the number of bids. `branches`:
 * most branches of the exact search in a part of up to `MOST_EXACT_BIDS` bids.
 */
import { compileRound } from '../clearing/instance.ts';
import { clearingOf, emptyClearing } from '../clearing/result.ts';
import { thresholdPayments } from '../clearing/threshold-payments.ts';
import { determineWinners } from '../clearing/winners.ts';
import type { PartSolver } from '../clearing/winners.ts';
import type { Mechanism } from '../mechanism.ts';
import { effortOf } from './effort.ts';

/** Branches of the exact search in a part, where nobody says otherwise. */
const BRANCHES = 2_000;

/** Without help from an integer solver: what simulations and journals use. */
export const exchangeThreshold: Mechanism = exchangeThresholdBy(null);

/** @param solver helps with parts that the exact search gives up, or null */
export function exchangeThresholdBy(solver: PartSolver | null): Mechanism {
  return {
    name: 'exchange-threshold',
    version: 1,
    properties: {
      individualRationality: 'always',
      incentiveCompatibility: 'never',
      efficiency: 'proved-optimum',
      budgetBalance: 'strong',
      falseNameProofness: 'never',
      gangs: true,
      windows: true,
    },
    clear(round, parameters, state) {
      const instance = compileRound(round, 'id', 'cheapest');
      if (instance.candidates.length === 0) {
        return { clearing: emptyClearing(round, instance.rejected), state };
      }
      const search = determineWinners(instance, effortOf(parameters, BRANCHES, round.seed, solver));
      const { allocation } = search;
      const { payment, receipt, threshold, clampedDiscounts } = thresholdPayments(search);
      const clearing = clearingOf(round, allocation, payment, receipt, {
        objectiveMillicredits: allocation.welfare,
        upperBoundMillicredits: search.upperBound,
        iterations: search.iterations,
        thresholdMillicredits: threshold,
        clampedDiscounts,
        branches: search.branches,
        unprovedWelfares: search.proved ? 0 : 1,
      });
      return { clearing: { ...clearing, slotPrices: search.slotPrices }, state };
    },
  };
}
