/**
 * Who is served by what: a feasible allocation of one round that can be changed step by step.
 *
 * A fill's parts are asks whose window contains the option's window, and each keeps at least the
 * part's nodes free over all of it. Hence no node changes hands in the middle of a fill: within one
 * ask nodes are interchangeable, and intervals of which at most k overlap can always be coloured
 * with k nodes (interval graphs are perfect).
 */
import type { Instance } from './instance.ts';

/** `[ask, nodes, ask, nodes, …]` */
export type Parts = readonly number[];

export const NO_PARTS: Parts = Object.freeze([]);

export class Allocation {
  readonly instance: Instance;
  /** Free nodes of ask a at step t: free[a · steps + t]; 0 outside its window. */
  readonly free: Int32Array;
  /** By bid: option served, or −1. */
  readonly optionOf: Int32Array;
  readonly nodesOf: Int32Array;
  readonly partsOf: Parts[];
  /** By bid: value of what is served − reserve of what serves it. */
  readonly surplusOf: Float64Array;
  /** Σ of `surplusOf`: the welfare. */
  welfare = 0;
  /** The fill that is being put together: ask, nodes, ask, nodes, … */
  readonly #gathered: Int32Array;
  #parts = 0;
  #taken = 0;
  #cost = 0;

  constructor(instance: Instance) {
    const { asks, bids, steps } = instance;
    this.instance = instance;
    this.free = new Int32Array(asks.length * steps);
    for (let a = 0; a < asks.length; a++) {
      this.free.fill(
        asks[a]!.nodes,
        a * steps + instance.askFrom[a]!,
        a * steps + instance.askTo[a]!,
      );
    }
    this.optionOf = new Int32Array(bids.length).fill(-1);
    this.nodesOf = new Int32Array(bids.length);
    this.partsOf = new Array<Parts>(bids.length).fill(NO_PARTS);
    this.surplusOf = new Float64Array(bids.length);
    this.#gathered = new Int32Array(2 * asks.length);
  }

  copy(): Allocation {
    const copy = new Allocation(this.instance);
    copy.become(this);
    return copy;
  }

  /** Takes over everything from another allocation of the same instance. */
  become(other: Allocation): void {
    this.free.set(other.free);
    this.optionOf.set(other.optionOf);
    this.nodesOf.set(other.nodesOf);
    this.surplusOf.set(other.surplusOf);
    for (let b = 0; b < other.partsOf.length; b++) this.partsOf[b] = other.partsOf[b]!;
    this.welfare = other.welfare;
  }

  /** Nodes that ask a has free over the whole window. */
  freeOver(ask: number, from: number, to: number): number {
    const { free } = this;
    const base = ask * this.instance.steps;
    let least = free[base + from]!;
    for (let t = base + from + 1; t < base + to && least > 0; t++) {
      if (free[t]! < least) least = free[t]!;
    }
    return least;
  }

