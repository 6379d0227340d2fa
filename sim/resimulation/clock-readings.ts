/** What the clock of a service showed, by the moments of the resimulation. */
import type { TimeMs } from '../../core/kernel/units.ts';

export class ClockReadings {
  readonly #fromMs: number[] = [];
  /** How far the clock was off from then on, in milliseconds. */
  readonly #offsets: number[] = [];

  /** @param momentMs later than any before */
  note(momentMs: number, timeMs: TimeMs): void {
    const offset = timeMs - Math.floor(momentMs);
    if (this.#offsets.at(-1) === offset) return;
    this.#fromMs.push(momentMs);
    this.#offsets.push(offset);
  }

  read(momentMs: number): TimeMs {
    let low = 0;
    let high = this.#fromMs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#fromMs[middle]! <= momentMs) low = middle + 1;
      else high = middle;
    }
    return Math.floor(momentMs) + (this.#offsets[low - 1] ?? 0);
  }
}
