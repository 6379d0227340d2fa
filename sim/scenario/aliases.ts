/** The names of members of the market: organisations, their aliases, and the exchange's own maker. */
import type { Organisation, Scenario } from './schema.ts';

/** The exchange's own member, where its market maker is on; no organisation may be called so then. */
export const MARKET_MAKER = 'market-maker';

/** Whether the exchange trades itself. */
export function hasMarketMaker({ market }: Pick<Scenario, 'market'>): boolean {
  return market.safeguards.makerNodeSlots > 0;
}

/** Its own name first. */
export function identitiesOf({
  name,
  aliases = 0,
}: Pick<Organisation, 'name' | 'aliases'>): readonly string[] {
  return [name, ...Array.from({ length: aliases }, (_, index) => `${name}.alias-${index + 1}`)];
}
