/** From an accepted clearing to contracts that both sides have backed with a deposit. */
import type { Refusal } from '../kernel/errors.ts';
import type { Millicredits, TimeMs } from '../kernel/units.ts';
import { multiplyDivide, splitExactly } from './amounts.ts';
import type { Contract, LiveContract } from './contracts.ts';
import { closeContract, converted, currencyBetween, ledgerOf, postedIn } from './currency.ts';
import { backingOf } from './deposits.ts';
import { horizonIndex } from './horizons.ts';
import { applyEntry, ESCROW_ACCOUNT } from './ledger.ts';
import type { LedgerEntry, Posting } from './ledger.ts';
import type { Ask, Bid, Clearing } from './orders.ts';
import { preemptionNoticeMs, standingTerms, takenOverAskId } from './preemption.ts';
import type { MarketEffect } from './protocol.ts';
import { BONDS_ACCOUNT } from './safeguards/accounts.ts';
import { switchingFee } from './safeguards/switching-cost.ts';
import { lockedBond } from './safeguards/warranty.ts';
import { resaleAsks } from './standing.ts';
import type { MarketState, PendingRound } from './state.ts';

/** A part of a fill: one buyer, one seller. */
export interface Trade {
  readonly bid: Bid;
  readonly ask: Ask;
  readonly optionIndex: number;
  readonly nodes: number;
  readonly nodeSlots: number;
  readonly priceMillicredits: Millicredits;
  /** The preempted contract whose nodes are sold; null for those of an ask. */
  readonly takesOver: string | null;
}

/**
 * Forms one contract a fill part. Where a deposit cannot be locked the contract is void and nothing
 * else is touched. @returns how many were formed
 */
export function formContracts(
  state: MarketState,
  pending: PendingRound,
  clearing: Pick<Clearing, 'fills'> & { readonly receipts: ReadonlyMap<string, number> },
  timeMs: TimeMs,
  effects: MarketEffect[],
): number {
  const trades = tradesOf(pending, clearing.fills);
  const receipts = receiptsOf(trades, clearing.receipts);
  let formed = 0;
  trades.forEach((trade, i) => {
    const contract = contractOf(state, pending, trade, receipts[i]!);
    const refusal =
      goneFault(state, trade) ?? lockDeposits(state, contract, trade, timeMs, effects);
    if (refusal) {
      state.counts.contractsVoided += 1;
      effects.push({ kind: 'ContractVoided', contract, refusal });
      return;
    }
    formed += 1;
    state.counts.contractsFormed += 1;
    effects.push({ kind: 'ContractFormed', contract });
  });
  return formed;
}

/** The parts of all fills, each with its share of the payment. */
export function tradesOf({ round }: PendingRound, fills: Clearing['fills']): Trade[] {
  if (fills.length === 0) return [];
  const bids = new Map(round.bids.map((bid) => [bid.bidId, bid]));
  const asks = new Map(round.asks.map((ask) => [ask.askId, ask]));
  const resale = new Map([...resaleAsks(round).keys()].map((ask) => [ask.askId, ask]));
  const trades: Trade[] = [];
  for (const fill of fills) {
    const bid = bids.get(fill.bidId)!;
    const option = bid.options[fill.optionIndex]!;
    const slots = option.endSlot - option.startSlot;
    const prices = splitExactly(
      fill.paymentMillicredits,
      fill.parts.map(({ nodes }) => nodes),
    );
    fill.parts.forEach(({ askId, nodes }, p) =>
      trades.push({
        bid,
        ask: asks.get(askId) ?? resale.get(askId)!,
        takesOver: asks.has(askId) ? null : askId,
        optionIndex: fill.optionIndex,
        nodes,
        nodeSlots: nodes * slots,
        priceMillicredits: prices[p]!,
      }),
    );
  }
  return trades;
}

/** What each trade's seller gets: the ask's receipt over its trades, by node-slots. */
export function receiptsOf(
  trades: readonly Trade[],
  receipts: ReadonlyMap<string, number>,
): Millicredits[] {
  const byAsk = new Map<string, number[]>();
  trades.forEach(({ ask }, i) => {
    const own = byAsk.get(ask.askId);
    if (own) own.push(i);
    else byAsk.set(ask.askId, [i]);
  });
  const shares = new Array<number>(trades.length).fill(0);
  for (const [askId, own] of byAsk) {
    const total = receipts.get(askId) ?? 0;
    if (total === 0) continue;
    const split = splitExactly(
      total,
      own.map((i) => trades[i]!.nodeSlots),
    );
    own.forEach((i, k) => (shares[i] = split[k]!));
  }
  return shares;
}

