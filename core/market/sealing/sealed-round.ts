/**
 * Sealed rounds: commit, then reveal, then clear.
 *
 * While commitments come, nobody, the exchange included, can read an order; once they are closed,
 * nobody can change one. Whoever commits gets a receipt with its place; the root over all
 * commitments is public before the first reveal; whoever keeps silent afterwards loses the bond, so
 * that looking at others' reveals and then backing out costs more than it can bring. Orders take
 * part in the order of the commitments, however the reveals came in.
 *
 * Commit–reveal: Blum, "Coin flipping by telephone", 1981. The lottery's seed has to be fixed
 * before commitments open, or the last to commit could try out sheets until the draw suits it.
 */
import type { Refusal } from '../../kernel/errors.ts';
import { isSha256 } from '../../kernel/sha256.ts';
import type { TimeMs } from '../../kernel/units.ts';
import { horizonIndex, horizonOf } from '../horizons.ts';
import { applyPassing, EXCHANGE_ACCOUNT } from '../ledger.ts';
import type { LedgerEntry } from '../ledger.ts';
import { askFault, bidFault, plainAsk, plainBid } from '../order-check.ts';
import type { Ask, Bid } from '../orders.ts';
import { isMember } from '../permissions.ts';
import type { MarketEffect } from '../protocol.ts';
import { MAXIMUM_OPEN_ORDERS } from '../state.ts';
import type { MarketState, RoundBook } from '../state.ts';
import { orderLeaves } from './audit.ts';
import { commitmentOf, isNonce } from './commitment.ts';
import { merkleRoot } from './merkle.ts';
import { SEALS_ACCOUNT } from './seals-account.ts';
import type {
  CloseCommits,
  CommitOrders,
  CommitReceipt,
  OpenCommits,
  RevealOrders,
} from './protocol.ts';

export interface SealedRound {
  readonly head: string;
  /** By organisation, in order of arrival. */
  readonly commitments: Map<string, string>;
  /** Organisations that have revealed. */
  readonly revealed: Set<string>;
  /** Null while commitments are open. */
  root: string | null;
}

/** Refusals: `MARKET_NOT_SEALED`, `MARKET_ROUND_CLOSED`, `INPUT_HASH_INVALID`, `CONFLICT_COMMITS`. */
export function openCommits(state: MarketState, event: OpenCommits): Refusal | null {
  const { roundId, head } = event;
  if (!state.sealedRounds) return notSealed();
  if (!isOpen(state, roundId)) return roundClosed();
  if (!isSha256(head)) return { code: 'INPUT_HASH_INVALID', message: 'head is not a SHA-256' };
  const before = state.sealedRounds.get(roundId);
  if (before) {
    return before.head === head && before.root === null
      ? null
      : { code: 'CONFLICT_COMMITS', message: 'the round was opened before, with another head' };
  }
  const fresh = { head, commitments: new Map(), revealed: new Set<string>(), root: null };
  state.sealedRounds.set(roundId, fresh);
  return null;
}

/**
 * Refusals: as above, `DENIED_NOT_MEMBER`, `MARKET_COMMITS_NOT_OPEN`, `CONFLICT_COMMITMENT`,
 * `MARKET_BALANCE_INSUFFICIENT` where the bond cannot be paid.
 */
export function commitOrders(
  state: MarketState,
  event: CommitOrders,
  effects: MarketEffect[],
): { readonly refusal: Refusal } | { readonly refusal: null; readonly receipt: CommitReceipt } {
  const { from, roundId, commitment, timeMs } = event;
  if (!state.sealedRounds) return { refusal: notSealed() };
  if (!isMember(state, from)) return { refusal: notMember() };
  if (!isSha256(commitment)) {
    return { refusal: { code: 'INPUT_HASH_INVALID', message: 'commitment is not a SHA-256' } };
  }
  const sealed = state.sealedRounds.get(roundId);
  if (!sealed || sealed.root !== null) {
    const message = sealed ? 'commitments are closed' : 'commitments are not open yet';
    return { refusal: { code: 'MARKET_COMMITS_NOT_OPEN', message } };
  }
  const organisation = from.name;
  const before = sealed.commitments.get(organisation);
  if (before !== undefined && before !== commitment) {
    const message = 'the organisation has committed to another sheet';
    return { refusal: { code: 'CONFLICT_COMMITMENT', message } };
  }
  if (before === undefined) {
    const refusal = moveBond(state, { roundId, timeMs }, organisation, 'lock', effects);
    if (refusal) return { refusal };
    sealed.commitments.set(organisation, commitment);
  }
  const place = [...sealed.commitments.keys()].indexOf(organisation);
  const receipt = { roundId, organisation, commitment, place, head: sealed.head };
  effects.push({ kind: 'ReceiptDue', receipt });
  return { refusal: null, receipt };
}

