/** The end of a contract: money moves, safeguards learn how it went, the contract is forgotten. */
import type { LeaseReportKind, LiveContract } from './contracts.ts';
import { applyEntry, balanceOf, closeGroup } from './ledger.ts';
import type { LedgerEntry } from './ledger.ts';
import type { MarketEffect } from './protocol.ts';
import { Guard } from './safeguards/guard.ts';
import { settleContract } from './settlement.ts';
import type { MarketState } from './state.ts';

/** Moves the money, says so, and forgets the contract. */
export function settle(
  state: MarketState,
  live: LiveContract,
  how: LeaseReportKind | 'void',
  deliveredNodeMs: number,
  timeMs: number,
): readonly MarketEffect[] {
  const { contract, number } = live;
  const settlement = settleContract(live, how, deliveredNodeMs, {
    buyer: balanceOf(state.ledger, contract.buyer),
    seller: balanceOf(state.ledger, contract.seller),
  });
  const { outcome, postings, buyerPaidMillicredits, sellerReceivedMillicredits } = settlement;
  const effects: MarketEffect[] = [];
  if (postings.length > 0) {
    const entry: LedgerEntry = { entryId: 'settlement', group: number, timeMs, postings };
    const result = applyEntry(state.ledger, entry);
    if (result.status === 'refused') {
      const { refusal } = result;
      return [{ kind: 'ReportRefused', contractId: contract.contractId, refusal }];
    }
    effects.push({ kind: 'LedgerEntry', entry });
  }
  live.state = 'settled';
  closeGroup(state.ledger, number);
  state.contracts.delete(contract.contractId);
  state.counts.contractsSettled += 1;
  effects.push({
    kind: 'ContractSettled',
    contractId: contract.contractId,
    outcome,
    deliveredNodeMs,
    buyerPaidMillicredits,
    sellerReceivedMillicredits,
  });
  const guard = new Guard(state, { timeMs, roundId: contract.roundId }, effects);
  guard.settled({ live, outcome, deliveredNodeMs });
  return effects;
}
