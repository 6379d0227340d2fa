/** What the clearing house does after every round of the epoch call: calls margins, sizes the fund. */
import type { TimeMs } from '../../kernel/units.ts';
import type { MarketEffect } from '../protocol.ts';
import { settle } from '../settling.ts';
import type { MarketState } from '../state.ts';
import { reviewFund } from './fund.ts';
import { callMargins } from './variation.ts';

export function holdEpoch(state: MarketState, timeMs: TimeMs, effects: MarketEffect[]): void {
  const terms = state.configuration.clearingHouse;
  if (!terms) return;
  const missed = terms.variationMargin ? callMargins(state, timeMs, effects) : [];
  for (const { live, side } of missed) {
    // Closing out one contract of a member may have closed out this one too.
    if (!state.contracts.has(live.contract.contractId)) continue;
    const how = side === 'buyer' ? 'not-taken' : 'not-delivered';
    effects.push(...settle(state, live, how, 0, timeMs));
  }
  const { lastReviewMs } = state.clearingHouse!;
  if (lastReviewMs !== null && timeMs - lastReviewMs < terms.reviewMs) return;
  reviewFund(state, timeMs, effects);
}
