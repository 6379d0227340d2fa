/**
 * The table mechanism × property, claimed against measured: what every card claims, held against
 * random markets of the domain in which it claims it. Independent of any scenario.
 */
import type { Mechanism } from '../market/mechanism.ts';
import { mechanisms } from '../market/mechanisms/registry.ts';
import { measureProperties } from '../market/properties/measure.ts';

/** Random markets a property; enough to show a gross over-claim, the tests use more. */
export const MEASURED_MARKETS = 40;

/** One cell of the table. */
export interface MeasuredClaim {
  readonly property: string;
  /** As the card says it. */
  readonly claimed: string;
  readonly isClaimed: boolean;
  /** Kind of random markets. */
  readonly domain: string;
  /** Markets that could tell. */
  readonly markets: number;
  /** Markets in which the property did not hold. */
  readonly violations: number;
  /** Σ missed ÷ Σ of what was possible or reached; null where that is 0. */
  readonly missedShare: number | null;
}

export interface MeasuredMechanism {
  readonly mechanism: string;
  readonly claims: readonly MeasuredClaim[];
}

/** Measuring is pure: the same table every time, so it is made once a process. */
const measured = new Map<string, MeasuredMechanism>();

/** In the order of the registry; names that are not in it are left out. */
export function measureMechanisms(names: Iterable<string>): MeasuredMechanism[] {
  const wanted = new Set(names);
  return [...mechanisms.values()]
    .filter(({ name }) => wanted.has(name))
    .map((mechanism) => {
      const known = measured.get(mechanism.name) ?? measure(mechanism);
      measured.set(mechanism.name, known);
      return known;
    });
}

function measure(mechanism: Mechanism): MeasuredMechanism {
  const lines = measureProperties(mechanism, { markets: MEASURED_MARKETS, seed: 1 });
  return {
    mechanism: mechanism.name,
    claims: lines.map((line) => ({
      property: line.property,
      claimed: String(line.claimed),
      isClaimed: line.isClaimed,
      domain: line.domain,
      markets: line.tellingMarkets,
      violations: line.violations,
      missedShare: line.missedShare,
    })),
  };
}
