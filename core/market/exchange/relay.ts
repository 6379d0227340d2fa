/**
 * Has the market take a step, and passes on what follows from it: rounds to be solved, contracts to be
 * delivered, and to each party what is its own to know.
 */
import type { Principal, Reply } from '../../kernel/service.ts';
import type { Refusal } from '../../kernel/errors.ts';
import { horizonIndex, horizonOf } from '../horizons.ts';
import type {
  LedgerPosted,
  MarketEffect,
  MarketEvent,
  PricesPublished,
  SolveRound,
} from '../protocol.ts';
import { marketService } from '../service.ts';
import { RESULT_FIELDS } from './commands.ts';
import { callOff, deliver, takeBack } from './deliveries.ts';
import { sidesOf, tell, tellAll, tellSides } from './telling.ts';
import { PUBLISHED_MAXIMUM } from './state.ts';
import type { Turn } from './state.ts';
import { roundTimer, SOLVE_TIMER, solveId } from './timers.ts';

/** In whose name the exchange's own clock speaks. */
export const CLOCK: Principal = Object.freeze({ role: 'admin', name: 'clock' });
const CLOCK_COMMAND = 'clock';

/**
 * Also reports what follows about leases, until nothing follows any more.
 *
 * @returns the market's refusal of a command of the clock; null for everything else
 */
export function stepMarket(turn: Turn, event: MarketEvent): Refusal | null {
  let refusal: Refusal | null = null;
  for (const effect of marketService.step(turn.state.market, event).effects) {
    if (effect.kind !== 'Reply') relay(turn, effect);
    else if (effect.to === CLOCK) ({ refusal } = effect);
    else turn.effects.push({ ...effect, result: resultOf(event, effect) });
  }
  for (let report = turn.reports.shift(); report; report = turn.reports.shift()) {
    stepMarket(turn, report);
  }
  return refusal;
}

/** An answer is an object, to which more can be added later. */
export function resultOf(
  { kind }: { readonly kind: string },
  { refusal, result }: Pick<Reply, 'refusal' | 'result'>,
): unknown {
  const field = Object.hasOwn(RESULT_FIELDS, kind) ? RESULT_FIELDS[kind]! : null;
  return refusal || field === null ? result : { [field]: result };
}

/** A command of the clock, which nobody waits for. */
export function commandOfClock(turn: Turn) {
  return { timeMs: turn.timeMs, commandId: CLOCK_COMMAND, from: CLOCK };
}

function relay(turn: Turn, effect: MarketEffect): void {
  if (effect.kind === 'SolveRound') {
    solve(turn, effect);
    return;
  }
  turn.effects.push(effect);
  // Found by the effect's own kind.
  FOLLOW[effect.kind]?.(turn, effect as never);
}

function solve(turn: Turn, effect: SolveRound): void {
  const { state, effects, timeMs } = turn;
  const deadlineMs = timeMs + state.configuration.solveDeadlineMs;
  const asked = { ...effect, effectId: solveId(effect.roundId, 1), deadlineMs };
  const { startMs } = state.market.pending!;
  state.solving = { effect: asked, startMs, attempts: 1 };
  effects.push(asked, { kind: 'SetTimer', timerId: SOLVE_TIMER, atMs: deadlineMs });
}

type Followers = {
  readonly [K in MarketEffect['kind']]?: (
    turn: Turn,
    effect: Extract<MarketEffect, { kind: K }>,
  ) => void;
};

