/** What a party is told: its own side of a contract, its own postings, and what is public. */
import type { Contract } from '../contracts.ts';
import type { MarketNotice, OwnContract } from './protocol.ts';
import type { Turn } from './state.ts';

export function tell(turn: Turn, organisation: string, notice: MarketNotice): void {
  turn.effects.push({ kind: 'Tell', to: { role: 'organisation', name: organisation }, notice });
}

/** What is public, to every member. */
export function tellAll(turn: Turn, notice: MarketNotice): void {
  for (const name of turn.state.market.orderCounts.keys()) tell(turn, name, notice);
}

/** A contract as its buyer or its seller may know it. */
export function ownContract(contract: Contract, side: OwnContract['side']): OwnContract {
  const { priceMillicredits, receiptMillicredits, wantRef, askId, ...rest } = contract;
  const { optionIndex: _, takesOver: __, ...shared } = rest;
  return side === 'bought'
    ? { ...shared, side, orderId: wantRef, millicredits: priceMillicredits }
    : { ...shared, side, orderId: askId, millicredits: receiptMillicredits };
}

export function tellSides(
  turn: Turn,
  contract: Contract,
  notice: (contract: OwnContract) => MarketNotice,
): void {
  tell(turn, contract.buyer, notice(ownContract(contract, 'bought')));
  tell(turn, contract.seller, notice(ownContract(contract, 'sold')));
}

export function sidesOf({ buyer, seller }: Contract): ReadonlySet<string> {
  return new Set([buyer, seller]);
}
