/**
 * `drf`: dominant resource fairness between organisations, node classes as resources, no money.
 *
 * Paper: Ghodsi et al., Dominant Resource Fairness, NSDI 2011, algorithm 1 with weights (§4.3).
 * Rule: progressive filling. A class's capacity is the node-slots that are offered of it in the
 * round (running leases that the round shows count too, as capacity and as held by their borrower).
 * An organisation's share of a class is what it holds of that capacity; the largest of its shares is
 * its dominant share. Always the organisation with the lowest dominant share over weight, ties to
 * the lower name, is granted its next task: the fewest nodes of its earliest bid that fits, then,
 * where work scales, more nodes in up to 32 steps. A bid that does not fit is passed over. The weight
 * is the nodes that the organisation contributes, at least 1.
 * Claims: no money. The paper proves sharing incentive, strategy-proofness, envy-freeness and Pareto
 * efficiency for divisible tasks; with gangs and windows none of them holds exactly, and none is
 * claimed. Names count: an organisation under two names has two shares.
 * Complexity: O(32 · options × asks of the class × steps + turns × log organisations).
 *
 * Example (the paper's): 9 CPUs and 18 GB; a task of A takes 1 CPU and 4 GB, one of B 3 CPUs and 1 GB.
 * A gets three tasks, B two, and both have a dominant share of ⅔.
 */
import { Filling } from '../clearing/filling.ts';
import { compileRound } from '../clearing/instance.ts';
import type { Instance } from '../clearing/instance.ts';
import { clearingOf } from '../clearing/result.ts';
import { Turns } from '../clearing/turns.ts';
import type { Mechanism } from '../mechanism.ts';
import { weightsOf } from '../members.ts';
import type { MarketRound, StandingLease } from '../orders.ts';

export const drf: Mechanism = {
  name: 'drf',
  version: 1,
  standing: 'counted',
  properties: {
    individualRationality: 'never',
    incentiveCompatibility: 'never',
    efficiency: 'never',
    budgetBalance: 'no-money',
    falseNameProofness: 'never',
    gangs: true,
    windows: true,
  },
  clear(round, _parameters, state) {
    const instance = compileRound(round, 'submission', 'tightest');
    const filling = new Filling(instance);
    const shares = new DominantShares(round, instance);
    const { organisations } = instance;
    const turns = new Turns(organisations.length, (a, b) => {
      const difference = shares.of[a]! - shares.of[b]!;
      return difference < 0 || (difference === 0 && organisations[a]! < organisations[b]!);
    });
    for (let who = turns.first(); who !== undefined; who = turns.first()) {
      const grant = filling.turn(who);
      if (grant === null) turns.dropFirst();
      else {
        const { optionClass, optionSlots } = instance;
        const { option, nodes } = grant;
        shares.add(who, optionClass[option]!, nodes * optionSlots[option]!);
        turns.moveFirst();
      }
    }
    const payment = new Array<number>(instance.bids.length).fill(0);
    const receipt = new Array<number>(instance.asks.length).fill(0);
    return { clearing: clearingOf(round, filling.allocation, payment, receipt), state };
  },
};

/** Dominant share over weight of every organisation. */
class DominantShares {
  readonly of: Float64Array;
  readonly #weights: Float64Array;
  readonly #capacity: Float64Array;
  /** Node-slots held: organisation · classes + class. */
  readonly #held: Float64Array;
  readonly #classes: number;

  constructor(round: MarketRound, { organisations, nodeClasses, asks, askClass }: Instance) {
    this.of = new Float64Array(organisations.length);
    this.#weights = weightsOf(round, organisations);
    this.#classes = nodeClasses.length;
    this.#capacity = new Float64Array(nodeClasses.length);
    this.#held = new Float64Array(nodeClasses.length * organisations.length);
    asks.forEach(({ nodes, startSlot, endSlot }, a) => {
      this.#capacity[askClass[a]!]! += nodes * (endSlot - startSlot);
    });
    this.#countStanding(round, organisations, nodeClasses);
  }

  /** Running leases are capacity, and held by their borrowers. */
  #countStanding(
    { standing = [] }: MarketRound,
    organisations: readonly string[],
    nodeClasses: readonly string[],
  ): void {
    const classes = new Map(nodeClasses.map((name, c) => [name, c]));
    const borrowers = new Map(organisations.map((name, i) => [name, i]));
    const size = ({ nodes, startSlot, endSlot }: StandingLease) => nodes * (endSlot - startSlot);
    for (const lease of standing) {
      const c = classes.get(lease.nodeClass);
      if (c !== undefined) this.#capacity[c]! += size(lease);
    }
    for (const lease of standing) {
      const c = classes.get(lease.nodeClass);
      const borrower = borrowers.get(lease.buyer);
      if (c !== undefined && borrower !== undefined) this.add(borrower, c, size(lease));
    }
  }

  add(organisation: number, nodeClass: number, nodeSlots: number): void {
    const at = organisation * this.#classes + nodeClass;
    this.#held[at]! += nodeSlots;
    // One division of exact integers: equal shares are equal numbers.
    const share = this.#held[at]! / (this.#capacity[nodeClass]! * this.#weights[organisation]!);
    if (share > this.of[organisation]!) this.of[organisation] = share;
  }
}