const FOLLOW: Followers = {
  ContractFormed(turn, { contract: formed }) {
    tellSides(turn, formed, (contract) => ({ kind: 'ContractFormed', contract }));
    deliver(turn, formed);
  },

  ContractVoided(turn, { contract: voided, refusal: { code } }) {
    tellSides(turn, voided, (contract) => ({ kind: 'ContractVoided', contract, code }));
  },

  ContractPreempted(turn, { kind, contractId, contract }) {
    for (const name of sidesOf(contract)) tell(turn, name, { kind, contractId });
    takeBack(turn, contractId, 'preempted');
  },

  ContractSettled(turn, effect) {
    const delivery = turn.state.deliveries.get(effect.contractId);
    if (!delivery) return;
    const { buyer, seller } = delivery.contract;
    const { kind, contractId, outcome, deliveredNodeMs } = effect;
    const { buyerPaidMillicredits: paid, sellerReceivedMillicredits: received } = effect;
    const told = { kind, contractId, outcome, deliveredNodeMs } as const;
    tell(turn, buyer, { ...told, millicredits: paid });
    if (seller !== buyer) tell(turn, seller, { ...told, millicredits: received });
    callOff(turn, contractId);
  },

  PricesPublished: publish,
  CommitmentsPublished: tellAll,
  OrdersPublished: tellAll,

  SafeguardTriggered(turn, effect) {
    // Whose order it was is nobody else's business.
    if (effect.organisation === undefined) tellAll(turn, effect);
    else tell(turn, effect.organisation, effect);
  },

  MemberStanding(turn, effect) {
    tell(turn, effect.organisation, effect);
  },

  WaterfallUsed(turn, effect) {
    const { defaulter, creditor, mutualShares } = effect;
    const shared = mutualShares.map(({ organisation }) => organisation);
    for (const name of new Set([defaulter, creditor, ...shared])) tell(turn, name, effect);
  },

  OptionFormed(turn, effect) {
    const { optionId, holder, writer } = effect.option;
    turn.state.optionParties.set(optionId, [holder, writer]);
    for (const name of new Set([holder, writer])) tell(turn, name, effect);
  },

  OptionVoided(turn, effect) {
    const { holder, writer } = effect.option;
    for (const name of new Set([holder, writer])) tell(turn, name, effect);
  },

  OptionExercised(turn, { optionId, contractId }) {
    endOption(turn, optionId, contractId);
  },

  OptionExpired(turn, { optionId }) {
    endOption(turn, optionId, null);
  },

  LedgerEntry: tellPostings,

  ReceiptDue(turn, { receipt }) {
    tell(turn, receipt.organisation, { kind: 'CommitReceipt', receipt });
  },

  RoundCalled({ state, effects, timeMs }, { roundId }) {
    const clock = state.clocks[0];
    if (clock?.round.roundId !== roundId) return;
    clock.round = { ...clock.round, closesMs: timeMs };
    effects.push({ kind: 'SetTimer', timerId: roundTimer(0), atMs: timeMs });
  },
};

function tellPostings(turn: Turn, posted: LedgerPosted): void {
  const { entryId, group, postings } = posted.entry;
  const currency = posted.currency ?? 'credits';
  for (const { account, amountMillicredits } of postings) {
    if (!turn.state.market.orderCounts.has(account)) continue;
    tell(turn, account, { kind: 'AccountChanged', entryId, group, currency, amountMillicredits });
  }
}

function endOption(turn: Turn, optionId: string, contractId: string | null): void {
  const parties = turn.state.optionParties.get(optionId) ?? [];
  turn.state.optionParties.delete(optionId);
  for (const name of new Set(parties)) {
    tell(turn, name, { kind: 'OptionEnded', optionId, contractId });
  }
}

function publish(turn: Turn, effect: PricesPublished): void {
  const { state, timeMs } = turn;
  const { configuration, market, published, lastPrices } = state;
  const { roundId, prices, slotPrices, rejected, solverVersion } = effect;
  const { contracts, welfareMillicredits, surplusMillicredits } = effect;
  lastPrices[horizonIndex(configuration.market, roundId)] = prices;
  published.push({
    ...{ roundId, prices, slotPrices, contracts, welfareMillicredits, surplusMillicredits },
    ...{ solverVersion, publishedMs: timeMs },
    horizon: horizonOf(configuration.market, roundId).name,
    startMs: state.solving?.startMs ?? timeMs,
  });
  if (published.length > PUBLISHED_MAXIMUM) published.shift();
  for (const name of market.orderCounts.keys()) {
    const own = rejected.filter(({ orderId }) => orderId.startsWith(`${name}/`));
    tell(turn, name, { ...effect, rejected: own });
  }
}
