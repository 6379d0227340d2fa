/** What the clearing house remembers. */
import { invariant } from '../../kernel/errors.ts';
import type { Millicredits, TimeMs } from '../../kernel/units.ts';
import { applyEntry, openAccount, TREASURY_ACCOUNT } from '../ledger.ts';
import type { LedgerState } from '../ledger.ts';
import type { MarketConfiguration } from '../protocol.ts';

/** The guarantee fund: the members' shares together. */
export const FUND_ACCOUNT = '/fund';
/** The exchange's own money in the waterfall. */
export const CAPITAL_ACCOUNT = '/capital';

/** Deposits that a contract began with; variation margin comes on top. */
export interface InitialDeposits {
  readonly buyer: Millicredits;
  readonly seller: Millicredits;
}

export interface ClearingHouseState {
  /** By member, in the order of the configuration: its share of the fund, and what it should be. */
  readonly shares: Map<string, Millicredits>;
  readonly required: Map<string, Millicredits>;
  /** Members in default: no orders until the share is whole. */
  readonly suspended: Set<string>;
  /** By contract id. */
  readonly initial: Map<string, InitialDeposits>;
  lastReviewMs: TimeMs | null;
}

/** @returns null without a clearing house; else its accounts are open and its capital is there */
export function openClearingHouse(
  { clearingHouse, organisations }: MarketConfiguration,
  ledger: LedgerState,
): ClearingHouseState | null {
  if (!clearingHouse) return null;
  openAccount(ledger, FUND_ACCOUNT);
  openAccount(ledger, CAPITAL_ACCOUNT);
  const capital = clearingHouse.exchangeCapitalMillicredits;
  const { status } = applyEntry(ledger, {
    entryId: 'exchange capital',
    group: 0,
    timeMs: 0,
    postings: [
      { account: TREASURY_ACCOUNT, amountMillicredits: -capital },
      { account: CAPITAL_ACCOUNT, amountMillicredits: capital },
    ],
  });
  invariant(status === 'applied', 'the capital is a whole amount that is not negative');
  const none = organisations.map(({ name }) => [name, 0] as const);
  return {
    shares: new Map(none),
    required: new Map(none),
    suspended: new Set(),
    initial: new Map(),
    lastReviewMs: null,
  };
}
