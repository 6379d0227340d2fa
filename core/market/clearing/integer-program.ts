/**
 * Winner determination of a small part by somebody else's integer programming, from the allocation
 * that there is (a *MIP start*). It can only become better.
 *
 * Columns: each option, 0 or 1, and the nodes that it gets from each supply; rows: at most one option
 * a bid, nodes between the option's minimum and its nodes where it is served and 0 where not, and
 * capacity by supply and step. The worth of fewer nodes is taken as proportional, without rounding
 * down, hence the bound holds. The solver is not trusted with anything but the bound: what it answers
 * is put together as an allocation again and counted anew. It is limited by branches, not by time.
 */
import type { Allocation } from './allocation.ts';
import { worthOf } from './allocation.ts';
import type { Instance } from './instance.ts';
import type { LinearProgram, LpSolver } from './linear-program.ts';
import type { Proof } from './proof.ts';
import { mergedSupplies, spreadOverAsks } from './supplies.ts';
import type { Supplies, SupplyFill } from './supplies.ts';

/** Where an integer solver may be used, and how hard it may try. */
export interface PartSolver {
  readonly solver: LpSolver;
  /** Parts of more bids are left alone. */
  readonly mostBids: number;
  /** Nodes of the solver's own tree. */
  readonly mostNodes: number;
  /** Relative gap at which it may stop. */
  readonly relativeGap: number;
}

/** Integers and the solver's bound may be off by this, absolutely and relatively. */
const TOLERANCE = 1e-6;

export function improveByIntegerProgram(
  start: Allocation,
  upperBound: number,
  soloSurplus: Float64Array,
  by: PartSolver,
): Proof {
  const program = new WinnerProgram(start.instance, soloSurplus);
  const solution = by.solver.solve({
    ...program.linear,
    start: program.columnsOf(start),
    mostNodes: by.mostNodes,
    relativeGap: by.relativeGap,
  });
  const unchanged = { allocation: start, upperBound, branches: 0, proved: false };
  if (solution.status === 'failed') return unchanged;
  const found = program.allocationOf(solution.columnValue);
  const allocation = found && found.welfare > start.welfare ? found : start;
  const stated = Math.floor(solution.bound + TOLERANCE * Math.abs(solution.bound));
  const bound = Math.max(allocation.welfare, Math.min(upperBound, stated));
  return { allocation, upperBound: bound, branches: 0, proved: bound === allocation.welfare };
}

class WinnerProgram {
  readonly linear: LinearProgram;
  readonly #instance: Instance;
  readonly #supplies: Supplies;
  /** Options that can pay; column i is option #options[i]. */
  readonly #options: number[] = [];
  /** Column #options.length + k: nodes of option nodesOption[k] from supply nodesSupply[k]. */
  readonly #nodesOption: number[] = [];
  readonly #nodesSupply: number[] = [];

  constructor(instance: Instance, soloSurplus: Float64Array) {
    this.#instance = instance;
    this.#supplies = mergedSupplies(instance);
    for (let o = 0; o < instance.options; o++) {
      if (soloSurplus[o]! < 0) continue;
      this.#options.push(o);
      for (const s of this.#supplies.ofOption[o]!) {
        this.#nodesOption.push(o);
        this.#nodesSupply.push(s);
      }
    }
    this.linear = this.#program();
  }

