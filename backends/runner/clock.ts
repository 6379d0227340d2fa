/**
 * The live world's time. It runs by the monotonic clock from one reading of the calendar on, so that
 * a calendar set forward or back while the process runs ends no lease early and repeats no time.
 */
import type { TimeMs } from '../../core/kernel/units.ts';

/** What the runner asks for the time and is woken by. */
export interface Clock {
  /** Whole milliseconds since 1970-01-01T00:00:00Z; never smaller than before. */
  nowMs(): TimeMs;
  /** Calls back once, at or after this time. @returns a function that calls it off */
  wakeAt(atMs: TimeMs, callback: () => void): () => void;
}

/** Longer waits are cut into pieces: a timer of Node's holds 31 bits of milliseconds. */
const LONGEST_WAIT_MS = 86_400_000;

/** @param notBeforeMs time of the last event of the journal: a calendar behind it is not believed */
export function liveClock(notBeforeMs: TimeMs = 0): Clock {
  const startMs = Math.max(Date.now(), notBeforeMs);
  const originMs = performance.now();
  const nowMs = () => startMs + Math.floor(performance.now() - originMs);
  return {
    nowMs,
    wakeAt(atMs, callback) {
      let timer: NodeJS.Timeout;
      const wait = () => {
        const leftMs = atMs - nowMs();
        if (leftMs <= 0) callback();
        else timer = setTimeout(wait, Math.min(leftMs, LONGEST_WAIT_MS));
      };
      timer = setTimeout(wait, Math.max(0, Math.min(atMs - nowMs(), LONGEST_WAIT_MS)));
      return () => clearTimeout(timer);
    },
  };
}
