/**
 * What is left of a process that was killed: its store, read by another process and held against
 * what clients were told and what the hardware was asked for.
 */
import { siteService } from '../../../core/offers/service.ts';
import type { IsolationConfiguration } from '../../../core/allocator/enrolment.ts';
import { checkIsolationInvariants } from '../../../core/allocator/invariants.ts';
import type { IsolationEvent } from '../../../core/allocator/commands.ts';
import { canonicalJson } from '../../../core/kernel/canonical-json.ts';
import { GENESIS_HASH, recordHash } from '../../../core/kernel/journal.ts';
import { openSqliteStore } from '../../../backends/store/sqlite.ts';
import { recordsOf } from '../../../backends/store/store.ts';
import { sha256 } from '../../contract/store-contract.ts';
import type { World } from './world.ts';

export class Audit {
  readonly state;
  /** Commands that the journal holds. */
  readonly commands = new Set<string>();
  readonly #effects = new Map<string, string>();
  readonly #path: string;
  #seq = 0;
  #hash = GENESIS_HASH;

  constructor(path: string, configuration: IsolationConfiguration) {
    this.#path = path;
    this.state = siteService.initial(configuration);
  }

  get events(): number {
    return this.#seq;
  }

  /** Reads what has come since the last time. @returns what is wrong */
  async check(
    acknowledged: ReadonlyMap<string, unknown>,
    world: World,
    isAlive = false,
  ): Promise<string[]> {
    const wrong: string[] = [];
    const store = openSqliteStore(this.#path);
    try {
      for await (const record of recordsOf(store, 'isolation', Math.max(1, this.#seq))) {
        const { prev, hash, ...body } = record;
        if (record.seq === this.#seq) {
          if (hash !== this.#hash) wrong.push(`record ${record.seq} is another than it was`);
          continue;
        }
        const isNext = record.seq === this.#seq + 1 && prev === this.#hash;
        if (!isNext || recordHash(sha256, prev, body) !== hash) wrong.push('the chain is broken');
        this.#seq = record.seq;
        this.#hash = hash;
        if (record.seq > 1) this.#step(record.event as IsolationEvent, wrong);
      }
      for (const [commandId, reply] of acknowledged) {
        const stored = await store.reply('isolation', commandId);
        if (!this.commands.has(commandId) || !stored) {
          wrong.push(`lost: ${commandId} was acknowledged`);
        } else if (canonicalJson(stored.reply) !== canonicalJson(reply)) {
          wrong.push(`${commandId} was answered otherwise than is kept`);
        }
      }
    } finally {
      await store.close();
    }
    // While the process lives, the journal is ahead of what was read of it.
    for (const [effectId, text] of isAlive ? [] : world.asked) {
      if (this.#effects.get(effectId) !== text)
        wrong.push(`undecided: ${effectId} was carried out`);
    }
    return [...wrong, ...checkIsolationInvariants(this.state), ...world.violations];
  }

  #step(event: IsolationEvent, wrong: string[]): void {
    if ('commandId' in event) {
      if (this.commands.has(event.commandId)) wrong.push(`${event.commandId} was done twice`);
      this.commands.add(event.commandId);
    }
    for (const effect of siteService.step(this.state, event).effects) {
      if ('effectId' in effect) this.#effects.set(effect.effectId, canonicalJson(effect));
    }
  }
}
