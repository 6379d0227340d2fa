/** Drives one service by hand: events in, effects out, and the kinds of what came out. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import type { Principal, Reply, Service } from '../../core/kernel/service.ts';
import type { ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

export function organisation(name: string): Principal {
  return { role: 'organisation', name };
}

type Bare<Event> = Event extends unknown ? Omit<Event, 'timeMs'> : never;

export class Driver<
  Configuration,
  State,
  Event extends ServiceEvent,
  Effect extends ServiceEffect,
> {
  nowMs = 0;
  state: State;
  readonly #service: Service<Configuration, State, Event, Effect>;
  #commands = 0;

  constructor(service: Service<Configuration, State, Event, Effect>, configuration: Configuration) {
    this.#service = service;
    this.state = service.initial(configuration);
  }

  send(event: Bare<Event>): readonly Effect[] {
    const timed = { ...event, timeMs: this.nowMs } as unknown as Event;
    const step = this.#service.step(this.state, timed);
    this.state = step.state;
    return step.effects;
  }

  /** Sends a command under a fresh id; what the reply says, and the other effects. */
  command(
    from: Principal,
    fields: { readonly kind: string; readonly [name: string]: unknown },
  ): { readonly code: string | null; readonly effects: readonly Effect[]; readonly id: string } {
    const id = (fields['commandId'] as string | undefined) ?? `command-${(this.#commands += 1)}`;
    const before = canonicalJson(this.state);
    const effects = this.send({ commandId: id, from, ...fields } as unknown as Bare<Event>);
    const replies = effects.filter(({ kind }) => kind === 'Reply') as unknown as Reply[];
    if (replies.length > 1) throw new Error('a command has one reply');
    const code = replies[0]?.refusal?.code ?? null;
    if (code !== null && (effects.length > 1 || canonicalJson(this.state) !== before)) {
      throw new Error(`a refused command (${code}) changed something`);
    }
    return { code, effects: effects.filter(({ kind }) => kind !== 'Reply'), id };
  }

  /** Reports that the effect happened. */
  ok(effect: ServiceEffect, value?: unknown): readonly Effect[] {
    return this.outcome(effect, { status: 'ok', value });
  }

  failed(effect: ServiceEffect, status: 'noEffect' | 'uncertain', code = 'DEVICE_FAILED') {
    return this.outcome(effect, { status, error: { code, message: 'planted' } });
  }

  outcome(effect: ServiceEffect, outcome: object): readonly Effect[] {
    const { effectId } = effect as unknown as { readonly effectId: string };
    return this.send({ kind: 'EffectOutcome', effectId, outcome } as unknown as Bare<Event>);
  }

  fire(timerId: string): readonly Effect[] {
    return this.send({ kind: 'TimerFired', timerId } as unknown as Bare<Event>);
  }
}

/** The only effect of that kind; throws where there is none or more than one. */
export function only<Effect extends ServiceEffect, Kind extends Effect['kind']>(
  effects: readonly Effect[],
  kind: Kind,
): Extract<Effect, { readonly kind: Kind }> {
  const found = effects.filter((effect) => effect.kind === kind);
  if (found.length !== 1) {
    throw new Error(`${found.length} effects of kind ${kind}, not one: ${kinds(effects)}`);
  }
  return found[0] as Extract<Effect, { readonly kind: Kind }>;
}

/** Kinds of the effects, without timers; a notice or request by what it carries. */
export function kinds(effects: readonly ServiceEffect[]): string[] {
  return effects
    .filter(({ kind }) => kind !== 'SetTimer' && kind !== 'CancelTimer')
    .map((effect) => {
      const { notice, command } = effect as unknown as Record<string, { kind: string } | undefined>;
      return notice?.kind ?? command?.kind ?? effect.kind;
    });
}
