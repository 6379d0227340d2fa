/**
 * Three markets in time with one ledger: a forward call for windows that are days ahead, the epoch
 * call for the coming hours, spot for what is left right now. Each is a *horizon*: slots of its own
 * length, a mechanism of its own, rounds of its own.
 *
 * Every round belongs to one horizon, and its id says to which: with H horizons, round r is round
 * ⌊r / H⌋ of horizon r mod H. So nobody has to be told, and no bidder can claim otherwise. The first
 * horizon, the epoch call, is the configuration's own; with it alone the rounds count 0, 1, 2, …
 * Rounds of different horizons are open at the same time; closing one lapses none of another.
 */
import type { MechanismParameters } from './mechanism.ts';
import type { OptionTerms } from './options/option.ts';
import type { MarketConfiguration } from './protocol.ts';

/** The horizon that every market has. */
export const EPOCH_HORIZON = 'epoch';

export interface MarketHorizon {
  /** Unique; never `epoch`. */
  readonly name: string;
  readonly mechanism: string;
  readonly parameters: MechanismParameters;
  readonly slotMs: number;
  readonly horizonSlots: number;
  /** Where present, the rounds trade options on these terms, not leases. */
  readonly option?: OptionTerms;
}

/** @returns how many horizons there are, the epoch call among them */
export function horizonCount({ horizons }: MarketConfiguration): number {
  return 1 + (horizons?.length ?? 0);
}

/** Index of the horizon that a round belongs to; 0, the epoch call, for what is no round id. */
export function horizonIndex(configuration: MarketConfiguration, roundId: number): number {
  return Number.isSafeInteger(roundId) && roundId > 0 ? roundId % horizonCount(configuration) : 0;
}

/** The horizon that a round belongs to. */
export function horizonOf(configuration: MarketConfiguration, roundId: number): MarketHorizon {
  const index = horizonIndex(configuration, roundId);
  if (index > 0) return configuration.horizons![index - 1]!;
  const { mechanism, parameters, slotMs, horizonSlots } = configuration;
  return { name: EPOCH_HORIZON, mechanism, parameters, slotMs, horizonSlots };
}

/** Id of the n-th round of a horizon. */
export function roundIdOf(configuration: MarketConfiguration, index: number, n: number): number {
  return n * horizonCount(configuration) + index;
}
