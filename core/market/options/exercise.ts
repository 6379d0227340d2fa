/**
 * How an option ends: called by its holder, which makes a firm lease of it, or over.
 *
 * A call moves the writer's deposit over to the lease. From there on the lease is settled as any
 * other: paid at the strike for what was delivered, and the deposit goes to the holder where the
 * nodes do not come.
 */
import type { Refusal } from '../../kernel/errors.ts';
import { HOUR_MS } from '../../kernel/units.ts';
import type { TimeMs } from '../../kernel/units.ts';
import { multiplyDivideUp } from '../amounts.ts';
import type { Contract } from '../contracts.ts';
import { closeContract } from '../currency.ts';
import { applyEntry, ESCROW_ACCOUNT } from '../ledger.ts';
import type { LedgerEntry } from '../ledger.ts';
import type { ExerciseOption, MarketEffect } from '../protocol.ts';
import type { MarketState } from '../state.ts';
import type { LiveOption } from './option.ts';

const MILLION = 1_000_000;

/**
 * Calls some or all nodes of an option; what is not called then is over with it.
 *
 * Refusals: `NOT_FOUND_OPTION`, `DENIED_NOT_OWN_OPTION`, `MARKET_OPTION_NOT_IN_WINDOW`,
 * `MARKET_QUANTITY_INVALID`, `MARKET_WINDOW_INVALID`, and those of the ledger.
 */
export function exerciseOption(
  state: MarketState,
  { from, optionId, nodes, durationMs, timeMs }: ExerciseOption,
  effects: MarketEffect[],
): Refusal | null {
  const live = state.options.live.get(optionId);
  if (!live) return { code: 'NOT_FOUND_OPTION', message: 'there is no such option' };
  const { option } = live;
  if (from.role !== 'organisation' || from.name !== option.holder) {
    return { code: 'DENIED_NOT_OWN_OPTION', message: 'only its holder may call an option' };
  }
  if (timeMs < option.startMs || timeMs >= option.endMs) {
    return { code: 'MARKET_OPTION_NOT_IN_WINDOW', message: 'the option cannot be called now' };
  }
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > option.nodes) {
    return { code: 'MARKET_QUANTITY_INVALID', message: `it is for 1 to ${option.nodes} nodes` };
  }
  const { longestLeaseMs } = option.terms;
  if (!Number.isInteger(durationMs) || durationMs < 1 || durationMs > longestLeaseMs) {
    return { code: 'MARKET_WINDOW_INVALID', message: `a call is for up to ${longestLeaseMs} ms` };
  }
  const contract = leaseOf(state, live, nodes, durationMs, timeMs);
  const refusal = moveDeposit(state, live, contract, timeMs, effects);
  if (refusal) return refusal;
  state.nextContract += 1;
  close(state, live);
  state.options.counts.exercised += 1;
  state.counts.contractsFormed += 1;
  effects.push({ kind: 'OptionExercised', optionId, contractId: contract.contractId });
  effects.push({ kind: 'ContractFormed', contract });
  return null;
}

/** Options whose window is over end here; the writers' deposits are theirs again. */
export function expireOptions(state: MarketState, timeMs: TimeMs, effects: MarketEffect[]): number {
  const over = [...state.options.live.values()].filter(({ option }) => option.endMs <= timeMs);
  for (const live of over) {
    const { option, number, writerDepositMillicredits } = live;
    if (writerDepositMillicredits > 0) {
      const postings = [
        { account: ESCROW_ACCOUNT, amountMillicredits: -writerDepositMillicredits },
        { account: option.writer, amountMillicredits: writerDepositMillicredits },
      ];
      const entry: LedgerEntry = { entryId: 'expiry', group: number, timeMs, postings };
      if (applyEntry(state.ledger, entry).status === 'refused') continue;
      effects.push({ kind: 'LedgerEntry', entry });
    }
    close(state, live);
    state.options.counts.expired += 1;
    effects.push({ kind: 'OptionExpired', optionId: option.optionId });
  }
  return over.length;
}

function leaseOf(
  state: MarketState,
  { option }: LiveOption,
  nodes: number,
  durationMs: number,
  timeMs: TimeMs,
): Contract {
  const { strikeMillicreditsPerNodeHour, noticeMs } = option.terms;
  const price = multiplyDivideUp(strikeMillicreditsPerNodeHour * nodes, durationMs, HOUR_MS);
  return {
    contractId: `c${state.nextContract}`,
    roundId: option.roundId,
    buyer: option.holder,
    seller: option.writer,
    nodeClass: option.nodeClass,
    nodes,
    startMs: timeMs + noticeMs,
    endMs: timeMs + noticeMs + durationMs,
    priceMillicredits: price,
    receiptMillicredits: price,
    recall: null,
    securityLevel: option.securityLevel,
    wantRef: option.wantRef,
    optionIndex: 0,
    askId: option.askId,
    optionId: option.optionId,
  };
}

/** One entry: the holder's deposit is locked, the writer's is topped up and goes over. */
function moveDeposit(
  state: MarketState,
  live: LiveOption,
  contract: Contract,
  timeMs: TimeMs,
  effects: MarketEffect[],
): Refusal | null {
  const { buyerDepositPartsPerMillion, sellerDepositPartsPerMillion } = state.configuration;
  const number = Number(contract.contractId.slice(1));
  const { priceMillicredits, receiptMillicredits, buyer, seller } = contract;
  const held = live.writerDepositMillicredits;
  const buyerDeposit = multiplyDivideUp(priceMillicredits, buyerDepositPartsPerMillion, MILLION);
  const usual = multiplyDivideUp(receiptMillicredits, sellerDepositPartsPerMillion, MILLION);
  // A writer without money must not be able to get out of its duty: what it deposited is enough.
  const topUp = Math.max(0, Math.min(usual - held, state.ledger.balances.get(seller) ?? 0));
  const postings = [
    { account: buyer, amountMillicredits: -buyerDeposit },
    { account: seller, amountMillicredits: -topUp },
    { account: ESCROW_ACCOUNT, amountMillicredits: buyerDeposit + topUp },
  ].filter(({ amountMillicredits }) => amountMillicredits !== 0);
  if (postings.length > 0) {
    const entry: LedgerEntry = { entryId: 'deposit', group: number, timeMs, postings };
    const result = applyEntry(state.ledger, entry);
    if (result.status === 'refused') return result.refusal;
    effects.push({ kind: 'LedgerEntry', entry });
  }
  state.contracts.set(contract.contractId, {
    number,
    contract,
    state: contract.startMs > timeMs ? 'scheduled' : 'deposited',
    buyerDepositMillicredits: buyerDeposit,
    sellerDepositMillicredits: held + topUp,
  });
  return null;
}

function close(state: MarketState, { option, number }: LiveOption): void {
  closeContract(state, number);
  state.options.live.delete(option.optionId);
}
