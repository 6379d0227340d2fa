/**
 * Winner determination with a proof, for small rounds: depth-first branch and bound.
 *
 * Bids are decided one after another, those worth most first: which option, with how many nodes from
 * which supply, or nothing. A branch is cut where neither of two bounds exceeds the best allocation
 * known: what is decided + what each undecided bid could still have alone in the room that is left;
 * and the Lagrangian bound at fixed slot prices (Fisher, Management Science 27 (1981)), by which
 * every decision costs what it falls short of the best at these prices. Asks that no option tells
 * apart are one supply (`supplies.ts`).
 *
 * The number of branches is limited, never the time: solving again gives the same answer. Where the
 * limit is met the best allocation so far stands, without a proof.
 */
import { worthOf } from './allocation.ts';
import type { Allocation } from './allocation.ts';
import type { Instance } from './instance.ts';
import type { Proof } from './proof.ts';
import { slotPrices } from './slot-prices.ts';
import { mergedSupplies, spreadOverAsks } from './supplies.ts';
import type { SupplyFill, Supplies } from './supplies.ts';

/** Price changes before branching; see `docs/numbers.md`. */
const PRICE_ITERATIONS = 120;
/** Sums of doubles may be this far off, relatively; added to every bound. */
const ROUNDING_SLACK = 1e-9;

/**
 * @param start a feasible allocation, the better the fewer branches
 * @param upperBound a bound that is known already
 * @param soloSurplus by option, −1 where it can never pay
 * @param limit most branches
 */
export function proveOptimum(
  start: Allocation,
  upperBound: number,
  soloSurplus: Float64Array,
  limit: number,
): Proof {
  if (start.welfare >= upperBound) {
    return { allocation: start, upperBound: start.welfare, branches: 0, proved: true };
  }
  const tree = new BranchAndBound(start.instance, soloSurplus, start.welfare, limit);
  tree.run();
  const allocation = tree.improved() ?? start;
  const proved = tree.branches <= limit;
  const bound = Math.max(allocation.welfare, Math.min(upperBound, tree.priceBound));
  return {
    allocation,
    upperBound: proved ? allocation.welfare : bound,
    branches: Math.min(tree.branches, limit),
    proved,
  };
}

class BranchAndBound {
  /** Branches tried; above the limit: given up. */
  branches = 0;
  readonly priceBound: number;
  readonly #instance: Instance;
  readonly #limit: number;
  readonly #solo: Float64Array;
  readonly #supplies: Supplies;
  /** Free nodes of supply s at step t: [s · steps + t]. */
  readonly #free: Int32Array;
  /** Bids in the order in which they are decided. */
  readonly #order: readonly number[];
  /** By bid: options that can pay, most profit first. */
  readonly #options: readonly (readonly number[])[];
  /** By option: price of one node over its window, and what it is worth beyond its room. */
  readonly #room: Float64Array;
  readonly #profit: Float64Array;
  /** Price below reserve, of supply s, summed over the slots before step t. */
  readonly #loss: Float64Array;
  /** By place in the order: what the bids from there on can add at most. */
  readonly #profitFrom: Float64Array;
  readonly #margin: number;
  readonly #decided: SupplyFill[] = [];
  #best: number;
  #bestFills: readonly SupplyFill[] | null = null;

