/**
 * The margin call after a round: deposits follow the price. What is released is released first, so
 * that it can pay for what is called. Whoever cannot pay a call on a contract that has not begun is
 * in default on it; on one that is running the deposit stays as it is, since the nodes are there.
 * All that moves is one entry of the ledger. Cost O(live contracts).
 */
import type { Millicredits, TimeMs } from '../../kernel/units.ts';
import type { LiveContract } from '../contracts.ts';
import { applyPassing, balanceOf, ESCROW_ACCOUNT } from '../ledger.ts';
import type { LedgerEntry } from '../ledger.ts';
import type { MarketEffect } from '../protocol.ts';
import type { MarketState } from '../state.ts';
import { markToPrice } from './margin.ts';
import type { InitialDeposits } from './state.ts';

/** A call that was not paid on a contract that has not begun. */
export interface MissedCall {
  readonly live: LiveContract;
  readonly side: 'buyer' | 'seller';
}

interface Call {
  readonly live: LiveContract;
  readonly side: 'buyer' | 'seller';
  /** Negative: released. */
  readonly amountMillicredits: Millicredits;
}

export function callMargins(
  state: MarketState,
  timeMs: TimeMs,
  effects: MarketEffect[],
): MissedCall[] {
  const calls = [...state.contracts.values()].flatMap((live) => callsOf(state, live, timeMs));
  const ordered = [
    ...calls.filter(({ amountMillicredits }) => amountMillicredits < 0),
    ...calls.filter(({ amountMillicredits }) => amountMillicredits > 0),
  ];
  const moved = new Map<string, Millicredits>();
  const missed: MissedCall[] = [];
  const paid: Call[] = [];
  for (const call of ordered) {
    const { live, side, amountMillicredits } = call;
    const account = live.contract[side];
    const left = balanceOf(state.ledger, account) - (moved.get(account) ?? 0) - amountMillicredits;
    if (left < 0) {
      if (live.state === 'scheduled' || live.state === 'deposited') missed.push({ live, side });
      continue;
    }
    moved.set(account, (moved.get(account) ?? 0) + amountMillicredits);
    paid.push(call);
  }
  if (post(state, moved, timeMs, effects)) {
    for (const { live, side, amountMillicredits } of paid) {
      if (side === 'buyer') live.buyerDepositMillicredits += amountMillicredits;
      else live.sellerDepositMillicredits += amountMillicredits;
    }
  }
  return missed;
}

function callsOf(state: MarketState, live: LiveContract, timeMs: TimeMs): Call[] {
  if (live.contract.currency) return [];
  const { slotMs } = state.configuration;
  const initial = initialOf(state, live);
  const marked = markToPrice(live.contract, state.prices, slotMs, timeMs);
  const { ownMillicredits: own, markMillicredits: mark } = marked;
  const sides = [
    {
      side: 'buyer' as const,
      amountMillicredits: initial.buyer + Math.max(0, own - mark) - live.buyerDepositMillicredits,
    },
    {
      side: 'seller' as const,
      amountMillicredits: initial.seller + Math.max(0, mark - own) - live.sellerDepositMillicredits,
    },
  ];
  return sides
    .filter(({ amountMillicredits }) => amountMillicredits !== 0)
    .map((call) => ({ live, ...call }));
}

/** Deposits at formation; of a contract seen for the first time, those that it has. */
function initialOf({ clearingHouse }: MarketState, live: LiveContract): InitialDeposits {
  const { contractId } = live.contract;
  let initial = clearingHouse!.initial.get(contractId);
  if (!initial) {
    initial = { buyer: live.buyerDepositMillicredits, seller: live.sellerDepositMillicredits };
    clearingHouse!.initial.set(contractId, initial);
  }
  return initial;
}

function post(
  { ledger }: MarketState,
  moved: ReadonlyMap<string, Millicredits>,
  timeMs: TimeMs,
  effects: MarketEffect[],
): boolean {
  const postings = [...moved]
    .filter(([, amount]) => amount !== 0)
    .map(([account, amount]) => ({ account, amountMillicredits: -amount }));
  const total = [...moved.values()].reduce((sum, amount) => sum + amount, 0);
  if (total !== 0) postings.push({ account: ESCROW_ACCOUNT, amountMillicredits: total });
  if (postings.length === 0) return true;
  const entryId = `variation margin ${ledger.entries}`;
  const entry: LedgerEntry = { entryId, group: 0, timeMs, postings };
  if (applyPassing(ledger, entry).status !== 'applied') return false;
  effects.push({ kind: 'LedgerEntry', entry });
  return true;
}
