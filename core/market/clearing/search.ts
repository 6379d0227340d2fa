/**
 * Winner determination by greedy and large-neighbourhood search.
 *
 * Maximises reported value − reserve over gangs × windows with XOR options. Greedy first; then
 * rounds of *ruin and refill*: some of what overlaps one option's window is taken out at random and
 * the room is filled again in a disturbed order. A round that makes things worse is undone, or, with
 * a chance that shrinks to nothing, kept to get out of a dead end; the best allocation met is the
 * result.
 *
 * The search is bounded by a number of rounds and never by time, and draws from the round's own
 * seed, so that solving again gives the same allocation. It is a heuristic: optimality is proved
 * only where the welfare meets an upper bound.
 *
 * Ruin and recreate: Schrimpf et al., J. Comput. Phys. 159 (2000).
 */
import { randomStream } from '../../kernel/random.ts';
import type { RandomStream } from '../../kernel/random.ts';
import { Allocation } from './allocation.ts';
import type { Instance } from './instance.ts';
import { Rebuilder } from './rebuilder.ts';
import { contestedOrders, soloOrder, soloSurplus } from './search-orders.ts';
import type { SearchOrders } from './search-orders.ts';

export interface SearchResult {
  readonly allocation: Allocation;
  /** All options that can pay, best first. */
  readonly order: Int32Array;
  /** By option: its surplus if nobody else were there; −1 where it can never pay. */
  readonly soloSurplus: Float64Array;
  /** Every bid has the best that it could get alone. */
  readonly uncontested: boolean;
  readonly upperBound: number;
  readonly iterations: number;
  /** Slot prices by `SlotPrices.price`; null where nothing is scarce. */
  readonly price: Float64Array | null;
}

/** Rounds of ruin and refill where nobody says otherwise; see `docs/numbers.md`. */
export function defaultIterations(bids: number): number {
  return Math.min(5_000, 20 + bids + Math.floor((bids * bids) / 60));
}

/** The share of a mean fill's surplus that a round may lose at first, in a round of one bid. */
const FIRST_TOLERANCE = 1;
/** In larger rounds the share falls in proportion: one fill is a smaller part of the whole. */
const TOLERANCE_BIDS = 30;
/** Most fills that one ruin takes out besides the anchor. */
const LARGEST_RUIN = 12;

/**
 * @param iterations rounds of ruin and refill, or null for `defaultIterations`
 * @param seed the round's seed
 */
export function searchAllocation(
  instance: Instance,
  iterations: number | null,
  seed: string,
): SearchResult {
  const solo = soloSurplus(instance);
  const bySolo = soloOrder(instance, solo);
  const first = fillInOrder(new Allocation(instance), bySolo);
  if (first.welfare === solo.bound) {
    const upperBound = solo.bound;
    return {
      allocation: first,
      order: bySolo,
      soloSurplus: solo.surplus,
      uncontested: true,
      upperBound,
      iterations: 0,
      price: null,
    };
  }
  const orders = contestedOrders(instance, solo, bySolo);
  const second = fillInOrder(new Allocation(instance), orders.all[0]!);
  const start = second.welfare > first.welfare ? second : first;
  const limit = iterations ?? defaultIterations(instance.bids.length);
  const search = new NeighbourhoodSearch(start, orders, seed);
  const done = search.run(limit);
  return {
    allocation: search.best(),
    order: orders.all[0]!,
    soloSurplus: solo.surplus,
    uncontested: false,
    upperBound: orders.upperBound,
    iterations: done,
    price: orders.price,
  };
}

function fillInOrder(allocation: Allocation, order: Int32Array): Allocation {
  const { optionBid } = allocation.instance;
  for (const o of order) {
    if (allocation.optionOf[optionBid[o]!] === -1) allocation.serveWithSurplus(o);
  }
  return allocation;
}

class NeighbourhoodSearch {
  readonly #rebuilder: Rebuilder;
  readonly #orders: SearchOrders;
  readonly #random: RandomStream;
  readonly #skipped: number[] = [];
  readonly #overlapping: number[] = [];
  #best: Allocation;

  constructor(allocation: Allocation, orders: SearchOrders, seed: string) {
    this.#rebuilder = new Rebuilder(allocation);
    this.#orders = orders;
    this.#random = randomStream({ seed: 0, replication: 0, entity: seed, purpose: 'clearing' });
    this.#best = allocation.copy();
  }

