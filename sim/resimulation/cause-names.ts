/**
 * Names of causes. What was recorded and what is simulated give the same cause the same name, so
 * that the time that its consequence took can be looked up; nothing else is taken from the record.
 */
import type { TimeMs } from '../../core/kernel/units.ts';
import { textOf } from './recording.ts';
import type { Message } from './wiring.ts';

export class CauseNames {
  readonly #counts = new Map<string, number>();

  timer(instance: string, timerId: string, atMs: TimeMs): string {
    return this.#numbered(`timer ${timerId} of ${instance} for ${atMs}`);
  }

  effect(instance: string, effectId: string): string {
    return this.#numbered(`effect ${effectId} of ${instance}`);
  }

  message(from: string, { to, event }: Message): string {
    return this.#numbered(`message of ${from} to ${to}: ${textOf(event)}`);
  }

  #numbered(text: string): string {
    const count = (this.#counts.get(text) ?? 0) + 1;
    this.#counts.set(text, count);
    return count === 1 ? text : `${text} (${count})`;
  }
}
