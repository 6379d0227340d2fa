/**
 * Runs the services of the core inside the simulated world: events in order of arrival, timers
 * and outcomes through the event queue, every event into the running digest.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import { invariant } from '../../core/kernel/errors.ts';
import type { Digest } from '../../core/kernel/digest.ts';
import type { Service, ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { EventQueue, EventToken } from '../queue/event-queue.ts';

/** Order of what happens at the same instant. */
export const PRIORITY = { outcome: 0, timer: 1, cluster: 2, round: 3 } as const;

/**
 * One occurrence in the world: what to do when its time has come. As data it can be carried by a
 * snapshot; a function cannot.
 */
export type Occurrence = PlainOccurrence | ((nowMs: TimeMs) => void);

/** Whose occurrence it is, by the name under which that listens, and what it is told. */
export interface PlainOccurrence {
  readonly to: string;
  readonly about: unknown;
}

/** Whoever takes the events that were lined up for it. */
interface Taker {
  take(event: ServiceEvent): void;
}

/** Sees every event of every service and what it led to; for the journal. */
export interface EventObserver {
  /** Before the first event. @param instance name of this instance of the service `service` */
  opened(instance: string, service: string, configuration: unknown, state: unknown): void;
  stepped(
    instance: string,
    event: ServiceEvent,
    effects: readonly ServiceEffect[],
    state: unknown,
  ): void;
}

export class Bus {
  readonly queue: EventQueue<Occurrence>;
  readonly #digest: Digest | null;
  readonly observer: EventObserver | null;
  /** Takers and, at the same places, their events: in line are those from head to tail. */
  readonly #takers: Taker[] = [];
  readonly #posted: ServiceEvent[] = [];
  #head = 0;
  #tail = 0;
  events = 0;
  /** By name; made anew with the world. */
  readonly #listeners = new Map<string, (about: never, nowMs: TimeMs) => void>();

  /** @param digest takes in every event; null where nobody will compare histories */
  constructor(
    queue: EventQueue<Occurrence>,
    digest: Digest | null,
    observer: EventObserver | null,
  ) {
    this.queue = queue;
    this.#digest = digest;
    this.observer = observer;
  }

