/**
 * Margins: what backs a contract against the change of its price until it could be replaced.
 *
 * Initial margin of a side = max(share of the amount, z · σ · √(liquidation slots) · node-slots), σ
 * being the root mean square of the changes of the class's price from round to round. With z = 2.33
 * a normal change is covered in 99 of 100 cases.
 *
 * Variation margin: each round the rest of a contract is marked to the price of its class. Whoever
 * would gain by breaking it, the seller where nodes have become dearer, the buyer where they have
 * become cheaper, deposits the gain on top. It stays a deposit and is given back as the gain
 * shrinks: nodes are delivered and paid at the contract's price in the end, so that nothing is owed
 * on the way.
 */
import type { Millicredits, TimeMs } from '../../kernel/units.ts';
import { multiplyDivide } from '../amounts.ts';
import type { Contract } from '../contracts.ts';
import { MAXIMUM_ORDERS_MILLICREDITS } from '../order-check.ts';
import { lastPrice, priceDeviation } from '../price-history.ts';
import type { PriceHistory } from '../price-history.ts';
import type { ClearingHouseConfiguration } from './configuration.ts';

/** Margin by the volatility of the class; 0 as long as its price has not changed. */
export function volatilityMargin(
  { zScore, liquidationSlots }: ClearingHouseConfiguration,
  { nodeClass, nodes, startMs, endMs }: Contract,
  prices: PriceHistory,
  slotMs: TimeMs,
): Millicredits {
  const nodeSlots = (nodes * (endMs - startMs)) / slotMs;
  const deviation = priceDeviation(prices, nodeClass);
  const margin = zScore * deviation * Math.sqrt(liquidationSlots) * nodeSlots;
  return Math.min(MAXIMUM_ORDERS_MILLICREDITS, Math.ceil(margin));
}

/** What the rest of a contract costs by its own price, and by the last price of its class. */
export interface MarkedContract {
  readonly ownMillicredits: Millicredits;
  readonly markMillicredits: Millicredits;
}

/** A class without a price is marked to the contract's own. */
export function markToPrice(
  contract: Contract,
  prices: PriceHistory,
  slotMs: TimeMs,
  timeMs: TimeMs,
): MarkedContract {
  const { nodes, startMs, endMs, priceMillicredits, nodeClass } = contract;
  const leftMs = Math.max(0, endMs - Math.max(startMs, timeMs));
  const own = multiplyDivide(priceMillicredits, leftMs, endMs - startMs);
  const price = lastPrice(prices, nodeClass);
  if (price === null) return { ownMillicredits: own, markMillicredits: own };
  const mark = Math.floor((price * nodes * leftMs) / slotMs);
  return {
    ownMillicredits: own,
    markMillicredits: Math.min(MAXIMUM_ORDERS_MILLICREDITS, mark),
  };
}
