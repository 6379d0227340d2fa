/**
 * The double-entry ledger, in millicredits.
 *
 * Every entry's postings add up to 0, hence so do all balances at every event. An entry is applied
 * once: the same id with the same postings again changes nothing, with others it is refused. The
 * state keeps balances, a count and a running digest of all entries; the entries themselves leave
 * as effects, so that the state does not grow with history.
 *
 * Entries belong to a *group* (a contract; 0 is for everything else). When a group is closed, the
 * ids in it are forgotten and anything further in it is refused, so that nothing can be applied
 * again after it has been forgotten.
 */
import { Digest } from '../kernel/digest.ts';
import type { Refusal } from '../kernel/errors.ts';
import { isSafeAmount } from '../kernel/units.ts';
import type { Millicredits, TimeMs } from '../kernel/units.ts';

/**
 * Accounts of the exchange itself. An organisation's account has its name, in which there is no
 * `/`, so that none can pass for another.
 */
/** Deposits of all live contracts. */
export const ESCROW_ACCOUNT = '/escrow';
/** What the exchange keeps or is short of; may be negative. */
export const EXCHANGE_ACCOUNT = '/exchange';
/** Where all money comes from: minus what is in circulation. */
export const TREASURY_ACCOUNT = '/treasury';

export interface Posting {
  readonly account: string;
  /** Positive: the account grows. */
  readonly amountMillicredits: Millicredits;
}

export interface LedgerEntry {
  /** Unique within its group. */
  readonly entryId: string;
  readonly group: number;
  readonly timeMs: TimeMs;
  readonly postings: readonly Posting[];
}

export interface LedgerState {
  readonly balances: Map<string, Millicredits>;
  /** By group that is still open: the entries applied in it, by id. */
  readonly applied: Map<number, Map<string, readonly Posting[]>>;
  /** Every group from 1 to here is closed, and so are these above it. */
  closedUpTo: number;
  readonly closedAbove: Set<number>;
  entries: number;
  /** Digest of all entries so far, in order. */
  digest: string;
}

export type LedgerResult =
  | { readonly status: 'applied' }
  /** The same entry had been applied before; nothing changed. */
  | { readonly status: 'repeated' }
  | { readonly status: 'refused'; readonly refusal: Refusal };

const APPLIED: LedgerResult = Object.freeze({ status: 'applied' });
const REPEATED: LedgerResult = Object.freeze({ status: 'repeated' });

export function emptyLedger(): LedgerState {
  return {
    balances: new Map([
      [ESCROW_ACCOUNT, 0],
      [EXCHANGE_ACCOUNT, 0],
      [TREASURY_ACCOUNT, 0],
    ]),
    applied: new Map(),
    closedUpTo: 0,
    closedAbove: new Set(),
    entries: 0,
    digest: '',
  };
}

/** Opens an account at 0; harmless where it is open already. */
export function openAccount(ledger: LedgerState, account: string): void {
  if (!ledger.balances.has(account)) ledger.balances.set(account, 0);
}

export function balanceOf(ledger: LedgerState, account: string): Millicredits {
  return ledger.balances.get(account) ?? 0;
}

/**
 * Applies one entry, whole or not at all.
 *
 * Refusals: `LEDGER_UNBALANCED`, `LEDGER_ACCOUNT_UNKNOWN`, `LEDGER_AMOUNT_INVALID`,
 * `LEDGER_OVERFLOW`, `LEDGER_GROUP_CLOSED`, `LEDGER_ENTRY_CONFLICT`, `MARKET_BALANCE_INSUFFICIENT`.
 */
