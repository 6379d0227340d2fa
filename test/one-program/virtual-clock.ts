/** Time of a live run in one process that does not wait: it goes on to whatever is due next. */
import type { Clock } from '../../backends/runner/clock.ts';

interface Alarm {
  readonly atMs: number;
  readonly callback: () => void;
}

export class VirtualTime {
  nowMs: number;
  readonly #alarms = new Set<Alarm>();

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  wakeAt(atMs: number, callback: () => void): () => void {
    const alarm = { atMs: Math.max(atMs, this.nowMs), callback };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** A clock that is off by so much, and stands still once its process is gone. */
  clockOf(process: { readonly isAlive: boolean }, skewMs = 0): Clock {
    return {
      nowMs: () => this.nowMs + skewMs,
      wakeAt: (atMs, callback) =>
        this.wakeAt(atMs - skewMs, () => {
          if (process.isAlive) callback();
        }),
    };
  }

  /** Until then, alarm by alarm; `settled` lets everything come to rest in between. */
  async runUntil(endMs: number, settled: () => Promise<void>): Promise<void> {
    for (;;) {
      await settled();
      let next: Alarm | undefined;
      for (const alarm of this.#alarms) if (!next || alarm.atMs < next.atMs) next = alarm;
      if (!next || next.atMs > endMs) break;
      this.#alarms.delete(next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.callback();
    }
    this.nowMs = endMs;
  }
}

/** Lets what is under way in this process come to rest. */
export async function rest(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
}