  /** @returns rounds done: all, or fewer where the upper bound was met */
  run(limit: number): number {
    const { allocation } = this.#rebuilder;
    const bids = allocation.instance.bids.length;
    let served = 1;
    for (const o of allocation.optionOf) if (o >= 0) served += 1;
    const share = FIRST_TOLERANCE * Math.min(1, TOLERANCE_BIDS / bids);
    const tolerance = (share * allocation.welfare) / served;
    let done = 0;
    while (done < limit && this.#best.welfare < this.#orders.upperBound) {
      this.#round(tolerance * (1 - done / limit) * this.#random.uniform());
      if (allocation.welfare > this.#best.welfare) this.#best.become(allocation);
      done += 1;
    }
    return done;
  }

  best(): Allocation {
    return this.#best;
  }

  #round(tolerance: number): void {
    const random = this.#random;
    const rebuilder = this.#rebuilder;
    const { allocation } = rebuilder;
    const { instance } = allocation;
    const before = allocation.welfare;
    const order = this.#orders.all[0]!;
    const anchor = order[random.integer(order.length)]!;
    this.#ruin(anchor);
    const asks = instance.asks.length;
    const avoided = asks > 1 && random.uniform() < 0.3 ? random.integer(asks) : -1;
    if (random.uniform() < 0.5) rebuilder.add(anchor, avoided);
    this.#refill(anchor, avoided);
    this.#placeElsewhere();
    if (allocation.welfare >= before - tolerance) rebuilder.keep();
    else rebuilder.undo();
  }

  /** Takes out the anchor's bid and up to `LARGEST_RUIN` fills in its class and window. */
  #ruin(anchor: number): void {
    const random = this.#random;
    const { allocation } = this.#rebuilder;
    const { instance, optionOf } = allocation;
    const { optionFrom, optionTo, optionClass } = instance;
    const from = optionFrom[anchor]!;
    const to = optionTo[anchor]!;
    const nodeClass = optionClass[anchor]!;
    const anchorBid = instance.optionBid[anchor]!;
    const found = this.#overlapping;
    found.length = 0;
    for (let bid = 0; bid < optionOf.length; bid++) {
      const o = optionOf[bid]!;
      if (o < 0 || bid === anchorBid || optionClass[o] !== nodeClass) continue;
      if (optionFrom[o]! < to && optionTo[o]! > from) found.push(bid);
    }
    if (optionOf[anchorBid] !== -1) this.#rebuilder.remove(anchorBid);
    let count = Math.min(found.length, 1 + random.integer(LARGEST_RUIN));
    while (count-- > 0) {
      const at = random.integer(found.length);
      this.#rebuilder.remove(found[at]!);
      found[at] = found[found.length - 1]!;
      found.length -= 1;
    }
  }

  /** Fills the anchor's class and window in one of the orders, some options only at the end. */
  #refill(anchor: number, avoided: number): void {
    const random = this.#random;
    const rebuilder = this.#rebuilder;
    const { instance, optionOf } = rebuilder.allocation;
    const { optionBid, optionFrom, optionTo } = instance;
    const from = optionFrom[anchor]!;
    const to = optionTo[anchor]!;
    const measure = random.uniform() < 0.5 ? 0 : 1;
    const order = this.#orders.byClass[measure]![instance.optionClass[anchor]!]!;
    const skip = random.uniform() < 0.5 ? 0 : 0.3 * random.uniform();
    this.#skipped.length = 0;
    for (const o of order) {
      if (optionOf[optionBid[o]!] !== -1) continue;
      if (optionFrom[o]! >= to || optionTo[o]! <= from) continue;
      if (skip > 0 && random.uniform() < skip) this.#skipped.push(o);
      else rebuilder.add(o, avoided);
    }
    for (const o of this.#skipped) {
      if (optionOf[optionBid[o]!] === -1) rebuilder.add(o);
    }
  }

  /** What was taken out and found no room may be served by another of its options. */
  #placeElsewhere(): void {
    const rebuilder = this.#rebuilder;
    const { instance, optionOf } = rebuilder.allocation;
    for (const { option } of rebuilder.removed) {
      const bid = instance.optionBid[option]!;
      const end = instance.firstOption[bid + 1]!;
      for (let o = instance.firstOption[bid]!; o < end && optionOf[bid] === -1; o++) {
        if (this.#orders.solo.surplus[o]! >= 0) rebuilder.add(o);
      }
    }
  }
}
