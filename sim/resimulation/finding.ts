/** What does not add up between a live run and its resimulation. */
import type { TimeMs } from '../../core/kernel/units.ts';

export interface Finding {
  /** When, in the resimulation's time. */
  readonly momentMs: number;
  readonly instance: string;
  /** Record of the instance's journal, where there is one. */
  readonly record: number | null;
  /** One sentence: what differs. */
  readonly what: string;
  /** One sentence: who must have decided it, as far as that can be told; else ''. */
  readonly cause: string;
}

/** How much leave the real world has. */
export interface Limits {
  /** The longest that an event takes to become durable. */
  readonly commitMs: number;
  /** What was due no longer than this before a service ended may have been under way still. */
  readonly settleMs: number;
  /** A timer of a service that runs is heard of no later than this. */
  readonly lateMs: number;
}

/** Settings, not measurements: a machine under load is slow, but not by this much. */
export const DEFAULT_LIMITS: Limits = { commitMs: 2_000, settleMs: 5_000, lateMs: 5_000 };

/** When the processes of an instance began and ended, by its own clock; faults are exogenous. */
export interface Lives {
  /** Ascending; the first is that of the first process. */
  readonly startsMs: readonly TimeMs[];
  /** When the last process ended; null: with the whole run. */
  readonly endedMs: TimeMs | null;
}

/** The earliest first; of those of one moment what tells the cause. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (a, b) => a.momentMs - b.momentMs || Number(a.cause === '') - Number(b.cause === ''),
  );
}
