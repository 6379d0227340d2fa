/**
 * A property card measured: what a mechanism claims, held against random markets of the domain in
 * which it claims it. What it does not claim is measured as well, to show by how much it is missed.
 */
import type { ClaimDomain, ClaimedProperty, Mechanism, PropertyCard } from '../mechanism.ts';
import { JUDGES } from './judge.ts';
import type { Verdict } from './judge.ts';
import { MOST_ORDERS, randomMarket, simplified } from './random-markets.ts';
import type { MarketDomain } from './random-markets.ts';

export interface MeasurementSettings {
  /** Random markets a property. */
  readonly markets: number;
  /** First of the markets' seeds. */
  readonly seed: number;
  /** False reports tried in each market. */
  readonly tries?: number;
  /** Most orders on each side of a market. */
  readonly mostOrders?: number;
  /** What stands around the mechanism, e.g. `behindSafeguards`. */
  readonly wrap?: (mechanism: Mechanism) => Mechanism;
  /** One option a bid, and no two gangs of one organisation. */
  readonly simple?: boolean;
}

/** One line of the table mechanism × property, claimed against measured. */
export interface MeasuredProperty {
  readonly property: ClaimedProperty;
  readonly claimed: PropertyCard[ClaimedProperty];
  /** Whether anything is claimed: markets in which it does not hold then refute the claim. */
  readonly isClaimed: boolean;
  /** Kind of markets that it was measured in. */
  readonly domain: MarketDomain;
  readonly markets: number;
  /** Markets that could tell: something was traded, a gang was served, … */
  readonly tellingMarkets: number;
  /** Markets in which the property did not hold. */
  readonly violations: number;
  /** Most that was gained by lying, lost by a trader, missing in the till or of the best welfare. */
  readonly largestMissedMillicredits: number;
  /** Σ missed / Σ of what was possible (efficiency) or reached; null where that is 0. */
  readonly missedShare: number | null;
  /** The first violation, with the seed of its market. */
  readonly example: string | null;
  /** False where a claim is refuted. */
  readonly holds: boolean;
}

const TRIES = 24;

/** The properties of a card, in the order of the card. */
export const PROPERTIES = Object.keys(JUDGES) as readonly ClaimedProperty[];

/** All properties of a mechanism, each in its domain. */
export function measureProperties(
  mechanism: Mechanism,
  settings: MeasurementSettings,
): MeasuredProperty[] {
  return PROPERTIES.map((property) => measureProperty(mechanism, property, settings));
}

/** One property of a mechanism in its domain. */
export function measureProperty(
  mechanism: Mechanism,
  property: ClaimedProperty,
  {
    markets,
    seed,
    tries = TRIES,
    mostOrders = MOST_ORDERS,
    wrap,
    simple = false,
  }: MeasurementSettings,
): MeasuredProperty {
  const measured = wrap ? wrap(mechanism) : mechanism;
  const domain = domainOf(mechanism.properties, property);
  let tellingMarkets = 0;
  let violations = 0;
  let largestMissedMillicredits = 0;
  let missed = 0;
  let possible = 0;
  let example: string | null = null;
  for (let i = 0; i < markets; i++) {
    const drawn = randomMarket(domain, seed + i, mostOrders);
    const market = simple ? simplified(drawn) : drawn;
    const verdict: Verdict = JUDGES[property](measured, market, tries);
    if (verdict.isTelling) tellingMarkets += 1;
    missed += verdict.missedMillicredits;
    possible += verdict.ofMillicredits;
    largestMissedMillicredits = Math.max(largestMissedMillicredits, verdict.missedMillicredits);
    if (verdict.violation === null) continue;
    violations += 1;
    example ??= `market ${seed + i}: ${verdict.violation}`;
  }
  const claimed = mechanism.properties[property];
  const isClaimed = claimed !== 'never' && claimed !== false && claimed !== 'none';
  return {
    property,
    claimed,
    isClaimed,
    domain,
    markets,
    tellingMarkets,
    violations,
    largestMissedMillicredits,
    missedShare: possible > 0 ? missed / possible : null,
    example,
    holds: !isClaimed || violations === 0,
  };
}

/**
 * Where a property is tried: in the domain of its claim, and what is not claimed, or has no domain,
 * in mixed markets, or in those of single nodes for a mechanism that knows no gangs.
 */
export function domainOf(card: PropertyCard, property: ClaimedProperty): MarketDomain {
  const claimed = card[property];
  if (isDomain(claimed) && claimed !== 'never') return claimed;
  if (property === 'budgetBalance' || property === 'gangs' || property === 'windows') {
    return 'always';
  }
  if (card.gangs) return 'always';
  return property === 'falseNameProofness' ? 'diminishing-returns' : 'unit-demand';
}

function isDomain(claim: PropertyCard[ClaimedProperty]): claim is ClaimDomain {
  return typeof claim === 'string' && !['strong', 'weak', 'none', 'no-money'].includes(claim);
}