  /** Rows: bids; two for each option; capacity by supply and step. */
  #program(): LinearProgram {
    const { bids, steps, optionNodes, optionMinimum, optionSlots, optionValue } = this.#instance;
    const { optionBid, optionFrom, optionTo } = this.#instance;
    const { count, reserve, free } = this.#supplies;
    const options = this.#options.length;
    const capacityRow = bids.length + 2 * options;
    const place = new Map(this.#options.map((o, i) => [o, i]));
    const cost: number[] = [];
    const columnUpper: number[] = [];
    const starts = [0];
    const rowIndex: number[] = [];
    const coefficient: number[] = [];
    const entry = (row: number, value: number) => {
      rowIndex.push(row);
      coefficient.push(value);
    };
    const column = (gain: number, upper: number) => {
      cost.push(gain);
      columnUpper.push(upper);
      starts.push(rowIndex.length);
    };
    this.#options.forEach((o, i) => {
      entry(optionBid[o]!, 1);
      entry(bids.length + 2 * i, -optionNodes[o]!);
      entry(bids.length + 2 * i + 1, optionMinimum[o]!);
      column(0, 1);
    });
    this.#nodesOption.forEach((o, k) => {
      const s = this.#nodesSupply[k]!;
      const i = place.get(o)!;
      entry(bids.length + 2 * i, 1);
      entry(bids.length + 2 * i + 1, -1);
      for (let t = optionFrom[o]!; t < optionTo[o]!; t++) entry(capacityRow + s * steps + t, 1);
      const gain = optionValue[o]! / optionNodes[o]! - reserve[s]! * optionSlots[o]!;
      column(gain, optionNodes[o]!);
    });
    const rows = capacityRow + count * steps;
    const rowUpper = new Float64Array(rows).fill(1, 0, bids.length);
    rowUpper.set(free, capacityRow);
    return {
      cost: Float64Array.from(cost),
      columnUpper: Float64Array.from(columnUpper),
      rowLower: new Float64Array(rows).fill(-Infinity),
      rowUpper,
      starts: Int32Array.from(starts),
      rowIndex: Int32Array.from(rowIndex),
      coefficient: Float64Array.from(coefficient),
      integer: new Uint8Array(cost.length).fill(1),
    };
  }

  columnsOf(allocation: Allocation): Float64Array {
    const columns = new Float64Array(this.#options.length + this.#nodesOption.length);
    const { optionOf, partsOf } = allocation;
    const { optionBid } = this.#instance;
    this.#options.forEach((o, i) => (columns[i] = optionOf[optionBid[o]!] === o ? 1 : 0));
    this.#nodesOption.forEach((o, k) => {
      if (optionOf[optionBid[o]!] !== o) return;
      const parts = partsOf[optionBid[o]!]!;
      const asks = this.#supplies.asks[this.#nodesSupply[k]!]!;
      for (let p = 0; p < parts.length; p += 2) {
        if (asks.includes(parts[p]!)) columns[this.#options.length + k]! += parts[p + 1]!;
      }
    });
    return columns;
  }

  /** Null where the columns are no allocation. */
  allocationOf(columns: Float64Array): Allocation | null {
    const { optionBid, optionNodes, optionMinimum, optionSlots } = this.#instance;
    const { reserve } = this.#supplies;
    const parts = new Map<number, number[]>();
    this.#nodesOption.forEach((o, k) => {
      const nodes = Math.round(columns[this.#options.length + k]!);
      if (nodes <= 0) return;
      const own = parts.get(o);
      if (own) own.push(this.#nodesSupply[k]!, nodes);
      else parts.set(o, [this.#nodesSupply[k]!, nodes]);
    });
    const fills: SupplyFill[] = [];
    const served = new Set<number>();
    for (const [option, own] of parts) {
      let nodes = 0;
      let cost = 0;
      for (let p = 0; p < own.length; p += 2) {
        nodes += own[p + 1]!;
        cost += own[p + 1]! * reserve[own[p]!]! * optionSlots[option]!;
      }
      const surplus = worthOf(this.#instance, option, nodes) - cost;
      const isWhole = nodes >= optionMinimum[option]! && nodes <= optionNodes[option]!;
      if (!isWhole || served.has(optionBid[option]!)) return null;
      if (surplus < 0) continue;
      served.add(optionBid[option]!);
      fills.push({ option, nodes, parts: own, surplus });
    }
    return this.#isWithinCapacity(fills)
      ? spreadOverAsks(this.#instance, this.#supplies, fills)
      : null;
  }

  #isWithinCapacity(fills: readonly SupplyFill[]): boolean {
    const { steps, optionFrom, optionTo } = this.#instance;
    const free = this.#supplies.free.slice();
    for (const { option, parts } of fills) {
      for (let p = 0; p < parts.length; p += 2) {
        const base = parts[p]! * steps;
        for (let t = base + optionFrom[option]!; t < base + optionTo[option]!; t++) {
          free[t]! -= parts[p + 1]!;
          if (free[t]! < 0) return false;
        }
      }
    }
    return true;
  }
}