/** Refusals: `MARKET_NOT_SEALED`, `MARKET_COMMITS_NOT_OPEN`. */
export function closeCommits(
  state: MarketState,
  { roundId }: CloseCommits,
  effects: MarketEffect[],
): Refusal | null {
  if (!state.sealedRounds) return notSealed();
  const sealed = state.sealedRounds.get(roundId);
  if (!sealed) return { code: 'MARKET_COMMITS_NOT_OPEN', message: 'commitments were never open' };
  sealed.root ??= merkleRoot([...sealed.commitments.values()]);
  const { head, root, commitments } = sealed;
  effects.push({
    kind: 'CommitmentsPublished',
    roundId,
    head,
    commitments: commitments.size,
    root,
  });
  return null;
}

/**
 * Whether a sheet may take part; the caller then takes its orders.
 *
 * Refusals: as above, `MARKET_REVEAL_UNEXPECTED`, `MARKET_REVEAL_REPEATED`, `MARKET_REVEAL_WRONG`,
 * `MARKET_ORDER_…` for a sheet that holds what is no order.
 */
export function revealFault(state: MarketState, event: RevealOrders): Refusal | null {
  const { from, roundId, bids, asks, nonce } = event;
  if (!state.sealedRounds) return notSealed();
  if (!isMember(state, from)) return notMember();
  const sealed = state.sealedRounds.get(roundId);
  const commitment = sealed?.commitments.get(from.name);
  if (!sealed || sealed.root === null || commitment === undefined) {
    const message = 'there is no closed commitment of yours for this round';
    return { code: 'MARKET_REVEAL_UNEXPECTED', message };
  }
  if (sealed.revealed.has(from.name)) {
    return { code: 'MARKET_REVEAL_REPEATED', message: 'the sheet was revealed before' };
  }
  // Only what is known to be plain is hashed: a sheet may be anything that JSON can hold.
  const fault = sheetFault(bids, asks, nonce, horizonOf(state.configuration, roundId).horizonSlots);
  if (fault) return fault;
  const sheet = { agent: from.name, bids: bids.map(plainBid), asks: asks.map(plainAsk), nonce };
  return commitmentOf(sheet) === commitment
    ? null
    : { code: 'MARKET_REVEAL_WRONG', message: 'this is not the sheet that was committed to' };
}

/** The sheet counts; its bond goes back at once. */
export function noteReveal(
  state: MarketState,
  { from, roundId, timeMs }: RevealOrders,
  effects: MarketEffect[],
): void {
  state.sealedRounds!.get(roundId)!.revealed.add(from.name);
  moveBond(state, { roundId, timeMs }, from.name, 'return', effects);
}

/**
 * Ends the commitments of a round that closes, and of earlier ones that lapse with it: silent ones
 * forfeit their bonds to the exchange, those of lapsed rounds get them back.
 *
 * @returns the head that the lottery draws from, and the book in the order of the commitments
 */
export function closeSeals(
  state: MarketState,
  event: { readonly roundId: number; readonly timeMs: TimeMs },
  book: RoundBook,
  effects: MarketEffect[],
): { readonly head: string | null; readonly bids: Bid[]; readonly asks: Ask[] } {
  const bids = [...book.bids.values()];
  const asks = [...book.asks.values()];
  if (!state.sealedRounds) return { head: null, bids, asks };
  const { roundId, timeMs } = event;
  lapseEarlier(state, roundId, timeMs, effects);
  const sealed = state.sealedRounds.get(roundId);
  if (!sealed) return { head: null, bids, asks };
  state.sealedRounds.delete(roundId);
  const silent = [...sealed.commitments.keys()].filter((name) => !sealed.revealed.has(name));
  for (const name of silent) moveBond(state, event, name, 'forfeit', effects);
  const places = new Map([...sealed.commitments.keys()].map((name, place) => [name, place]));
  const byPlace = (a: Bid | Ask, b: Bid | Ask) =>
    places.get(a.organisation)! - places.get(b.organisation)!;
  bids.sort(byPlace);
  asks.sort(byPlace);
  const leaves = orderLeaves(bids, asks);
  effects.push({
    kind: 'OrdersPublished',
    roundId,
    orders: leaves.length,
    root: merkleRoot(leaves),
    silent,
    forfeitedMillicredits: silent.length * bondOf(state),
  });
  return { head: sealed.head, bids, asks };
}

