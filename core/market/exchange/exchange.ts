/**
 * An exchange: a market with its clock and its leases, as one service with one journal. What the clock
 * closes, what a solver answers and what isolation services say becomes a step of the market in the
 * same event, so that no crash can come between a lease and the money for it.
 *
 * The simulator has worlds of its own around the same market; its clusters and agents are in them.
 */
import { isName, shapeRefusal } from '../../kernel/command-shape.ts';
import type { Refusal } from '../../kernel/errors.ts';
import type { Command, Outcome, Service } from '../../kernel/service.ts';
import { isMember } from '../permissions.ts';
import type { MarketCommand } from '../protocol.ts';
import { EXCHANGE_COMMANDS } from './commands.ts';
import type { ExchangeConfiguration } from './configuration.ts';
import { takeNotice, takeReply } from './deliveries.ts';
import type {
  ChooseAttester,
  ExchangeEffect,
  ExchangeEvent,
  PledgeNodes,
  SolvedRound,
} from './protocol.ts';
import { commandOfClock, resultOf, stepMarket } from './relay.ts';
import { commitsDue, headRead, openRounds, roundDue, solverFree } from './round-clock.ts';
import { initialExchange } from './state.ts';
import type { ExchangeState, Turn } from './state.ts';
import { COMMITS_TIMER, ROUND_TIMER, SOLVE_TIMER, solveId } from './timers.ts';

export const exchangeService: Service<
  ExchangeConfiguration,
  ExchangeState,
  ExchangeEvent,
  ExchangeEffect
> = {
  name: 'exchange',
  initial: initialExchange,
  step(state, event) {
    const turn: Turn = { state, timeMs: event.timeMs, effects: [], reports: [] };
    take(turn, event);
    flush(turn);
    return { state, effects: turn.effects };
  },
};

/** Times that a round is handed out before it is abandoned. */
const SOLVE_ATTEMPTS = 3;
/** Nodes of one class that an organisation may put behind its asks. */
const PLEDGED_MAXIMUM = 10_000;

function take(turn: Turn, event: ExchangeEvent): void {
  switch (event.kind) {
    case 'ExchangeOpened':
      openRounds(turn);
      return;
    case 'TimerFired':
      takeTimer(turn, event.timerId);
      return;
    case 'EffectOutcome':
      takeOutcome(turn, event.effectId, event.outcome);
      return;
    case 'NoticeReceived':
      takeNotice(turn, event.service, event.notice);
      return;
    case 'ReplyReceived':
      takeReply(turn, event.reply);
      return;
    case 'PledgeNodes':
      answer(turn, event, pledge(turn.state, event), event.nodeClass);
      return;
    case 'ChooseAttester':
      answer(turn, event, chooseAttester(turn.state, event), event.attester);
      return;
    default:
      takeCommand(turn, event);
  }
}

/** Reports that did not come out of a step of the market. */
function flush(turn: Turn): void {
  for (let report = turn.reports.shift(); report; report = turn.reports.shift()) {
    stepMarket(turn, report);
  }
}

function takeTimer(turn: Turn, timerId: string): void {
  if (timerId === SOLVE_TIMER) abandon(turn);
  else if (timerId.startsWith(ROUND_TIMER)) {
    roundDue(turn, Number(timerId.slice(ROUND_TIMER.length)));
  } else if (timerId.startsWith(COMMITS_TIMER)) {
    commitsDue(turn, Number(timerId.slice(COMMITS_TIMER.length)));
  }
}

function takeOutcome(turn: Turn, effectId: string, outcome: Outcome<unknown>): void {
  const { solving } = turn.state;
  if (turn.state.headsAwaited.has(effectId)) {
    const value = outcome.status === 'ok' ? (outcome.value as { head?: unknown }) : null;
    headRead(turn, effectId, value?.head);
    return;
  }
  if (solving?.effect.effectId !== effectId) return;
  if (outcome.status === 'ok') {
    const { roundId } = solving.effect;
    // A solver may answer anything.
    const { clearing, state, solverVersion } = (outcome.value ?? {}) as Omit<
      SolvedRound,
      'solverVersion'
    > & { readonly solverVersion: unknown };
    const answered = { roundId, clearing, state, solverVersion: String(solverVersion) };
    stepMarket(turn, { kind: 'RoundSolved', timeMs: turn.timeMs, ...answered });
  }
  if (turn.state.market.pending === null) return solved(turn);
  // No solution, or one that does not hold.
  if (solving.attempts >= SOLVE_ATTEMPTS) return abandon(turn);
  const attempts = solving.attempts + 1;
  const effect = { ...solving.effect, effectId: solveId(solving.effect.roundId, attempts) };
  turn.state.solving = { ...solving, effect, attempts };
  turn.effects.push(effect);
}

