/**
 * Winner determination of a whole round.
 *
 * Orders that have nothing to do with each other are taken apart first: bids and asks are linked
 * where an option of the bid may use the ask, and every connected *part* (a class, where bids stay
 * within one) is a round of its own. Each part is searched (`search.ts`); small parts are then
 * solved to a proof (`exact.ts`), or, outside of simulations, by an integer solver that starts from
 * what was found (`integer-program.ts`). The upper bound is the sum of the parts' bounds.
 */
import type { SlotPrice } from '../orders.ts';
import { Allocation } from './allocation.ts';
import { proveOptimum } from './exact.ts';
import type { Instance } from './instance.ts';
import { partOfInstance } from './instance.ts';
import { improveByIntegerProgram } from './integer-program.ts';
import type { PartSolver } from './integer-program.ts';
import { leastReserves, publishedPrices } from './published-prices.ts';
import { searchAllocation } from './search.ts';
import type { SearchResult } from './search.ts';

export type { PartSolver } from './integer-program.ts';

export interface Effort {
  /** Rounds of ruin and refill, or null for as many as the size of a part asks for. */
  readonly iterations: number | null;
  /** Most branches of the exact search in a part; 0: none. */
  readonly branches: number;
  readonly seed: string;
  /** Takes over where the exact search gives up; null: nobody. */
  readonly solver: PartSolver | null;
}

/** Parts of more bids than this are not worth branching on; see `docs/numbers.md`. */
export const MOST_EXACT_BIDS = 64;

export interface Winners extends SearchResult {
  /** Branches of the exact search. */
  readonly branches: number;
  /** No allocation is worth more: the welfare is the upper bound. */
  readonly proved: boolean;
  readonly slotPrices: readonly SlotPrice[];
}

/** @param instance compiled in the sequence `id`, cheapest ask first */
export function determineWinners(instance: Instance, effort: Effort): Winners {
  const parts = connectedParts(instance);
  const whole = parts.length === 1 && parts[0]!.bids.length === instance.bids.length;
  const prices = leastReserves(instance);
  if (whole) {
    const solved = solvePart(instance, effort, instance.bids.length, effort.seed);
    raisePrices(prices, instance, instance, solved.price);
    return { ...solved, slotPrices: publishedPrices(instance, prices) };
  }
  const allocation = new Allocation(instance);
  const soloSurplus = new Float64Array(instance.options).fill(-1);
  const order: number[] = [];
  let [upperBound, iterations, branches] = [0, 0, 0];
  let [uncontested, proved] = [true, true];
  parts.forEach(({ bids, asks }, k) => {
    const part = partOfInstance(instance, bids, asks, 'cheapest');
    const seed = k === 0 ? effort.seed : `${effort.seed}/${k}`;
    const solved = solvePart(part, effort, instance.bids.length, seed);
    const optionOf = (o: number) => {
      const b = part.optionBid[o]!;
      return instance.firstOption[bids[b]!]! + o - part.firstOption[b]!;
    };
    for (const o of solved.order) order.push(optionOf(o));
    solved.soloSurplus.forEach((surplus, o) => (soloSurplus[optionOf(o)] = surplus));
    copyFills(solved.allocation, allocation, optionOf, asks);
    raisePrices(prices, instance, part, solved.price);
    upperBound += solved.upperBound;
    iterations += solved.iterations;
    branches += solved.branches;
    uncontested &&= solved.uncontested;
    proved &&= solved.proved;
  });
  return {
    allocation,
    order: Int32Array.from(order),
    soloSurplus,
    uncontested,
    upperBound,
    iterations,
    branches,
    proved,
    price: null,
    slotPrices: publishedPrices(instance, prices),
  };
}

/** Prices of a part where they are above those that are there; each step of it spans some steps. */
function raisePrices(
  prices: Float64Array,
  instance: Instance,
  part: Instance,
  price: Float64Array | null,
): void {
  if (!price) return;
  const { steps, stepSlot, nodeClasses } = instance;
  for (const [c, name] of part.nodeClasses.entries()) {
    const base = nodeClasses.indexOf(name) * steps;
    let step = 0;
    for (let t = 0; t < part.steps; t++) {
      const own = price[c * (part.steps + 1) + t]!;
      while (stepSlot[step]! < part.stepSlot[t]!) step += 1;
      for (; step < steps && stepSlot[step]! < part.stepSlot[t + 1]!; step++) {
        const known = prices[base + step]!;
        if (known !== Infinity && own > known) prices[base + step] = own;
      }
    }
  }
}

function solvePart(
  instance: Instance,
  effort: Effort,
  allBids: number,
  seed: string,
): Omit<Winners, 'slotPrices'> {
  const { iterations, branches } = effort;
  const bids = instance.bids.length;
  const share = iterations === null ? null : Math.ceil((iterations * bids) / allBids);
  const search = searchAllocation(instance, share, seed);
  const limit = bids <= MOST_EXACT_BIDS ? branches : 0;
  const { allocation, upperBound, soloSurplus } = search;
  const proof =
    limit > 0
      ? proveOptimum(allocation, upperBound, soloSurplus, limit)
      : { allocation, upperBound, branches: 0, proved: allocation.welfare >= upperBound };
  const { solver } = effort;
  if (proof.proved || !solver || bids > solver.mostBids) return { ...search, ...proof };
  const better = improveByIntegerProgram(proof.allocation, proof.upperBound, soloSurplus, solver);
  return { ...search, ...better, branches: proof.branches };
}

interface Part {
  readonly bids: number[];
  readonly asks: number[];
}

/** Parts in the order of their first bids; orders that can meet nobody are in none. */
function connectedParts(instance: Instance): Part[] {
  const { bids, asks, firstOption, firstCandidate, candidates } = instance;
  // Union-find over asks; a bid belongs where its first candidate does.
  const parent = Int32Array.from(asks, (_, a) => a);
  const rootOf = (a: number): number => {
    while (parent[a] !== a) a = parent[a] = parent[parent[a]!]!;
    return a;
  };
  for (let b = 0; b < bids.length; b++) {
    const from = firstCandidate[firstOption[b]!]!;
    const to = firstCandidate[firstOption[b + 1]!]!;
    for (let i = from + 1; i < to; i++) {
      const [x, y] = [rootOf(candidates[i - 1]!), rootOf(candidates[i]!)];
      if (x !== y) parent[Math.max(x, y)] = Math.min(x, y);
    }
  }
  const parts = new Map<number, Part>();
  for (let b = 0; b < bids.length; b++) {
    const from = firstCandidate[firstOption[b]!]!;
    if (from === firstCandidate[firstOption[b + 1]!]) continue;
    const root = rootOf(candidates[from]!);
    const part = parts.get(root);
    if (part) part.bids.push(b);
    else parts.set(root, { bids: [b], asks: [] });
  }
  for (let a = 0; a < asks.length; a++) parts.get(rootOf(a))?.asks.push(a);
  return [...parts.values()];
}

function copyFills(
  from: Allocation,
  to: Allocation,
  optionOf: (o: number) => number,
  asks: readonly number[],
): void {
  for (let b = 0; b < from.optionOf.length; b++) {
    const o = from.optionOf[b]!;
    if (o < 0) continue;
    const parts = from.partsOf[b]!.map((value, p) => (p % 2 === 0 ? asks[value]! : value));
    to.restore(optionOf(o), from.nodesOf[b]!, parts, from.surplusOf[b]!);
  }
}
