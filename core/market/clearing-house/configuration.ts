/** Terms of the clearing house; shares are in parts per million. */
import type { Millicredits, TimeMs } from '../../kernel/units.ts';

export interface ClearingHouseConfiguration {
  /** Classes whose prices contracts are marked to; others are held at their own price. */
  readonly nodeClasses: readonly string[];
  /** How far back prices count for margins. */
  readonly priceWindowMs: TimeMs;
  /** Standard deviations of the price that the initial margin covers, e.g. 2.33. */
  readonly zScore: number;
  /** Slots that replacing a contract may take. */
  readonly liquidationSlots: number;
  /** Whether deposits follow the price of the class from round to round. */
  readonly variationMargin: boolean;
  /** A replacement counts up to this much above the contract's price; beyond, the buyer waits. */
  readonly replacementPartsPerMillion: number;
  readonly exchangeCapitalMillicredits: Millicredits;
  /** Least share of each member in the guarantee fund. */
  readonly leastShareMillicredits: Millicredits;
  /** Change of the price that the fund must bear for the two largest members at once. */
  readonly stressPartsPerMillion: number;
  /** Time between two reviews of the fund. */
  readonly reviewMs: TimeMs;
}