  /**
   * Serves option o of its bid (not served yet) with as many nodes as pay for themselves, or not
   * at all. Uses the asks in the option's order; `avoided` (−1: none) comes last.
   *
   * @returns whether it was served; the fill never has a negative surplus
   */
  serveWithSurplus(o: number, avoided = -1): boolean {
    const { firstCandidate, candidates, optionNodes, optionMinimum } = this.instance;
    const nodes = optionNodes[o]!;
    const end = firstCandidate[o + 1]!;
    this.#taken = 0;
    this.#cost = 0;
    this.#parts = 0;
    let isPostponed = false;
    for (let i = firstCandidate[o]!; i < end && this.#taken < nodes; i++) {
      const a = candidates[i]!;
      if (a === avoided) isPostponed = true;
      else this.#gather(o, a);
    }
    if (isPostponed && this.#taken < nodes) this.#gather(o, avoided);
    if (this.#taken < optionMinimum[o]!) return false;
    const surplus = worthOf(this.instance, o, this.#taken) - this.#cost;
    if (surplus < 0) return false;
    const parts: number[] = [];
    for (let p = 0; p < this.#parts; p++) parts.push(this.#gathered[p]!);
    this.#take(o, this.#taken, parts, surplus);
    return true;
  }

  /** Adds what ask a has for option o to the fill that is being put together. */
  #gather(o: number, a: number): void {
    const { asks, optionNodes, optionMinimum, optionFrom, optionTo } = this.instance;
    const unitCost = asks[a]!.reserveMillicredits * this.instance.optionSlots[o]!;
    const nodes = optionNodes[o]!;
    // A node beyond the minimum must pay for itself.
    const paysForItself = unitCost * nodes <= this.instance.optionValue[o]!;
    const wanted = (paysForItself ? nodes : optionMinimum[o]!) - this.#taken;
    if (wanted <= 0) return;
    const free = this.freeOver(a, optionFrom[o]!, optionTo[o]!);
    if (free <= 0) return;
    const used = free < wanted ? free : wanted;
    this.#gathered[this.#parts++] = a;
    this.#gathered[this.#parts++] = used;
    this.#taken += used;
    this.#cost += unitCost * used;
  }

  /** Nodes, up to those asked for, that option o could have now; fewer than its minimum: 0. */
  nodesThatFit(o: number, usable: Uint8Array | null = null): number {
    const { firstCandidate, candidates, optionNodes, optionMinimum } = this.instance;
    const from = this.instance.optionFrom[o]!;
    const to = this.instance.optionTo[o]!;
    let nodes = 0;
    for (let i = firstCandidate[o]!; i < firstCandidate[o + 1]!; i++) {
      const a = candidates[i]!;
      if (usable && !usable[a]) continue;
      nodes += Math.max(0, this.freeOver(a, from, to));
      if (nodes >= optionNodes[o]!) return optionNodes[o]!;
    }
    return nodes < optionMinimum[o]! ? 0 : nodes;
  }

  /**
   * Serves option o with at most its nodes, whatever that costs; for mechanisms without prices.
   *
   * @param usable which asks may be used, or null for all
   * @param most nodes that it may have, if fewer than it asks for
   */
  serveWhatFits(o: number, usable: Uint8Array | null = null, most = Infinity): boolean {
    const { instance } = this;
    const nodes = Math.min(most, instance.optionNodes[o]!);
    const from = instance.optionFrom[o]!;
    const to = instance.optionTo[o]!;
    const parts: number[] = [];
    let taken = 0;
    let cost = 0;
    if (nodes < instance.optionMinimum[o]!) return false;
    for (let i = instance.firstCandidate[o]!; i < instance.firstCandidate[o + 1]!; i++) {
      const a = instance.candidates[i]!;
      if (usable && !usable[a]) continue;
      const free = this.freeOver(a, from, to);
      if (free <= 0) continue;
      const used = Math.min(free, nodes - taken);
      parts.push(a, used);
      taken += used;
      cost += instance.asks[a]!.reserveMillicredits * instance.optionSlots[o]! * used;
      if (taken === nodes) break;
    }
    if (taken < instance.optionMinimum[o]!) return false;
    this.#take(o, taken, parts, worthOf(instance, o, taken) - cost);
    return true;
  }

  /** Serves option o with exactly these parts, which must be free. */
  restore(o: number, nodes: number, parts: Parts, surplus: number): void {
    this.#take(o, nodes, parts, surplus);
  }

  /** Takes a served bid's nodes back. */
  release(bid: number): void {
    const o = this.optionOf[bid]!;
    this.#move(o, this.partsOf[bid]!, 1);
    this.welfare -= this.surplusOf[bid]!;
    this.optionOf[bid] = -1;
    this.nodesOf[bid] = 0;
    this.partsOf[bid] = NO_PARTS;
    this.surplusOf[bid] = 0;
  }

  #take(o: number, nodes: number, parts: Parts, surplus: number): void {
    const bid = this.instance.optionBid[o]!;
    this.#move(o, parts, -1);
    this.welfare += surplus;
    this.optionOf[bid] = o;
    this.nodesOf[bid] = nodes;
    this.partsOf[bid] = parts;
    this.surplusOf[bid] = surplus;
  }

  #move(o: number, parts: Parts, sign: number): void {
    const { optionFrom, optionTo, steps } = this.instance;
    const from = optionFrom[o]!;
    const to = optionTo[o]!;
    for (let p = 0; p < parts.length; p += 2) {
      const base = parts[p]! * steps;
      const change = sign * parts[p + 1]!;
      for (let t = base + from; t < base + to; t++) this.free[t]! += change;
    }
  }
}

/** Reported worth of `nodes` nodes of option o: proportional, rounded down. */
export function worthOf(instance: Instance, o: number, nodes: number): number {
  const value = instance.optionValue[o]!;
  const all = instance.optionNodes[o]!;
  return nodes === all ? value : Math.floor((value * nodes) / all);
}
