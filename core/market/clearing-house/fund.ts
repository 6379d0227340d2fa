/**
 * The guarantee fund. Its size covers the default of the two members whose default would leave most
 * unpaid under stress ("Cover 2", the standard of the "Principles for financial market
 * infrastructures" of CPMI-IOSCO, 2012, for the larger central counterparties). Members contribute
 * pro rata to what they themselves would leave unpaid, and at least the least share.
 */
import type { Millicredits, TimeMs } from '../../kernel/units.ts';
import { multiplyDivide, splitExactly } from '../amounts.ts';
import { applyPassing, balanceOf } from '../ledger.ts';
import type { LedgerEntry, Posting } from '../ledger.ts';
import type { MarketEffect } from '../protocol.ts';
import type { MarketState } from '../state.ts';
import { markToPrice } from './margin.ts';
import { FUND_ACCOUNT } from './state.ts';

const MILLION = 1_000_000;

/** What the two largest would leave unpaid together. */
export function coverTwo(exposures: readonly Millicredits[]): Millicredits {
  const [first = 0, second = 0] = [...exposures].sort((a, b) => b - a);
  return first + second;
}

/** By member: what its deposits would not cover of its contracts' rest under stress. */
function exposures(state: MarketState, timeMs: TimeMs): Map<string, Millicredits> {
  const { configuration, prices } = state;
  const { stressPartsPerMillion } = configuration.clearingHouse!;
  const all = new Map([...state.clearingHouse!.shares.keys()].map((name) => [name, 0]));
  for (const live of state.contracts.values()) {
    if (live.contract.currency) continue;
    const { contract, buyerDepositMillicredits, sellerDepositMillicredits } = live;
    const marked = markToPrice(contract, prices, configuration.slotMs, timeMs);
    const stress = multiplyDivide(marked.markMillicredits, stressPartsPerMillion, MILLION);
    const sides = [
      // A buyer never owes more than the price.
      [contract.buyer, Math.min(stress, marked.ownMillicredits), buyerDepositMillicredits],
      [contract.seller, stress, sellerDepositMillicredits],
    ] as const;
    for (const [name, loss, deposit] of sides) {
      all.set(name, all.get(name)! + Math.max(0, loss - deposit));
    }
  }
  return all;
}

/**
 * Sizes the fund anew and moves every member's share to what it should be, as far as it can pay. A
 * member in default whose share is whole again may order again.
 */
export function reviewFund(state: MarketState, timeMs: TimeMs, effects: MarketEffect[]): void {
  const house = state.clearingHouse!;
  const { leastShareMillicredits } = state.configuration.clearingHouse!;
  const all = [...exposures(state, timeMs)];
  const weights = all.map(([, uncovered]) => uncovered);
  const target = coverTwo(weights);
  const parts = target > 0 ? splitExactly(target, weights) : weights.map(() => 0);
  const moves = all.map(([name], i) => {
    const required = Math.max(leastShareMillicredits, parts[i]!);
    house.required.set(name, required);
    const missing = required - house.shares.get(name)!;
    return { name, amount: Math.min(missing, Math.max(0, balanceOf(state.ledger, name))) };
  });
  house.lastReviewMs = timeMs;
  if (!post(state, moves, timeMs, effects)) return;
  for (const { name, amount } of moves) {
    const share = house.shares.get(name)! + amount;
    house.shares.set(name, share);
    if (share < house.required.get(name)! || !house.suspended.delete(name)) continue;
    effects.push({ kind: 'MemberStanding', organisation: name, suspended: false });
  }
}

function post(
  { ledger }: MarketState,
  moves: readonly { readonly name: string; readonly amount: Millicredits }[],
  timeMs: TimeMs,
  effects: MarketEffect[],
): boolean {
  const postings: Posting[] = moves
    .filter(({ amount }) => amount !== 0)
    .map(({ name, amount }) => ({ account: name, amountMillicredits: -amount }));
  if (postings.length === 0) return true;
  const total = moves.reduce((sum, { amount }) => sum + amount, 0);
  if (total !== 0) postings.push({ account: FUND_ACCOUNT, amountMillicredits: total });
  const entryId = `fund review ${ledger.entries}`;
  const entry: LedgerEntry = { entryId, group: 0, timeMs, postings };
  if (applyPassing(ledger, entry).status !== 'applied') return false;
  effects.push({ kind: 'LedgerEntry', entry });
  return true;
}
