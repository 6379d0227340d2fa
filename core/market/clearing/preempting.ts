/**
 * Room for a bid out of the nodes of standing contracts. A round that shows them is compiled with one
 * more ask for each that may be preempted; it becomes usable only when its contract is.
 */
import { resaleAsks } from '../standing.ts';
import type { Ask, MarketRound, StandingLease } from '../orders.ts';
import type { Allocation } from './allocation.ts';
import { compileRound } from './instance.ts';
import type { AskPreference, Instance, OrderSequence } from './instance.ts';

/** Who gives up nodes, and in which order. */
export interface Victims {
  mayTake(lease: StandingLease, ask: number): boolean;
  /** Who is preempted first; ties are broken by the younger contract. */
  compare(a: StandingLease, b: StandingLease): number;
}

export class Preempting {
  readonly instance: Instance;
  /** By ask: 0 for those of standing contracts that keep their nodes. */
  readonly usable: Uint8Array;
  readonly #leaseOf: readonly (StandingLease | undefined)[];

  constructor(round: MarketRound, sequence: OrderSequence, preference: AskPreference) {
    const resale: ReadonlyMap<Ask, StandingLease> = resaleAsks(round);
    const asks = [...round.asks, ...resale.keys()];
    this.instance = compileRound({ ...round, asks }, sequence, preference);
    this.#leaseOf = this.instance.asks.map((ask) => resale.get(ask));
    this.usable = Uint8Array.from(this.#leaseOf, (lease) => (lease ? 0 : 1));
  }

  /**
   * Preempts as few contracts as give option o all its nodes or, where there are not as many, most
   * of them; none where that brings it no more than it can have anyway, or less than its minimum.
   *
   * @param isOpen which usable asks it may have
   */
  makeRoom(
    allocation: Allocation,
    o: number,
    { mayTake, compare }: Victims,
    isOpen: (ask: number) => boolean = () => true,
  ): boolean {
    const { instance, usable } = this;
    const free = (a: number) =>
      Math.max(0, allocation.freeOver(a, instance.optionFrom[o]!, instance.optionTo[o]!));
    let nodes = 0;
    const victims: number[] = [];
    for (let i = instance.firstCandidate[o]!; i < instance.firstCandidate[o + 1]!; i++) {
      const a = instance.candidates[i]!;
      if (usable[a]) nodes += isOpen(a) ? free(a) : 0;
      else if (mayTake(this.#leaseOf[a]!, a)) victims.push(a);
    }
    const wanted = instance.optionNodes[o]!;
    if (nodes >= wanted || victims.length === 0) return false;
    const lease = (a: number) => this.#leaseOf[a]!;
    victims.sort((a, b) => compare(lease(a), lease(b)) || byAge(lease(a), lease(b)));
    const chosen: number[] = [];
    for (const a of victims) {
      if (nodes >= wanted) break;
      chosen.push(a);
      nodes += free(a);
    }
    if (nodes < instance.optionMinimum[o]!) return false;
    // The last ones chosen may have made some of the first superfluous.
    let spare = Math.max(0, nodes - wanted);
    for (const a of chosen.reverse()) {
      if (free(a) <= spare) spare -= free(a);
      else usable[a] = 1;
    }
    return true;
  }

  /** Contracts whose nodes are used, in order of their ids. */
  preempted(allocation: Allocation): string[] {
    const ids = new Set<string>();
    for (const parts of allocation.partsOf) {
      for (let p = 0; p < parts.length; p += 2) {
        const lease = this.#leaseOf[parts[p]!];
        if (lease) ids.add(lease.contractId);
      }
    }
    return [...ids].sort();
  }

  /** By ask: the standing contract behind it. */
  leaseOf(ask: number): StandingLease | undefined {
    return this.#leaseOf[ask];
  }
}

/** Younger contracts, which have the larger number, first. */
function byAge(a: StandingLease, b: StandingLease): number {
  const [mine, other] = [a.contractId, b.contractId];
  return other.length - mine.length || (mine < other ? 1 : mine > other ? -1 : 0);
}
