/**
 * `priority-preemptive`: fixed priorities, EASY backfilling within them, and whoever ranks higher takes
 * nodes from running leases of whoever ranks lower; no money.
 *
 * Systems: the priorities and preemption of batch schedulers and of Borg (Verma et al., EuroSys 2015);
 * backfilling as in `easy-pool`. Rule: bids are looked at in order of their organisation's priority
 * (members of the round; higher first: government, cloud, testbed, batch), within it in order of
 * submission. A bid takes the first of its options that gets all its nodes from what is on offer.
 * Failing that, it preempts for the first option that this helps: standing contracts that accept it, of
 * organisations that rank strictly lower, the lowest rank first, in it the youngest contract; as few as
 * are needed. Their nodes come back after notice and release, so only options that start then or later
 * are helped; what a preempted contract has beyond what is needed is on offer to all. Failing that it
 * takes what there is, down to its fewest nodes. The first that must wait gets a reservation as in
 * `easy-pool`.
 * Claims: no money; nothing about values. Names count, since priorities hang on them.
 * Complexity: O(options × asks of the class × (steps + log asks)).
 *
 * Example: a batch lease has both nodes until slot 4 and accepts preemption, at a notice and release of
 * one slot. The cloud's bid for two nodes over slots 1 to 3 preempts it; the same bid from slot 0 on, or
 * of another batch cluster, waits.
 */
import { Allocation } from '../clearing/allocation.ts';
import { Preempting } from '../clearing/preempting.ts';
import { clearingOf } from '../clearing/result.ts';
import type { Mechanism } from '../mechanism.ts';
import { prioritiesOf } from '../members.ts';
import type { MarketRound, StandingLease } from '../orders.ts';
import { reserveFor, serveFirstThatFits } from './easy-pool.ts';

export const priorityPreemptive: Mechanism = {
  name: 'priority-preemptive',
  version: 1,
  standing: 'preempted',
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
    const preempting = new Preempting(round, 'submission', 'tightest');
    const { instance, usable } = preempting;
    const allocation = new Allocation(instance);
    const rankOf = prioritiesOf(round, instance.organisations);
    const rank = (b: number) => rankOf[instance.bidOwner[b]!]!;
    const order = instance.bids.map((_, b) => b).sort((a, b) => rank(b) - rank(a) || a - b);
    const ranks = new RanksOfBuyers(round);
    let isReserved = false;
    for (const b of order) {
      if (serveWhole(allocation, b, usable)) continue;
      if (serveByPreempting(preempting, allocation, b, rank(b), ranks)) continue;
      if (serveFirstThatFits(allocation, b, usable) || isReserved) continue;
      isReserved = reserveFor(allocation, b, usable);
    }
    const payment = new Array<number>(instance.bids.length).fill(0);
    const receipt = new Array<number>(instance.asks.length).fill(0);
    const clearing = clearingOf(round, allocation, payment, receipt);
    const preempted = preempting.preempted(allocation);
    return { clearing: preempted.length > 0 ? { ...clearing, preempted } : clearing, state };
  },
};

/** Ranks of the buyers of standing leases. */
class RanksOfBuyers {
  readonly #ranks: ReadonlyMap<string, number>;

  constructor({ members }: MarketRound) {
    this.#ranks = new Map(members?.map(({ organisation, priority }) => [organisation, priority]));
  }

  of({ buyer }: StandingLease): number {
    return this.#ranks.get(buyer) ?? 0;
  }
}

function serveWhole(allocation: Allocation, bid: number, usable: Uint8Array): boolean {
  const { firstOption, optionNodes } = allocation.instance;
  for (let o = firstOption[bid]!; o < firstOption[bid + 1]!; o++) {
    if (allocation.nodesThatFit(o, usable) < optionNodes[o]!) continue;
    return allocation.serveWhatFits(o, usable);
  }
  return false;
}

function serveByPreempting(
  preempting: Preempting,
  allocation: Allocation,
  bid: number,
  rank: number,
  ranks: RanksOfBuyers,
): boolean {
  const { firstOption } = allocation.instance;
  const victims = {
    mayTake: (lease: StandingLease) => ranks.of(lease) < rank,
    compare: (a: StandingLease, b: StandingLease) => ranks.of(a) - ranks.of(b),
  };
  for (let o = firstOption[bid]!; o < firstOption[bid + 1]!; o++) {
    if (!preempting.makeRoom(allocation, o, victims)) continue;
    return allocation.serveWhatFits(o, preempting.usable);
  }
  return false;
}
