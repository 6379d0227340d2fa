/**
 * Case `greedy-critical`: acceptance by value / √(nodes · slots), and critical values as payments
 * (Lehmann, O'Callaghan & Shoham, J. ACM 49 (2002)), to the millicredit: the least value that wins.
 */
import { greedyWithCriticalValues } from '../clearing/critical-values.ts';
import type { CaseSolver } from './case.ts';
import { combinatorialRound, compiledCase, solveExactly } from './combinatorial.ts';
import { keyed, toCredits } from './input.ts';

/** `optimalWelfare` is null where it could not be proved. */
export const solveGreedyCritical: CaseSolver = (input) => {
  const round = combinatorialRound(input);
  const instance = compiledCase(round, 'tightest');
  const free = new Float64Array(instance.options);
  const all = new Uint8Array(instance.asks.length).fill(1);
  const { allocation, critical } = greedyWithCriticalValues(instance, free, all);
  const winners = [...instance.bids.keys()].filter((b) => allocation.optionOf[b]! >= 0);
  const idOf = (b: number) => instance.bids[b]!.bidId;
  const optimum = solveExactly(compiledCase(round, 'cheapest'));
  return {
    winners: winners.map(idOf),
    payments: keyed(winners.map((b) => [idOf(b), toCredits(critical[b]!)] as const)),
    greedyWelfare: toCredits(allocation.welfare),
    optimalWelfare: optimum.proved ? toCredits(optimum.allocation.welfare) : null,
  };
};
