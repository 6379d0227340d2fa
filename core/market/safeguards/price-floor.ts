/**
 * Price floor at marginal cost (crash 9, everybody releases at night and the price falls to 0): no
 * node-slot sells below a share of what running it costs.
 *
 * Costs: trades worth less than the floor do not happen.
 */
import { multiplyDivideUp } from '../amounts.ts';
import type { KnownClass, PriceFloorTerms } from './configuration.ts';
import { holdToBand } from './price-band.ts';
import type { Safeguard } from './safeguard.ts';

export function priceFloor(
  { sharePartsPerMillion }: PriceFloorTerms,
  nodeClasses: readonly KnownClass[],
): Safeguard {
  const bands = new Map(
    nodeClasses.map(({ nodeClass, costMillicreditsPerNodeSlot }) => [
      nodeClass,
      {
        lowMillicredits: multiplyDivideUp(
          costMillicreditsPerNodeSlot,
          sharePartsPerMillion,
          1_000_000,
        ),
        highMillicredits: null,
      },
    ]),
  );
  return {
    name: 'price-floor',
    shape: (round, desk) => holdToBand(round, (nodeClass) => bands.get(nodeClass) ?? null, desk),
  };
}
