/**
 * Finds out why each recorded event happened: a timer of the service's own ran out, the world
 * answered an effect, another service said something, or it came from outside. The journals are
 * replayed for it, so that the causes are what the core decided and not what anybody noted down.
 *
 * An event with none of these causes, and a cause without its consequence, are findings: somebody
 * between the core and the world has decided something.
 */
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import type { EffectOutcome, ServiceEvent, TimerFired } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { CauseNames } from './cause-names.ts';
import { recordNumber, textOf } from './recording.ts';
import type { Recording } from './recording.ts';
import { TimerRecord } from './timer-record.ts';
import type { Emission, Message, Wiring } from './wiring.ts';

/** Place of an event: instance and index in its recording. */
export interface EventPlace {
  readonly instance: string;
  readonly index: number;
}

export type Cause =
  | { readonly kind: 'exogenous' }
  | { readonly kind: 'unexplained'; readonly why: string }
  | {
      readonly kind: 'timer';
      readonly name: string;
      readonly atMs: TimeMs;
      readonly by: EventPlace;
    }
  | { readonly kind: 'effect'; readonly name: string; readonly by: EventPlace }
  | { readonly kind: 'message'; readonly name: string; readonly by: EventPlace };

/** An event that happened, with why it did and what followed. */
export interface RecordedStep {
  readonly event: ServiceEvent;
  readonly text: string;
  /** Canonical text of its effects. */
  readonly effects: string;
  cause: Cause;
}

/** A cause that had not had its consequence when the record ended. */
export interface LooseEnd {
  readonly kind: 'timer' | 'effect' | 'message';
  readonly name: string;
  /** Whose event is missing. */
  readonly instance: string;
  readonly by: EventPlace;
  /** Since when it could have come, by the clock of who caused it. */
  readonly dueMs: TimeMs;
}

export interface Causes {
  /** Instance → its steps, as many as the core could take. */
  readonly steps: ReadonlyMap<string, readonly RecordedStep[]>;
  readonly looseEnds: readonly LooseEnd[];
  /** Names of timers that were heard of though they had just been called off. */
  readonly crossed: ReadonlySet<string>;
  /** Text of each instance's state at the end. */
  readonly states: ReadonlyMap<string, string>;
}

interface Pending {
  readonly name: string;
  readonly by: EventPlace;
  readonly dueMs: TimeMs;
}

interface Sent extends Pending {
  readonly message: Message;
  /** The command that is turned away by this. */
  readonly insteadOf?: string;
}

/** @param commitMs the longest that an event takes to become durable */
export function findCauses(
  recordings: readonly Recording[],
  wiring: Wiring,
  commitMs: number,
): Causes {
  const search = new CauseSearch(wiring, commitMs);
  for (const recording of recordings) search.replay(recording);
  search.matchMessages();
  return search.result();
}

class CauseSearch {
  readonly #wiring: Wiring;
  readonly #commitMs: number;
  readonly #names = new CauseNames();
  readonly #steps = new Map<string, RecordedStep[]>();
  readonly #states = new Map<string, string>();
  readonly #crossed = new Set<string>();
  readonly #looseEnds: LooseEnd[] = [];
  /** Receiver and text → messages that were sent and not heard yet, the earliest first. */
  readonly #sent = new Map<string, Sent[]>();
  /** Instance and the id of a command that it has given to another. */
  readonly #asked = new Set<string>();
  /** Names of commands that were turned away. */
  readonly #turnedAway = new Set<string>();

  constructor(wiring: Wiring, commitMs: number) {
    this.#wiring = wiring;
    this.#commitMs = commitMs;
  }