  /** Has everything that occurs to `name` from now on told to `listener`. */
  listen<About>(name: string, listener: (about: About, nowMs: TimeMs) => void): void {
    invariant(!this.#listeners.has(name), `two listeners are called ${name}`);
    this.#listeners.set(name, listener);
  }

  /** Something occurs at a time that has not passed. @param about plain data */
  schedule(atMs: TimeMs, priority: number, to: string, about: unknown): EventToken {
    return this.queue.schedule(atMs, priority, { to, about });
  }

  /** The time of an occurrence has come. */
  occur(occurrence: Occurrence, nowMs: TimeMs): void {
    if (typeof occurrence === 'function') occurrence(nowMs);
    else this.#listeners.get(occurrence.to)!(occurrence.about as never, nowMs);
  }

  /** Lines up an event at this instant, after all that is in line already. */
  post(taker: Taker, event: ServiceEvent): void {
    const at = this.#tail++;
    this.#takers[at] = taker;
    this.#posted[at] = event;
  }

  /** Has all taken that is in line, and what that lines up. The room is used again. */
  drain(): void {
    while (this.#head < this.#tail) {
      const at = this.#head++;
      this.#takers[at]!.take(this.#posted[at]!);
    }
    this.#head = 0;
    this.#tail = 0;
  }

  record(
    service: string,
    event: ServiceEvent,
    effects: readonly ServiceEffect[],
    state: unknown,
  ): void {
    this.events += 1;
    this.#digest?.add(service);
    this.#digest?.add(event);
    this.observer?.stepped(service, event, effects, state);
  }

  carry(carrier: Carrier): void {
    invariant(this.#head === this.#tail, 'a snapshot is made between two instants');
    this.events = carrier.value('events', this.events);
    carrier.part('queue', this.queue);
    if (this.#digest) carrier.part('digest', this.#digest);
  }
}

/** When a service's timers run out and what its clock shows. */
export interface Timing {
  /** What the clock of the service shows at a time of the queue; whole milliseconds. */
  read(queueMs: number): TimeMs;
  /** When the timer runs out, in the queue's time; Infinity: never. */
  dueMs(timerId: string, atMs: TimeMs): number;
  /** False where it is too late to call the timer off: it is about to be heard of. */
  isCalledOff(timerId: string): boolean;
}

/** The simulated world's own: clocks are right, timers on time. */
const PUNCTUAL: Timing = {
  read: (queueMs) => queueMs,
  dueMs: (_, atMs) => atMs,
  isCalledOff: () => true,
};

/** One service (or one tenant's instance of it) with its state and its timers. */
export class ServiceRunner<
  Configuration,
  State,
  Event extends ServiceEvent,
  Effect extends ServiceEffect,
> {
  readonly name: string;
  state: State;
  readonly #service: Service<Configuration, State, Event, Effect>;
  readonly #bus: Bus;
  readonly #handle: (effect: Effect, nowMs: TimeMs) => void;
  readonly #timing: Timing;
  readonly #timers = new Map<string, EventToken>();

  /** @param handle everything but timers, which the runner keeps itself */
  constructor(
    name: string,
    service: Service<Configuration, State, Event, Effect>,
    configuration: Configuration,
    bus: Bus,
    handle: (effect: Effect, nowMs: TimeMs) => void,
    timing: Timing = PUNCTUAL,
  ) {
    this.name = name;
    this.#timing = timing;
    this.#service = service;
    this.#bus = bus;
    this.#handle = handle;
    this.state = service.initial(configuration);
    bus.observer?.opened(name, service.name, configuration, this.state);
    bus.listen(name, (about: DueTimer | DueOutcome, nowMs) => this.#occur(about, nowMs));
  }

  post(event: Event): void {
    this.#bus.post(this, event);
  }

  /** Steps the service; only the bus calls this, when it is the event's turn. */
  take(event: Event): void {
    const { state, effects } = this.#service.step(this.state, event);
    this.state = state;
    this.#bus.record(this.name, event, effects, state);
    for (const effect of effects) {
      if (effect.kind === 'SetTimer') this.#setTimer(effect as unknown as TimerEffect);
      else if (effect.kind === 'CancelTimer') {
        this.#cancelTimer((effect as unknown as TimerEffect).timerId);
      } else this.#handle(effect, event.timeMs);
    }
  }

  #setTimer({ timerId, atMs }: TimerEffect): void {
    this.#cancelTimer(timerId);
    const { queue } = this.#bus;
    const dueMs = this.#timing.dueMs(timerId, atMs);
    if (dueMs === Infinity) return;
    const due: DueTimer = { timerId, token: -1 };
    due.token = this.#bus.schedule(Math.max(dueMs, queue.nowMs), PRIORITY.timer, this.name, due);
    this.#timers.set(timerId, due.token);
  }

  /** The world reports what became of an effect, at a time that has not passed. */
  scheduleOutcome(atMs: TimeMs, effectId: string, outcome: unknown): void {
    const due: DueOutcome = { effectId, outcome };
    this.#bus.schedule(atMs, PRIORITY.outcome, this.name, due);
  }

  #occur(due: DueTimer | DueOutcome, nowMs: TimeMs): void {
    if ('effectId' in due) {
      const { effectId, outcome } = due;
      const event = { kind: 'EffectOutcome', timeMs: nowMs, effectId, outcome };
      this.post(event as unknown as Event);
      return;
    }
    const { timerId, token } = due;
    if (this.#timers.get(timerId) === token) this.#timers.delete(timerId);
    const timeMs = this.#timing.read(nowMs);
    this.post({ kind: 'TimerFired', timerId, timeMs } as unknown as Event);
  }

  #cancelTimer(timerId: string): void {
    const token = this.#timers.get(timerId);
    if (token === undefined) return;
    if (this.#timing.isCalledOff(timerId)) this.#bus.queue.cancel(token);
    this.#timers.delete(timerId);
  }

  carry(carrier: Carrier): void {
    this.state = carrier.value('state', this.state);
    carrier.fill('timers', this.#timers);
  }
}

/** A timer that waits in the queue. */
interface DueTimer {
  readonly timerId: string;
  token: EventToken;
}

/** What became of an effect, and will be heard of. */
interface DueOutcome {
  readonly effectId: string;
  readonly outcome: unknown;
}

interface TimerEffect {
  readonly timerId: string;
  readonly atMs: TimeMs;
}
