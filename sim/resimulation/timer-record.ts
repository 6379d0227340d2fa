/** The timers of a recorded service: which were set, called off, moved, and heard of. */
import type { TimeMs } from '../../core/kernel/units.ts';
import type { EventPlace } from './causes.ts';

export interface Setting {
  readonly name: string;
  readonly atMs: TimeMs;
  readonly by: EventPlace;
}

interface CalledOff extends Setting {
  readonly offMs: TimeMs;
}

export class TimerRecord {
  readonly #commitMs: number;
  readonly #current = new Map<string, Setting>();
  /** Settings of each timer that were called off or moved a moment ago. */
  readonly #calledOff = new Map<string, CalledOff[]>();

  /** @param commitMs a timer is only called off once that is durable, and may be heard of till then */
  constructor(commitMs: number) {
    this.#commitMs = commitMs;
  }

  set(timerId: string, setting: Setting, nowMs: TimeMs): void {
    this.callOff(timerId, nowMs);
    this.#current.set(timerId, setting);
  }

  callOff(timerId: string, nowMs: TimeMs): void {
    const setting = this.#current.get(timerId);
    if (!setting) return;
    this.#current.delete(timerId);
    const kept = this.#recent(timerId, nowMs);
    this.#calledOff.set(timerId, [...kept, { ...setting, offMs: nowMs }]);
  }

  #recent(timerId: string, nowMs: TimeMs): CalledOff[] {
    const earlier = this.#calledOff.get(timerId) ?? [];
    return earlier.filter(({ offMs }) => nowMs - offMs <= this.#commitMs);
  }

  /** The setting that was heard of now, or why there can be none. */
  hear(
    timerId: string,
    nowMs: TimeMs,
  ): { readonly setting: Setting; readonly isCalledOff: boolean } | string {
    const current = this.#current.get(timerId);
    if (current && current.atMs <= nowMs) {
      this.#current.delete(timerId);
      return { setting: current, isCalledOff: false };
    }
    const recent = this.#recent(timerId, nowMs);
    const found = recent.find(({ atMs }) => atMs <= nowMs);
    if (found) {
      this.#calledOff.set(
        timerId,
        recent.filter((setting) => setting !== found),
      );
      return { setting: found, isCalledOff: true };
    }
    return current
      ? `timer ${timerId} runs out at ${current.atMs} and no earlier`
      : `no timer ${timerId} was set`;
  }

  /** Timers that were set and have not been heard of. */
  unheard(): Iterable<Setting> {
    return this.#current.values();
  }
}
