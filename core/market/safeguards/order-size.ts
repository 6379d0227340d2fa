/**
 * Order-size cap (crash 8, fat finger): one order is about no more than a share of its class.
 *
 * Costs: who honestly wants more has to post several orders, which a gang cannot.
 */
import { multiplyDivide } from '../amounts.ts';
import type { KnownClass, OrderSizeTerms } from './configuration.ts';
import type { Safeguard, SafeguardDesk } from './safeguard.ts';

export function orderSize(
  { sharePartsPerMillion }: OrderSizeTerms,
  nodeClasses: readonly KnownClass[],
): Safeguard {
  const most = new Map(
    nodeClasses.map(({ nodeClass, nodes }) => [
      nodeClass,
      Math.max(1, multiplyDivide(nodes, sharePartsPerMillion, 1_000_000)),
    ]),
  );
  const fault = (
    orders: readonly { readonly nodeClass: string; readonly nodes: number }[],
    organisation: string,
    desk: SafeguardDesk,
  ) => {
    const large = orders.find(({ nodeClass, nodes }) => nodes > (most.get(nodeClass) ?? Infinity));
    if (!large) return null;
    const limit = most.get(large.nodeClass)!;
    desk.trigger({ organisation, detail: `${large.nodes} nodes, ${limit} are the most` });
    return {
      code: 'MARKET_ORDER_TOO_LARGE',
      message: `an order may be about ${limit} nodes of this class`,
    };
  };
  return {
    name: 'order-size',
    admitBid: (bid, desk) => fault(bid.options, bid.organisation, desk),
    admitAsk: (ask, desk) => fault([ask], ask.organisation, desk),
  };
}
