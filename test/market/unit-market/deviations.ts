/** The most that a trader with a single unit gains by another price, tried at every whole price. */
import type { Mechanism } from '../../../core/market/mechanism.ts';
import type { Ask, Bid, Clearing, MarketRound } from '../../../core/market/orders.ts';

export interface PriceLie {
  readonly orderId: string;
  readonly price: number;
  readonly gain: number;
}

/** The best lie of all traders with one order for one node with one option; null: none gains. */
export function bestPriceLie(
  mechanism: Mechanism,
  round: MarketRound,
  highest: number,
): PriceLie | null {
  const clear = (other: MarketRound) => mechanism.clear(other, {}, {}).clearing;
  const honest = clear(round);
  let best: PriceLie | null = null;
  const note = (orderId: string, price: number, gain: number) => {
    if (gain > (best?.gain ?? 0)) best = { orderId, price, gain };
  };
  for (const bid of round.bids.filter((order) => isUnitBid(order) && isOnlyOrder(round, order))) {
    const truth = utilityOfBid(bid, honest);
    for (let price = 0; price <= highest; price++) {
      const lie = { ...bid, options: [{ ...bid.options[0]!, valueMillicredits: price }] };
      const bids = round.bids.map((other) => (other === bid ? lie : other));
      note(bid.bidId, price, utilityOfBid(bid, clear({ ...round, bids })) - truth);
    }
  }
  for (const ask of round.asks.filter((order) => order.nodes === 1 && isOnlyOrder(round, order))) {
    const truth = utilityOfAsk(ask, round, honest);
    for (let reserve = 0; reserve <= highest; reserve++) {
      const lie = { ...ask, reserveMillicredits: reserve };
      const asks = round.asks.map((other) => (other === ask ? lie : other));
      const gain = utilityOfAsk(ask, round, clear({ ...round, asks })) - truth;
      note(ask.askId, reserve, gain);
    }
  }
  return best;
}

function isUnitBid({ options }: Bid): boolean {
  return options.length === 1 && options[0]!.nodes === 1;
}

function isOnlyOrder({ bids, asks }: MarketRound, { organisation }: Bid | Ask): boolean {
  return [...bids, ...asks].filter((order) => order.organisation === organisation).length === 1;
}

function utilityOfBid(bid: Bid, clearing: Clearing): number {
  const fill = clearing.fills.find(({ bidId }) => bidId === bid.bidId);
  return fill ? bid.options[0]!.valueMillicredits - fill.paymentMillicredits : 0;
}

function utilityOfAsk(ask: Ask, round: MarketRound, clearing: Clearing): number {
  let cost = 0;
  for (const { bidId, optionIndex, parts } of clearing.fills) {
    for (const { askId, nodes } of parts) {
      if (askId !== ask.askId) continue;
      const { startSlot, endSlot } = round.bids.find((bid) => bid.bidId === bidId)!.options[
        optionIndex
      ]!;
      cost += ask.reserveMillicredits * nodes * (endSlot - startSlot);
    }
  }
  return (clearing.receipts.get(ask.askId) ?? 0) - cost;
}
