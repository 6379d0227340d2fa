/**
 * Case `combinatorial-vcg`: the best allocation of capacity to XOR bids, and Clarke's payments.
 *
 * A winner pays W(without it) − (W − its value). Ties between allocations are not graded, hence
 * `uniqueOptimum` says whether there is another one that is worth as much.
 */
import { clarkePayments } from '../clearing/clarke-payments.ts';
import type { Winners } from '../clearing/winners.ts';
import type { Bid, MarketRound } from '../orders.ts';
import type { CaseSolver } from './case.ts';
import { combinatorialRound, compiledCase, solveExactly } from './combinatorial.ts';
import { invalid, keyed, toCredits } from './input.ts';

export const solveCombinatorialVcg: CaseSolver = (input) => {
  const round = combinatorialRound(input);
  const winners = solveExactly(compiledCase(round, 'cheapest'));
  if (!winners.proved) throw tooLarge();
  const { allocation } = winners;
  const { instance, optionOf } = allocation;
  const { payment, unproved } = clarkePayments(winners, solveExactly);
  if (unproved > 0) throw tooLarge();
  const served = [...instance.bids.keys()].filter((b) => optionOf[b]! >= 0);
  const byId = (of: (b: number) => number) =>
    keyed(served.map((b) => [instance.bids[b]!.bidId, of(b)] as const));
  return {
    welfare: toCredits(allocation.welfare),
    allocation: byId((b) => optionOf[b]! - instance.firstOption[b]!),
    payments: byId((b) => toCredits(payment[b]!)),
    revenue: toCredits(payment.reduce((sum, paid) => sum + paid, 0)),
    uniqueOptimum: isUnique(round, winners),
  };
};

/**
 * Another allocation that is worth as much either serves a winner differently, and then is still
 * there without that winner's option, or adds something that is worth nothing.
 */
function isUnique(round: MarketRound, { allocation }: Winners): boolean {
  const { instance, optionOf } = allocation;
  const { optionBid, optionValue, firstOption } = instance;
  for (let o = 0; o < instance.options; o++) {
    const isServed = optionOf[optionBid[o]!] !== -1;
    if (!isServed && optionValue[o] === 0 && allocation.nodesThatFit(o) > 0) return false;
  }
  for (const [b, bid] of instance.bids.entries()) {
    if (optionOf[b]! < 0) continue;
    const options = bid.options.filter((_, i) => i !== optionOf[b]! - firstOption[b]!);
    const others = round.bids.filter(({ bidId }) => bidId !== bid.bidId);
    const bids: Bid[] = options.length > 0 ? [...others, { ...bid, options }] : others;
    const without = solveExactly(compiledCase({ ...round, bids }, 'cheapest'));
    if (!without.proved) throw tooLarge();
    if (without.allocation.welfare === allocation.welfare) return false;
  }
  return true;
}

function tooLarge() {
  return invalid('bids', 'too many bids contend for the same nodes to be solved exactly');
}
