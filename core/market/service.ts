/**
 * The market service: a reducer over orders, rounds, contracts and money.
 *
 * A round is closed by its deadline, handed out to be solved (`SolveRound`), and comes back as
 * `RoundSolved`. The solution is held against the round before anything follows from it; then every
 * part of a fill becomes a contract backed by deposits of both sides, and the isolation service's
 * reports settle it. Nothing here grows with history: settled contracts and old books are gone, and
 * ledger entries leave as effects.
 */
import type { Refusal } from '../kernel/errors.ts';
import { NO_EFFECTS } from '../kernel/service.ts';
import type { Command, Service, Step } from '../kernel/service.ts';
import { isSafeAmount } from '../kernel/units.ts';
import { closeBook, takeAsk, takeBid, takeOrders, withdrawOrder } from './book.ts';
import { holdEpoch } from './clearing-house/epoch.ts';
import { checkClearing } from './clearing/check.ts';
import { contractedNodeMs, mayBecome } from './contracts.ts';
import type { ContractState, LeaseReportKind } from './contracts.ts';
import { isOutsider, ledgerOf, postedIn } from './currency.ts';
import { shareOut } from './endowment.ts';
import { formContracts } from './formation.ts';
import { horizonIndex, horizonOf } from './horizons.ts';
import { applyEntry, isClosed, TREASURY_ACCOUNT } from './ledger.ts';
import type { LedgerEntry } from './ledger.ts';
import type { MechanismState } from './mechanism.ts';
import type { ClassPrice, MarketRound } from './orders.ts';
import { exerciseOption, expireOptions } from './options/exercise.ts';
import { formOptions } from './options/form.ts';
import { preemptContracts, standingLeases } from './preemption.ts';
import type {
  AbandonRound,
  CloseRound,
  Endow,
  ExerciseOption,
  ExpireOptions,
  HardwareReported,
  IdleAttested,
  LapseRound,
  LeaseReported,
  MarketConfiguration,
  MarketEffect,
  MarketEvent,
  PostOrders,
  RoundSolved,
  ShareOut,
  VoidContract,
} from './protocol.ts';
import { notAdministrator } from './permissions.ts';
import { readClearing } from './recorded-clearing.ts';
import { notePrices } from './price-history.ts';
import { Guard } from './safeguards/guard.ts';
import { judgeHardware } from './safeguards/warranty.ts';
import { supplyKey } from './safeguards/supply.ts';
import { handleSealing } from './sealing/handle.ts';
import { closeFault, closeSeals, lapseSeals } from './sealing/sealed-round.ts';
import { settle } from './settling.ts';
import { claimsOf, initialMarketState, MAXIMUM_OPEN_ORDERS } from './state.ts';
import type { MarketState } from './state.ts';

export { checkMarketInvariants } from './invariants.ts';
export { recordClearing } from './recorded-clearing.ts';
export type { MarketState } from './state.ts';

export const marketService: Service<MarketConfiguration, MarketState, MarketEvent, MarketEffect> = {
  name: 'market',
  initial: initialMarketState,
  step: (state, event) => {
    const effects = handle(state, event);
    return { state, effects } satisfies Step<MarketState, MarketEffect>;
  },
};

