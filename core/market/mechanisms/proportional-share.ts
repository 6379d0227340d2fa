/**
 * `proportional-share`: everybody gets the share of the nodes that its money has of all money.
 *
 * Papers: Lai et al., Tycoon, Multiagent and Grid Systems 1(3), 2005; Zhang, The efficiency and
 * fairness of a fixed budget resource allocation game, ICALP 2005. There capacity is divisible:
 * x_ij = cap_j · b_ij / Σ_k b_kj. Nodes are not, so this is for comparison. Rule in a round:
 * 1. A bid's money is the worth of its first option whose class is offered, spent evenly over the
 *    option's slots. Asks whose reserve is above the price of their class (all money for it / all
 *    node-slots left of it) drop out, the dearest first (ties: the higher id), until none is.
 * 2. In every slot a bid's share is capacity · its money / all money of the class in that slot; over its
 *    window it is the least of these, and at most the nodes that it asks for.
 * 3. It gets the whole nodes of its share; the nodes left over go one each to the largest remainders
 *    (ties: the lower id), as far as capacity goes. Fewer nodes than its fewest are worth nothing to it:
 *    it gets none, and nobody else gets them.
 * 4. The price of a node-slot is all money / capacity. A bid pays that for what it got, rounded down,
 *    and never more than its money; its sellers share it by nodes, exactly.
 * Claims: strong budget balance. Not individually rational: money is spent in full, whatever part of
 * the nodes it buys, and reserves hold for a class on average only. Not truthful. In the divisible
 * game at least ¾ of the best welfare is reached in equilibrium; whole nodes and windows lose that.
 * Complexity: O(bids · steps + options × asks of the class × steps).
 *
 * Example (`proportionalShares`): 16 units, money 6, 2 and 0: shares 12, 4 and 0, price ½.
 */
import { splitExactly } from '../amounts.ts';
import { Allocation } from '../clearing/allocation.ts';
import { compileRound } from '../clearing/instance.ts';
import type { Instance } from '../clearing/instance.ts';
import { clearingOf } from '../clearing/result.ts';
import type { Mechanism } from '../mechanism.ts';

/** The divisible rule for one resource; nobody gets anything where nobody pays. */
export function proportionalShares(capacity: number, money: readonly number[]): number[] {
  const all = money.reduce((sum, amount) => sum + amount, 0);
  return money.map((amount) => (all > 0 ? (capacity * amount) / all : 0));
}

export const proportionalShare: Mechanism = {
  name: 'proportional-share',
  version: 1,
  properties: {
    individualRationality: 'never',
    incentiveCompatibility: 'never',
    efficiency: 'never',
    budgetBalance: 'strong',
    falseNameProofness: 'never',
    gangs: false,
    windows: true,
  },
  clear(round, _parameters, state) {
    const instance = compileRound(round, 'id', 'cheapest');
    const allocation = new Allocation(instance);
    const spending = spendingOf(instance);
    const usable = affordableAsks(instance, spending);
    const pool = new Pool(instance, spending, usable);
    const nodes = pool.wholeNodes();
    const payment = new Array<number>(instance.bids.length).fill(0);
    const receipt = new Array<number>(instance.asks.length).fill(0);
    for (const o of spending) {
      const bid = instance.optionBid[o]!;
      if (nodes[bid] === 0 || !allocation.serveWhatFits(o, usable, nodes[bid])) continue;
      payment[bid] = pool.priceOf(o, allocation.nodesOf[bid]!);
      const parts = allocation.partsOf[bid]!;
      const weights = parts.filter((_, p) => p % 2 === 1);
      splitExactly(payment[bid], weights).forEach((amount, i) => {
        receipt[parts[2 * i]!]! += amount;
      });
    }
    return { clearing: clearingOf(round, allocation, payment, receipt), state };
  },
};

/** Options that money is spent on, one a bid, in order of bids. */
function spendingOf({ bids, firstOption, firstCandidate, optionValue }: Instance): number[] {
  const spending: number[] = [];
  for (let b = 0; b < bids.length; b++) {
    for (let o = firstOption[b]!; o < firstOption[b + 1]!; o++) {
      if (firstCandidate[o] === firstCandidate[o + 1] || optionValue[o] === 0) continue;
      spending.push(o);
      break;
    }
  }
  return spending;
}

