/**
 * Switching cost (crash 10, churn): what handing a node over costs is part of the clearing. It is
 * taken off the worth of each option beforehand and paid by the borrower on top of the price, to the
 * exchange, so that only moves that gain more than they cost happen and telling the truth stays
 * best: a bid of v competes as v − c and pays p + c.
 *
 * Costs: moves whose gain is below the cost.
 */
import type { Millicredits } from '../../kernel/units.ts';
import type { Bid } from '../orders.ts';
import type { SwitchingCostTerms } from './configuration.ts';
import type { Safeguard } from './safeguard.ts';

export function switchingCost({ millicreditsPerNode }: SwitchingCostTerms): Safeguard {
  return {
    name: 'switching-cost',
    shape(round, { trigger }) {
      const bids: Bid[] = [];
      for (const bid of round.bids) {
        const options = bid.options.flatMap((option) => {
          const valueMillicredits = option.valueMillicredits - millicreditsPerNode * option.nodes;
          return valueMillicredits >= 0 ? [{ ...option, valueMillicredits }] : [];
        });
        if (options.length > 0) bids.push({ ...bid, options });
        else {
          const { organisation, bidId: orderId } = bid;
          trigger({ organisation, orderId, detail: 'worth less than the move costs' });
        }
      }
      return { ...round, bids };
    },
  };
}

/** What a borrower of so many nodes pays on top; 0 without the safeguard. */
export function switchingFee(terms: SwitchingCostTerms | undefined, nodes: number): Millicredits {
  return terms ? terms.millicreditsPerNode * nodes : 0;
}
