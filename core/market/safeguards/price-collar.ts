/**
 * Price collar (crash 8, flash crash and fat finger): nothing trades further than a share from the
 * median price of the window, which was published with the round before.
 *
 * Costs: what is honestly worth more than the band allows is rationed by the tie rule, not by worth,
 * until the median has followed.
 */
import { multiplyDivide, multiplyDivideUp } from '../amounts.ts';
import { medianPrice } from '../price-history.ts';
import type { PriceCollarTerms } from './configuration.ts';
import { holdToBand } from './price-band.ts';
import type { Safeguard } from './safeguard.ts';

const MILLION = 1_000_000;

export function priceCollar({ bandPartsPerMillion }: PriceCollarTerms): Safeguard {
  return {
    name: 'price-collar',
    shape: (round, desk) =>
      holdToBand(round, (nodeClass) => desk.memory.collar.get(nodeClass) ?? null, desk),
    cleared(_clearing, _round, { memory, prices }) {
      for (const nodeClass of prices.keys()) {
        const median = medianPrice(prices, nodeClass);
        if (median === null) {
          memory.collar.delete(nodeClass);
          continue;
        }
        const below = Math.max(0, MILLION - bandPartsPerMillion);
        memory.collar.set(nodeClass, {
          lowMillicredits: multiplyDivideUp(median, below, MILLION),
          highMillicredits: multiplyDivide(median, MILLION + bandPartsPerMillion, MILLION),
        });
      }
    },
  };
}
