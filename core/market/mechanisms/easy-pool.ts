/**
 * `easy-pool`: one pool of all that is offered, first come first served with backfilling, no money.
 *
 * Paper: Lifka, The ANL/IBM SP scheduling system, JSSPP 1995 (EASY: one reservation, aggressive
 * backfilling). Rule, over the slots of one round: bids are looked at in order of submission, each
 * takes the first of its options that fits. The first bid that has to wait, although the empty pool
 * could serve it, is the head. It gets a reservation: the earliest window of its option's length, from
 * its own start on, in which its fewest nodes are free, on the tightest asks; of several options the
 * one that could start first. Whoever comes later may overtake it, but gets none of those nodes in
 * that window, so that the head is not delayed. Others who wait reserve nothing. Where the asks of
 * the round have no such window there is nothing to delay. The reservation itself is not a fill: the
 * head bids again, is the first to be looked at, and finds its nodes there.
 * Claims: as for `fcfs-pool`.
 * Complexity: O(options × asks of the class × steps).
 *
 * Example: three nodes for four slots; requests for two nodes over two slots, three over one, one
 * over four, one over two. The second waits for slot 2, where it has its reservation. The third, which
 * `leasing` would serve, would delay it; the fourth ends before and overtakes both.
 */
import { Allocation } from '../clearing/allocation.ts';
import { compileRound } from '../clearing/instance.ts';
import type { Instance } from '../clearing/instance.ts';
import { earliestReservation, fitsEmptyPool, hold } from '../clearing/reservation.ts';
import type { Reservation } from '../clearing/reservation.ts';
import { clearingOf } from '../clearing/result.ts';
import type { Mechanism } from '../mechanism.ts';

export const easyPool: Mechanism = {
  name: 'easy-pool',
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
    let isReserved = false;
    for (let b = 0; b < instance.bids.length; b++) {
      if (serveFirstThatFits(allocation, b) || isReserved) continue;
      isReserved = reserveFor(allocation, b);
    }
    const payment = new Array<number>(instance.bids.length).fill(0);
    const receipt = new Array<number>(instance.asks.length).fill(0);
    return { clearing: clearingOf(round, allocation, payment, receipt), state };
  },
};

/** Whether one of the bid's options could be served now, and is. */
export function serveFirstThatFits(
  allocation: Allocation,
  bid: number,
  usable: Uint8Array | null = null,
): boolean {
  const { firstOption } = allocation.instance;
  for (let o = firstOption[bid]!; o < firstOption[bid + 1]!; o++) {
    if (allocation.serveWhatFits(o, usable)) return true;
  }
  return false;
}

/** @returns whether the bid is the head: it must wait, and the empty pool could serve it */
export function reserveFor(
  allocation: Allocation,
  bid: number,
  usable: Uint8Array | null = null,
): boolean {
  const { instance } = allocation;
  let isHead = false;
  let best: Reservation | null = null;
  for (const o of optionsOf(instance, bid)) {
    if (!fitsEmptyPool(instance, o, usable)) continue;
    isHead = true;
    const found = earliestReservation(allocation, o, usable);
    if (found && (best === null || found.fromSlot < best.fromSlot)) best = found;
  }
  if (best) hold(allocation, best);
  return isHead;
}

function* optionsOf({ firstOption }: Instance, bid: number): Iterable<number> {
  for (let o = firstOption[bid]!; o < firstOption[bid + 1]!; o++) yield o;
}
