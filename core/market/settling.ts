/**
 * The end of a contract: money moves, what is left unpaid goes down the waterfall, safeguards learn
 * how it went, the contract is forgotten.
 */
import { bookShares, coverLoss, defaultLoss } from './clearing-house/default.ts';
import { isMemberDefault, waterfallUsed } from './clearing-house/default.ts';
import type { CoveredLoss, DefaultLoss } from './clearing-house/default.ts';
import { closeContract, ledgerOf, postedIn } from './currency.ts';
import { noteDelivered } from './endowment.ts';
import type { LeaseReportKind, LiveContract } from './contracts.ts';
import { applyEntry, balanceOf } from './ledger.ts';
import type { LedgerEntry } from './ledger.ts';
import type { MarketEffect } from './protocol.ts';
import { Guard } from './safeguards/guard.ts';
import { settleContract } from './settlement.ts';
import type { Settlement } from './settlement.ts';
import type { MarketState } from './state.ts';

/** A loss beyond the contract's deposit, and how it is borne. */
interface Default {
  readonly loss: DefaultLoss;
  readonly covered: CoveredLoss;
}

/** Moves the money, says so, and forgets the contract. */
export function settle(
  state: MarketState,
  live: LiveContract,
  how: LeaseReportKind | 'void',
  deliveredNodeMs: number,
  timeMs: number,
): readonly MarketEffect[] {
  const { contract, number } = live;
  const { contractId } = contract;
  const ledger = ledgerOf(state, contract.currency ?? 'credits');
  const settlement = settleContract(live, how, deliveredNodeMs, {
    buyer: balanceOf(ledger, contract.buyer),
    seller: balanceOf(ledger, contract.seller),
  });
  const broken = defaultOf(state, live, how, deliveredNodeMs, settlement);
  const postings = [...settlement.postings, ...(broken?.covered.postings ?? [])];
  const effects: MarketEffect[] = [];
  if (postings.length > 0) {
    const entry: LedgerEntry = { entryId: 'settlement', group: number, timeMs, postings };
    const result = applyEntry(ledger, entry);
    if (result.status === 'refused') {
      return [{ kind: 'ReportRefused', contractId, refusal: result.refusal }];
    }
    effects.push(postedIn(contract, entry));
  }
  live.state = 'settled';
  closeContract(state, number);
  state.contracts.delete(contractId);
  state.clearingHouse?.initial.delete(contractId);
  // Who is paid in money has its reward.
  if (!contract.currency) noteDelivered(state, contract.seller, deliveredNodeMs);
  state.counts.contractsSettled += 1;
  effects.push(settledEffect(live, settlement, deliveredNodeMs, broken));
  const { outcome } = settlement;
  const guard = new Guard(state, { timeMs, roundId: contract.roundId }, effects);
  guard.settled({ live, outcome, deliveredNodeMs });
  if (broken) {
    bookShares(state, broken.covered);
    effects.push(waterfallUsed(contractId, broken.loss, broken.covered));
    if (isMemberDefault(broken.covered)) suspend(state, broken.loss.defaulter, timeMs, effects);
  }
  return effects;
}

function defaultOf(
  state: MarketState,
  live: LiveContract,
  how: LeaseReportKind | 'void',
  deliveredNodeMs: number,
  settlement: Settlement,
): Default | null {
  if (!state.clearingHouse || live.contract.currency) return null;
  const loss = defaultLoss(state, live, how, deliveredNodeMs, settlement);
  return loss && { loss, covered: coverLoss(state, loss, settlement.postings) };
}

function settledEffect(
  { contract }: LiveContract,
  settlement: Settlement,
  deliveredNodeMs: number,
  broken: Default | null,
): MarketEffect {
  let { buyerPaidMillicredits: buyerPaid, sellerReceivedMillicredits: sellerReceived } = settlement;
  if (broken) {
    const { coveredMillicredits, use, shares } = broken.covered;
    const borne = use.deposit + shares[0]![1];
    if (broken.loss.defaulter === contract.buyer) {
      buyerPaid += borne;
      sellerReceived += coveredMillicredits;
    } else {
      buyerPaid -= coveredMillicredits;
      sellerReceived -= borne;
    }
  }
  return {
    kind: 'ContractSettled',
    contractId: contract.contractId,
    outcome: settlement.outcome,
    deliveredNodeMs,
    buyerPaidMillicredits: buyerPaid,
    sellerReceivedMillicredits: sellerReceived,
  };
}

/**
 * A member in default may not order, and its contracts that have not begun are closed out at the
 * price of their class: the deposit and the waterfall pay what that costs the other side.
 */
function suspend(
  state: MarketState,
  organisation: string,
  timeMs: number,
  effects: MarketEffect[],
): void {
  const { suspended } = state.clearingHouse!;
  if (suspended.has(organisation)) return;
  suspended.add(organisation);
  effects.push({ kind: 'MemberStanding', organisation, suspended: true });
  const open = [...state.contracts.values()].filter(
    ({ contract, state: now }) =>
      (now === 'scheduled' || now === 'deposited') &&
      (contract.buyer === organisation || contract.seller === organisation),
  );
  for (const live of open) {
    if (!state.contracts.has(live.contract.contractId)) continue;
    const how = live.contract.buyer === organisation ? 'not-taken' : 'not-delivered';
    effects.push(...settle(state, live, how, 0, timeMs));
  }
}
