/**
 * Trades among related organisations (crash 6, wash trades): flagged, for an auditor to look at. An
 * organisation's own orders never meet in any mechanism; organisations that belong together may have
 * good reasons to trade, so that nothing is blocked.
 *
 * Costs: none to honest traders.
 */
import type { SelfTradeTerms } from './configuration.ts';
import type { Safeguard } from './safeguard.ts';

export function selfTrade({ groups }: SelfTradeTerms): Safeguard {
  const groupOf = new Map(groups.flatMap((group, i) => group.map((name) => [name, i] as const)));
  return {
    name: 'self-trade',
    cleared(clearing, round, { trigger }) {
      const sellers = new Map(round.asks.map(({ askId, organisation }) => [askId, organisation]));
      const buyers = new Map(round.bids.map(({ bidId, organisation }) => [bidId, organisation]));
      for (const { bidId, parts } of clearing.fills) {
        const organisation = buyers.get(bidId)!;
        const group = groupOf.get(organisation);
        if (group === undefined) continue;
        for (const { askId } of parts) {
          // Nodes of a preempted contract have no ask in the round.
          const seller = sellers.get(askId);
          if (seller === undefined || groupOf.get(seller) !== group) continue;
          trigger({ organisation, orderId: bidId, detail: `bought from its relative ${seller}` });
        }
      }
    },
  };
}
