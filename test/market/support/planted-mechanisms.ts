/** Mechanisms that claim more than they keep; the suite must say so of each. */
import { clearingRange } from '../../../core/market/mechanisms/k-double-auction.ts';
import { classPrices } from '../../../core/market/clearing/result.ts';
import type { Mechanism, PropertyCard } from '../../../core/market/mechanism.ts';
import type { MarketRound } from '../../../core/market/orders.ts';

const CARD: PropertyCard = {
  individualRationality: 'unit-demand',
  incentiveCompatibility: 'never',
  efficiency: 'unit-demand',
  budgetBalance: 'none',
  falseNameProofness: 'never',
  gangs: false,
  windows: false,
};

interface Prices {
  readonly payment: (rank: number) => number;
  readonly receipt: (rank: number) => number;
}

/**
 * A double auction of single nodes: the efficient trades, at prices by rank. Larger orders count
 * as that many single ones; alternatives, terms and all but the first slot are not looked at.
 */
export function plantedUnitAuction(
  name: string,
  claims: Partial<PropertyCard>,
  pricesOf: (bids: readonly number[], asks: readonly number[]) => Prices,
): Mechanism {
  return {
    name,
    version: 1,
    properties: { ...CARD, ...claims },
    clear: (round, _parameters, state) => ({ clearing: clearUnits(round, pricesOf), state }),
  };
}

function clearUnits(
  round: MarketRound,
  pricesOf: (bids: readonly number[], asks: readonly number[]) => Prices,
) {
  const units = (nodes: number, price: number, id: string) =>
    Array.from({ length: nodes }, () => ({ id, price }));
  const bids = round.bids
    .filter(({ options: [option] }) => isUnit(option!))
    .flatMap(({ bidId, options: [o] }) => units(o!.nodes, o!.valueMillicredits / o!.nodes, bidId))
    .sort((a, b) => b.price - a.price || (a.id < b.id ? -1 : 1));
  const asks = round.asks
    .filter(isUnit)
    .flatMap((ask) => units(ask.nodes, ask.reserveMillicredits, ask.askId))
    .sort((a, b) => a.price - b.price || (a.id < b.id ? -1 : 1));
  const bidPrices = bids.map(({ price }) => price);
  const askPrices = asks.map(({ price }) => price);
  const trades = clearingRange(bidPrices, askPrices)?.trades ?? 0;
  const { payment, receipt } = pricesOf(bidPrices, askPrices);
  const fills = [];
  const receipts = new Map<string, number>();
  let surplusMillicredits = 0;
  let welfareMillicredits = 0;
  for (let i = 0; i < trades; i++) {
    const askId = asks[i]!.id;
    const parts = [{ askId, nodes: 1 }];
    const paymentMillicredits = payment(i);
    fills.push({ bidId: bids[i]!.id, optionIndex: 0, nodes: 1, parts, paymentMillicredits });
    receipts.set(askId, (receipts.get(askId) ?? 0) + receipt(i));
    surplusMillicredits += paymentMillicredits - receipt(i);
    welfareMillicredits += bids[i]!.price - asks[i]!.price;
  }
  const prices = classPrices(round, fills);
  return { fills, receipts, surplusMillicredits, prices, welfareMillicredits, rejected: [] };
}

function isUnit(order: { nodeClass: string; startSlot: number }): boolean {
  return order.nodeClass === 'A' && order.startSlot === 0;
}

const range = (bids: readonly number[], asks: readonly number[]) =>
  clearingRange(bids, asks) ?? { trades: 0, low: 0, high: 0 };

/** Everybody pays the own bid; claims that nobody has a reason to shade it. */
export const payAsBid = plantedUnitAuction(
  'pay-as-bid',
  { incentiveCompatibility: 'unit-demand' },
  (bids, asks) => ({ payment: (i) => bids[i]!, receipt: (i) => asks[i]! }),
);

/** The k-double auction, and a claim of truthfulness that it does not make. */
export const truthfulCall = plantedUnitAuction(
  'truthful-call',
  { incentiveCompatibility: 'unit-demand', budgetBalance: 'strong' },
  (bids, asks) => {
    const { low, high } = range(bids, asks);
    const price = low + Math.floor((high - low) / 2);
    return { payment: () => price, receipt: () => price };
  },
);

/** One millicredit of every third trade is lost. */
export const leakyTill = plantedUnitAuction(
  'leaky-till',
  { budgetBalance: 'strong' },
  (bids, asks) => {
    const { low } = range(bids, asks);
    return { payment: () => low, receipt: (i) => low + (i === 2 ? 1 : 0) };
  },
);

/** Vickrey prices for single units. */
export function vickreyUnits(claims: Partial<PropertyCard>): Mechanism {
  return plantedUnitAuction('vickrey-units', claims, (bids, asks) => {
    const { low, high } = range(bids, asks);
    return { payment: () => low, receipt: () => high };
  });
}
