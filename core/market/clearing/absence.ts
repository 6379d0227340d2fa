/**
 * What the welfare loses when somebody is not there: W − W(without), the Vickrey discount.
 *
 * W(without) is found by refilling the allocation that there is, in two ways of which the better
 * counts: what the absent one leaves goes to those not served; or everything that overlaps it is
 * taken out and the room filled again, best first. It is a lower bound of the true W(without).
 */
import type { Allocation, Parts } from './allocation.ts';
import { Rebuilder } from './rebuilder.ts';
import type { SearchResult } from './search.ts';

export class Absence {
  readonly #search: SearchResult;
  readonly #allocation: Allocation;
  readonly #rebuilder: Rebuilder;
  /** Options of bids that are not served, best first. */
  readonly #unserved: Int32Array;
  /** Options that are worth more to their bid than what it has. */
  readonly #wishes: Int32Array;
  /** By class: the steps in which something was taken out; empty where from ≥ to. */
  readonly #from: Int32Array;
  readonly #to: Int32Array;
  /** By bid: 1 where it is not there. */
  readonly #absent: Uint8Array;

  /** The search's allocation is changed by every call, and put back before it returns. */
  constructor(search: SearchResult) {
    this.#search = search;
    this.#allocation = search.allocation;
    this.#rebuilder = new Rebuilder(search.allocation);
    const { instance, optionOf } = search.allocation;
    this.#unserved = search.order.filter((o) => optionOf[instance.optionBid[o]!] === -1);
    const { surplusOf } = search.allocation;
    this.#wishes = search.order.filter(
      (o) => search.soloSurplus[o]! > surplusOf[instance.optionBid[o]!]!,
    );
    this.#from = new Int32Array(instance.nodeClasses.length);
    this.#to = new Int32Array(instance.nodeClasses.length);
    this.#absent = new Uint8Array(instance.bids.length);
  }

  lossWithoutBid(bid: number): number {
    return this.lossWithoutBids([bid]);
  }

  /** Without these bids, all of which are served. */
  lossWithoutBids(bids: readonly number[]): number {
    const allocation = this.#allocation;
    const before = allocation.welfare;
    for (const bid of bids) {
      this.#absent[bid] = 1;
      this.#rebuilder.remove(bid);
    }
    this.#markRemoved();
    // Where nothing is scarce, nobody else could use the room.
    const isOfUse = !this.#search.uncontested && this.#isWished();
    const best = isOfUse ? this.#betterRefill(this.#unserved, true) : allocation.welfare;
    this.#rebuilder.restoreRemoved();
    for (const bid of bids) this.#absent[bid] = 0;
    return before - best;
  }

  /** Without all asks of an owner; `most` is the surplus of all fills that use them. */
  lossWithoutSeller(owner: number): { readonly loss: number; readonly most: number } {
    const allocation = this.#allocation;
    const { instance, free } = allocation;
    const { asks, bids, steps, askOwner } = instance;
    const before = allocation.welfare;
    let most = 0;
    for (let b = 0; b < bids.length; b++) {
      if (!usesAskOf(allocation.partsOf[b]!, askOwner, owner)) continue;
      most += allocation.surplusOf[b]!;
      this.#rebuilder.remove(b);
    }
    const kept: [number, Int32Array][] = [];
    for (let a = 0; a < asks.length; a++) {
      if (askOwner[a] !== owner) continue;
      kept.push([a * steps, free.slice(a * steps, (a + 1) * steps)]);
      free.fill(0, a * steps, (a + 1) * steps);
    }
    this.#markRemoved();
    const best = this.#betterRefill(this.#search.order, false);
    for (const [at, values] of kept) free.set(values, at);
    this.#rebuilder.restoreRemoved();
    return { loss: before - best, most };
  }

  /**
   * The better welfare of the two ways. More may be removed afterwards, nothing is added.
   *
   * @param options tried in the first way, only those near what was removed where `near`
   */
  #betterRefill(options: Int32Array, near: boolean): number {
    const allocation = this.#allocation;
    const rebuilder = this.#rebuilder;
    this.#refill(options, near);
    const first = allocation.welfare;
    rebuilder.dropAdded();
    for (let b = 0; b < allocation.optionOf.length; b++) {
      const o = allocation.optionOf[b]!;
      if (o >= 0 && this.#isNear(o)) rebuilder.remove(b);
    }
    this.#refill(this.#search.order, false);
    const second = allocation.welfare;
    rebuilder.dropAdded();
    return Math.max(first, second);
  }

  #markRemoved(): void {
    const { optionClass, optionFrom, optionTo, steps } = this.#allocation.instance;
    this.#from.fill(steps);
    this.#to.fill(0);
    for (const { option } of this.#rebuilder.removed) {
      const c = optionClass[option]!;
      this.#from[c] = Math.min(this.#from[c]!, optionFrom[option]!);
      this.#to[c] = Math.max(this.#to[c]!, optionTo[option]!);
    }
  }

  /** Whether anybody could gain by the room that was left. */
  #isWished(): boolean {
    const { optionBid } = this.#allocation.instance;
    for (const o of this.#wishes) {
      if (!this.#absent[optionBid[o]!] && this.#isNear(o)) return true;
    }
    return false;
  }

  #isNear(o: number): boolean {
    const { optionClass, optionFrom, optionTo } = this.#allocation.instance;
    const c = optionClass[o]!;
    return optionFrom[o]! < this.#to[c]! && optionTo[o]! > this.#from[c]!;
  }

  /** Serves what is not served, best first. */
  #refill(options: Int32Array, near: boolean): void {
    const { instance, optionOf } = this.#allocation;
    for (let i = 0; i < options.length; i++) {
      const o = options[i]!;
      const bid = instance.optionBid[o]!;
      if (optionOf[bid] !== -1 || this.#absent[bid]) continue;
      if (!near || this.#isNear(o)) this.#rebuilder.add(o);
    }
  }
}

function usesAskOf(parts: Parts, askOwner: Int32Array, owner: number): boolean {
  for (let p = 0; p < parts.length; p += 2) if (askOwner[parts[p]!] === owner) return true;
  return false;
}