  replay({ instance, service, configuration, events }: Recording): void {
    const timers = new TimerRecord(this.#commitMs);
    const effects = new Map<string, Pending>();
    const answered = new Set<string>();
    const steps: RecordedStep[] = [];
    this.#steps.set(instance, steps);
    let state = service.initial(structuredClone(configuration));
    events.forEach((event, index) => {
      // The service may keep parts of the event and change them later.
      const text = textOf(event);
      const cause = this.#ownCause(event, timers, effects, answered);
      const step = service.step(state, structuredClone(event));
      state = step.state;
      steps.push({ event, text, effects: canonicalJson(step.effects), cause });
      const place = { instance, index };
      for (const effect of step.effects) {
        for (const emission of this.#wiring.emissions(effect, { instance, event, state })) {
          this.#note(emission, place, event.timeMs, timers, effects);
        }
      }
    });
    this.#states.set(instance, canonicalJson(state));
    for (const { name, atMs, by } of timers.unheard()) {
      this.#looseEnds.push({ kind: 'timer', name, instance, by, dueMs: atMs });
    }
    for (const pending of effects.values()) {
      this.#looseEnds.push({ kind: 'effect', instance, ...pending });
    }
  }

  #note(
    emission: Emission,
    by: EventPlace,
    nowMs: TimeMs,
    timers: TimerRecord,
    effects: Map<string, Pending>,
  ): void {
    const { instance } = by;
    switch (emission.kind) {
      case 'timer': {
        const { timerId, atMs } = emission;
        const name = this.#names.timer(instance, timerId, atMs);
        timers.set(timerId, { name, atMs, by }, nowMs);
        return;
      }
      case 'callOff':
        timers.callOff(emission.timerId, nowMs);
        return;
      case 'effect': {
        const name = this.#names.effect(instance, emission.effectId);
        effects.set(emission.effectId, { name, by, dueMs: nowMs });
        return;
      }
      case 'message': {
        const { to, event, asks } = emission;
        const name = this.#names.message(instance, emission);
        const key = messageKey(to, textOf(event));
        const sent = { name, by, dueMs: nowMs, message: emission };
        if (asks !== undefined) this.#asked.add(`${instance} ${asks}`);
        this.#send(key, sent);
        const away = this.#wiring.turnAway(emission, instance);
        if (!away) return;
        const awayName = this.#names.message(to, away);
        const awayKey = messageKey(away.to, textOf(away.event));
        this.#send(awayKey, { ...sent, name: awayName, message: away, insteadOf: name });
      }
    }
  }

  #send(key: string, sent: Sent): void {
    if (!this.#sent.get(key)?.push(sent)) this.#sent.set(key, [sent]);
  }

  /** What the service's own past explains; null where somebody else has to. */
  #ownCause(
    event: ServiceEvent,
    timers: TimerRecord,
    effects: Map<string, Pending>,
    answered: Set<string>,
  ): Cause {
    if (event.kind === 'TimerFired') {
      const heard = timers.hear((event as TimerFired).timerId, event.timeMs);
      if (typeof heard === 'string') return { kind: 'unexplained', why: heard };
      const { setting, isCalledOff } = heard;
      if (isCalledOff) this.#crossed.add(setting.name);
      return { kind: 'timer', name: setting.name, atMs: setting.atMs, by: setting.by };
    }
    if (event.kind !== 'EffectOutcome') return { kind: 'exogenous' };
    const { effectId } = event as EffectOutcome;
    const pending = effects.get(effectId);
    if (!pending) {
      const why = answered.has(effectId)
        ? `effect ${effectId} was answered before`
        : `no effect ${effectId} was asked for`;
      return { kind: 'unexplained', why };
    }
    effects.delete(effectId);
    answered.add(effectId);
    return { kind: 'effect', name: pending.name, by: pending.by };
  }

  /** Only now all that was said is known, whoever's journal came first. */
  matchMessages(): void {
    for (const [instance, steps] of this.#steps) {
      for (const step of steps) {
        if (step.cause.kind !== 'exogenous') continue;
        const sent = this.#sent.get(messageKey(instance, step.text))?.shift();
        if (sent) {
          step.cause = { kind: 'message', name: sent.name, by: sent.by };
          if (sent.insteadOf !== undefined) this.#turnedAway.add(sent.insteadOf);
        } else if (!this.#wiring.isExogenous(instance, step.event)) {
          step.cause = { kind: 'unexplained', why: 'nobody said this to it' };
        }
      }
    }
    for (const { name, by, dueMs, message, insteadOf } of [...this.#sent.values()].flat()) {
      const { to: instance, answers, isRepeated } = message;
      if (insteadOf !== undefined || this.#turnedAway.has(name)) continue;
      // An answer to people is none of another service's business.
      if (isRepeated) continue;
      if (answers !== undefined && !this.#asked.has(`${instance} ${answers}`)) continue;
      this.#looseEnds.push({ kind: 'message', name, instance, by, dueMs });
    }
  }

  result(): Causes {
    return {
      steps: this.#steps,
      looseEnds: this.#looseEnds,
      crossed: this.#crossed,
      states: this.#states,
    };
  }
}

function messageKey(to: string, text: string): string {
  return `${to} ${text}`;
}

/** How a place is called in a message. */
export function describePlace({ instance, index }: EventPlace): string {
  return `record ${recordNumber(index)} of ${instance}`;
}
