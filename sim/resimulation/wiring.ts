/**
 * How services hang together: what an effect of one of them sets going. The wiring is the same for
 * the recorded run and for the simulated one, and knows nothing of either.
 */
import type { ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';

/** An event that has not happened yet: it has no time. */
export interface Unheard {
  readonly kind: string;
}

export type Emission =
  | { readonly kind: 'timer'; readonly timerId: string; readonly atMs: TimeMs }
  | { readonly kind: 'callOff'; readonly timerId: string }
  /** The world outside does it and says what became of it: an `EffectOutcome`. */
  | { readonly kind: 'effect'; readonly effectId: string }
  /** An event of an instance, which may be the one that it comes from. */
  | Message;

export interface Message {
  readonly kind: 'message';
  readonly to: string;
  readonly event: Unheard;
  /** Id of the command that it is. */
  readonly asks?: string;
  /** Id of the command that it answers; heard only by who has asked it. */
  readonly answers?: string;
}

export interface Wiring {
  /** What an effect sets going; `cause` is the event that it follows from. */
  emissions(instance: string, effect: ServiceEffect, cause: ServiceEvent): readonly Emission[];
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
