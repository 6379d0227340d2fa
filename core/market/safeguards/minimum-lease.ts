/**
 * Minimum lease (crash 10, churn): a bid is for no fewer slots than moving a node is worth.
 *
 * Costs: short work must pay for idle time or wait for nodes of its owner's.
 */
import type { MinimumLeaseTerms } from './configuration.ts';
import type { Safeguard } from './safeguard.ts';

export function minimumLease({ slots }: MinimumLeaseTerms): Safeguard {
  return {
    name: 'minimum-lease',
    admitBid({ options, organisation }, { trigger }) {
      if (options.every(({ startSlot, endSlot }) => endSlot - startSlot >= slots)) return null;
      trigger({ organisation, detail: `shorter than ${slots} slots` });
      return { code: 'MARKET_LEASE_TOO_SHORT', message: `a lease lasts ${slots} slots or more` };
    },
  };
}
