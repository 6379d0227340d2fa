/** Whether the orders of a round are worth solving it. */
import { horizonIndex, horizonOf } from './horizons.ts';
import { mechanisms } from './mechanisms/registry.ts';
import type { MarketConfiguration } from './protocol.ts';

/**
 * With orders of both sides always. Of one side make use, in the epoch call: a mechanism that carries
 * a price over, a market maker, and who pays a fee for what it does not offer.
 */
export function isWorthClosing(
  configuration: MarketConfiguration,
  roundId: number,
  bids: number,
  asks: number,
): boolean {
  const sides = Number(bids > 0) + Number(asks > 0);
  if (sides !== 1 || horizonIndex(configuration, roundId) > 0) return sides === 2;
  const { marketMaker, mustOffer } = configuration.safeguards ?? {};
  const { mechanism } = horizonOf(configuration, roundId);
  const { heedsOneSide = false } = mechanisms.get(mechanism)!;
  return heedsOneSide || marketMaker !== undefined || mustOffer !== undefined;
}