function abandon(turn: Turn): void {
  const { solving } = turn.state;
  if (!solving) return;
  const { roundId } = solving.effect;
  stepMarket(turn, { kind: 'AbandonRound', ...commandOfClock(turn), roundId });
  solved(turn);
}

function solved(turn: Turn): void {
  turn.state.solving = null;
  turn.effects.push({ kind: 'CancelTimer', timerId: SOLVE_TIMER });
  solverFree(turn);
}

/** Commands of the market; rounds are opened and closed by the clock, whoever else would like to. */
function takeCommand(turn: Turn, command: MarketCommand): void {
  const shape = Object.hasOwn(EXCHANGE_COMMANDS, command.kind)
    ? EXCHANGE_COMMANDS[command.kind as keyof typeof EXCHANGE_COMMANDS]
    : null;
  const refusal = shape
    ? (shapeRefusal(command, shape) ?? notOpen(turn.state, command))
    : { code: 'INPUT_UNKNOWN_COMMAND', message: 'there is no such command here' };
  if (refusal) answer(turn, command, refusal, null);
  else stepMarket(turn, command);
  if (turn.state.solving && turn.state.market.pending === null) solved(turn);
}

/** Slots of a round that nobody has given a time yet mean nothing. */
function notOpen({ clocks }: ExchangeState, command: MarketCommand): Refusal | null {
  if (!ORDERS.has(command.kind)) return null;
  const { roundId } = command as { roundId?: unknown };
  const open = clocks.map(({ round }) => round.roundId);
  if (open.includes(roundId as number)) return null;
  return {
    code: 'MARKET_ROUND_CLOSED',
    message: `round ${String(roundId)} is not open`,
    remedy: `open are ${open.join(', ')}`,
  };
}

const ORDERS: ReadonlySet<string> = new Set(['PostBid', 'PostAsk', 'PostOrders']);

function pledge(state: ExchangeState, command: PledgeNodes): Refusal | null {
  const { from, nodeClass, nodeIds } = command;
  const refusal =
    shapeRefusal(command, EXCHANGE_COMMANDS.PledgeNodes) ?? membership(state, command);
  if (refusal) return refusal;
  if (!Array.isArray(nodeIds) || nodeIds.length > PLEDGED_MAXIMUM || !nodeIds.every(isName)) {
    const message = `nodeIds is no list of up to ${PLEDGED_MAXIMUM} names`;
    return { code: 'INPUT_BAD_ARGUMENT', message };
  }
  const pledges = state.pledges.get(from.name) ?? new Map<string, readonly string[]>();
  if (nodeIds.length === 0) pledges.delete(nodeClass);
  else pledges.set(nodeClass, [...new Set(nodeIds as readonly string[])].sort());
  if (pledges.size > CLASSES_MAXIMUM) {
    pledges.delete(nodeClass);
    return { code: 'MARKET_PLEDGES_TOO_MANY', message: `up to ${CLASSES_MAXIMUM} classes` };
  }
  state.pledges.set(from.name, pledges);
  return null;
}

/** Classes in which an organisation may have nodes. */
const CLASSES_MAXIMUM = 1_000;

function chooseAttester(state: ExchangeState, command: ChooseAttester): Refusal | null {
  const { from, attester } = command;
  const refusal =
    shapeRefusal(command, EXCHANGE_COMMANDS.ChooseAttester) ?? membership(state, command);
  if (refusal) return refusal;
  if (attester === null) state.attesters.delete(from.name);
  else if (isName(attester)) state.attesters.set(from.name, attester);
  else return { code: 'INPUT_BAD_ARGUMENT', message: 'attester is no name' };
  return null;
}

function membership({ market }: ExchangeState, { from }: Command): Refusal | null {
  if (isMember(market, from)) return null;
  return { code: 'DENIED_NOT_MEMBER', message: 'only members of the market may do this' };
}

function answer(turn: Turn, command: Command, refusal: Refusal | null, result: unknown): void {
  const { commandId, from: to } = command;
  const told = { refusal, result: refusal ? null : result };
  turn.effects.push({ kind: 'Reply', commandId, to, ...told, result: resultOf(command, told) });
}
