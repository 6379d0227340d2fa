/**
 * `leasing`: offers and leases without a price, first come first served, as in ESI-Leap.
 *
 * System: ESI-Leap of the Mass Open Cloud. An owner offers nodes for a window; whoever asks first
 * for a window inside it gets the lease, for nothing. A request that does not fit now is refused
 * and does not hold up the next one; offers are used in the order in which they were made.
 * Claims: no money; not individually rational for owners whose reserve is above 0, who lend for
 * nothing. Not incentive compatible: values have no effect, but nothing keeps anybody from asking for
 * more than is needed. Names have no effect either: false-name-proof.
 * Complexity: O(options × asks of the class × steps).
 *
 * Example: two nodes are offered; the first request takes two, the second, worth more, gets none.
 */
import { Allocation } from '../clearing/allocation.ts';
import { compileRound } from '../clearing/instance.ts';
import { clearingOf } from '../clearing/result.ts';
import type { Mechanism } from '../mechanism.ts';

export const leasing: Mechanism = {
  name: 'leasing',
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
    const instance = compileRound(round, 'submission', 'submission');
    const allocation = new Allocation(instance);
    for (let b = 0; b < instance.bids.length; b++) {
      for (let o = instance.firstOption[b]!; o < instance.firstOption[b + 1]!; o++) {
        if (allocation.serveWhatFits(o)) break;
      }
    }
    const payment = new Array<number>(instance.bids.length).fill(0);
    const receipt = new Array<number>(instance.asks.length).fill(0);
    return { clearing: clearingOf(round, allocation, payment, receipt), state };
  },
};