function handle(state: MarketState, event: MarketEvent): readonly MarketEffect[] {
  if (state.sealedRounds && isOpenOrder(event)) {
    const message = 'orders of this market are sealed';
    const remedy = 'commit to a sheet of orders, and reveal it when commitments are closed';
    return reply(event, { code: 'MARKET_ORDERS_SEALED', message, remedy });
  }
  switch (event.kind) {
    case 'PostBid': {
      const effects: MarketEffect[] = [];
      const guard = new Guard(state, event, effects);
      const { refusal } = takeBid(state, event.from, event.roundId, event.bid, guard);
      return [...effects, ...reply(event, refusal, refusal ? null : event.bid.bidId)];
    }
    case 'PostAsk': {
      const effects: MarketEffect[] = [];
      const guard = new Guard(state, event, effects);
      const { refusal } = takeAsk(state, event.from, event.roundId, event.ask, guard);
      return [...effects, ...reply(event, refusal, refusal ? null : event.ask.askId)];
    }
    case 'PostOrders':
      return postOrders(state, event);
    case 'OpenCommits':
    case 'CommitOrders':
    case 'CloseCommits':
    case 'RevealOrders':
      return handleSealing(state, event);
    case 'WithdrawOrder': {
      const { from, roundId, side, orderId } = event;
      return reply(event, withdrawOrder(state, from, roundId, side, orderId), orderId);
    }
    case 'CloseRound':
      return closeRound(state, event);
    case 'LapseRound':
      return lapseRound(state, event);
    case 'AbandonRound':
      return abandonRound(state, event);
    case 'RoundSolved':
      return roundSolved(state, event);
    case 'LeaseReported':
      return leaseReported(state, event);
    case 'IdleAttested':
      return idleAttested(state, event);
    case 'HardwareReported':
      return hardwareReported(state, event);
    case 'VoidContract':
      return voidContract(state, event);
    case 'ExerciseOption':
      return exercise(state, event);
    case 'ExpireOptions':
      return expire(state, event);
    case 'ShareOut':
      return sharedOut(state, event);
    case 'Endow':
      return endow(state, event);
    default:
      return NO_EFFECTS;
  }
}

/** Orders that anybody at the exchange could read before the round closes. */
function isOpenOrder(
  event: MarketEvent,
): event is Extract<MarketEvent, { kind: 'PostBid' | 'PostAsk' | 'PostOrders' | 'WithdrawOrder' }> {
  const { kind } = event;
  return (
    kind === 'PostBid' || kind === 'PostAsk' || kind === 'PostOrders' || kind === 'WithdrawOrder'
  );
}

function postOrders(state: MarketState, event: PostOrders): readonly MarketEffect[] {
  const { from, roundId, bids, asks } = event;
  if (!Array.isArray(bids) || !Array.isArray(asks)) {
    return reply(event, { code: 'MARKET_ORDER_MALFORMED', message: 'orders come in two lists' });
  }
  if (bids.length + asks.length > MAXIMUM_OPEN_ORDERS) {
    return reply(event, { code: 'MARKET_ORDERS_TOO_MANY', message: 'too many orders at once' });
  }
  const effects: MarketEffect[] = [];
  const guard = new Guard(state, event, effects);
  const posted = takeOrders(state, from, roundId, bids, asks, guard);
  return [...effects, ...reply(event, null, posted)];
}

function closeRound(state: MarketState, event: CloseRound): readonly MarketEffect[] {
  const { roundId, timeMs, startMs = timeMs } = event;
  const denied = notAdministrator(event);
  if (denied) return reply(event, denied);
  const index = horizonIndex(state.configuration, roundId);
  if (!Number.isSafeInteger(roundId) || roundId < state.openRoundIds[index]!) {
    return reply(event, { code: 'MARKET_ROUND_CLOSED', message: 'the round is closed already' });
  }
  if (!isSafeAmount(startMs)) {
    return reply(event, { code: 'INPUT_TIME_INVALID', message: 'startMs is not a time' });
  }
  if (state.pending) {
    return reply(event, {
      code: 'CONFLICT_ROUND_PENDING',
      message: `round ${state.pending.roundId} is not solved yet`,
      remedy: 'wait for its solution, or abandon it',
    });
  }
  const unready = closeFault(state, roundId);
  if (unready) return reply(event, unready);
  const { configuration } = state;
  const horizon = horizonOf(configuration, roundId);
  const effects: MarketEffect[] = [];
  const book = closeBook(state, roundId);
  const standing = standingLeases(state, roundId, startMs);
  const { head, bids, asks } = closeSeals(state, event, book, effects);
  const posted: MarketRound = {
    roundId,
    slotMs: horizon.slotMs,
    horizonSlots: horizon.horizonSlots,
    bids,
    asks,
    ...(configuration.members ? { members: configuration.members } : {}),
    ...(standing ? { standing } : {}),
    seed: `${configuration.seed}/${roundId}${head === null ? '' : `/${head}`}`,
  };
  const guard = new Guard(state, { timeMs, roundId, startMs }, effects, (live) => {
    effects.push(...settle(state, live, 'not-taken', 0, timeMs));
  });
  const round = guard.close(posted);
  state.pending = { roundId, round, startMs };
  state.counts.rounds += 1;
  return [
    ...reply(event, null, roundId),
    ...effects,
    {
      kind: 'SolveRound',
      roundId,
      round,
      mechanism: horizon.mechanism,
      parameters: horizon.parameters,
      mechanismState: state.mechanismStates[index]!,
    },
  ];
}

