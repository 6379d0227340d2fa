/** What a round's clearing comes to for those who traded in it. */
import type { Clearing, MarketRound } from '../../core/market/orders.ts';
import { resaleAsks } from '../../core/market/standing.ts';

/** @returns how many trades are at a loss to one side on its own report */
export function lossesOf(round: MarketRound, clearing: Clearing): number {
  if (clearing.fills.length === 0) return 0;
  let losses = 0;
  const bids = new Map(round.bids.map((bid) => [bid.bidId, bid]));
  const all = [...round.asks, ...resaleAsks(round).keys()];
  const asks = new Map(all.map((ask) => [ask.askId, ask]));
  const soldReserve = new Map<string, number>();
  for (const fill of clearing.fills) {
    const option = bids.get(fill.bidId)!.options[fill.optionIndex]!;
    const value = (option.valueMillicredits * fill.nodes) / option.nodes;
    if (fill.paymentMillicredits > value + 1) losses += 1;
    for (const { askId, nodes } of fill.parts) {
      const slots = option.endSlot - option.startSlot;
      const cost = asks.get(askId)!.reserveMillicredits * nodes * slots;
      soldReserve.set(askId, (soldReserve.get(askId) ?? 0) + cost);
    }
  }
  for (const [askId, cost] of soldReserve) {
    if ((clearing.receipts.get(askId) ?? 0) < cost - 1) losses += 1;
  }
  return losses;
}

/** Clusters name spares that work runs on after it. */
export function isBusy(spareId: string): boolean {
  return spareId.startsWith('busy');
}
