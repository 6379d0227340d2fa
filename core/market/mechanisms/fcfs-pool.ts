/**
 * `fcfs-pool`: one pool of all that is offered, served strictly in order of submission, no money.
 *
 * Baseline: strict first come first served without backfilling, as the `baseline-static-fcfs` case
 * has it for a queue. In a round, *strictly* means that nobody overtakes: a bid that the empty pool
 * could serve but the pool as it is cannot holds its first option's class and window, and no later
 * bid gets nodes of that class in those slots. A bid that could never be served holds nothing.
 * Asks are used narrowest window first, which keeps the pool whole for as long as possible.
 * Claims: as for `leasing`.
 * Complexity: O(options × (asks of the class × steps + bids that hold something)).
 *
 * Example: three nodes; requests for two, two and one. The first is served, the second waits, and
 * the third does not get the free node, because the second was there before it.
 */
import { Allocation } from '../clearing/allocation.ts';
import { compileRound } from '../clearing/instance.ts';
import { fitsEmptyPool } from '../clearing/reservation.ts';
import { clearingOf } from '../clearing/result.ts';
import type { Mechanism } from '../mechanism.ts';

export const fcfsPool: Mechanism = {
  name: 'fcfs-pool',
  version: 1,
  properties: {
    individualRationality: 'never',
    incentiveCompatibility: 'never',
    efficiency: 'never',
    budgetBalance: 'no-money',
    falseNameProofness: 'always',
    gangs: true,
    windows: true,
  },
  clear(round, _parameters, state) {
    const instance = compileRound(round, 'submission', 'tightest');
    const allocation = new Allocation(instance);
    const { steps, optionClass, firstOption } = instance;
    // Steps of a class that somebody earlier is waiting for.
    const held = new Uint8Array(instance.nodeClasses.length * steps);
    for (let b = 0; b < instance.bids.length; b++) {
      let waitsFor = -1;
      for (let o = firstOption[b]!; o < firstOption[b + 1]!; o++) {
        if (!fitsEmptyPool(instance, o)) continue;
        const window = held.subarray(
          optionClass[o]! * steps + instance.optionFrom[o]!,
          optionClass[o]! * steps + instance.optionTo[o]!,
        );
        if (!window.includes(1) && allocation.serveWhatFits(o)) {
          waitsFor = -1;
          break;
        }
        if (waitsFor < 0) waitsFor = o;
      }
      if (waitsFor < 0) continue;
      const base = optionClass[waitsFor]! * steps;
      held.fill(1, base + instance.optionFrom[waitsFor]!, base + instance.optionTo[waitsFor]!);
    }
    const payment = new Array<number>(instance.bids.length).fill(0);
    const receipt = new Array<number>(instance.asks.length).fill(0);
    return { clearing: clearingOf(round, allocation, payment, receipt), state };
  },
};
