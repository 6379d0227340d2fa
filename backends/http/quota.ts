/**
 * What one party may have under way at once: a tenant that asks without end waits for itself and not
 * for the others. Administrators are not counted: they must get through to help.
 */
import { OcxError } from '../../core/kernel/errors.ts';
import type { Principal } from '../../core/kernel/service.ts';

/** Requests of one party that wait for their answers. */
export const PARTY_MAXIMUM = 1_000;

export class PartyQuota {
  readonly #waiting = new Map<string, number>();
  readonly #maximum: number;

  constructor(maximum = PARTY_MAXIMUM) {
    this.#maximum = maximum;
  }

  /** @throws RESOURCE_QUOTA where the party has as many under way as it may */
  async within<Value>(party: Principal, work: () => Promise<Value>): Promise<Value> {
    if (party.role === 'admin') return work();
    const name = `${party.role} ${party.name}`;
    const count = this.#waiting.get(name) ?? 0;
    if (count >= this.#maximum) {
      throw new OcxError({
        code: 'RESOURCE_QUOTA',
        message: `${count} requests of ${party.name} wait for their answers`,
        remedy: 'send it again once some are answered',
      });
    }
    this.#waiting.set(name, count + 1);
    try {
      return await work();
    } finally {
      const left = this.#waiting.get(name)! - 1;
      if (left > 0) this.#waiting.set(name, left);
      else this.#waiting.delete(name);
    }
  }

  /** Parties that have something under way. */
  get size(): number {
    return this.#waiting.size;
  }
}
