/**
 * `greedy-critical`: a truthful auction of one pool for gangs × windows.
 *
 * Paper: Lehmann, O'Callaghan & Shoham, J. ACM 49 (2002). Rule: the exchange posts what it pays for
 * a node-slot of each class before orders come in (ours: the paper has no sellers); asks with a
 * reserve up to it form the pool and get that price for what is used of them, narrowest window first. Options worth at least
 * their room at that price are taken in the order of value / √(nodes · slots), ties to the lower id,
 * if all their nodes fit: gangs only, also where fewer nodes would do. A winner pays the least value
 * with which it would have won: √(nodes · slots) × the density of the first option that takes its
 * place when it is not there, or the pool's price. Both are fixed without the payer's own report.
 * Then the posted price follows demand for the pool as in `posted-price`.
 * Claims: individually rational, always; truthful for single-minded buyers, and for owners with one
 * ask on their reserve, within the round (deviation gain exactly 0: critical values are exact to the
 * millicredit); not with XOR options, and an owner that holds back nodes or hours may sell more of
 * the rest. Weakly budget balanced: the exchange keeps what competition adds to the
 * pool's price. Not efficient: the worked example has 20 of 24. Not false-name-proof.
 * Complexity: O(n log n + winners × options × asks of the class × steps).
 *
 * Example: four nodes over one slot, pool price 0.001; bids a: 4 nodes for 20, b: 2 for 13, c: 1 for
 * 8, d: 2 for 11. Densities 10, 9.19, 8, 7.78: a wins and pays 2 × 9.19 = 18.385, since b would take
 * its room.
 *
 * Parameters and state: as for `posted-price`.
 */
import { greedyWithCriticalValues } from '../clearing/critical-values.ts';
import { compileRound } from '../clearing/instance.ts';
import type { Instance } from '../clearing/instance.ts';
import { clearingOf } from '../clearing/result.ts';
import type { Mechanism } from '../mechanism.ts';
import { carriedPrices, movedPrices, termsOf, uniformPayments } from './posted-price.ts';

export const greedyCritical: Mechanism = {
  name: 'greedy-critical',
  version: 1,
  heedsOneSide: true,
  properties: {
    individualRationality: 'always',
    incentiveCompatibility: 'single-minded',
    efficiency: 'never',
    budgetBalance: 'weak',
    falseNameProofness: 'never',
    gangs: true,
    windows: true,
  },
  clear(round, parameters, state) {
    const instance = compileRound(round, 'id', 'tightest');
    const terms = termsOf(parameters);
    const prices = carriedPrices(instance, state, terms);
    const posted = prices.map((price) => Math.floor(price));
    const willing = new Uint8Array(instance.asks.length);
    for (let a = 0; a < instance.asks.length; a++) {
      const reserve = instance.asks[a]!.reserveMillicredits;
      willing[a] = reserve <= posted[instance.askClass[a]!]! ? 1 : 0;
    }
    const room = roomAt(instance, posted);
    const { allocation, critical } = greedyWithCriticalValues(instance, room, willing);
    const { receipt } = uniformPayments(allocation, posted);
    const demand = demandAt(instance, room, prices.length);
    return {
      clearing: clearingOf(round, allocation, critical, receipt),
      state: movedPrices(instance, state, prices, demand, willing, terms),
    };
  },
};

/** By option: all its nodes over its window at the posted prices. */
function roomAt(instance: Instance, posted: readonly number[]): Float64Array {
  const { optionNodes, optionSlots, optionClass } = instance;
  return new Float64Array(instance.options).map(
    (_, o) => optionNodes[o]! * optionSlots[o]! * posted[optionClass[o]!]!,
  );
}

/** Node-slots by class, of each bid's option that gains most at the posted prices. */
function demandAt(instance: Instance, room: Float64Array, classes: number): Float64Array {
  const { optionValue, optionNodes, optionSlots, optionClass } = instance;
  const demand = new Float64Array(classes);
  for (let b = 0; b < instance.bids.length; b++) {
    let most = -1;
    let chosen = -1;
    for (let o = instance.firstOption[b]!; o < instance.firstOption[b + 1]!; o++) {
      const gain = optionValue[o]! - room[o]!;
      if (gain <= most) continue;
      most = gain;
      chosen = o;
    }
    if (chosen < 0) continue;
    demand[optionClass[chosen]!]! += optionNodes[chosen]! * optionSlots[chosen]!;
  }
  return demand;
}
