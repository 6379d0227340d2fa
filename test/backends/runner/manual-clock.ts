/** A clock that a test moves. */
import type { Clock } from '../../../backends/runner/clock.ts';

interface Alarm {
  readonly atMs: number;
  readonly callback: () => void;
}

export class ManualClock implements Clock {
  #nowMs: number;
  readonly #alarms = new Set<Alarm>();

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  get alarms(): number {
    return this.#alarms.size;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wakeAt(atMs: number, callback: () => void): () => void {
    const alarm = { atMs, callback };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Goes to a time, also back; alarms that are due ring. */
  set(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const alarm of [...this.#alarms]) {
      if (alarm.atMs > nowMs || !this.#alarms.delete(alarm)) continue;
      alarm.callback();
    }
  }
}
