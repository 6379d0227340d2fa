/**
 * Clarke's pivotal payments (Vickrey 1961; Clarke, Public Choice 11 (1971); Groves, Econometrica 41
 * (1973)): everybody who trades gets a discount of W − W(without the agent) on the own report.
 *
 * Agents are organisations, as buyers (all their bids) and as sellers (all their asks). An agent's
 * discount is shared over its fills in proportion to their surplus, over its asks by node-slots.
 *
 * The rule needs optima. Where the exact search proves them, discounts are within [0, surplus of the
 * agent's own trades] by themselves. Where it does not, W(without) is the best that was found; every
 * discount is cut to that range, so that nobody pays more than the own report, and both what was cut
 * and what was not proved is counted.
 */
import { splitExactly } from '../amounts.ts';
import { Absence } from './absence.ts';
import { worthOf } from './allocation.ts';
import type { Instance } from './instance.ts';
import { partOfInstance } from './instance.ts';
import { payOwner, sellingOwners, soldByAsk } from './threshold-payments.ts';
import type { Winners } from './winners.ts';

export interface ClarkePayments {
  /** By bid and by ask. */
  readonly payment: number[];
  readonly receipt: number[];
  readonly clampedDiscounts: number;
  /** Welfares without one trader that are not proved to be the best. */
  readonly unproved: number;
}

/** @param solve finds the winners of the round without somebody */
export function clarkePayments(
  winners: Winners,
  solve: (without: Instance) => Winners,
): ClarkePayments {
  const { allocation } = winners;
  const { instance } = allocation;
  const { bidOwner, askOwner } = instance;
  const payment = new Array<number>(instance.bids.length).fill(0);
  const receipt = new Array<number>(instance.asks.length).fill(0);
  const pivots = new Pivots(winners, solve);
  for (const owner of new Set(bidOwner)) {
    const served: number[] = [];
    for (let b = 0; b < instance.bids.length; b++) {
      if (bidOwner[b] === owner && allocation.optionOf[b]! >= 0) served.push(b);
    }
    const surpluses = served.map((b) => allocation.surplusOf[b]!);
    const most = surpluses.reduce((sum, surplus) => sum + surplus, 0);
    if (served.length === 0) continue;
    const discount = most === 0 ? 0 : pivots.ofBuyer(owner, served, most);
    const shares = most === 0 ? surpluses : splitExactly(discount, surpluses);
    served.forEach((b, k) => {
      const worth = worthOf(instance, allocation.optionOf[b]!, allocation.nodesOf[b]!);
      payment[b] = worth - shares[k]!;
    });
  }
  const sold = soldByAsk(allocation);
  for (const owner of sellingOwners(instance, sold.nodeSlots)) {
    let most = 0;
    for (let b = 0; b < instance.bids.length; b++) {
      const parts = allocation.partsOf[b]!;
      for (let p = 0; p < parts.length; p += 2) {
        if (askOwner[parts[p]!] !== owner) continue;
        most += allocation.surplusOf[b]!;
        break;
      }
    }
    payOwner(instance, sold, owner, pivots.ofSeller(owner, most), receipt);
  }
  return { payment, receipt, clampedDiscounts: pivots.clamped, unproved: pivots.unproved };
}

/** W − W(without): by an exact search where the round was solved exactly, else by refilling. */
class Pivots {
  clamped = 0;
  unproved = 0;
  readonly #winners: Winners;
  readonly #solve: (without: Instance) => Winners;
  readonly #absence: Absence;

  constructor(winners: Winners, solve: (without: Instance) => Winners) {
    this.#winners = winners;
    this.#solve = solve;
    this.#absence = new Absence(winners);
  }

  ofBuyer(owner: number, served: readonly number[], most: number): number {
    const { instance } = this.#winners.allocation;
    if (this.#winners.uncontested) return most;
    const { bidOwner } = instance;
    return this.#cut(
      this.#winners.proved
        ? this.#exactLoss((b) => bidOwner[b] !== owner, null)
        : this.#refilled(this.#absence.lossWithoutBids(served)),
      most,
    );
  }

  ofSeller(owner: number, most: number): number {
    const { askOwner } = this.#winners.allocation.instance;
    return this.#cut(
      this.#winners.proved
        ? this.#exactLoss(null, (a) => askOwner[a] !== owner)
        : this.#refilled(this.#absence.lossWithoutSeller(owner).loss),
      most,
    );
  }

  #exactLoss(
    keepBid: ((b: number) => boolean) | null,
    keepAsk: ((a: number) => boolean) | null,
  ): number {
    const { allocation } = this.#winners;
    const { instance } = allocation;
    const bids = [...instance.bids.keys()].filter(keepBid ?? (() => true));
    const asks = [...instance.asks.keys()].filter(keepAsk ?? (() => true));
    const { allocation: without, proved } = this.#solve(
      partOfInstance(instance, bids, asks, 'cheapest'),
    );
    if (!proved) this.unproved += 1;
    return allocation.welfare - without.welfare;
  }

  #refilled(loss: number): number {
    this.unproved += 1;
    return loss;
  }

  #cut(discount: number, most: number): number {
    if (discount >= 0 && discount <= most) return discount;
    this.clamped += 1;
    return discount < 0 ? 0 : most;
  }
}
