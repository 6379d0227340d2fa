/**
 * An upper bound on the welfare of any clearing of a round, by the linear relaxation: bids may be
 * served in part, by several of their options at once.
 *
 * Column (option, supply) = nodes of that supply used by that option, worth value / nodes − reserve
 * · slots each; a row a bid (Σ nodes / nodes asked ≤ 1) and a row a supply and step (Σ nodes ≤
 * capacity). Columns with a loss are left out: without them an allocation is still there, minus its
 * losing nodes, and worth more.
 *
 * The bound is not the solver's word. It is computed from the row prices y by weak duality, Σ y·b +
 * Σ max(0, c − A'y)·u, which is an upper bound for *every* y ≥ 0 (Neumaier & Shcherbina, Math.
 * Program. 99 (2004)): a solver that errs can only make it looser.
 */
import type { Refusal } from '../../kernel/errors.ts';
import type { MarketRound, SlotPrice } from '../orders.ts';
import { compileRound } from './instance.ts';
import type { Instance } from './instance.ts';
import type { LinearProgram, LpSolver } from './linear-program.ts';
import { publishedPrices } from './published-prices.ts';

export interface ClearingBound {
  readonly upperBoundMillicredits: number;
  /** By class and start; adjacent slots with equal prices are one. None without a solution. */
  readonly slotPrices: readonly SlotPrice[];
  readonly solverVersion: string;
  /** Why the solver gave no prices; the bound then is the sum of everybody's best. */
  readonly refusal: Refusal | null;
}

/** Above this many (option, ask) columns, asks on the same terms are merged into one supply. */
export const MERGE_ABOVE_COLUMNS = 20_000;

/** Sums of doubles may be this far off, relatively; added to the bound. */
const ROUNDING_SLACK = 1e-9;

/**
 * @returns a number that no feasible clearing's welfare exceeds
 */
export function clearingBound(round: MarketRound, solver: LpSolver): ClearingBound {
  return instanceBound(compileRound(round, 'id', 'cheapest'), solver);
}

export function instanceBound(instance: Instance, solver: LpSolver): ClearingBound {
  const { supplyOf, capacity } = supplies(instance);
  const program = relaxation(instance, supplyOf, capacity);
  const solverVersion = solver.version;
  if (program.cost.length === 0) {
    return { upperBoundMillicredits: 0, slotPrices: [], solverVersion, refusal: null };
  }
  const solution = solver.solve(program);
  const isSolved = solution.status !== 'failed';
  const prices = isSolved ? solution.rowPrice : new Float64Array(program.rowUpper.length);
  const bound = dualBound(program, prices);
  return {
    upperBoundMillicredits: Math.ceil(bound * (1 + ROUNDING_SLACK)),
    slotPrices: isSolved ? scarcityPrices(instance, prices, supplyOf, capacity) : [],
    solverVersion,
    refusal: isSolved ? null : solution.refusal,
  };
}

/**
 * Price of a node of a class at a step: least reserve + row price over the supplies that have any
 * then, for one slot, rounded down.
 */
function scarcityPrices(
  instance: Instance,
  rowPrice: Float64Array,
  supplyOf: Int32Array,
  capacity: readonly Float64Array[],
): SlotPrice[] {
  const { asks, bids, steps, stepSlot, nodeClasses, askClass } = instance;
  const price = new Float64Array(nodeClasses.length * steps).fill(Infinity);
  for (let a = 0; a < asks.length; a++) {
    const supply = supplyOf[a]!;
    for (let t = 0; t < steps; t++) {
      if (capacity[supply]![t] === 0) continue;
      const scarcity = Math.max(0, rowPrice[bids.length + supply * steps + t]!);
      const total = asks[a]!.reserveMillicredits + scarcity / (stepSlot[t + 1]! - stepSlot[t]!);
      const at = askClass[a]! * steps + t;
      price[at] = Math.min(price[at]!, total);
    }
  }
  return publishedPrices(instance, price);
}

