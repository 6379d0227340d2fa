/**
 * What every future-event list is: a priority queue of integer handles that hands them out by
 * (time, priority, order of insertion). Two lists fed the same calls give the same history.
 */
import type { Carried } from '../../core/kernel/carried.ts';
import { invariant } from '../../core/kernel/errors.ts';

export interface FutureEventList extends Carried {
  /** Handles that wait. */
  readonly size: number;
  /** Time of the handle that `pop` returned last; −Infinity before the first. */
  readonly poppedTimeMs: number;
  /** Priority of the handle that `pop` returned last. */
  readonly poppedPriority: number;
  /**
   * @param timeMs finite; any time, also one before the last that was popped
   * @param priority integer in [−32,768, 32,767]; the lower goes first
   * @param payload a 32-bit integer ≥ 0, usually an index into somebody's table
   */
  push(timeMs: number, priority: number, payload: number): void;
  /** Takes the first handle out; −1 when none is left. */
  pop(): number;
  /** The first handle, left where it is; −1 when none is left. */
  peek(): number;
  /** Time of the first handle; Infinity when none is left. */
  peekTime(): number;
  /** Forgets every handle. */
  clear(): void;
}

/** Throws on what no list can put in order (a bug of the caller). */
export function checkKey(timeMs: number, priority: number, payload: number): void {
  // t − t is 0 only for finite times; the bit operations keep only integers that fit.
  const fits =
    timeMs - timeMs === 0 &&
    (priority << 16) >> 16 === priority &&
    (payload & 0x7fffffff) === payload;
  if (fits) return;
  invariant(false, `no event can stand at (${timeMs}, ${priority}, ${payload})`);
}
