/**
 * The default waterfall: who bears what a defaulter leaves unpaid, in which order.
 *
 * Order as in the practice of central counterparties that CPMI-IOSCO describes ("Principles for
 * financial market infrastructures", 2012): the defaulter's deposit, the defaulter's own share of
 * the guarantee fund, the exchange's own capital, the other members' shares of the fund pro rata,
 * and what is left is a haircut of those who were owed. Cost O(members).
 *
 * Example: a loss of 100 with deposit 30, own share 10, capital 15 and shares of 40 and 60: 45 are
 * left for the others, who bear 18 and 27; nobody has a haircut.
 */
import type { Millicredits } from '../../kernel/units.ts';
import { splitExactly } from '../amounts.ts';

/** What stands between a loss and those who were owed; whole amounts ≥ 0. */
export interface WaterfallResources {
  readonly deposit: Millicredits;
  readonly ownShare: Millicredits;
  readonly capital: Millicredits;
  /** The other members' shares of the fund; the order breaks ties of the split. */
  readonly shares: readonly Millicredits[];
}

/** Adds up to the loss, exactly. */
export interface WaterfallUse {
  readonly deposit: Millicredits;
  readonly ownShare: Millicredits;
  readonly capital: Millicredits;
  /** In the order of `shares`; none above its share. */
  readonly mutual: readonly Millicredits[];
  readonly haircut: Millicredits;
}

/** @param loss a whole amount ≥ 0 */
export function runWaterfall(loss: Millicredits, resources: WaterfallResources): WaterfallUse {
  let left = loss;
  const take = (available: Millicredits): Millicredits => {
    const used = Math.min(left, available);
    left -= used;
    return used;
  };
  const deposit = take(resources.deposit);
  const ownShare = take(resources.ownShare);
  const capital = take(resources.capital);
  const fund = resources.shares.reduce((sum, share) => sum + share, 0);
  const together = take(fund);
  const mutual =
    fund > 0 ? splitExactly(together, resources.shares) : resources.shares.map(() => 0);
  return { deposit, ownShare, capital, mutual, haircut: left };
}
