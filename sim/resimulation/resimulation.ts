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
import { textOf } from './recording.ts';
import type { Recording } from './recording.ts';
import type { Script } from './script.ts';
import type { Message, Wiring } from './wiring.ts';

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
  watch: StateWatcher = () => {},
): Resimulated {
  return new Resimulation(recordings, wiring, script, watch).run();
}

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
  #stepping = '';

  constructor(
    recordings: readonly Recording[],
    wiring: Wiring,
    script: Script,
    watch: StateWatcher,
  ) {
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
        next(this.#queue.nowMs);
        this.#bus.drain();
      }
    } catch (error) {
      const momentMs = this.#queue.nowMs;
      failure = { instance: this.#stepping, momentMs, why: String(error) };
    }
    for (const [instance, { state }] of this.#runners) {
      this.#states.set(instance, canonicalJson(state));
    }
    return { steps: this.#steps, states: this.#states, failure };
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

  #deliver(instance: string, event: { readonly kind: string }, momentMs: number): void {
    if (!this.#runners.has(instance) || this.#isBeyond(instance, momentMs)) return;
    this.#queue.schedule(Math.max(momentMs, this.#queue.nowMs), PRIORITY, (nowMs) => {
      const timeMs = this.#script.clocks.get(instance)!.read(nowMs);
      this.#stepping = instance;
      this.#runners.get(instance)!.post({ ...event, timeMs });
    });
  }

  /** Everything but timers, which the runner of the service keeps. */
  #carryOut(instance: string, effect: ServiceEffect): void {
    const cause = this.#steps.get(instance)!.at(-1)!.event;
    for (const emission of this.#wiring.emissions(instance, effect, cause)) {
      if (emission.kind === 'effect') this.#answer(instance, emission.effectId);
      else if (emission.kind === 'message') this.#send(instance, emission);
    }
  }

  #answer(instance: string, effectId: string): void {
    const name = this.#names.effect(instance, effectId);
    const durationMs = this.#script.durations.get(name);
    if (durationMs === undefined) return;
    const outcome = structuredClone(this.#script.outcomes.get(name)!);
    const event = { kind: 'EffectOutcome', effectId, outcome };
    this.#deliver(instance, event, this.#queue.nowMs + durationMs);
  }

  #send(instance: string, message: Message): void {
    const durationMs = this.#script.durations.get(this.#names.message(instance, message));
    if (durationMs === undefined) return;
    const event = structuredClone(message.event);
    this.#deliver(message.to, event, this.#queue.nowMs + durationMs);
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
