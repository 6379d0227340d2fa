/**
 * The judge of every mechanism: its property card claim by claim, each in random markets of the
 * domain in which it is claimed. fast-check draws the markets' seeds and sizes.
 */
import fc from 'fast-check';
import type { ClaimedProperty, Mechanism } from '../../../core/market/mechanism.ts';
import { JUDGES } from '../../../core/market/properties/judge.ts';
import { domainOf } from '../../../core/market/properties/measure.ts';
import { randomMarket, simplified } from '../../../core/market/properties/random-markets.ts';
import { behindSafeguards } from '../../../core/market/properties/safeguarded.ts';

/** Random markets a property. */
export const RUNS = Number(process.env['OCX_PROPERTY_RUNS'] ?? 100);
/** Of the whole suite; printed with every finding. */
export const SEED = Number(process.env['OCX_PROPERTY_SEED'] ?? 3);
/** False reports tried in each market. */
const TRIES = RUNS > 1_000 ? 16 : 8;
/** Behind safeguards, where each report goes through a market of its own. */
const SAFEGUARDED_TRIES = RUNS > 1_000 ? 6 : 4;
/** Single nodes and slots can be tried in larger markets than gangs and windows. */
const MOST_ORDERS = 4;
const MOST_UNIT_ORDERS = 8;
/** Who trades only where several want, and several have, one and the same thing. */
const THICK = new Set(['mcafee', 'muda']);
const MOST_THICK_ORDERS = 24;

export interface Judgement {
  /** Null, or what was found and how to see it again. */
  readonly finding: string | null;
  /** Markets that could have told. */
  readonly telling: number;
}

/** What a mechanism's card claims; the rest is not judged. */
export function claimedProperties({ properties }: Mechanism): ClaimedProperty[] {
  return (Object.keys(JUDGES) as ClaimedProperty[]).filter(
    (property) => !['never', 'none', false].includes(properties[property] as string),
  );
}

/**
 * Holds one claim against random markets; behind a market's safeguards in simple ones, see
 * `safeguarded.ts`.
 */
export function judge(
  mechanism: Mechanism,
  property: ClaimedProperty,
  runs = RUNS,
  mostOrders?: number,
  isSafeguarded = false,
): Judgement {
  const domain = domainOf(mechanism.properties, property);
  const isThick = domain === 'always' && THICK.has(mechanism.name);
  const usual = domain === 'unit-demand' ? MOST_UNIT_ORDERS : MOST_ORDERS;
  const most = mostOrders ?? (isThick ? MOST_THICK_ORDERS : usual);
  let telling = 0;
  const judged = isSafeguarded ? behindSafeguards(mechanism) : mechanism;
  const tries = isSafeguarded ? SAFEGUARDED_TRIES : TRIES;
  const verdictOf = (seed: number, orders: number) => {
    const market = randomMarket(domain, seed, orders);
    return JUDGES[property](judged, isSafeguarded ? simplified(market) : market, tries);
  };
  const markets = fc.record({
    seed: fc.noShrink(fc.nat()),
    orders: fc.integer({ min: 2, max: most }),
  });
  const details = fc.check(
    fc.property(markets, ({ seed, orders }) => {
      const { violation, isTelling } = verdictOf(seed, orders);
      if (isTelling) telling += 1;
      return violation === null;
    }),
    { numRuns: runs, seed: SEED },
  );
  const found = details.counterexample?.[0];
  if (!found) return { finding: null, telling };
  const { violation } = verdictOf(found.seed, found.orders);
  const again = `OCX_PROPERTY_SEED=${SEED}: ${domain} market ${found.seed} of ${found.orders}`;
  return { finding: `${violation} (${again})`, telling };
}

/** What must hold with safeguards on as well: nobody trades at a loss, nobody gains by a lie. */
export const SAFEGUARDED_PROPERTIES: readonly ClaimedProperty[] = [
  'individualRationality',
  'incentiveCompatibility',
];
