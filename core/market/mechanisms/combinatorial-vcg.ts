/**
 * `combinatorial-vcg`: the Vickrey–Clarke–Groves mechanism on gangs × windows with XOR options.
 *
 * Papers: Vickrey, J. Finance 16 (1961); Clarke, Public Choice 11 (1971); Groves, Econometrica 41
 * (1973). Rule: the allocation of the largest reported surplus W; an organisation that buys pays its
 * worth less W − W(without its bids), one that sells gets its reserve plus W − W(without its asks).
 * Claims: individually rational, always. Truthful and efficient where the exact search proves all
 * optima within its limit of branches, as on small rounds; where it does not, discounts are cut to
 * [0, own surplus], and the clearing's `search` says how many and how many welfares are not proved.
 * No budget balance: the exchange usually pays in (Myerson & Satterthwaite, J. Econ. Theory 29
 * (1983)); what is missing is `surplusMillicredits` < 0. Not false-name-proof (Yokoo, Sakurai &
 * Matsubara, Games Econ. Behav. 46 (2004)): the two worked cases show it.
 * Complexity: exponential in the bids of a connected part, cut off by a number of branches; one more
 * winner determination for every organisation that trades.
 *
 * Example: four nodes for nothing over four slots; bids hpc 40 for all, web 26 for two nodes in the
 * first half, tb 18 for two in the second or 15 in the first, gov 30 for three in the middle. web and
 * tb win with W = 44; web pays 22, tb 14.
 *
 * Parameters `iterations`: rounds of ruin and refill before branching; `branches`: most branches in
 * a connected part.
 */
import { clarkePayments } from '../clearing/clarke-payments.ts';
import type { Instance } from '../clearing/instance.ts';
import { compileRound } from '../clearing/instance.ts';
import { clearingOf, emptyClearing } from '../clearing/result.ts';
import { determineWinners } from '../clearing/winners.ts';
import type { PartSolver } from '../clearing/winners.ts';
import type { Mechanism } from '../mechanism.ts';
import { effortOf } from './effort.ts';

/** Branches of the exact search in a part, where nobody says otherwise. */
const BRANCHES = 20_000;

/** Without help from an integer solver: what simulations and journals use. */
export const combinatorialVcg: Mechanism = combinatorialVcgBy(null);

/** @param solver helps with parts that the exact search gives up, or null */
export function combinatorialVcgBy(solver: PartSolver | null): Mechanism {
  return {
    name: 'combinatorial-vcg',
    version: 1,
    properties: {
      individualRationality: 'always',
      incentiveCompatibility: 'proved-optimum',
      efficiency: 'proved-optimum',
      budgetBalance: 'none',
      falseNameProofness: 'never',
      gangs: true,
      windows: true,
    },
    clear(round, parameters, state) {
      const instance = compileRound(round, 'id', 'cheapest');
      if (instance.candidates.length === 0) {
        return { clearing: emptyClearing(round, instance.rejected), state };
      }
      const effort = effortOf(parameters, BRANCHES, round.seed, solver);
      const solve = (of: Instance) => determineWinners(of, effort);
      const winners = solve(instance);
      const { allocation } = winners;
      const { payment, receipt, clampedDiscounts, unproved } = clarkePayments(winners, solve);
      const clearing = clearingOf(round, allocation, payment, receipt, {
        objectiveMillicredits: allocation.welfare,
        upperBoundMillicredits: winners.upperBound,
        iterations: winners.iterations,
        thresholdMillicredits: null,
        clampedDiscounts,
        branches: winners.branches,
        unprovedWelfares: unproved + (winners.proved ? 0 : 1),
      });
      return { clearing: { ...clearing, slotPrices: winners.slotPrices }, state };
    },
  };
}