/** Whether the round may be closed: in a sealed market only after its commitments. */
export function closeFault(state: MarketState, roundId: number): Refusal | null {
  const sealed = state.sealedRounds?.get(roundId);
  if (!sealed || sealed.root !== null) return null;
  return { code: 'MARKET_COMMITS_OPEN', message: 'commitments for the round are still open' };
}

/** The commitments of a round that is not held, and of earlier ones: their bonds go back. */
export function lapseSeals(
  state: MarketState,
  roundId: number,
  timeMs: TimeMs,
  effects: MarketEffect[],
): void {
  if (state.sealedRounds) lapseEarlier(state, roundId + 1, timeMs, effects);
}

function lapseEarlier(
  state: MarketState,
  roundId: number,
  timeMs: TimeMs,
  effects: MarketEffect[],
): void {
  const horizon = horizonIndex(state.configuration, roundId);
  for (const [id, old] of state.sealedRounds!) {
    if (id >= roundId || horizonIndex(state.configuration, id) !== horizon) continue;
    state.sealedRounds!.delete(id);
    for (const name of old.commitments.keys()) {
      if (old.revealed.has(name)) continue;
      moveBond(state, { roundId: id, timeMs }, name, 'return', effects);
    }
  }
}

function sheetFault(
  bids: unknown,
  asks: unknown,
  nonce: unknown,
  horizonSlots: number,
): Refusal | null {
  if (!Array.isArray(bids) || !Array.isArray(asks) || !isNonce(nonce)) {
    return {
      code: 'MARKET_ORDER_MALFORMED',
      message: 'a sheet is two lists of orders and a nonce',
    };
  }
  if (bids.length + asks.length > MAXIMUM_OPEN_ORDERS) {
    return { code: 'MARKET_ORDERS_TOO_MANY', message: 'too many orders at once' };
  }
  for (const bid of bids) {
    const code = bidFault(bid, horizonSlots);
    if (code) return { code, message: 'the sheet holds a bid that cannot stand' };
  }
  for (const ask of asks) {
    const code = askFault(ask, horizonSlots);
    if (code) return { code, message: 'the sheet holds an ask that cannot stand' };
  }
  return null;
}

function moveBond(
  state: MarketState,
  { roundId, timeMs }: { readonly roundId: number; readonly timeMs: TimeMs },
  organisation: string,
  how: 'lock' | 'return' | 'forfeit',
  effects: MarketEffect[],
): Refusal | null {
  const amountMillicredits = bondOf(state);
  if (amountMillicredits === 0) return null;
  const from = how === 'lock' ? organisation : SEALS_ACCOUNT;
  const to = how === 'lock' ? SEALS_ACCOUNT : how === 'return' ? organisation : EXCHANGE_ACCOUNT;
  const entry: LedgerEntry = {
    entryId: `seal ${how} ${roundId}/${organisation}`,
    group: 0,
    timeMs,
    postings: [
      { account: from, amountMillicredits: -amountMillicredits },
      { account: to, amountMillicredits },
    ],
  };
  const result = applyPassing(state.ledger, entry);
  if (result.status === 'refused') return result.refusal;
  effects.push({ kind: 'LedgerEntry', entry });
  return null;
}

function bondOf(state: MarketState): number {
  return state.configuration.sealing?.bondMillicredits ?? 0;
}

function isOpen(state: MarketState, roundId: number): boolean {
  const openRoundId = state.openRoundIds[horizonIndex(state.configuration, roundId)]!;
  return Number.isSafeInteger(roundId) && roundId >= openRoundId;
}

function notSealed(): Refusal {
  return { code: 'MARKET_NOT_SEALED', message: 'orders of this market are not sealed' };
}

function notMember(): Refusal {
  return { code: 'DENIED_NOT_MEMBER', message: 'only members of the market may commit' };
}

function roundClosed(): Refusal {
  return { code: 'MARKET_ROUND_CLOSED', message: 'the round is closed' };
}
