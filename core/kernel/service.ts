/**
 * What every service of the core is: a reducer `step(state, event) → { state, effects }`.
 *
 * A step validates first and changes state (in place is fine) only once nothing can fail any
 * more. A refused command changes nothing and answers with a `Reply` effect. A throw is a bug.
 */
import type { Refusal } from './errors.ts';
import type { TimeMs } from './units.ts';

/** Who speaks. `service` names one of the four services or a tenant's own instance of one. */
export interface Principal {
  readonly role: 'admin' | 'organisation' | 'service';
  readonly name: string;
}

export interface ServiceEvent {
  readonly kind: string;
  readonly timeMs: TimeMs;
}

/** A request that somebody made; answered by exactly one `Reply` with the same `commandId`. */
export interface Command extends ServiceEvent {
  readonly commandId: string;
  readonly from: Principal;
}

/** A command without the header that the sender's world fills in (`timeMs`, `from`). */
export type Unsent<C> = C extends unknown ? Omit<C, 'timeMs' | 'from'> : never;

/** A timer that the service set with `SetTimer` has run out. */
export interface TimerFired extends ServiceEvent {
  readonly kind: 'TimerFired';
  readonly timerId: string;
}

/**
 * What became of an effect. `uncertain` means that it may or may not have happened; it never
 * counts as success, nor as failure, until the hardware has been read back.
 */
export type Outcome<Value = undefined> =
  | { readonly status: 'ok'; readonly value: Value }
  | { readonly status: 'noEffect'; readonly error: Refusal }
  | { readonly status: 'uncertain'; readonly error: Refusal };

/** The world reports what became of the effect `effectId`. */
export interface EffectOutcome<Value = unknown> extends ServiceEvent {
  readonly kind: 'EffectOutcome';
  readonly effectId: string;
  readonly outcome: Outcome<Value>;
}

/** What the world should do. Doing it twice is harmless. */
export interface ServiceEffect {
  readonly kind: string;
}

export interface Reply extends ServiceEffect {
  readonly kind: 'Reply';
  readonly commandId: string;
  readonly to: Principal;
  readonly refusal: Refusal | null;
  /** The resource made or changed; null with a refusal. */
  readonly result: unknown;
}

export interface SetTimer extends ServiceEffect {
  readonly kind: 'SetTimer';
  /** Setting a timer again under the same id moves it. */
  readonly timerId: string;
  readonly atMs: TimeMs;
}

export interface CancelTimer extends ServiceEffect {
  readonly kind: 'CancelTimer';
  readonly timerId: string;
}

export interface Step<State, Effect extends ServiceEffect> {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** One service, ready to be run by a simulated or a live world. */
export interface Service<
  Configuration,
  State,
  Event extends ServiceEvent,
  Effect extends ServiceEffect,
> {
  readonly name: string;
  /** The state before the first event. */
  initial(configuration: Configuration): State;
  step(state: State, event: Event): Step<State, Effect>;
}

/** Every event the same step: nothing to do. */
export const NO_EFFECTS: readonly never[] = Object.freeze([]);

export const ok: Outcome = Object.freeze({ status: 'ok', value: undefined });