/** By ask: 1 where its reserve is not above the price of its class. */
function affordableAsks(instance: Instance, spending: readonly number[]): Uint8Array {
  const { asks, askClass, optionClass, optionValue, nodeClasses } = instance;
  const usable = new Uint8Array(asks.length).fill(1);
  const money = new Float64Array(nodeClasses.length);
  const nodeSlots = new Float64Array(nodeClasses.length);
  const sizeOf = (a: number) => asks[a]!.nodes * (asks[a]!.endSlot - asks[a]!.startSlot);
  for (const o of spending) money[optionClass[o]!]! += optionValue[o]!;
  for (let a = 0; a < asks.length; a++) nodeSlots[askClass[a]!]! += sizeOf(a);
  const dearestFirst = asks
    .map((_, a) => a)
    .sort((a, b) => asks[b]!.reserveMillicredits - asks[a]!.reserveMillicredits || b - a);
  for (const a of dearestFirst) {
    const nodeClass = askClass[a]!;
    // Dearest first: once one stays, the price rises no more and all cheaper ones stay.
    if (asks[a]!.reserveMillicredits * nodeSlots[nodeClass]! <= money[nodeClass]!) continue;
    usable[a] = 0;
    nodeSlots[nodeClass]! -= sizeOf(a);
  }
  return usable;
}

/** Capacity and money of every class and step, and what they come to. */
class Pool {
  readonly #instance: Instance;
  readonly #spending: readonly number[];
  readonly #capacity: Float64Array;
  readonly #money: Float64Array;

  constructor(instance: Instance, spending: readonly number[], usable: Uint8Array) {
    const { asks, askClass, askFrom, askTo, nodeClasses, steps } = instance;
    this.#instance = instance;
    this.#spending = spending;
    this.#capacity = new Float64Array(nodeClasses.length * steps);
    this.#money = new Float64Array(nodeClasses.length * steps);
    for (let a = 0; a < asks.length; a++) {
      if (!usable[a]) continue;
      const base = askClass[a]! * steps;
      for (let t = askFrom[a]!; t < askTo[a]!; t++) this.#capacity[base + t]! += asks[a]!.nodes;
    }
    for (const o of spending) {
      this.#eachStep(o, (at) => (this.#money[at]! += this.#rate(o)));
    }
  }

  /** By bid. */
  wholeNodes(): Float64Array {
    const { bids, optionBid } = this.#instance;
    const nodes = new Float64Array(bids.length);
    const left = this.#capacity.slice();
    const remainders = this.#spending.map((o) => {
      const share = this.#shareOf(o);
      const whole = Math.floor(share);
      nodes[optionBid[o]!] = whole;
      this.#eachStep(o, (at) => (left[at]! -= whole));
      return { o, remainder: share - whole };
    });
    remainders.sort((a, b) => b.remainder - a.remainder || a.o - b.o);
    for (const { o, remainder } of remainders) {
      let isFree = remainder > 0;
      this.#eachStep(o, (at) => (isFree &&= left[at]! >= 1));
      if (!isFree) continue;
      nodes[optionBid[o]!]! += 1;
      this.#eachStep(o, (at) => (left[at]! -= 1));
    }
    return nodes;
  }

  /** Millicredits for so many nodes of option o. */
  priceOf(o: number, nodes: number): number {
    const { stepSlot, optionValue, optionClass, steps } = this.#instance;
    const base = optionClass[o]! * steps;
    let perNode = 0;
    this.#eachStep(o, (at) => {
      const slots = stepSlot[at - base + 1]! - stepSlot[at - base]!;
      perNode += (slots * this.#money[at]!) / this.#capacity[at]!;
    });
    return Math.min(optionValue[o]!, Math.floor(perNode * nodes));
  }

  #shareOf(o: number): number {
    let share = this.#instance.optionNodes[o]!;
    this.#eachStep(o, (at) => {
      share = Math.min(share, (this.#capacity[at]! * this.#rate(o)) / this.#money[at]!);
    });
    return share;
  }

  /** Money for one slot. */
  #rate(o: number): number {
    return this.#instance.optionValue[o]! / this.#instance.optionSlots[o]!;
  }

  #eachStep(o: number, visit: (at: number) => void): void {
    const { optionClass, optionFrom, optionTo, steps } = this.#instance;
    const base = optionClass[o]! * steps;
    for (let t = optionFrom[o]!; t < optionTo[o]!; t++) visit(base + t);
  }
}
