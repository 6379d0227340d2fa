/**
 * What a default leaves unpaid beyond the contract's own deposit, and who bears it.
 *
 * - A buyer that cannot pay what was delivered: the seller's receipt for it, less what it got.
 * - A buyer that did not take the nodes: what the seller's receipt for the rest exceeds the price of
 *   the class by, less the deposit that it got.
 * - A seller that did not deliver: what replacing the rest costs at the price of the class, up to the
 *   configured share above the contract's own price, less that price and the deposit.
 *
 * The loss goes down the waterfall; the defaulter's own account comes first, as its deposit did.
 */
import type { Millicredits } from '../../kernel/units.ts';
import { multiplyDivide } from '../amounts.ts';
import { contractedNodeMs } from '../contracts.ts';
import type { LeaseReportKind, LiveContract } from '../contracts.ts';
import { balanceOf } from '../ledger.ts';
import type { Posting } from '../ledger.ts';
import { MAXIMUM_ORDERS_MILLICREDITS } from '../order-check.ts';
import { lastPrice } from '../price-history.ts';
import type { WaterfallUsed } from '../protocol.ts';
import type { Settlement } from '../settlement.ts';
import type { MarketState } from '../state.ts';
import { CAPITAL_ACCOUNT, FUND_ACCOUNT } from './state.ts';
import { runWaterfall } from './waterfall.ts';
import type { WaterfallUse } from './waterfall.ts';

const MILLION = 1_000_000;

export interface DefaultLoss {
  readonly defaulter: string;
  readonly creditor: string;
  readonly lossMillicredits: Millicredits;
}

/** Null where nothing is left unpaid. */
export function defaultLoss(
  state: MarketState,
  live: LiveContract,
  how: LeaseReportKind | 'void',
  deliveredNodeMs: number,
  settlement: Settlement,
): DefaultLoss | null {
  const { contract } = live;
  const { buyer, seller, priceMillicredits, receiptMillicredits } = contract;
  const whole = contractedNodeMs(contract);
  const delivered = Math.min(deliveredNodeMs, whole);
  const income = multiplyDivide(receiptMillicredits, delivered, whole);
  const due = multiplyDivide(priceMillicredits, delivered, whole);
  const mark = restAtMark(state, live, whole - delivered);
  if (settlement.outcome === 'defaulted-buyer') {
    const rest = receiptMillicredits - income;
    const idle = how === 'not-taken' ? Math.max(0, rest - (mark ?? rest)) : 0;
    const loss = income + idle - settlement.sellerReceivedMillicredits;
    return lossOf(buyer, seller, loss);
  }
  if (settlement.outcome !== 'defaulted-seller' || mark === null) return null;
  const rest = priceMillicredits - due;
  const { replacementPartsPerMillion } = state.configuration.clearingHouse!;
  const most = multiplyDivide(rest, MILLION + replacementPartsPerMillion, MILLION);
  const compensation = due - settlement.buyerPaidMillicredits;
  return lossOf(seller, buyer, Math.min(mark, most) - rest - compensation);
}

function lossOf(defaulter: string, creditor: string, loss: Millicredits): DefaultLoss | null {
  return loss > 0 ? { defaulter, creditor, lossMillicredits: loss } : null;
}

/** What so much node-time costs at the last price of the class; null without one. */
function restAtMark(
  { prices, configuration }: MarketState,
  { contract }: LiveContract,
  nodeMs: number,
): Millicredits | null {
  const price = lastPrice(prices, contract.nodeClass);
  if (price === null) return null;
  return Math.min(MAXIMUM_ORDERS_MILLICREDITS, Math.floor((price * nodeMs) / configuration.slotMs));
}

export interface CoveredLoss {
  readonly use: WaterfallUse;
  /** Members whose shares bear something, with what they bear, the defaulter's own first. */
  readonly shares: readonly (readonly [string, Millicredits])[];
  readonly postings: readonly Posting[];
  readonly coveredMillicredits: Millicredits;
}

/** @param own postings of the settlement itself, which come first */
export function coverLoss(
  { ledger, clearingHouse }: MarketState,
  { defaulter, creditor, lossMillicredits }: DefaultLoss,
  own: readonly Posting[],
): CoveredLoss {
  const { shares } = clearingHouse!;
  const settled = own.find(({ account }) => account === defaulter)?.amountMillicredits ?? 0;
  const others = [...shares].filter(([name]) => name !== defaulter);
  const use = runWaterfall(lossMillicredits, {
    deposit: Math.max(0, balanceOf(ledger, defaulter) + settled),
    ownShare: shares.get(defaulter)!,
    capital: balanceOf(ledger, CAPITAL_ACCOUNT),
    shares: others.map(([, share]) => share),
  });
  const mutual = use.mutual.reduce((sum, part) => sum + part, 0);
  const coveredMillicredits = lossMillicredits - use.haircut;
  const postings = [
    { account: defaulter, amountMillicredits: -use.deposit },
    { account: FUND_ACCOUNT, amountMillicredits: -(use.ownShare + mutual) },
    { account: CAPITAL_ACCOUNT, amountMillicredits: -use.capital },
    { account: creditor, amountMillicredits: coveredMillicredits },
  ].filter(({ amountMillicredits }) => amountMillicredits !== 0);
  const borne = others.map(([name], i) => [name, use.mutual[i]!] as const);
  return { use, shares: [[defaulter, use.ownShare], ...borne], postings, coveredMillicredits };
}

/** Takes off the fund's shares what was used of them. */
export function bookShares({ clearingHouse }: MarketState, { shares }: CoveredLoss): void {
  for (const [name, used] of shares) {
    clearingHouse!.shares.set(name, clearingHouse!.shares.get(name)! - used);
  }
}

/** Whether more than the defaulter's own account was needed: it may not order for now. */
export function isMemberDefault({ use }: CoveredLoss): boolean {
  return use.ownShare + use.capital + use.haircut > 0 || use.mutual.some((part) => part > 0);
}

export function waterfallUsed(
  contractId: string,
  { defaulter, creditor, lossMillicredits }: DefaultLoss,
  { use, shares }: CoveredLoss,
): WaterfallUsed {
  const bore = shares.slice(1).filter(([, amount]) => amount > 0);
  return {
    kind: 'WaterfallUsed',
    contractId,
    defaulter,
    creditor,
    lossMillicredits,
    defaulterMillicredits: use.deposit,
    ownShareMillicredits: use.ownShare,
    capitalMillicredits: use.capital,
    mutualMillicredits: use.mutual.reduce((sum, part) => sum + part, 0),
    mutualShares: bore.map(([organisation, amountMillicredits]) => ({
      organisation,
      amountMillicredits,
    })),
    haircutMillicredits: use.haircut,
  };
}
