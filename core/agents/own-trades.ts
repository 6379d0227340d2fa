/** Contracts as one side's agent is told of them. */
import type { Contract } from '../market/contracts.ts';
import type { OwnFills, OwnTrade } from './agent.ts';

/** A contract as one side's agent is told of it; `slotMs` is that of the round's horizon. */
export function tradeOf(side: OwnTrade['side'], contract: Contract, slotMs: number): OwnTrade {
  const { startMs, endMs, nodes } = contract;
  const slots = (endMs - startMs) / slotMs;
  if (side === 'sold') {
    const orderId = contract.askId.slice(contract.seller.length + 1);
    return { side, orderId, nodes, slots, millicredits: contract.receiptMillicredits };
  }
  const orderId = contract.wantRef.slice(contract.buyer.length + 1);
  return { side, orderId, nodes, slots, millicredits: contract.priceMillicredits };
}

/** What became of an agent's orders in one round. */
export function fillsOf(
  bought: readonly Contract[],
  sold: readonly Contract[],
  slotMs: number,
): OwnFills {
  return {
    bidIds: bought.map(({ wantRef }) => wantRef),
    askIds: sold.map(({ askId }) => askId),
    trades: [
      ...bought.map((contract) => tradeOf('bought', contract, slotMs)),
      ...sold.map((contract) => tradeOf('sold', contract, slotMs)),
    ],
  };
}
