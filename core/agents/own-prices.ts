/** What was published, against what a want is worth: for strategies that react to prices. */
import type { MarketTerms, Want } from './view.ts';

/** Slots of a lease that serves the want, set-up and release counted. */
export function slotsOf(want: Want, terms: MarketTerms): number {
  const overheadMs = terms.setupMs[want.securityLevel] + terms.releaseMs;
  return Math.ceil((want.durationMs + overheadMs) / terms.slotMs);
}

/** Lowest price last published for a node-slot of one of these classes; null: nothing was traded. */
export function lowestPrice(nodeClasses: readonly string[], terms: MarketTerms): number | null {
  let lowest: number | null = null;
  for (const { nodeClass, millicreditsPerNodeSlot: price } of terms.lastPrices) {
    if (price === null || !nodeClasses.includes(nodeClass)) continue;
    if (lowest === null || price < lowest) lowest = price;
  }
  return lowest;
}

/** What a node-slot of the want is worth to its owner. */
export function limitOf(want: Want, terms: MarketTerms): number {
  return (want.valueMillicredits * want.certainty) / (want.nodes * slotsOf(want, terms));
}