function lapseRound(state: MarketState, event: LapseRound): readonly MarketEffect[] {
  const { roundId, timeMs } = event;
  const denied = notAdministrator(event);
  if (denied) return reply(event, denied);
  const index = horizonIndex(state.configuration, roundId);
  if (!Number.isSafeInteger(roundId) || roundId < state.openRoundIds[index]!) {
    return reply(event, { code: 'MARKET_ROUND_CLOSED', message: 'the round is closed already' });
  }
  const effects: MarketEffect[] = [];
  lapseSeals(state, roundId, timeMs, effects);
  closeBook(state, roundId);
  return [...effects, ...reply(event, null, roundId)];
}

function abandonRound(state: MarketState, event: AbandonRound): readonly MarketEffect[] {
  const denied = notAdministrator(event);
  if (denied) return reply(event, denied);
  if (state.pending?.roundId !== event.roundId) {
    return reply(event, { code: 'NOT_FOUND_ROUND', message: 'this round is not being solved' });
  }
  state.pending = null;
  return reply(event, null, event.roundId);
}

function roundSolved(state: MarketState, event: RoundSolved): readonly MarketEffect[] {
  const { roundId, timeMs, solverVersion } = event;
  const { pending } = state;
  if (pending?.roundId !== roundId) {
    // A solver that answers twice, or after the round was abandoned: the first answer stands.
    const refusal = { code: 'NOT_FOUND_ROUND', message: 'this round is not being solved' };
    return [{ kind: 'SolutionRefused', roundId, refusal }];
  }
  const clearing = readClearing(event.clearing, pending.round);
  const refusal =
    clearing === null || !isMechanismState(event.state)
      ? { code: 'MARKET_SOLUTION_WRONG', message: 'the solution is malformed' }
      : checkClearing(pending.round, clearing, claimsOf(state.configuration, roundId));
  if (refusal) return [{ kind: 'SolutionRefused', roundId, refusal }];

  state.pending = null;
  state.mechanismStates[horizonIndex(state.configuration, roundId)] = event.state;
  const effects: MarketEffect[] = [];
  preemptContracts(state, pending, clearing!.preempted ?? [], effects);
  const { option } = horizonOf(state.configuration, roundId);
  const contracts = option
    ? formOptions(state, pending, option, clearing!, timeMs, effects)
    : formContracts(state, pending, clearing!, timeMs, effects);
  const guard = new Guard(state, { timeMs, roundId, startMs: pending.startMs }, effects);
  notePublished(state, clearing!.prices, roundId, timeMs);
  guard.cleared(clearing!, pending.round);
  if (horizonIndex(state.configuration, roundId) === 0) holdEpoch(state, timeMs, effects);
  const { prices, welfareMillicredits, surplusMillicredits, rejected, slotPrices } = event.clearing;
  effects.push({
    kind: 'PricesPublished',
    roundId,
    prices,
    slotPrices: slotPrices ?? [],
    welfareMillicredits,
    surplusMillicredits,
    contracts,
    rejected,
    solverVersion,
    ...guard.published(),
  });
  return effects;
}

/** Prices of the epoch call are what margins and safeguards go by. */
function notePublished(
  { prices: history, configuration }: MarketState,
  prices: readonly ClassPrice[],
  roundId: number,
  timeMs: number,
): void {
  if (horizonIndex(configuration, roundId) !== 0) return;
  const { safeguards, clearingHouse } = configuration;
  const windowMs = Math.max(safeguards?.priceWindowMs ?? 0, clearingHouse?.priceWindowMs ?? 0);
  notePrices(history, prices, timeMs, windowMs);
}

/** Which state a report leads to, before anything is settled. */
const STATE_AFTER: Readonly<Record<LeaseReportKind, ContractState>> = {
  handover: 'handover',
  started: 'running',
  ended: 'completed',
  recalled: 'recalled',
  'not-delivered': 'defaulted-seller',
  'not-taken': 'defaulted-buyer',
  failed: 'void',
};

