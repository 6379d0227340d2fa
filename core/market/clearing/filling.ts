/**
 * Gives the bids of every organisation their nodes bit by bit; nothing is taken back. What fair-share
 * rules have in common: they only say whose turn it is.
 */
import { Allocation, worthOf } from './allocation.ts';
import type { Instance } from './instance.ts';

/** Work that scales is granted its fewest nodes first, the rest in at most so many steps. */
export const MOST_STEPS = 32;

/** What was granted in one turn. */
export interface Grant {
  readonly option: number;
  /** `[ask, nodes, ask, nodes, …]` */
  readonly parts: readonly number[];
  readonly nodes: number;
}

/** In which order the asks of an option are used; the given list is a copy. */
export type AskOrder = (asks: number[]) => number[];

export class Filling {
  readonly allocation: Allocation;
  readonly #instance: Instance;
  readonly #askOrder: AskOrder;
  /** By organisation: its bids in order of submission, the next one and what it has of it. */
  readonly #queues: readonly number[][];
  readonly #next: Int32Array;

  constructor(instance: Instance, askOrder: AskOrder = (asks) => asks) {
    this.#instance = instance;
    this.#askOrder = askOrder;
    this.allocation = new Allocation(instance);
    this.#queues = instance.organisations.map(() => []);
    for (let b = 0; b < instance.bids.length; b++) this.#queues[instance.bidOwner[b]!]!.push(b);
    this.#next = new Int32Array(instance.organisations.length);
  }

  /**
   * One turn of an organisation: more nodes for the bid that is being filled, or the first nodes of
   * its next bid that fits. A bid that does not fit is passed over for good.
   *
   * @param most by option: most nodes that the organisation can take; fewer than needed: passed over
   * @returns null where the organisation has nothing left to be granted
   */
  turn(organisation: number, most: (o: number) => number = () => Infinity): Grant | null {
    const queue = this.#queues[organisation]!;
    for (let b = queue[this.#next[organisation]!]; b !== undefined;) {
      const served = this.allocation.optionOf[b]!;
      const grant = served < 0 ? this.#begin(b, most) : this.#more(b, served, most(served));
      if (grant) return grant;
      b = queue[++this.#next[organisation]!];
    }
    return null;
  }

  #begin(b: number, most: (o: number) => number): Grant | null {
    const { firstOption, optionMinimum } = this.#instance;
    for (let o = firstOption[b]!; o < firstOption[b + 1]!; o++) {
      const least = optionMinimum[o]!;
      const grant = least <= most(o) ? this.#grant(o, least, least) : null;
      if (grant) return grant;
    }
    return null;
  }

  #more(b: number, o: number, most: number): Grant | null {
    const { optionNodes, optionMinimum } = this.#instance;
    const nodes = optionNodes[o]!;
    const left = nodes - this.allocation.nodesOf[b]!;
    if (left === 0) return null;
    const step = Math.ceil((nodes - optionMinimum[o]!) / MOST_STEPS);
    return this.#grant(o, 1, Math.min(step, left, most));
  }

  /** As many nodes as are free, at most `most`; fewer than `least`: none. */
  #grant(o: number, least: number, most: number): Grant | null {
    const instance = this.#instance;
    const from = instance.optionFrom[o]!;
    const to = instance.optionTo[o]!;
    const asks = Array.from(
      instance.candidates.subarray(instance.firstCandidate[o], instance.firstCandidate[o + 1]),
    );
    const parts: number[] = [];
    let nodes = 0;
    for (const a of this.#askOrder(asks)) {
      if (nodes >= most) break;
      const used = Math.min(most - nodes, this.allocation.freeOver(a, from, to));
      if (used <= 0) continue;
      parts.push(a, used);
      nodes += used;
    }
    if (nodes === 0 || nodes < least) return null;
    this.#add(o, parts);
    return { option: o, parts, nodes };
  }

  #add(o: number, parts: readonly number[]): void {
    const { allocation } = this;
    const { optionBid, optionSlots, asks } = this.#instance;
    const b = optionBid[o]!;
    const byAsk = new Map<number, number>();
    const gather = (list: readonly number[]) => {
      for (let p = 0; p < list.length; p += 2) {
        byAsk.set(list[p]!, (byAsk.get(list[p]!) ?? 0) + list[p + 1]!);
      }
    };
    gather(allocation.partsOf[b]!);
    gather(parts);
    if (allocation.optionOf[b]! >= 0) allocation.release(b);
    let nodes = 0;
    let cost = 0;
    for (const [a, used] of byAsk) {
      nodes += used;
      cost += asks[a]!.reserveMillicredits * optionSlots[o]! * used;
    }
    const all = [...byAsk].flat();
    allocation.restore(o, nodes, all, worthOf(this.#instance, o, nodes) - cost);
  }
}
