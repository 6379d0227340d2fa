/**
 * Two currencies: credits inside the cooperative, money for outsiders. Each has a ledger of its own,
 * so that no entry can mix them and each sums to 0 by itself.
 *
 * A contract between members of the cooperative is in credits. One with an outsider on either side is
 * in money, at a rate that is fixed in the configuration: orders are all in credits, and amounts are
 * converted as the contract is formed, rounded down. Its buyer deposits the whole price, so that
 * nobody has to trust an outsider's word, and neither the guarantee fund nor warranty bonds, which
 * are in credits, stand behind it.
 */
import { invariant } from '../kernel/errors.ts';
import type { Millicredits } from '../kernel/units.ts';
import { multiplyDivide } from './amounts.ts';
import type { Contract } from './contracts.ts';
import { applyEntry, closeGroup, emptyLedger, openAccount, TREASURY_ACCOUNT } from './ledger.ts';
import type { LedgerEntry, LedgerState } from './ledger.ts';
import type { LedgerPosted, MarketConfiguration } from './protocol.ts';
import type { MarketState } from './state.ts';

export type Currency = 'credits' | 'money';

export interface MoneyTerms {
  /** Organisations that have money only. */
  readonly outsiders: readonly string[];
  /** Thousandths of the unit of money for a million millicredits. */
  readonly perMillionMillicredits: number;
  /** What organisations, of either kind, begin with; thousandths of the unit. */
  readonly openingBalances: readonly {
    readonly organisation: string;
    readonly amount: number;
  }[];
}

/** In which currency two organisations trade. */
export function currencyBetween(
  { money }: MarketConfiguration,
  buyer: string,
  seller: string,
): Currency {
  if (!money) return 'credits';
  return money.outsiders.includes(buyer) || money.outsiders.includes(seller) ? 'money' : 'credits';
}

/** An amount in credits, in the currency; thousandths of its unit. */
export function converted(
  { money }: MarketConfiguration,
  currency: Currency,
  amount: Millicredits,
): number {
  if (currency === 'credits') return amount;
  return multiplyDivide(amount, money!.perMillionMillicredits, 1_000_000);
}

export function ledgerOf(state: MarketState, currency: Currency): LedgerState {
  return currency === 'money' ? state.moneyLedger! : state.ledger;
}

export function isOutsider({ money }: MarketConfiguration, organisation: string): boolean {
  return money?.outsiders.includes(organisation) ?? false;
}

/** @returns null where there is no money; the caller has opened the ledger of credits */
export function openMoneyLedger({ money, organisations }: MarketConfiguration): LedgerState | null {
  if (!money) return null;
  const ledger = emptyLedger();
  for (const { name, openingBalanceMillicredits } of organisations) {
    openAccount(ledger, name);
    const isIn = !money.outsiders.includes(name);
    invariant(isIn || openingBalanceMillicredits === 0, 'outsiders have no credits');
  }
  for (const { organisation, amount } of money.openingBalances) {
    const { status } = applyEntry(ledger, {
      entryId: `opening ${organisation}`,
      group: 0,
      timeMs: 0,
      postings: [
        { account: TREASURY_ACCOUNT, amountMillicredits: -amount },
        { account: organisation, amountMillicredits: amount },
      ],
    });
    invariant(status === 'applied', 'opening balances are whole, safe, of members, given once');
  }
  return ledger;
}

/** A contract's group is forgotten in both ledgers: numbers are the whole market's. */
export function closeContract({ ledger, moneyLedger }: MarketState, number: number): void {
  closeGroup(ledger, number);
  if (moneyLedger) closeGroup(moneyLedger, number);
}

/** The effect that tells of an entry of a contract. */
export function postedIn(
  { currency }: Pick<Contract, 'currency'>,
  entry: LedgerEntry,
): LedgerPosted {
  return { kind: 'LedgerEntry', entry, ...(currency ? { currency } : {}) };
}
