/**
 * Rounds by the clock: each horizon has one that is open, which closes at its time, is handed out to
 * be solved, and is followed by the next at once.
 *
 * Slots of a round count from the time at which it was to close. One that cannot close until a slot
 * has passed, because nobody was there to close it, is not held at all: its orders meant other times.
 */
import type { TimeMs } from '../../kernel/units.ts';
import { horizonOf } from '../horizons.ts';
import { epochJitterMs } from '../safeguards/jitter.ts';
import { isWorthClosing } from '../worth-closing.ts';
import { commandOfClock, stepMarket } from './relay.ts';
import type { HorizonClock, Turn } from './state.ts';
import { tellAll } from './telling.ts';
import { commitsTimer, headId, roundTimer } from './timers.ts';

/** The process is there: opens what is not open, and gives back time that was lost. */
export function openRounds(turn: Turn): void {
  const { state, timeMs } = turn;
  if (state.clocks.length === 0) {
    state.configuration.clocks.forEach((_, horizon) => openRound(turn, horizon));
    return;
  }
  state.clocks.forEach((clock, horizon) => {
    const { commitsEndMs, closesMs } = clock.round;
    if (commitsEndMs === null || timeMs < commitsEndMs) return;
    // Nobody could reveal while nobody listened, and silence costs the bond.
    postpone(turn, horizon, Math.max(closesMs, timeMs + revealMsOf(turn, horizon)));
  });
}

function openRound(turn: Turn, horizon: number): void {
  const { state, effects } = turn;
  const { market, configuration } = state;
  const { leadMs, revealMs } = configuration.clocks[horizon]!;
  const roundId = market.openRoundIds[horizon]!;
  const closesMs = nextCloseMs(turn, horizon, roundId);
  const isSealed = market.sealedRounds !== null;
  const round = {
    horizon: horizonOf(market.configuration, roundId).name,
    ...{ roundId, closesMs, startMs: closesMs, firstStartMs: closesMs + leadMs },
    commitsEndMs: isSealed ? closesMs - revealMs : null,
  };
  state.clocks[horizon] = { round, isDue: false };
  if (isSealed) {
    const deadlineMs = closesMs - revealMs;
    const effectId = headId(roundId);
    state.headsAwaited.set(effectId, { roundId, deadlineMs });
    effects.push({ kind: 'ReadJournalHead', effectId, deadlineMs });
    effects.push({ kind: 'SetTimer', timerId: commitsTimer(horizon), atMs: deadlineMs });
  }
  effects.push({ kind: 'SetTimer', timerId: roundTimer(horizon), atMs: closesMs });
  tellAll(turn, { kind: 'RoundOpened', round });
}

function nextCloseMs({ state, timeMs }: Turn, horizon: number, roundId: number): TimeMs {
  const { everyMs } = state.configuration.clocks[horizon]!;
  const { seed, safeguards } = state.configuration.market;
  const inTimeMs = (Math.floor(timeMs / everyMs) + 1) * everyMs;
  if (horizon > 0 || !safeguards?.jitter) return inTimeMs;
  return timeMs + everyMs + epochJitterMs(safeguards.jitter, seed, roundId, everyMs);
}

function revealMsOf({ state }: Turn, horizon: number): TimeMs {
  return state.configuration.clocks[horizon]!.revealMs;
}

function postpone(turn: Turn, horizon: number, closesMs: TimeMs): void {
  const clock = turn.state.clocks[horizon]!;
  if (closesMs <= clock.round.closesMs && !clock.isDue) return;
  clock.round = { ...clock.round, closesMs };
  clock.isDue = false;
  turn.effects.push({ kind: 'SetTimer', timerId: roundTimer(horizon), atMs: closesMs });
}

/** The journal's head was read: commitments may come. */
export function headRead(turn: Turn, effectId: string, head: unknown): void {
  const awaited = turn.state.headsAwaited.get(effectId);
  if (!awaited) return;
  turn.state.headsAwaited.delete(effectId);
  const { roundId } = awaited;
  // A head that is none is refused, and a round without commitments has no orders.
  stepMarket(turn, {
    ...{ kind: 'OpenCommits', ...commandOfClock(turn), roundId, head: head as string },
  });
}

/** Commitments to the round of a horizon are over. */
export function commitsDue(turn: Turn, horizon: number): void {
  const clock = turn.state.clocks[horizon];
  if (!clock || clock.round.commitsEndMs === null) return;
  const { roundId } = clock.round;
  stepMarket(turn, { kind: 'CloseCommits', ...commandOfClock(turn), roundId });
  postpone(turn, horizon, Math.max(clock.round.closesMs, turn.timeMs + revealMsOf(turn, horizon)));
}

/** The round of a horizon is to close. */
export function roundDue(turn: Turn, horizon: number): void {
  const { state, timeMs } = turn;
  const clock = state.clocks[horizon];
  if (!clock || timeMs < clock.round.closesMs) return;
  if (state.market.pending) {
    clock.isDue = true;
    return;
  }
  const { option } = horizonOf(state.market.configuration, clock.round.roundId);
  if (option) stepMarket(turn, { kind: 'ExpireOptions', ...commandOfClock(turn) });
  if (!close(turn, clock)) lapse(turn, clock);
  openRound(turn, horizon);
}

/** The solver is free again: what was due meanwhile. */
export function solverFree(turn: Turn): void {
  turn.state.clocks.forEach(({ isDue }, horizon) => {
    if (isDue) roundDue(turn, horizon);
  });
}

/** @returns whether the round is being solved */
function close(turn: Turn, { round }: HorizonClock): boolean {
  const { market } = turn.state;
  const { roundId, startMs } = round;
  const { slotMs } = horizonOf(market.configuration, roundId);
  const book = market.books.get(roundId);
  const { bids, asks } = { bids: book?.bids.size ?? 0, asks: book?.asks.size ?? 0 };
  // Whoever has committed and kept silent owes its bond, whether or not anything is left to trade.
  const isCommitted = (market.sealedRounds?.get(roundId)?.commitments.size ?? 0) > 0;
  const isWorthIt = isCommitted || isWorthClosing(market.configuration, roundId, bids, asks);
  if (!isWorthIt || turn.timeMs - startMs > slotMs) return false;
  const command = commandOfClock(turn);
  return stepMarket(turn, { kind: 'CloseRound', ...command, roundId, startMs }) === null;
}

function lapse(turn: Turn, { round: { roundId } }: HorizonClock): void {
  stepMarket(turn, { kind: 'LapseRound', ...commandOfClock(turn), roundId });
  tellAll(turn, { kind: 'RoundLapsed', roundId });
}
