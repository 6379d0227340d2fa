/**
 * Prices of node-slots at which demand and supply roughly meet, by tâtonnement on the Lagrangian
 * dual (a subgradient method after Held & Karp, Math. Program. 1 (1971)): every bid asks for the
 * option that is worth most to it at the prices, every ask offers where the price covers its
 * reserve, and prices follow the difference.
 *
 * The search tries first what is worth more than the room it takes. Any prices give an upper bound
 * on the welfare of every allocation (weak duality); the least one met on the way is kept.
 */
import type { Instance } from './instance.ts';

export interface SlotPrices {
  /** By option: its value − the price of the room that it takes. */
  readonly profit: Float64Array;
  /** No allocation is worth more; a whole number of millicredits. */
  readonly upperBound: number;
  /**
   * The prices at which that bound was met, millicredits a node-slot: class c at step t is
   * price[c · (steps + 1) + t].
   */
  readonly price: Float64Array;
}

/** Sums of doubles may be this far off, relatively; added to the bound. */
const ROUNDING_SLACK = 1e-9;

/**
 * @param usable by option: negative where it can never be served
 * @param iterations number of price changes, ≥ 2
 */
export function slotPrices(
  instance: Instance,
  usable: Float64Array,
  iterations: number,
): SlotPrices {
  const dual = new Dual(instance, usable);
  const settledFrom = iterations >> 1;
  const best = { bound: Infinity, price: dual.price.slice() };
  const evaluate = () => {
    const bound = dual.evaluate();
    if (bound >= best.bound) return;
    best.bound = bound;
    best.price.set(dual.price);
  };
  for (let k = 0; k < iterations; k++) {
    evaluate();
    dual.move(0.5 / (1 + k / 8), k >= settledFrom);
  }
  // The mean of the later prices is steadier than the last ones.
  dual.settle(iterations - settledFrom);
  evaluate();
  const upperBound = Math.ceil(best.bound * (1 + ROUNDING_SLACK));
  return { profit: dual.profits(), upperBound, price: best.price };
}

/** Prices by (class, step) and what they lead to; row c of each array starts at c · (steps + 1). */
class Dual {
  readonly instance: Instance;
  readonly usable: Float64Array;
  readonly width: number;
  readonly slots: Float64Array;
  readonly capacity: Float64Array;
  readonly demand: Float64Array;
  readonly supply: Float64Array;
  readonly sum: Float64Array;
  /** Price of one node for all slots before a step. */
  readonly before: Float64Array;
  price: Float64Array;
  /** Mean value of a node-slot: the size of a price step. */
  readonly scale: number;

  constructor(instance: Instance, usable: Float64Array) {
    const { steps, stepSlot, nodeClasses, asks, askClass, askFrom, askTo } = instance;
    this.instance = instance;
    this.usable = usable;
    this.width = steps + 1;
    const cells = nodeClasses.length * this.width;
    this.slots = new Float64Array(steps);
    for (let t = 0; t < steps; t++) this.slots[t] = stepSlot[t + 1]! - stepSlot[t]!;
    this.capacity = new Float64Array(cells);
    this.demand = new Float64Array(cells);
    this.supply = new Float64Array(cells);
    this.sum = new Float64Array(cells);
    this.before = new Float64Array(cells);
    this.price = new Float64Array(cells);
    for (let a = 0; a < asks.length; a++) {
      const base = askClass[a]! * this.width;
      for (let t = askFrom[a]!; t < askTo[a]!; t++) this.capacity[base + t]! += asks[a]!.nodes;
    }
    this.scale = meanValue(instance, usable);
  }

  /** Demand and supply at the present prices. @returns an upper bound on the welfare */
  evaluate(): number {
    const { instance, width, price, before, slots } = this;
    const { steps, nodeClasses } = instance;
    for (let c = 0; c < nodeClasses.length; c++) {
      let sum = 0;
      for (let t = 0; t < steps; t++) {
        before[c * width + t] = sum;
        sum += price[c * width + t]! * slots[t]!;
      }
      before[c * width + steps] = sum;
    }
    this.demand.fill(0);
    this.supply.fill(0);
    return this.#askForBest() + this.#offerWherePaid();
  }

  /** Every bid's best option into `demand`, as differences. @returns Σ of their profits */
  #askForBest(): number {
    const { instance, width, demand } = this;
    const { bids, firstOption, optionClass, optionFrom, optionTo, optionNodes } = instance;
    let total = 0;
    for (let b = 0; b < bids.length; b++) {
      let best = 0;
      let chosen = -1;
      for (let o = firstOption[b]!; o < firstOption[b + 1]!; o++) {
        const profit = this.#profit(o);
        if (profit <= best) continue;
        best = profit;
        chosen = o;
      }
      if (chosen < 0) continue;
      total += best;
      const base = optionClass[chosen]! * width;
      demand[base + optionFrom[chosen]!]! += optionNodes[chosen]!;
      demand[base + optionTo[chosen]!]! -= optionNodes[chosen]!;
    }
    return total;
  }

  #profit(o: number): number {
    if (this.usable[o]! < 0) return -Infinity;
    const { optionClass, optionFrom, optionTo, optionNodes, optionValue } = this.instance;
    const base = optionClass[o]! * this.width;
    const room = this.before[base + optionTo[o]!]! - this.before[base + optionFrom[o]!]!;
    return optionValue[o]! - optionNodes[o]! * room;
  }

  /** Σ of the asks' margins. */
  #offerWherePaid(): number {
    const { instance, width, price, supply, slots } = this;
    const { asks, askClass, askFrom, askTo } = instance;
    let total = 0;
    for (let a = 0; a < asks.length; a++) {
      const { nodes, reserveMillicredits } = asks[a]!;
      const base = askClass[a]! * width;
      for (let t = askFrom[a]!; t < askTo[a]!; t++) {
        const margin = price[base + t]! - reserveMillicredits;
        if (margin <= 0) continue;
        total += margin * nodes * slots[t]!;
        supply[base + t]! += nodes;
      }
    }
    return total;
  }

  /** Prices follow excess demand as a share of capacity, at most ±1, times a step size. */
  move(stepSize: number, settled: boolean): void {
    const { instance, width, price, demand, supply, capacity, sum } = this;
    const step = this.scale * stepSize;
    for (let c = 0; c < instance.nodeClasses.length; c++) {
      let wanted = 0;
      for (let i = c * width; i < c * width + instance.steps; i++) {
        wanted += demand[i]!;
        if (capacity[i] === 0) continue;
        const excess = (wanted - supply[i]!) / capacity[i]!;
        const moved = price[i]! + step * (excess > 1 ? 1 : excess < -1 ? -1 : excess);
        price[i] = moved > 0 ? moved : 0;
        if (settled) sum[i]! += price[i]!;
      }
    }
  }

  settle(count: number): void {
    this.price = this.sum.map((value) => value / count);
  }

  profits(): Float64Array {
    return new Float64Array(this.instance.options).map((_, o) => this.#profit(o));
  }
}

function meanValue(instance: Instance, usable: Float64Array): number {
  let value = 0;
  let size = 0;
  for (let o = 0; o < instance.options; o++) {
    if (usable[o]! < 0) continue;
    value += instance.optionValue[o]!;
    size += instance.optionNodes[o]! * instance.optionSlots[o]!;
  }
  return size > 0 ? value / size : 0;
}
