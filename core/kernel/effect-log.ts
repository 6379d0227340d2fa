/**
 * The log of what the world was asked for, one JSON line each: written where effects leave the
 * program, beyond all that could send one again, change it or keep it back. It is a witness beside
 * the journal, which only has what the service decided and was told.
 */
import type { Outcome, ServiceEffect } from './service.ts';
import type { TimeMs } from './units.ts';

/** An effect that the world answers. */
export interface AnsweredEffect extends ServiceEffect {
  readonly effectId: string;
}

export type EffectLogLine =
  /** A process has begun, after this many events of the journal, the genesis not counted. */
  | {
      readonly kind: 'started';
      readonly instance: string;
      readonly events: number;
      readonly timeMs: TimeMs;
    }
  | { readonly kind: 'begun'; readonly effect: AnsweredEffect; readonly timeMs: TimeMs }
  | {
      readonly kind: 'ended';
      readonly effectId: string;
      /** Null: the driver failed. */
      readonly outcome: Outcome<unknown> | null;
      readonly timeMs: TimeMs;
    }
  /** The process was told to end, or was killed, as whoever killed it notes. */
  | { readonly kind: 'stopped'; readonly timeMs: TimeMs };
