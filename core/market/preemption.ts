/**
 * The market's side of preemption: which contracts a round shows, and what follows when the clearing
 * takes the nodes of one of them for somebody else.
 *
 * A contract can be preempted where its bid accepts recall and its round's mechanism preempts. That is
 * the exchange's right, at its own notice, not the owner's: an owner who takes nodes back without the
 * exchange having said so is in default, as with any firm lease.
 */
import { multiplyDivide } from './amounts.ts';
import type { Contract, LiveContract, StandingTerms } from './contracts.ts';
import { horizonOf } from './horizons.ts';
import type { TimeMs } from '../kernel/units.ts';
import type { Mechanism } from './mechanism.ts';
import { mechanisms } from './mechanisms/registry.ts';
import type { Ask, Bid, StandingLease } from './orders.ts';
import type { MarketConfiguration, MarketEffect } from './protocol.ts';
import type { MarketState, PendingRound } from './state.ts';

function mechanismOf(configuration: MarketConfiguration, roundId: number): Mechanism {
  return mechanisms.get(horizonOf(configuration, roundId).mechanism)!;
}

/** Notice at which a contract of this round may be preempted; null where it may not be. */
export function preemptionNoticeMs(
  configuration: MarketConfiguration,
  roundId: number,
  { acceptsRecall }: Bid,
  { recall }: Ask,
): TimeMs | null {
  const { preemption } = configuration;
  if (!preemption || !acceptsRecall) return null;
  if (mechanismOf(configuration, roundId).standing !== 'preempted') return null;
  return recall?.noticeMs ?? preemption.noticeMs;
}

/** What later rounds have to know about a contract; null where no mechanism asks for it. */
export function standingTerms(
  configuration: MarketConfiguration,
  roundId: number,
  valueMillicredits: number,
  { reserveMillicredits, securityLevel }: Ask,
): StandingTerms | null {
  if (!mechanismOf(configuration, roundId).standing) return null;
  return { reserveMillicredits, securityLevel, valueMillicredits };
}

/** The contracts that are under way at the start of a round; null where its mechanism ignores them. */
export function standingLeases(
  state: MarketState,
  roundId: number,
  startMs: TimeMs,
): readonly StandingLease[] | null {
  const { configuration } = state;
  const horizon = horizonOf(configuration, roundId);
  if (horizon.option || !mechanismOf(configuration, roundId).standing) return null;
  const leases: StandingLease[] = [];
  for (const live of state.contracts.values()) {
    const lease = leaseAt(live, startMs, horizon, configuration.preemption?.releaseMs ?? 0);
    if (lease) leases.push(lease);
  }
  return leases;
}

/** What is left of a contract in a round's slots; null where no whole slot is. */
function leaseAt(
  { contract, terms, isPreempted }: LiveContract,
  roundStartMs: TimeMs,
  { slotMs, horizonSlots }: { readonly slotMs: number; readonly horizonSlots: number },
  releaseMs: TimeMs,
): StandingLease | null {
  if (!terms) return null;
  const { startMs, endMs, preemptionNoticeMs: noticeMs } = contract;
  const startSlot = Math.max(0, Math.floor((startMs - roundStartMs) / slotMs));
  const endSlot = Math.min(horizonSlots, Math.floor((endMs - roundStartMs) / slotMs));
  if (endSlot <= startSlot) return null;
  const left = endMs - Math.max(startMs, roundStartMs);
  const rest = (amount: number) => multiplyDivide(amount, left, endMs - startMs);
  // What has not begun has no nodes to give back: they are free from its own start on.
  const isRunning = startMs <= roundStartMs;
  const freeMs = isRunning ? roundStartMs + (noticeMs ?? 0) + releaseMs : startMs;
  return {
    contractId: contract.contractId,
    buyer: contract.buyer,
    seller: contract.seller,
    nodeClass: contract.nodeClass,
    nodes: contract.nodes,
    startSlot,
    endSlot,
    priceMillicredits: rest(contract.priceMillicredits),
    valueMillicredits: rest(terms.valueMillicredits),
    preemptible: noticeMs !== undefined && !isPreempted,
    resaleSlot: Math.ceil((freeMs - roundStartMs) / slotMs),
    reserveMillicredits: terms.reserveMillicredits,
    recall: contract.recall,
    securityLevel: terms.securityLevel,
  };
}

/** Says of every preempted contract that its nodes are to be taken back now. */
export function preemptContracts(
  state: MarketState,
  { roundId }: PendingRound,
  contractIds: readonly string[],
  effects: MarketEffect[],
): void {
  for (const contractId of contractIds) {
    const live = state.contracts.get(contractId);
    // Settled while the round was being solved: what was sold of it is void.
    if (!live) continue;
    live.isPreempted = true;
    effects.push({ kind: 'ContractPreempted', contractId, roundId, contract: live.contract });
  }
}

/** The seller's own ask id of a contract whose nodes are sold anew; null where it is settled. */
export function takenOverAskId(state: MarketState, contractId: string): string | null {
  const contract: Contract | undefined = state.contracts.get(contractId)?.contract;
  return contract?.askId ?? null;
}