export function applyEntry(ledger: LedgerState, entry: LedgerEntry): LedgerResult {
  if (isClosed(ledger, entry.group)) {
    return refused('LEDGER_GROUP_CLOSED', `group ${entry.group} is closed`);
  }
  const before = ledger.applied.get(entry.group)?.get(entry.entryId);
  if (before) {
    return samePostings(before, entry.postings)
      ? REPEATED
      : refused('LEDGER_ENTRY_CONFLICT', 'an entry with this id and other postings stands');
  }
  const after = new Map<string, number>();
  const fault = balancesAfter(ledger, entry.postings, after);
  if (fault) return { status: 'refused', refusal: fault };

  for (const [account, balance] of after) ledger.balances.set(account, balance);
  const group = ledger.applied.get(entry.group);
  if (group) group.set(entry.entryId, entry.postings);
  else ledger.applied.set(entry.group, new Map([[entry.entryId, entry.postings]]));
  ledger.entries += 1;
  ledger.digest = chained(ledger.digest, entry);
  return APPLIED;
}

/**
 * Applies an entry whose cause cannot come again, and forgets its id at once; its group is 0 and
 * its id one that no other entry has.
 */
export function applyPassing(ledger: LedgerState, entry: LedgerEntry): LedgerResult {
  const result = applyEntry(ledger, entry);
  if (result.status === 'applied') ledger.applied.get(entry.group)!.delete(entry.entryId);
  return result;
}

/** Forgets the ids of a group and refuses everything further in it. Group 0 stays open. */
export function closeGroup(ledger: LedgerState, group: number): void {
  if (group < 1 || isClosed(ledger, group)) return;
  ledger.applied.delete(group);
  ledger.closedAbove.add(group);
  while (ledger.closedAbove.delete(ledger.closedUpTo + 1)) ledger.closedUpTo += 1;
}

export function isClosed(ledger: LedgerState, group: number): boolean {
  return group > 0 && (group <= ledger.closedUpTo || ledger.closedAbove.has(group));
}

/** Σ of all balances: 0, or the ledger is wrong. */
export function ledgerImbalance(ledger: LedgerState): Millicredits {
  let sum = 0;
  for (const balance of ledger.balances.values()) sum += balance;
  return sum;
}

/** Fills `after` with the new balances of the accounts that the postings touch. */
function balancesAfter(
  ledger: LedgerState,
  postings: readonly Posting[],
  after: Map<string, number>,
): Refusal | null {
  let sum = 0;
  for (const { account, amountMillicredits } of postings) {
    if (!isSafeAmount(amountMillicredits)) {
      return refusal('LEDGER_AMOUNT_INVALID', 'an amount is not a safe integer');
    }
    const balance = after.get(account) ?? ledger.balances.get(account);
    if (balance === undefined) return refusal('LEDGER_ACCOUNT_UNKNOWN', 'no such account');
    const moved = balance + amountMillicredits;
    sum += amountMillicredits;
    if (!Number.isSafeInteger(moved) || !Number.isSafeInteger(sum)) {
      return refusal('LEDGER_OVERFLOW', 'a balance would leave the safe range');
    }
    after.set(account, moved);
  }
  if (sum !== 0) return refusal('LEDGER_UNBALANCED', `the postings add up to ${sum}, not to 0`);
  for (const [account, balance] of after) {
    if (balance < 0 && account !== EXCHANGE_ACCOUNT && account !== TREASURY_ACCOUNT) {
      return refusal('MARKET_BALANCE_INSUFFICIENT', `the account would be at ${balance}`);
    }
  }
  return null;
}

function samePostings(a: readonly Posting[], b: readonly Posting[]): boolean {
  return (
    a.length === b.length &&
    a.every(
      ({ account, amountMillicredits }, i) =>
        account === b[i]!.account && amountMillicredits === b[i]!.amountMillicredits,
    )
  );
}

function chained(before: string, entry: LedgerEntry): string {
  const digest = new Digest();
  digest.add(before);
  digest.add(entry.entryId);
  digest.add(entry.group);
  digest.add(entry.timeMs);
  for (const { account, amountMillicredits } of entry.postings) {
    digest.add(account);
    digest.add(amountMillicredits);
  }
  return digest.toString();
}

function refusal(code: string, message: string): Refusal {
  return { code, message };
}

function refused(code: string, message: string): LedgerResult {
  return { status: 'refused', refusal: refusal(code, message) };
}