function contractOf(
  state: MarketState,
  { roundId, round, startMs }: PendingRound,
  { bid, ask, optionIndex, nodes, priceMillicredits, takesOver }: Trade,
  receiptMillicredits: Millicredits,
): Contract {
  const option = bid.options[optionIndex]!;
  // What moving the nodes costs was taken off the bid's worth before the round was solved.
  const switching = state.configuration.safeguards?.switchingCost;
  const isEpoch = horizonIndex(state.configuration, roundId) === 0;
  const fee = isEpoch ? switchingFee(switching, nodes) : 0;
  const noticeMs = preemptionNoticeMs(state.configuration, roundId, bid, ask);
  const askId = takesOver === null ? null : (takenOverAskId(state, takesOver) ?? '');
  const currency = currencyBetween(state.configuration, bid.organisation, ask.organisation);
  const own = (orderId: string, organisation: string) => orderId.slice(organisation.length + 1);
  return {
    contractId: `c${state.nextContract++}`,
    roundId,
    buyer: bid.organisation,
    seller: ask.organisation,
    nodeClass: option.nodeClass,
    nodes,
    startMs: startMs + option.startSlot * round.slotMs,
    endMs: startMs + option.endSlot * round.slotMs,
    priceMillicredits: converted(state.configuration, currency, priceMillicredits + fee),
    receiptMillicredits: converted(state.configuration, currency, receiptMillicredits),
    ...(currency === 'money' ? { currency } : {}),
    recall: ask.recall,
    securityLevel: bid.securityLevel,
    wantRef: own(bid.bidId, bid.organisation),
    optionIndex,
    askId: askId ?? own(ask.askId, ask.organisation),
    ...(noticeMs === null ? {} : { preemptionNoticeMs: noticeMs }),
    ...(takesOver === null ? {} : { takesOver }),
  };
}

/** The contract whose nodes were to be sold anew was settled while the round was being solved. */
function goneFault(state: MarketState, { takesOver }: Trade): Refusal | null {
  if (takesOver === null || state.contracts.has(takesOver)) return null;
  return { code: 'CONFLICT_CONTRACT_STATE', message: `contract ${takesOver} is over already` };
}

/** Locks both deposits in one entry, or closes the contract's group and says why not. */
function lockDeposits(
  state: MarketState,
  contract: Contract,
  { bid, ask }: Trade,
  timeMs: TimeMs,
  effects: MarketEffect[],
): Refusal | null {
  const number = Number(contract.contractId.slice(1));
  const suspended = state.clearingHouse?.suspended;
  if (suspended?.has(contract.buyer) || suspended?.has(contract.seller)) {
    closeContract(state, number);
    return { code: 'MARKET_MEMBER_IN_DEFAULT', message: 'one side is in default' };
  }
  const backing = backingOf(state, contract);
  const {
    buyerDepositMillicredits: buyer,
    sellerDepositMillicredits: seller,
    bondMillicredits: bond,
  } = backing;
  const all: Posting[] = [
    { account: contract.buyer, amountMillicredits: -buyer },
    { account: contract.seller, amountMillicredits: -seller - bond },
    { account: ESCROW_ACCOUNT, amountMillicredits: buyer + seller },
    { account: BONDS_ACCOUNT, amountMillicredits: bond },
  ];
  const postings = all.filter(({ amountMillicredits }) => amountMillicredits !== 0);
  if (postings.length > 0) {
    const entry: LedgerEntry = { entryId: 'deposit', group: number, timeMs, postings };
    const result = applyEntry(ledgerOf(state, contract.currency ?? 'credits'), entry);
    if (result.status === 'refused') {
      closeContract(state, number);
      return result.refusal;
    }
    effects.push(postedIn(contract, entry));
  }
  const { nodes, valueMillicredits } = bid.options[contract.optionIndex]!;
  const worth = multiplyDivide(valueMillicredits, contract.nodes, nodes);
  const terms = standingTerms(state.configuration, contract.roundId, worth, ask);
  const live: LiveContract = {
    number,
    contract,
    state: contract.startMs > timeMs ? 'scheduled' : 'deposited',
    buyerDepositMillicredits: buyer,
    sellerDepositMillicredits: seller,
    ...(terms ? { terms } : {}),
  };
  state.contracts.set(contract.contractId, live);
  if (bond > 0) state.safeguards!.bonds.set(contract.contractId, lockedBond(contract, bond));
  return null;
}