function leaseReported(state: MarketState, event: LeaseReported): readonly MarketEffect[] {
  const { contractId, what, deliveredNodeMs, from } = event;
  const refuse = (code: string, message: string): readonly MarketEffect[] => [
    { kind: 'ReportRefused', contractId, refusal: { code, message } },
  ];
  const live = state.contracts.get(contractId);
  if (from.role !== 'service' || !isBelieved(state, from.name, live?.contract.seller)) {
    return refuse('DENIED_NOT_ISOLATION', "only the owner's isolation service reports on leases");
  }
  if (!live) {
    // Settling is idempotent: a report that comes again finds the contract gone.
    const isId = typeof contractId === 'string' && /^c[1-9]\d{0,14}$/.test(contractId);
    const number = isId ? Number(contractId.slice(1)) : 0;
    if (number > 0 && isClosed(state.ledger, number)) return NO_EFFECTS;
    return refuse('NOT_FOUND_CONTRACT', 'there is no such contract');
  }
  const isKnown = typeof what === 'string' && Object.hasOwn(STATE_AFTER, what);
  const next = isKnown ? STATE_AFTER[what] : undefined;
  if (next === live.state) return NO_EFFECTS;
  if (next === undefined || !mayBecome(live.state, next)) {
    return refuse('CONFLICT_CONTRACT_STATE', `a ${live.state} contract cannot become ${next}`);
  }
  if (what === 'handover' || what === 'started') {
    live.state = next;
    return NO_EFFECTS;
  }
  if (!isSafeAmount(deliveredNodeMs) || deliveredNodeMs < 0) {
    return refuse('INPUT_QUANTITY_INVALID', 'deliveredNodeMs is not an amount of node-time');
  }
  if (deliveredNodeMs > contractedNodeMs(live.contract)) {
    return refuse('INPUT_QUANTITY_INVALID', 'more was delivered than the contract is about');
  }
  return settle(state, live, what, deliveredNodeMs, event.timeMs);
}

/** What is attested of classes and members that are not known, or of closed rounds, is dropped. */
function idleAttested(state: MarketState, event: IdleAttested): readonly MarketEffect[] {
  const { from, roundId, organisation, nodeClass, nodes } = event;
  const { safeguards: memory } = state;
  if (!state.orderCounts.has(organisation)) return NO_EFFECTS;
  const isTold = from.role === 'service' && isBelieved(state, from.name, organisation);
  if (!memory || !isTold || !state.prices.has(nodeClass)) return NO_EFFECTS;
  if (!isSafeAmount(nodes) || nodes < 0) return NO_EFFECTS;
  if (!Number.isSafeInteger(roundId)) return NO_EFFECTS;
  memory.idle.set(supplyKey(organisation, nodeClass), { roundId, nodes });
  return NO_EFFECTS;
}

function hardwareReported(state: MarketState, event: HardwareReported): readonly MarketEffect[] {
  const { from, contractId, performancePartsPerMillion: share, timeMs } = event;
  const refuse = (code: string, message: string): readonly MarketEffect[] => [
    { kind: 'ReportRefused', contractId, refusal: { code, message } },
  ];
  // The bond outlives the contract.
  const seller =
    state.contracts.get(contractId)?.contract.seller ??
    state.safeguards?.bonds.get(contractId)?.seller;
  if (from.role !== 'service' || !isBelieved(state, from.name, seller)) {
    return refuse('DENIED_NOT_ISOLATION', 'only the isolation service reports on hardware');
  }
  if (!isSafeAmount(share) || share < 0) {
    return refuse('INPUT_QUANTITY_INVALID', 'the share is no share of what was promised');
  }
  const terms = state.configuration.safeguards?.warranty;
  const effects: MarketEffect[] = [];
  const guard = new Guard(state, { timeMs, roundId: state.openRoundIds[0]! }, effects);
  const judged =
    terms && judgeHardware(terms, contractId, share, guard.deskOf({ name: 'warranty' }));
  return judged ? effects : refuse('NOT_FOUND_WARRANTY', 'no bond stands for this contract');
}

