/**
 * How services hang together: what an effect of one of them sets going. The wiring is the same for
 * the recorded run and for the simulated one, and takes nothing from either.
 */
import type { Outcome, ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';

/** An event that has not happened yet: it has no time. */
export interface Unheard {
  readonly kind: string;
}

export type Emission =
  | { readonly kind: 'timer'; readonly timerId: string; readonly atMs: TimeMs }
  | { readonly kind: 'callOff'; readonly timerId: string }
  | WorldEffect
  | Message;

/** The world outside does it and says what became of it: an `EffectOutcome`. */
export interface WorldEffect {
  readonly kind: 'effect';
  readonly effectId: string;
  /** What an `ok` has to say, where that can be found out without the world; else absent. */
  answer?(): Outcome<unknown>;
}

/** An event of another instance. */
export interface Message {
  readonly kind: 'message';
  readonly to: string;
  readonly event: Unheard;
  /** Id of the command that it is. */
  readonly asks?: string;
  /** The same command was sent before; it is carried out once. */
  readonly isRepeated?: boolean;
  /** Id of the command that it answers; heard only by who has asked it. */
  readonly answers?: string;
}

/** What an effect is set going by. */
export interface Origin {
  readonly instance: string;
  /** The event that the effect follows from. */
  readonly event: ServiceEvent;
  /** Of the instance, after the event. */
  readonly state: unknown;
}

/** Of one run: it counts what is said. */
export interface Wiring {
  /** What an effect sets going; every effect of every event is asked for once, in order. */
  emissions(effect: ServiceEffect, origin: Origin): readonly Emission[];
  /** Whether the message still means something to an instance in this state. */
  isHeard(message: Message, state: unknown): boolean;
  /**
   * Whether the receiver's gate lets the command in: some ask another service first. Absent: all do.
   *
   * @param stateOf of an instance by its address, as of now
   */
  isAdmitted?(message: Message, stateOf: (instance: string) => unknown): boolean;
  /** Whether who sent a command, in this state, sends it again until it is answered. */
  isAskedAgain(message: Message, from: string, state: unknown): boolean;
  /**
   * What a command's sender hears where the receiver's façade turns it away, before the receiver itself
   * has seen it; null where it turns none away.
   */
  turnAway(message: Message, from: string): Message | null;
  /** Whether it is right to turn it away, as things are at the other services. */
  isTurnedAway(message: Message, stateOf: (instance: string) => unknown): boolean;
  /** True for what may come from outside: people, agents, faults of hardware. */
  isExogenous(instance: string, event: ServiceEvent): boolean;
}

/** Emissions of what every service has: timers, and effects whose outcomes come back. */
export function commonEmissions(effect: ServiceEffect): readonly Emission[] {
  const { kind, timerId, atMs, effectId } = effect as ServiceEffect & {
    readonly timerId: string;
    readonly atMs: TimeMs;
    readonly effectId?: string;
  };
  if (kind === 'SetTimer') return [{ kind: 'timer', timerId, atMs }];
  if (kind === 'CancelTimer') return [{ kind: 'callOff', timerId }];
  return effectId === undefined ? [] : [{ kind: 'effect', effectId }];
}
