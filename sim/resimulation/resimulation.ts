/**
 * Runs recorded services once more in the simulated world: its queue, its bus, its timers. From the
 * record come only what came from outside, durations, what the world answered and what the clocks
 * showed (`script.ts`); everything else has to come about by itself.
 */
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import type { ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { EventQueue } from '../queue/event-queue.ts';
import { HeapQueue } from '../queue/heap-queue.ts';
import { Bus, ServiceRunner } from '../world/bus.ts';
import type { EventObserver, Occurrence, Timing } from '../world/bus.ts';
import { CauseNames } from './cause-names.ts';
import type { Limits } from './finding.ts';
import { textOf } from './recording.ts';
import type { Recording } from './recording.ts';
import type { LivesOf } from './explanation.ts';
import type { Script } from './script.ts';
import type { Message, Wiring, WorldEffect } from './wiring.ts';

/** An event as the simulation came to it. */
export interface SimulatedStep {
  readonly event: ServiceEvent;
  readonly text: string;
  readonly effects: readonly ServiceEffect[];
  readonly effectsText: string;
  /** In the simulation's own time. */
  readonly momentMs: number;
}

export interface Resimulated {
  readonly steps: ReadonlyMap<string, readonly SimulatedStep[]>;
  /** Text of each instance's state at the end. */
  readonly states: ReadonlyMap<string, string>;
  /** Names of messages that need not have been heard: their receivers wanted no more of them. */
  readonly unwanted: ReadonlySet<string>;
  /** What stopped the simulation: the core would not take an event. */
  readonly failure: {
    readonly instance: string;
    readonly momentMs: number;
    readonly why: string;
  } | null;
}

/** Sees the state of an instance after so many of its events. */
export type StateWatcher = (instance: string, events: number, state: unknown) => void;

export function resimulate(
  recordings: readonly Recording[],
  wiring: Wiring,
  script: Script,
  limits: Pick<Limits, 'commitMs' | 'lateMs'>,
  livesOf: LivesOf,
  watch: StateWatcher = () => {},
): Resimulated {
  return new Resimulation(recordings, wiring, script, limits, livesOf, watch).run();
}

/** Checks of a message that nobody took. */
const LONGEST_WATCH = 4;

/** All that happens has a moment of its own; nothing is left to a priority. */
const PRIORITY = 0;

type Runner = ServiceRunner<unknown, unknown, ServiceEvent, ServiceEffect>;

class Resimulation {
  readonly #wiring: Wiring;
  readonly #script: Script;
  readonly #names = new CauseNames();
  readonly #queue = new EventQueue<Occurrence>(new HeapQueue());
  readonly #bus: Bus;
  readonly #runners = new Map<string, Runner>();
  readonly #steps = new Map<string, SimulatedStep[]>();
  readonly #states = new Map<string, string>();
  readonly #limits: Pick<Limits, 'commitMs' | 'lateMs'>;
  readonly #livesOf: LivesOf;
  /** Names of messages that came to nothing, as their receivers wanted no more of them. */
  readonly #unwanted = new Set<string>();
  #stepping = '';

  constructor(
    recordings: readonly Recording[],
    wiring: Wiring,
    script: Script,
    limits: Pick<Limits, 'commitMs' | 'lateMs'>,
    livesOf: LivesOf,
    watch: StateWatcher,
  ) {
    this.#limits = limits;
    this.#livesOf = livesOf;
    this.#wiring = wiring;
    this.#script = script;
    const observer: EventObserver = {
      opened: (instance, _, __, state) => watch(instance, 0, state),
      stepped: (instance, event, effects, state) => {
        this.#note(instance, event, effects);
        watch(instance, this.#steps.get(instance)!.length, state);
      },
    };
    this.#bus = new Bus(this.#queue, null, observer);
    for (const { instance, service, configuration } of recordings) {
      this.#steps.set(instance, []);
      const runner = new ServiceRunner(
        instance,
        service,
        structuredClone(configuration),
        this.#bus,
        (effect) => this.#carryOut(instance, effect),
        this.#timing(instance),
      );
      this.#runners.set(instance, runner);
    }
  }

  run(): Resimulated {
    for (const { instance, event, momentMs } of this.#script.exogenous) {
      this.#deliver(instance, structuredClone(event), momentMs);
    }
    let failure: Resimulated['failure'] = null;
    try {
      for (let next = this.#queue.next(); next; next = this.#queue.next()) {
        this.#bus.occur(next, this.#queue.nowMs);
        this.#bus.drain();
      }
    } catch (error) {
      const momentMs = this.#queue.nowMs;
      failure = { instance: this.#stepping, momentMs, why: String(error) };
    }
    for (const [instance, { state }] of this.#runners) {
      this.#states.set(instance, canonicalJson(state));
    }
    return { steps: this.#steps, states: this.#states, unwanted: this.#unwanted, failure };
  }

  #note(instance: string, event: ServiceEvent, effects: readonly ServiceEffect[]): void {
    const momentMs = this.#queue.nowMs;
    const text = textOf(event);
    // Services may change what they have handed out, as they do their states.
    const effectsText = canonicalJson(effects);
    const kept = JSON.parse(effectsText) as ServiceEffect[];
    this.#steps.get(instance)!.push({ event, text, effects: kept, effectsText, momentMs });
  }

  /** Beyond the end of its record nobody knows what a service did. */
  #isBeyond(instance: string, momentMs: number): boolean {
    return momentMs > this.#script.ends.get(instance)!;
  }

  #deliver(
    instance: string,
    event: { readonly kind: string },
    momentMs: number,
    isHeard: () => boolean = () => true,
  ): void {
    if (!this.#runners.has(instance) || this.#isBeyond(instance, momentMs)) return;
    this.#queue.schedule(Math.max(momentMs, this.#queue.nowMs), PRIORITY, (nowMs) => {
      if (!isHeard()) return;
      const timeMs = this.#script.clocks.get(instance)!.read(nowMs);
      this.#stepping = instance;
      this.#runners.get(instance)!.post({ ...event, timeMs });
    });
  }

  /** Everything but timers, which the runner of the service keeps. */
  #carryOut(instance: string, effect: ServiceEffect): void {
    const { event } = this.#steps.get(instance)!.at(-1)!;
    const { state } = this.#runners.get(instance)!;
    for (const emission of this.#wiring.emissions(effect, { instance, event, state })) {
      if (emission.kind === 'effect') this.#answer(instance, emission);
      else if (emission.kind === 'message') this.#send(instance, emission);
    }
  }

  #answer(instance: string, { effectId, answer }: WorldEffect): void {
    const name = this.#names.effect(instance, effectId);
    const durationMs = this.#script.durations.get(name);
    if (durationMs === undefined) return;
    let outcome = structuredClone(this.#script.outcomes.get(name)!);
    // That it failed is the world's; what it says when it did not is not.
    if (answer && outcome.status === 'ok') outcome = answer();
    const event = { kind: 'EffectOutcome', effectId, outcome };
    this.#deliver(instance, event, this.#queue.nowMs + durationMs);
  }

  #send(instance: string, message: Message): void {
    const { to } = message;
    const name = this.#names.message(instance, message);
    const isHeard = () => this.#wiring.isHeard(message, this.#runners.get(to)!.state);
    const durationMs = this.#script.durations.get(name);
    const isAway = this.#turnAway(instance, message);
    if (durationMs === undefined) {
      if (isAway) return;
      const stateOf = (called: string) => this.#runners.get(called)!.state;
      const isAdmitted = () => this.#wiring.isAdmitted?.(message, stateOf) ?? true;
      this.#watchUnheard(name, to, () => isHeard() && isAdmitted());
      if (message.asks !== undefined) this.#watchUnasked(name, instance, message);
      return;
    }
    const event = structuredClone(message.event);
    this.#deliver(to, event, this.#queue.nowMs + durationMs, isHeard);
  }

  /** Has the sender hear that its command was turned away, if it was and should have been. */
  #turnAway(instance: string, message: Message): boolean {
    const away = this.#wiring.turnAway(message, instance);
    if (!away) return false;
    const durationMs = this.#script.durations.get(this.#names.message(message.to, away));
    if (durationMs === undefined) return false;
    const stateOf = (name: string) => this.#runners.get(name)?.state;
    const isHeard = () =>
      this.#wiring.isHeard(away, this.#runners.get(instance)!.state) &&
      this.#wiring.isTurnedAway(message, stateOf);
    this.#deliver(instance, away.event, this.#queue.nowMs + durationMs, isHeard);
    return true;
  }

  /**
   * A message that live nobody took: right where it means nothing to its receiver when it comes, which
   * is now, or a moment later, or once the receiver's next process runs.
   */
  #watchUnheard(name: string, to: string, isHeard: () => boolean): void {
    if (!this.#runners.has(to)) return;
    const { nowMs } = this.#queue;
    const { commitMs } = this.#limits;
    const starts = this.#livesOf(to)?.startsMs ?? [];
    const checks = [nowMs, nowMs + commitMs];
    for (const startMs of starts) if (startMs > nowMs) checks.push(startMs + commitMs);
    for (const atMs of checks.slice(0, LONGEST_WATCH)) {
      this.#queue.schedule(atMs, PRIORITY, () => {
        if (!isHeard()) this.#unwanted.add(name);
      });
    }
  }

  /**
   * A command that nobody took: right where one of the two processes was not there, or not ready yet, and
   * who had sent it did not mind the answer any more once both were.
   */
  #watchUnasked(name: string, from: string, message: Message): void {
    const sentMs = this.#queue.nowMs;
    const { commitMs, lateMs } = this.#limits;
    for (const instance of [from, message.to]) {
      const { startsMs = [], endedMs = null } = this.#livesOf(instance) ?? {};
      if (endedMs !== null && endedMs <= sentMs + commitMs) this.#unwanted.add(name);
      const startMs = startsMs.find((startMs) => startMs > sentMs - lateMs);
      if (startMs === undefined) continue;
      const hasLived = () => (this.#steps.get(instance)!.at(-1)?.momentMs ?? 0) > sentMs;
      const isAskedAgain = () =>
        this.#wiring.isAskedAgain(message, from, this.#runners.get(from)!.state);
      this.#queue.schedule(Math.max(startMs, sentMs), PRIORITY, () => {
        if (hasLived()) return;
        for (const afterMs of [0, lateMs / 2, lateMs]) {
          this.#queue.schedule(this.#queue.nowMs + afterMs, PRIORITY, () => {
            if (!isAskedAgain()) this.#unwanted.add(name);
          });
        }
      });
    }
  }

  #timing(instance: string): Timing {
    const { durations, crossed, unheard, clocks } = this.#script;
    const current = new Map<string, string>();
    return {
      read: (queueMs): TimeMs => {
        this.#stepping = instance;
        return clocks.get(instance)!.read(queueMs);
      },
      dueMs: (timerId, atMs) => {
        const name = this.#names.timer(instance, timerId, atMs);
        current.set(timerId, name);
        // Without a record of it a timer is on time.
        const dueMs = unheard.has(name) ? Infinity : atMs + (durations.get(name) ?? 0);
        return this.#isBeyond(instance, dueMs) ? Infinity : dueMs;
      },
      isCalledOff: (timerId) => !crossed.has(current.get(timerId)!),
    };
  }
}
