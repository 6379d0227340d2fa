/**
 * One service instance under faults: its state in memory, its journal, which survives, and what
 * its world holds for it: timers and effects that have not been answered.
 */
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import { invariant } from '../../core/kernel/errors.ts';
import type { EffectOutcome, Service } from '../../core/kernel/service.ts';
import type { CancelTimer, ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';
import type { SetTimer, TimerFired } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { isHardwareEffect } from '../hardware/effects.ts';
import type { HardwareEffect } from '../hardware/effects.ts';

/** A service whose types the harness does not know: it only carries events and effects. */
export type AnyService = Service<unknown, unknown, ServiceEvent, ServiceEffect>;

export interface EndpointRecord {
  readonly event: ServiceEvent;
  readonly effects: readonly ServiceEffect[];
}

/** What a service that was restarted from its journal has to take up again. */
export interface Resumed {
  readonly timers: ReadonlyMap<string, TimeMs>;
  /** Effects on hardware without an outcome, in the order they were issued. */
  readonly openEffects: readonly HardwareEffect[];
  readonly lastRecord: EndpointRecord | null;
}

export class Endpoint {
  readonly name: string;
  readonly #service: AnyService;
  readonly #configuration: unknown;
  #state: unknown;
  readonly journal: EndpointRecord[] = [];
  /** Records that a replay has been compared with. */
  #replayed = 0;
  /** `dead` never comes back. */
  status: 'up' | 'down' | 'dead' = 'up';
  /** Counts restarts: what an earlier run of the process waited for never reaches it. */
  epoch = 0;

  constructor(name: string, service: AnyService, configuration: unknown) {
    this.name = name;
    this.#service = service;
    this.#configuration = configuration;
    this.#state = service.initial(configuration);
  }

  /** For coverage and for tests; the invariant checker never looks here. */
  get state(): unknown {
    return this.#state;
  }

  /** One step; the record stands in the journal when this returns. */
  step(event: ServiceEvent): EndpointRecord {
    invariant(this.status === 'up', `${this.name} is down`);
    const { state, effects } = this.#service.step(this.#state, event);
    this.#state = state;
    const record = { event, effects };
    this.journal.push(record);
    return record;
  }

  crash(): void {
    this.status = 'down';
    this.epoch += 1;
  }

  /**
   * Starts the service again from its journal, as text that was stored, and takes up what the
   * journal leaves open.
   *
   * @throws OcxError INVARIANT_VIOLATED where the replay has other effects or another state
   */
  restart(): Resumed {
    const lostState = canonicalJson(this.#state);
    this.#state = this.#service.initial(this.#configuration);
    for (const [index, { event, effects }] of this.journal.entries()) {
      const isNew = index >= this.#replayed;
      const stored = isNew ? (JSON.parse(JSON.stringify(event)) as ServiceEvent) : event;
      const step = this.#service.step(this.#state, stored);
      this.#state = step.state;
      invariant(
        !isNew || JSON.stringify(step.effects) === JSON.stringify(effects),
        `replay of ${this.name} has other effects at ${event.kind} (${event.timeMs} ms)`,
      );
    }
    this.#replayed = this.journal.length;
    invariant(
      canonicalJson(this.#state) === lostState,
      `replay of ${this.name} ends in another state`,
    );
    this.status = 'up';
    return resume(this.journal);
  }
}

/** What a journal leaves open. */
function resume(journal: readonly EndpointRecord[]): Resumed {
  const timers = new Map<string, TimeMs>();
  const open = new Map<string, HardwareEffect>();
  for (const { event, effects } of journal) {
    if (event.kind === 'TimerFired') timers.delete((event as TimerFired).timerId);
    if (event.kind === 'EffectOutcome') open.delete((event as EffectOutcome).effectId);
    for (const effect of effects) {
      if (effect.kind === 'SetTimer') {
        timers.set((effect as SetTimer).timerId, (effect as SetTimer).atMs);
      } else if (effect.kind === 'CancelTimer') {
        timers.delete((effect as CancelTimer).timerId);
      } else if (isHardwareEffect(effect)) {
        open.set(effect.effectId, effect);
      }
    }
  }
  return { timers, openEffects: [...open.values()], lastRecord: journal.at(-1) ?? null };
}
