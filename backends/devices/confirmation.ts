/**
 * Getting a device into a state and seeing it there. What a BMC answers to a request is not
 * believed: it may have lost it, done it without saying so, or be about to undo it. So the state is
 * read until it has been seen several times on end; where it is not, the request is sent again.
 *
 * `ok` is what was seen. `noEffect` is said only where the device turned down every request, or none
 * was sent. All else is `uncertain`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../../core/kernel/service.ts';
import { doubtful, nothing } from './failure.ts';
import type { Failure } from './failure.ts';

/** How patient a driver is with a device. */
export interface Pace {
  /** Between two readings. */
  readonly pollMs: number;
  /** A state counts once it was read so often on end. */
  readonly readings: number;
  /** How long a request may take before it is sent again. */
  readonly resendMs: number;
  /** How often a request is sent at most. */
  readonly sends: number;
}

/** A state to be reached. */
export interface Goal<Value> {
  /** What is to be reached, for messages: `power on`. */
  readonly name: string;
  read(signal: AbortSignal): Promise<Outcome<Value>>;
  isReached(value: Value): boolean;
  /** False while the device says that it is under way. */
  isSettled(value: Value): boolean;
  /** @param attempt from 0 on */
  send(attempt: number, signal: AbortSignal): Promise<Outcome>;
  /** Instead of the pace's, after the request of this number. */
  patienceMs?(attempt: number): number;
}

/** The way to one goal. */
class Approach<Value> {
  readonly #goal: Goal<Value>;
  readonly #pace: Pace;
  readonly #signal: AbortSignal;
  #inARow = 0;
  #sends = 0;
  #hasWaited = false;
  /** When something may be sent again. */
  #nextMs: number;
  /** Something was sent that the device has not turned down. */
  #isInDoubt = false;
  #problem = 'it was never seen';

  constructor(goal: Goal<Value>, pace: Pace, signal: AbortSignal) {
    this.#goal = goal;
    this.#pace = pace;
    this.#signal = signal;
    this.#nextMs = performance.now();
  }

  async go(): Promise<Outcome> {
    while (!this.#signal.aborted) {
      const seen = await this.#goal.read(this.#signal);
      if (seen.status === 'ok') {
        const isReached = this.#goal.isReached(seen.value);
        this.#inARow = isReached ? this.#inARow + 1 : 0;
        if (this.#inARow >= this.#pace.readings) return { status: 'ok', value: undefined };
        if (!isReached) {
          const end = await this.#unreached(seen.value);
          if (end) return end;
        }
      } else {
        this.#inARow = 0;
        this.#problem = seen.error.message;
        const end = this.#isOver(seen);
        if (end) return end;
      }
      await pause(this.#pace.pollMs, this.#signal);
    }
    return this.#failure('DEVICE_LATE');
  }

  async #unreached(value: Value): Promise<Failure | null> {
    const now = performance.now();
    if (now < this.#nextMs || this.#sends >= this.#pace.sends) return null;
    if (!this.#goal.isSettled(value) && !this.#hasWaited) {
      // It is on its way from or to somewhere: what is sent now could be dropped.
      this.#hasWaited = true;
      this.#nextMs = now + this.#pace.resendMs;
      return null;
    }
    const attempt = this.#sends;
    this.#sends += 1;
    const sent = await this.#goal.send(attempt, this.#signal);
    if (sent.status === 'noEffect') {
      this.#problem = sent.error.message;
      const end = this.#isOver(sent);
      if (end) return end;
      this.#nextMs = performance.now();
      const isOver = this.#sends >= this.#pace.sends && !this.#isInDoubt;
      return isOver ? nothing(sent.error.code, this.#problem) : null;
    }
    this.#isInDoubt = true;
    this.#problem =
      sent.status === 'ok' ? 'the device took it, but it was not seen' : sent.error.message;
    const patienceMs = this.#goal.patienceMs?.(attempt) ?? this.#pace.resendMs;
    this.#nextMs = performance.now() + patienceMs;
    return null;
  }

  #isOver({ error: { code, message } }: Failure): Failure | null {
    if (isFinal(code) && !this.#isInDoubt) return nothing(code, message);
    return code === FENCED ? doubtful(code, message) : null;
  }

  #failure(code: string): Failure {
    const message = `${this.#goal.name} was not confirmed in time: ${this.#problem}`;
    return this.#isInDoubt ? doubtful('DEVICE_UNCONFIRMED', message) : nothing(code, message);
  }
}

/** Somebody else is in charge: neither readings nor requests will ever be answered again. */
const FENCED = 'DEVICE_FENCED';

/** Asking again would not help. */
export function isFinal(code: string): boolean {
  return ['DEVICE_UNSUPPORTED', 'DEVICE_DENIED', 'DEVICE_UNTRUSTED', FENCED].includes(code);
}

/** Brings the device into the state and sees it there, or says how far that got. */
export function reach<Value>(goal: Goal<Value>, pace: Pace, signal: AbortSignal): Promise<Outcome> {
  return new Approach(goal, pace, signal).go();
}

/**
 * For what cannot be read back: sent until the device says that it is done. What may have been done
 * and was not confirmed is done again; it must do no harm.
 */
export async function insist(
  send: (signal: AbortSignal) => Promise<Outcome>,
  pace: Pace,
  signal: AbortSignal,
): Promise<Outcome> {
  let isInDoubt = false;
  let last: Outcome = nothing('DEVICE_LATE', 'the deadline passed before it was sent');
  for (let sends = 0; sends < pace.sends && !signal.aborted; sends++) {
    if (sends > 0) await pause(pace.pollMs, signal);
    last = await send(signal);
    if (last.status === 'ok') return last;
    isInDoubt ||= last.status === 'uncertain';
    if (isFinal(last.error.code)) break;
  }
  return isInDoubt && last.status === 'noEffect' ? { ...last, status: 'uncertain' } : last;
}

/** Reads until the same was read several times on end. */
export async function settledReading<Value>(
  read: (signal: AbortSignal) => Promise<Outcome<Value>>,
  isSettled: (value: Value) => boolean,
  pace: Pace,
  signal: AbortSignal,
): Promise<Outcome<Value>> {
  let last: Outcome<Value> | null = null;
  let inARow = 0;
  let problem = 'it was never read';
  while (!signal.aborted) {
    const seen = await read(signal);
    if (seen.status !== 'ok') {
      if (isFinal(seen.error.code)) return seen;
      problem = seen.error.message;
      inARow = 0;
    } else if (!isSettled(seen.value)) {
      problem = 'it keeps changing';
      inARow = 0;
    } else {
      inARow = last?.status === 'ok' && last.value === seen.value ? inARow + 1 : 1;
      if (inARow >= pace.readings) return seen;
    }
    last = seen;
    await pause(pace.pollMs, signal);
  }
  return nothing('DEVICE_LATE', `nothing certain was read in time: ${problem}`);
}

/** Ends early, without a throw, when the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
