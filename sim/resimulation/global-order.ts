/**
 * One order of all recorded events, whoever's journal they are in: that of each journal, every event
 * after what caused it, and otherwise by the clocks, which do not agree to the millisecond.
 *
 * Each event gets a moment, in milliseconds with a fraction, that is later than the one before it. So
 * the order of what happened within a millisecond becomes a matter of durations, and no list of
 * events has to be followed.
 */
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Causes, EventPlace } from './causes.ts';

/** A power of two, so that sums and differences of moments are exact until the year 2039. */
const MOMENTS_PER_MS = 4_096;

export interface GlobalOrder {
  /** Instance → the moments of its events. */
  readonly moments: ReadonlyMap<string, readonly number[]>;
  /** Events that stand before what caused them in every order; their causes count for nothing. */
  readonly circular: readonly EventPlace[];
  /** Moment of the last event of all. */
  readonly endMs: number;
}

interface Line {
  readonly instance: string;
  readonly moments: number[];
  readonly length: number;
}

export function globalOrder({ steps }: Causes): GlobalOrder {
  const lines: Line[] = [...steps].map(([instance, { length }]) => ({
    ...{ instance, moments: [], length },
  }));
  const placed = new Map(lines.map(({ instance, moments }) => [instance, moments]));
  const circular: EventPlace[] = [];
  let lastMs = -Infinity;
  const timeOf = ({ instance, moments }: Line): TimeMs =>
    steps.get(instance)![moments.length]!.event.timeMs;
  const isReady = ({ instance, moments }: Line): boolean => {
    const { cause } = steps.get(instance)![moments.length]!;
    return cause.kind !== 'message' || placed.get(cause.by.instance)!.length > cause.by.index;
  };
  for (;;) {
    const open = lines.filter(({ moments, length }) => moments.length < length);
    if (open.length === 0) return { moments: placed, circular, endMs: lastMs };
    const ready = open.filter(isReady);
    const next = earliest(ready.length > 0 ? ready : open, timeOf);
    if (ready.length === 0) {
      circular.push({ instance: next.instance, index: next.moments.length });
    }
    lastMs = Math.max(timeOf(next), lastMs + 1 / MOMENTS_PER_MS);
    next.moments.push(lastMs);
  }
}

/** Of several at the same time the first line. */
function earliest(lines: readonly Line[], timeOf: (line: Line) => TimeMs): Line {
  return lines.reduce((best, line) => (timeOf(line) < timeOf(best) ? line : best));
}
