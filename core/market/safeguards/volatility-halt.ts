/**
 * Volatility halt (crash 8): a price further than a share from the median of the window stops the
 * market for some rounds. Halted rounds are held without orders, so that nobody waits for them.
 *
 * Costs: the trades of the halted rounds. They lapse; their owners may post them again.
 */
import { lastPrice, medianPrice } from '../price-history.ts';
import type { VolatilityHaltTerms } from './configuration.ts';
import type { Safeguard } from './safeguard.ts';

/** With fewer prices in the window there is nothing to be far from. */
const LEAST_POINTS = 5;

export function volatilityHalt({ movePartsPerMillion, rounds }: VolatilityHaltTerms): Safeguard {
  return {
    name: 'volatility-halt',
    shape(round, { memory, trigger }) {
      if (memory.haltedRounds === 0) return round;
      memory.haltedRounds -= 1;
      trigger({ detail: `halted, ${memory.haltedRounds} more rounds` });
      return { ...round, bids: [], asks: [] };
    },
    cleared(clearing, _round, { memory, prices, trigger }) {
      for (const { nodeClass, millicreditsPerNodeSlot } of clearing.prices) {
        const points = prices.get(nodeClass);
        if (millicreditsPerNodeSlot === null || !points || points.length < LEAST_POINTS) continue;
        const median = medianPrice(prices, nodeClass)!;
        const move = Math.abs(lastPrice(prices, nodeClass)! - median);
        if (move * 1_000_000 <= median * movePartsPerMillion) continue;
        memory.haltedRounds = rounds;
        trigger({ detail: `${nodeClass} moved by ${move} from ${median}` });
      }
    },
  };
}
