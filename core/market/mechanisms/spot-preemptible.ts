/**
 * `spot-preemptible`: a spot market with one price a class; whoever bids more takes the nodes of whoever
 * bids less, running leases included.
 *
 * After the classic spot market of Amazon EC2 (Agmon Ben-Yehuda et al., Deconstructing Amazon EC2 Spot
 * Instance Pricing, 2013); the rule is ours, and the `spot-preemptible` case is its definition
 * (docs/market/rules.md): bids in order of price, gangs all or nothing, price = min(lowest winning bid,
 * max(reserve, highest losing bid)). In a round of the market:
 * 1. A bid's price is the worth of a node-slot, rounded down, of the option for which it is highest; its
 *    options are tried in order of price. Bids go in order of price, ties to the lower id.
 * 2. An option gets nodes, cheapest asks first, of asks whose reserve is neither above its own price nor
 *    above that of another winner of the class; and only if its price is not under a reserve that is
 *    being sold at in the class. Where that is not all it asks for, it preempts standing contracts
 *    whose own bid is strictly lower: the lowest bid first, then the youngest; as few as are needed.
 *    Their nodes come back after notice and release. Nothing less than its fewest nodes is taken.
 * 3. Price of a class = min(lowest winning bid, max(highest reserve sold at, highest losing bid));
 *    preempted contracts are among the losers. All new fills pay it; standing contracts keep the price
 *    that they were formed at.
 * Claims: individually rational, strong budget balance. Not truthful: a large bidder moves the price;
 * for the same reason not false-name-proof. Not efficient: what does not fit is passed over.
 * Complexity: O(options × asks of the class × (steps + log asks)).
 *
 * Example (the case's first round): 8 nodes, reserve 2; a wants 3 for 12 each, b 2 for 9, c 4 for 7, d 2
 * for 5. c does not fit after a and b, d does; the price is min(5, max(2, 7)) = 5.
 */
import { Allocation, worthOf } from '../clearing/allocation.ts';
import type { Instance } from '../clearing/instance.ts';
import { Preempting } from '../clearing/preempting.ts';
import { clearingOf } from '../clearing/result.ts';
import type { Mechanism } from '../mechanism.ts';
import type { StandingLease } from '../orders.ts';

/** One price for all winners; infinite where nobody wins, −∞ where nobody loses. */
export function spotPrice(lowestWinning: number, reserve: number, highestLosing: number): number {
  return Math.min(lowestWinning, Math.max(reserve, highestLosing));
}

export const spotPreemptible: Mechanism = {
  name: 'spot-preemptible',
  version: 1,
  standing: 'preempted',
  properties: {
    individualRationality: 'always',
    incentiveCompatibility: 'never',
    efficiency: 'never',
    budgetBalance: 'strong',
    falseNameProofness: 'never',
    gangs: true,
    windows: true,
  },
  clear(round, _parameters, state) {
    const preempting = new Preempting(round, 'id', 'cheapest');
    const spot = new SpotRound(preempting);
    spot.fill();
    const { allocation } = spot;
    const { payment, receipt } = spot.payments();
    const clearing = clearingOf(round, allocation, payment, receipt);
    const preempted = preempting.preempted(allocation);
    return { clearing: preempted.length > 0 ? { ...clearing, preempted } : clearing, state };
  },
};

class SpotRound {
  readonly allocation: Allocation;
  readonly #preempting: Preempting;
  readonly #instance: Instance;
  /** By option: worth of a node-slot. */
  readonly #bid: Float64Array;
  /** By class: among winners, and among asks that sell. */
  readonly #lowestWinning: Float64Array;
  readonly #highestReserve: Float64Array;

