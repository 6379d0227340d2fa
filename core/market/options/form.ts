/** From an accepted clearing of an option horizon to options: premiums paid, deposits locked. */
import type { Refusal } from '../../kernel/errors.ts';
import { HOUR_MS } from '../../kernel/units.ts';
import type { Millicredits, TimeMs } from '../../kernel/units.ts';
import { multiplyDivideUp } from '../amounts.ts';
import { receiptsOf, tradesOf } from '../formation.ts';
import type { Trade } from '../formation.ts';
import { closeContract } from '../currency.ts';
import { applyEntry, ESCROW_ACCOUNT, EXCHANGE_ACCOUNT } from '../ledger.ts';
import type { LedgerEntry, Posting } from '../ledger.ts';
import type { Clearing } from '../orders.ts';
import type { MarketEffect } from '../protocol.ts';
import type { MarketState, PendingRound } from '../state.ts';
import type { OptionContract, OptionTerms } from './option.ts';

const MILLION = 1_000_000;

/** Forms one option a fill part; one that cannot be paid is void. @returns how many were formed */
export function formOptions(
  state: MarketState,
  pending: PendingRound,
  terms: OptionTerms,
  clearing: Pick<Clearing, 'fills'> & { readonly receipts: ReadonlyMap<string, number> },
  timeMs: TimeMs,
  effects: MarketEffect[],
): number {
  const trades = tradesOf(pending, clearing.fills);
  const receipts = receiptsOf(trades, clearing.receipts);
  let formed = 0;
  trades.forEach((trade, i) => {
    const option = optionOf(state, pending, terms, trade, receipts[i]!);
    const refusal = payPremium(state, option, timeMs, effects);
    if (refusal) {
      state.options.counts.voided += 1;
      effects.push({ kind: 'OptionVoided', option, refusal });
      return;
    }
    formed += 1;
    state.options.counts.written += 1;
    effects.push({ kind: 'OptionFormed', option });
  });
  return formed;
}

function optionOf(
  state: MarketState,
  { roundId, round, startMs }: PendingRound,
  terms: OptionTerms,
  { bid, ask, optionIndex, nodes, priceMillicredits }: Trade,
  receiptMillicredits: Millicredits,
): OptionContract {
  const window = bid.options[optionIndex]!;
  return {
    optionId: `o${state.nextContract++}`,
    roundId,
    holder: bid.organisation,
    writer: ask.organisation,
    nodeClass: window.nodeClass,
    nodes,
    securityLevel: bid.securityLevel,
    startMs: startMs + window.startSlot * round.slotMs,
    endMs: startMs + window.endSlot * round.slotMs,
    terms,
    premiumMillicredits: priceMillicredits,
    receiptMillicredits,
    wantRef: bid.bidId.slice(bid.organisation.length + 1),
    askId: ask.askId.slice(ask.organisation.length + 1),
  };
}

function payPremium(
  state: MarketState,
  option: OptionContract,
  timeMs: TimeMs,
  effects: MarketEffect[],
): Refusal | null {
  const number = Number(option.optionId.slice(1));
  const { premiumMillicredits, receiptMillicredits, holder, writer } = option;
  const deposit = writerDeposit(option);
  const all: Posting[] = [
    { account: holder, amountMillicredits: -premiumMillicredits },
    { account: writer, amountMillicredits: receiptMillicredits - deposit },
    { account: ESCROW_ACCOUNT, amountMillicredits: deposit },
    { account: EXCHANGE_ACCOUNT, amountMillicredits: premiumMillicredits - receiptMillicredits },
  ];
  const postings = all.filter(({ amountMillicredits }) => amountMillicredits !== 0);
  if (postings.length > 0) {
    const entry: LedgerEntry = { entryId: 'premium', group: number, timeMs, postings };
    const result = applyEntry(state.ledger, entry);
    if (result.status === 'refused') {
      closeContract(state, number);
      return result.refusal;
    }
    effects.push({ kind: 'LedgerEntry', entry });
  }
  state.options.live.set(option.optionId, { number, option, writerDepositMillicredits: deposit });
  return null;
}

function writerDeposit({ nodes, terms }: OptionContract): Millicredits {
  const { strikeMillicreditsPerNodeHour, longestLeaseMs, writerDepositPartsPerMillion } = terms;
  const notional = multiplyDivideUp(strikeMillicreditsPerNodeHour * nodes, longestLeaseMs, HOUR_MS);
  return multiplyDivideUp(notional, writerDepositPartsPerMillion, MILLION);
}