  constructor(instance: Instance, solo: Float64Array, best: number, limit: number) {
    this.#instance = instance;
    this.#solo = solo;
    this.#best = best;
    this.#limit = limit;
    this.#supplies = mergedSupplies(instance);
    this.#free = this.#supplies.free.slice();
    const { upperBound, price } = slotPrices(instance, solo, PRICE_ITERATIONS);
    this.priceBound = upperBound;
    this.#room = roomPrices(instance, price);
    this.#profit = this.#room.map(
      (room, o) => instance.optionValue[o]! - instance.optionNodes[o]! * room,
    );
    const { loss, margin } = this.#margins(price);
    this.#loss = loss;
    this.#margin = margin;
    this.#options = this.#usableOptions();
    this.#order = this.#bidsBySurplus();
    this.#profitFrom = new Float64Array(this.#order.length + 1);
    for (let k = this.#order.length - 1; k >= 0; k--) {
      const first = this.#options[this.#order[k]!]![0]!;
      this.#profitFrom[k] = this.#profitFrom[k + 1]! + Math.max(0, this.#profit[first]!);
    }
  }

  run(): void {
    this.#decide(0, this.#margin, 0);
  }

  /** A better allocation than the one at the start, or null. */
  improved(): Allocation | null {
    if (!this.#bestFills) return null;
    return spreadOverAsks(this.#instance, this.#supplies, this.#bestFills);
  }

  #margins(price: Float64Array): { loss: Float64Array; margin: number } {
    const { steps, stepSlot } = this.#instance;
    const { count, reserve, nodeClass, free } = this.#supplies;
    const width = steps + 1;
    const loss = new Float64Array(count * width);
    let margin = 0;
    for (let s = 0; s < count; s++) {
      for (let t = 0; t < steps; t++) {
        const slots = stepSlot[t + 1]! - stepSlot[t]!;
        const gain = (price[nodeClass[s]! * width + t]! - reserve[s]!) * slots;
        loss[s * width + t + 1] = loss[s * width + t]! + Math.min(0, gain);
        margin += Math.max(0, gain) * free[s * steps + t]!;
      }
    }
    return { loss, margin };
  }

  #usableOptions(): number[][] {
    const { bids, firstOption } = this.#instance;
    return bids.map((_, b) => {
      const usable: number[] = [];
      for (let o = firstOption[b]!; o < firstOption[b + 1]!; o++) {
        if (this.#solo[o]! >= 0) usable.push(o);
      }
      return usable.sort((a, c) => this.#profit[c]! - this.#profit[a]! || a - c);
    });
  }

  #bidsBySurplus(): number[] {
    const most = this.#options.map((options) =>
      Math.max(-1, ...options.map((o) => this.#solo[o]!)),
    );
    return this.#options
      .map((_, b) => b)
      .filter((b) => most[b]! > 0)
      .sort((a, b) => most[b]! - most[a]! || a - b);
  }

  /** Whether something with this bound could be worth more than the best. */
  #isPromising(bound: number): boolean {
    return Math.floor(bound * (1 + ROUNDING_SLACK)) > this.#best;
  }

  /**
   * @param priced Lagrangian value of what is decided
   * @param welfare of what is decided
   */
  #decide(k: number, priced: number, welfare: number): void {
    this.branches += 1;
    if (this.branches > this.#limit) return;
    if (welfare > this.#best) {
      this.#best = welfare;
      this.#bestFills = this.#decided.map((fill) => ({ ...fill }));
    }
    if (k === this.#order.length || !this.#isPromising(priced + this.#profitFrom[k]!)) return;
    let profits = 0;
    let surpluses = 0;
    for (let next = k; next < this.#order.length; next++) {
      let profit = 0;
      let surplus = 0;
      for (const o of this.#options[this.#order[next]!]!) {
        if (this.#profit[o]! <= profit && this.#solo[o]! <= surplus) continue;
        if (!this.#fits(o)) continue;
        profit = Math.max(profit, this.#profit[o]!);
        surplus = Math.max(surplus, this.#solo[o]!);
      }
      profits += profit;
      surpluses += surplus;
    }
    if (!this.#isPromising(priced + profits) || !this.#isPromising(welfare + surpluses)) return;
    const bid = this.#order[k]!;
    for (const o of this.#options[bid]!) {
      if (!this.#isPromising(priced + this.#profit[o]! + this.#profitFrom[k + 1]!)) break;
      if (this.#fits(o)) this.#serve(o, k, priced, welfare);
    }
    this.#decide(k + 1, priced, welfare);
  }

  #fits(o: number): boolean {
    const least = this.#instance.optionMinimum[o]!;
    let nodes = 0;
    for (const s of this.#supplies.ofOption[o]!) {
      nodes += this.#freeOver(s, o);
      if (nodes >= least) return true;
    }
    return false;
  }

  #freeOver(s: number, o: number): number {
    const { steps, optionFrom, optionTo } = this.#instance;
    let least = Infinity;
    for (let t = s * steps + optionFrom[o]!; t < s * steps + optionTo[o]!; t++) {
      if (this.#free[t]! < least) least = this.#free[t]!;
    }
    return least;
  }

  /** Goes on with every way in which option o can be supplied. */
  #serve(o: number, k: number, priced: number, welfare: number): void {
    const { instance } = this;
    const { optionFrom, optionTo, optionNodes, optionMinimum, optionSlots, steps } = instance;
    const list = this.#supplies.ofOption[o]!;
    const most = list.map((s) => this.#freeOver(s, o));
    const parts: number[] = [];
    // Ways of sharing nodes out over asks count as branches too: there can be very many of them.
    const place = (j: number, taken: number, cost: number, loss: number): void => {
      if (this.branches > this.#limit) return;
      this.branches += 1;
      if (j === list.length) {
        const surplus = worthOf(instance, o, taken) - cost;
        const after = priced + worthOf(instance, o, taken) - taken * this.#room[o]! + loss;
        if (surplus < 0 || !this.#isPromising(after + this.#profitFrom[k + 1]!)) return;
        this.#go(k, { option: o, nodes: taken, parts: [...parts], surplus }, after, welfare);
        return;
      }
      let later = 0;
      for (let i = j + 1; i < list.length; i++) later += most[i]!;
      const s = list[j]!;
      const width = s * (steps + 1);
      const lossOfNode = this.#loss[width + optionTo[o]!]! - this.#loss[width + optionFrom[o]!]!;
      const costOfNode = this.#supplies.reserve[s]! * optionSlots[o]!;
      const least = Math.max(0, optionMinimum[o]! - taken - later);
      for (let used = Math.min(most[j]!, optionNodes[o]! - taken); used >= least; used--) {
        if (used > 0) parts.push(s, used);
        place(j + 1, taken + used, cost + used * costOfNode, loss + used * lossOfNode);
        if (used > 0) parts.length -= 2;
      }
    };
    place(0, 0, 0, 0);
  }

  get instance(): Instance {
    return this.#instance;
  }

  #go(k: number, fill: SupplyFill, priced: number, welfare: number): void {
    this.#move(fill, -1);
    this.#decided.push(fill);
    this.#decide(k + 1, priced, welfare + fill.surplus);
    this.#decided.pop();
    this.#move(fill, 1);
  }

  #move({ option, parts }: SupplyFill, sign: number): void {
    const { steps, optionFrom, optionTo } = this.#instance;
    for (let p = 0; p < parts.length; p += 2) {
      const base = parts[p]! * steps;
      for (let t = base + optionFrom[option]!; t < base + optionTo[option]!; t++) {
        this.#free[t]! += sign * parts[p + 1]!;
      }
    }
  }
}

/** By option: the price of one node over its window. */
function roomPrices(instance: Instance, price: Float64Array): Float64Array {
  const { steps, stepSlot, optionClass, optionFrom, optionTo } = instance;
  return new Float64Array(instance.options).map((_, o) => {
    let room = 0;
    for (let t = optionFrom[o]!; t < optionTo[o]!; t++) {
      room += price[optionClass[o]! * (steps + 1) + t]! * (stepSlot[t + 1]! - stepSlot[t]!);
    }
    return room;
  });
}