/** Each owner's own isolation service, on its own leases; without a contract any of them. */
function isBelieved(
  { configuration }: MarketState,
  service: string,
  seller: string | undefined,
): boolean {
  const { isolationService, isolationServices = {} } = configuration;
  if (seller === undefined) {
    return service === isolationService || Object.values(isolationServices).includes(service);
  }
  const own = Object.hasOwn(isolationServices, seller) ? isolationServices[seller] : undefined;
  return service === (own ?? isolationService);
}

function voidContract(state: MarketState, event: VoidContract): readonly MarketEffect[] {
  const denied = notAdministrator(event);
  if (denied) return reply(event, denied);
  const live = state.contracts.get(event.contractId);
  if (!live) {
    return reply(event, { code: 'NOT_FOUND_CONTRACT', message: 'there is no such contract' });
  }
  return [...settle(state, live, 'void', 0, event.timeMs), ...reply(event, null, event.contractId)];
}

function exercise(state: MarketState, event: ExerciseOption): readonly MarketEffect[] {
  const effects: MarketEffect[] = [];
  const refusal = exerciseOption(state, event, effects);
  return [...effects, ...reply(event, refusal, event.optionId)];
}

function expire(state: MarketState, event: ExpireOptions): readonly MarketEffect[] {
  const denied = notAdministrator(event);
  if (denied) return reply(event, denied);
  const effects: MarketEffect[] = [];
  const ended = expireOptions(state, event.timeMs, effects);
  return [...effects, ...reply(event, null, ended)];
}

function sharedOut(state: MarketState, event: ShareOut): readonly MarketEffect[] {
  const denied = notAdministrator(event);
  if (denied) return reply(event, denied);
  const effects: MarketEffect[] = [];
  const refusal = shareOut(state, event, effects);
  return [...effects, ...reply(event, refusal, event.transferId)];
}

function endow(state: MarketState, event: Endow): readonly MarketEffect[] {
  const { transferId, organisation, amountMillicredits, timeMs, currency = 'credits' } = event;
  const denied = notAdministrator(event);
  if (denied) return reply(event, denied);
  if (typeof transferId !== 'string' || transferId.length > MAXIMUM_TRANSFER_ID_LENGTH) {
    return reply(event, { code: 'INPUT_BAD_ARGUMENT', message: 'transferId is no name' });
  }
  if (!isSafeAmount(amountMillicredits)) {
    return reply(event, { code: 'LEDGER_AMOUNT_INVALID', message: 'this is no amount of money' });
  }
  if (!state.orderCounts.has(organisation)) {
    return reply(event, { code: 'NOT_FOUND_ORGANISATION', message: 'no such member' });
  }
  const fault = currencyFault(state, organisation, currency);
  if (fault) return reply(event, fault);
  const entry: LedgerEntry = {
    entryId: `endow ${transferId}`,
    group: 0,
    timeMs,
    postings: [
      { account: TREASURY_ACCOUNT, amountMillicredits: -amountMillicredits },
      { account: organisation, amountMillicredits },
    ],
  };
  const result = applyEntry(ledgerOf(state, currency), entry);
  if (result.status === 'refused') return reply(event, result.refusal);
  const posted: readonly MarketEffect[] =
    result.status === 'applied' ? [postedIn(currency === 'money' ? { currency } : {}, entry)] : [];
  return [...posted, ...reply(event, null, transferId)];
}

function currencyFault(
  { configuration, moneyLedger }: MarketState,
  organisation: string,
  currency: unknown,
): Refusal | null {
  if (currency === 'credits') {
    if (!isOutsider(configuration, organisation)) return null;
    return { code: 'MARKET_MONEY_ONLY', message: 'an outsider has no credits' };
  }
  if (currency === 'money' && moneyLedger) return null;
  return { code: 'MARKET_CURRENCY_UNKNOWN', message: 'there is no such currency here' };
}

function reply(
  { commandId, from }: Command,
  refusal: Refusal | null,
  result: unknown = null,
): readonly MarketEffect[] {
  return [{ kind: 'Reply', commandId, to: from, refusal, result: refusal ? null : result }];
}

const MAXIMUM_TRANSFER_ID_LENGTH = 1_000;

const MOST_STATE_KEYS = 10_000;

function isMechanismState(state: unknown): state is MechanismState {
  if (typeof state !== 'object' || state === null) return false;
  const values = Object.values(state);
  return values.length <= MOST_STATE_KEYS && values.every((value) => Number.isFinite(value));
}