/** Asks that count as one, and what each supply has at each step. */
function supplies(instance: Instance): { supplyOf: Int32Array; capacity: Float64Array[] } {
  const { asks, steps, askFrom, askTo, askClass } = instance;
  const merge = instance.candidates.length > MERGE_ABOVE_COLUMNS;
  const numbers = new Map<string, number>();
  const supplyOf = new Int32Array(asks.length);
  const capacity: Float64Array[] = [];
  for (let a = 0; a < asks.length; a++) {
    const ask = asks[a]!;
    const terms = `${askClass[a]} ${ask.reserveMillicredits} ${ask.securityLevel} ${!ask.recall}`;
    const key = merge ? terms : String(a);
    let supply = numbers.get(key);
    if (supply === undefined) {
      supply = capacity.length;
      numbers.set(key, supply);
      capacity.push(new Float64Array(steps));
    }
    supplyOf[a] = supply;
    for (let t = askFrom[a]!; t < askTo[a]!; t++) capacity[supply]![t]! += ask.nodes;
  }
  return { supplyOf, capacity };
}

/** The relaxation; rows: bids, then supply after supply its steps. */
export function relaxation(
  instance: Instance,
  supplyOf: Int32Array,
  capacity: readonly Float64Array[],
): LinearProgram {
  const { bids, steps, options, firstCandidate, candidates, asks } = instance;
  const cost: number[] = [];
  const columnUpper: number[] = [];
  const starts: number[] = [0];
  const rowIndex: number[] = [];
  const coefficient: number[] = [];
  const seen = new Int32Array(capacity.length).fill(-1);
  for (let o = 0; o < options; o++) {
    const nodes = instance.optionNodes[o]!;
    const from = instance.optionFrom[o]!;
    const to = instance.optionTo[o]!;
    for (let i = firstCandidate[o]!; i < firstCandidate[o + 1]!; i++) {
      const supply = supplyOf[candidates[i]!]!;
      if (seen[supply] === o) continue;
      seen[supply] = o;
      const reserve = asks[candidates[i]!]!.reserveMillicredits;
      const gain = instance.optionValue[o]! / nodes - reserve * instance.optionSlots[o]!;
      if (gain <= 0) continue;
      let most = nodes;
      rowIndex.push(instance.optionBid[o]!);
      coefficient.push(1 / nodes);
      for (let t = from; t < to; t++) {
        most = Math.min(most, capacity[supply]![t]!);
        rowIndex.push(bids.length + supply * steps + t);
        coefficient.push(1);
      }
      cost.push(gain);
      columnUpper.push(most);
      starts.push(rowIndex.length);
    }
  }
  const rows = bids.length + capacity.length * steps;
  const rowUpper = new Float64Array(rows).fill(1, 0, bids.length);
  capacity.forEach((own, supply) => rowUpper.set(own, bids.length + supply * steps));
  return {
    cost: Float64Array.from(cost),
    columnUpper: Float64Array.from(columnUpper),
    rowLower: new Float64Array(rows).fill(-Infinity),
    rowUpper,
    starts: Int32Array.from(starts),
    rowIndex: Int32Array.from(rowIndex),
    coefficient: Float64Array.from(coefficient),
  };
}

/** Weak duality: an upper bound on the program's optimum whatever the prices are. */
export function dualBound(program: LinearProgram, rowPrice: Float64Array): number {
  const { cost, columnUpper, rowUpper, starts, rowIndex, coefficient } = program;
  const price = rowPrice.map((value) => (value > 0 ? value : 0));
  let bound = 0;
  for (let row = 0; row < rowUpper.length; row++) bound += price[row]! * rowUpper[row]!;
  for (let column = 0; column < cost.length; column++) {
    let reduced = cost[column]!;
    for (let k = starts[column]!; k < starts[column + 1]!; k++) {
      reduced -= coefficient[k]! * price[rowIndex[k]!]!;
    }
    if (reduced > 0) bound += reduced * columnUpper[column]!;
  }
  return bound;
}
