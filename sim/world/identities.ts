/**
 * The names under which an organisation is a member of the market. Most have one; an adversary may
 * have more (`organisation.aliases`). The market cannot tell them apart from other members, and its
 * money is split between them. Isolation is not deceived: nodes are lent and borrowed in real names.
 */
import type { Contract } from '../../core/market/contracts.ts';
import { hasMarketMaker, identitiesOf, MARKET_MAKER } from '../scenario/aliases.ts';
import type { Organisation, Scenario } from '../scenario/schema.ts';

/** Name of a member of the market → name of the organisation behind it. */
export function ownersOf(scenario: Scenario): Map<string, string> {
  const owners = new Map(
    scenario.organisation.flatMap((organisation) =>
      identitiesOf(organisation).map((identity): [string, string] => [identity, organisation.name]),
    ),
  );
  if (hasMarketMaker(scenario)) owners.set(MARKET_MAKER, MARKET_MAKER);
  return owners;
}

/** Money of an organisation by identity; what does not divide is its own name's. */
export function splitMoney(organisation: Organisation, amount: number): [string, number][] {
  const identities = identitiesOf(organisation);
  const part = Math.floor(amount / identities.length);
  return identities.map((identity, index) => [
    identity,
    index === 0 ? amount - part * (identities.length - 1) : part,
  ]);
}

/** The contract as between the organisations behind the names. */
export function inRealNames(contract: Contract, owners: ReadonlyMap<string, string>): Contract {
  const buyer = owners.get(contract.buyer)!;
  const seller = owners.get(contract.seller)!;
  if (buyer === contract.buyer && seller === contract.seller) return contract;
  const wantRef = buyer + contract.wantRef.slice(contract.buyer.length);
  const askId = seller + contract.askId.slice(contract.seller.length);
  return { ...contract, buyer, seller, wantRef, askId };
}