  constructor(preempting: Preempting) {
    const { instance } = preempting;
    this.#preempting = preempting;
    this.#instance = instance;
    this.allocation = new Allocation(instance);
    const { optionValue, optionNodes, optionSlots } = instance;
    this.#bid = optionValue.map((value, o) =>
      Math.floor(value / (optionNodes[o]! * optionSlots[o]!)),
    );
    this.#lowestWinning = new Float64Array(instance.nodeClasses.length).fill(Infinity);
    this.#highestReserve = new Float64Array(instance.nodeClasses.length);
  }

  fill(): void {
    const { bids } = this.#instance;
    const best = bids.map((_, b) => Math.max(...this.#optionsOf(b).map((o) => this.#bid[o]!)));
    const order = bids.map((_, b) => b).sort((a, b) => best[b]! - best[a]! || a - b);
    for (const b of order) this.#optionsOf(b).some((o) => this.#serve(o));
  }

  /** Best price first, ties to the earlier one. */
  #optionsOf(bid: number): number[] {
    const { firstOption } = this.#instance;
    const options: number[] = [];
    for (let o = firstOption[bid]!; o < firstOption[bid + 1]!; o++) options.push(o);
    return options.sort((a, b) => this.#bid[b]! - this.#bid[a]! || a - b);
  }

  #serve(o: number): boolean {
    const { asks, optionClass } = this.#instance;
    const nodeClass = optionClass[o]!;
    const price = this.#bid[o]!;
    if (price < this.#highestReserve[nodeClass]!) return false;
    const limit = Math.min(price, this.#lowestWinning[nodeClass]!);
    const isOpen = (a: number) => asks[a]!.reserveMillicredits <= limit;
    this.#preempting.makeRoom(
      this.allocation,
      o,
      {
        mayTake: (lease, a) => isOpen(a) && bidOf(lease) < price,
        compare: (a, b) => bidOf(a) - bidOf(b),
      },
      isOpen,
    );
    return this.#take(o, isOpen);
  }

  #take(o: number, isOpen: (ask: number) => boolean): boolean {
    const instance = this.#instance;
    const { asks, candidates, firstCandidate } = instance;
    const wanted = instance.optionNodes[o]!;
    const parts: number[] = [];
    let nodes = 0;
    let cost = 0;
    let reserve = 0;
    for (let i = firstCandidate[o]!; i < firstCandidate[o + 1]! && nodes < wanted; i++) {
      const a = candidates[i]!;
      if (!this.#preempting.usable[a] || !isOpen(a)) continue;
      const free = this.allocation.freeOver(a, instance.optionFrom[o]!, instance.optionTo[o]!);
      if (free <= 0) continue;
      const used = Math.min(free, wanted - nodes);
      parts.push(a, used);
      nodes += used;
      reserve = Math.max(reserve, asks[a]!.reserveMillicredits);
      cost += asks[a]!.reserveMillicredits * instance.optionSlots[o]! * used;
    }
    if (nodes < instance.optionMinimum[o]!) return false;
    this.allocation.restore(o, nodes, parts, worthOf(instance, o, nodes) - cost);
    const nodeClass = instance.optionClass[o]!;
    const { [nodeClass]: lowest } = this.#lowestWinning;
    this.#lowestWinning[nodeClass] = Math.min(lowest!, this.#bid[o]!);
    this.#highestReserve[nodeClass] = Math.max(this.#highestReserve[nodeClass]!, reserve);
    return true;
  }

  payments() {
    const instance = this.#instance;
    const { allocation } = this;
    const losing = this.#highestLosing();
    const payment = new Array<number>(instance.bids.length).fill(0);
    const receipt = new Array<number>(instance.asks.length).fill(0);
    for (let b = 0; b < instance.bids.length; b++) {
      const o = allocation.optionOf[b]!;
      if (o < 0) continue;
      const c = instance.optionClass[o]!;
      const price = spotPrice(this.#lowestWinning[c]!, this.#highestReserve[c]!, losing[c]!);
      const perNode = price * instance.optionSlots[o]!;
      payment[b] = perNode * allocation.nodesOf[b]!;
      const parts = allocation.partsOf[b]!;
      for (let p = 0; p < parts.length; p += 2) receipt[parts[p]!]! += perNode * parts[p + 1]!;
    }
    return { payment, receipt };
  }

  /** By class: bids that got nothing, and contracts that lose their nodes. */
  #highestLosing(): Float64Array {
    const instance = this.#instance;
    const losing = new Float64Array(instance.nodeClasses.length).fill(-Infinity);
    const lose = (nodeClass: number, price: number) => {
      losing[nodeClass] = Math.max(losing[nodeClass]!, price);
    };
    for (let o = 0; o < instance.options; o++) {
      if (this.allocation.optionOf[instance.optionBid[o]!]! >= 0) continue;
      lose(instance.optionClass[o]!, this.#bid[o]!);
    }
    for (let a = 0; a < instance.asks.length; a++) {
      const lease = this.#preempting.leaseOf(a);
      if (lease && this.#preempting.usable[a]) lose(instance.askClass[a]!, bidOf(lease));
    }
    return losing;
  }
}

/** Worth of a node-slot to the borrower, over what is left. */
function bidOf({ valueMillicredits, nodes, startSlot, endSlot }: StandingLease): number {
  return Math.floor(valueMillicredits / (nodes * (endSlot - startSlot)));
}
