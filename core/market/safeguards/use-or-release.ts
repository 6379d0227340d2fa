/**
 * Use it or release it (crash 3, cornering): a lease that its buyer has not begun so long after its
 * start ends as if it had not been taken: the deposit is the seller's, the nodes are free again.
 *
 * Costs: a buyer that is late for honest reasons loses its deposit.
 */
import type { UseOrReleaseTerms } from './configuration.ts';
import type { Safeguard } from './safeguard.ts';

export function useOrRelease({ graceMs }: UseOrReleaseTerms): Safeguard {
  return {
    name: 'use-or-release',
    beforeRound({ market, timeMs, release, trigger }) {
      const late = [...market.contracts.values()].filter(
        ({ contract, state }) =>
          (state === 'deposited' || state === 'scheduled') && contract.startMs + graceMs < timeMs,
      );
      for (const live of late) {
        const { contractId, buyer } = live.contract;
        trigger({ organisation: buyer, detail: `${contractId} was not begun in time` });
        release(live);
      }
    },
  };
}
