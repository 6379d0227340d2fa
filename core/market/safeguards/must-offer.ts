/**
 * Must-offer (crash 4, withholding): an owner pays a fee for nodes that stand idle, as its isolation
 * service attests, and are not offered from the first slot on. Without an attestation for the round
 * there is no fee.
 *
 * Costs: an owner that keeps nodes free for a surge of its own pays for that.
 */
import { multiplyDivide, multiplyDivideUp } from '../amounts.ts';
import { balanceOf, EXCHANGE_ACCOUNT } from '../ledger.ts';
import type { MarketRound } from '../orders.ts';
import type { KnownClass, MustOfferTerms } from './configuration.ts';
import type { Safeguard, SafeguardDesk } from './safeguard.ts';
import { supplyKey } from './supply.ts';

const MILLION = 1_000_000;

export function mustOffer(
  { feePartsPerMillion, tolerancePartsPerMillion }: MustOfferTerms,
  nodeClasses: readonly KnownClass[],
): Safeguard {
  const chargeOne = (
    organisation: string,
    { nodeClass, costMillicreditsPerNodeSlot }: KnownClass,
    offered: number,
    desk: SafeguardDesk,
  ) => {
    const idle = desk.memory.idle.get(supplyKey(organisation, nodeClass));
    if (!idle || idle.roundId !== desk.roundId) return;
    const kept = multiplyDivide(idle.nodes, tolerancePartsPerMillion, MILLION);
    const withheld = idle.nodes - kept - offered;
    if (withheld <= 0) return;
    const fee =
      withheld * multiplyDivideUp(costMillicreditsPerNodeSlot, feePartsPerMillion, MILLION);
    const paid = Math.min(fee, balanceOf(desk.market.ledger, organisation));
    if (paid > 0) desk.pay(organisation, EXCHANGE_ACCOUNT, paid);
    desk.trigger({
      organisation,
      ...(paid > 0 ? { fine: { to: EXCHANGE_ACCOUNT, amountMillicredits: paid } } : {}),
      detail: `${withheld} idle ${nodeClass} not offered, fee ${paid}`,
    });
  };
  return {
    name: 'must-offer',
    beforeRound(desk, round) {
      const offered = offeredNow(round);
      for (const { name } of desk.market.configuration.organisations) {
        for (const known of nodeClasses) {
          chargeOne(name, known, offered.get(supplyKey(name, known.nodeClass)) ?? 0, desk);
        }
      }
    },
  };
}

function offeredNow(round: MarketRound): Map<string, number> {
  const offered = new Map<string, number>();
  for (const { organisation, nodeClass, nodes, startSlot } of round.asks) {
    if (startSlot > 0) continue;
    const key = supplyKey(organisation, nodeClass);
    offered.set(key, (offered.get(key) ?? 0) + nodes);
  }
  return offered;
}
