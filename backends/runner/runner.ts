/**
 * The live loop of one service: an event comes in, the reducer takes its step, the record goes to
 * the journal, and only when it is durable do its effects begin: replies, messages, timers, and
 * what devices are to do. Outcomes come back as events.
 *
 * What the reducer throws is a bug. Its event goes to the dead letters instead of the journal,
 * whose state it would have spoilt, and the process stops; the next one replays without it.
 */
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import type { JournalWriter, WrittenRecord } from '../../core/kernel/journal.ts';
import type {
  CancelTimer,
  Outcome,
  Principal,
  Reply,
  ServiceEffect,
  ServiceEvent,
  SetTimer,
} from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { OutboxMessage, StoredReply, StoreWriter } from '../store/store.ts';
import type { Clock } from './clock.ts';
import type { LiveService, OutcomeEffect } from './live-service.ts';
import { plainOutcome } from './outcome.ts';
import type { PeerMail, PeerRequest } from './peer-mail.ts';
import { recover, type RecoveryRequest } from './recovery.ts';
import { Timers } from './timers.ts';

/** What a party asks for: a command of the service without the header, which the runner adds. */
export interface Request {
  readonly from: Principal;
  /** One for each idempotency key of each party, so that a request can be sent again. */
  readonly commandId: string;
  /** Kind and fields of the command. */
  readonly command: { readonly kind: string };
}

export interface RunnerPorts<State, Effect extends ServiceEffect> {
  readonly clock: (notBeforeMs: TimeMs) => Clock;
  /** The journal has been replayed, so many events of it; from now on effects are carried out. */
  recovered?(events: number): void;
  /**
   * Has an effect carried out. A rejection is a failure of the driver that says nothing about the
   * device: it counts as uncertain.
   *
   * @param confirm throws where this process is not in charge any more; ask it before each write
   */
  carryOut(
    effect: Effect & OutcomeEffect,
    state: State,
    confirm: () => Promise<void>,
  ): Promise<Outcome<unknown>>;
  /** Sends a command to another service and hands its answer to `takeReply`; absent: there is none. */
  ask?(request: PeerRequest): void;
  /** Keeps an event that the reducer could not take. */
  deadLetter(event: ServiceEvent, error: unknown): void;
  /** The runner has stopped for good: a bug, a lost epoch or a store that cannot write. */
  failed(error: unknown): void;
}

/** How often a process that is in charge says so. */
export const SIGN_MS = 2_000;

/** Requests that may wait for their answers at once. */
export const WAITING_MAXIMUM = 10_000;

interface Waiting {
  readonly requestHash: string;
  readonly answer: Promise<StoredReply['reply']>;
}

export class LiveRunner<
  Configuration,
  State,
  Event extends ServiceEvent,
  Effect extends ServiceEffect,
> {
  readonly state: State;
  readonly clock: Clock;
  /** Events that were replayed at the start. */
  readonly replayed: number;
  readonly #live: LiveService<Configuration, State, Event, Effect>;
  readonly #request: RecoveryRequest<Configuration>;
  readonly #ports: RunnerPorts<State, Effect>;
  readonly #writer: StoreWriter;
  readonly #journal: JournalWriter<State, Event, Effect>;
  readonly #timers: Timers;
  readonly #mail: PeerMail<State, Event, Effect> | null;
  readonly #waiting = new Map<string, Waiting>();
  readonly #repliers = new Map<string, (reply: StoredReply['reply']) => void>();
  readonly #watchers = new Set<() => void>();
  readonly #appends = new Set<Promise<void>>();
  #signing: NodeJS.Timeout | undefined;
  #lastAppend: Promise<void> = Promise.resolve();
  #lastMs: TimeMs;
  #headHash: string;
  #stopped: { readonly error: unknown } | null = null;
  /** Events since the start, and those of them that are durable. */
  readonly counts = { events: 0, durable: 0, refused: 0 };

  private constructor(
    live: LiveService<Configuration, State, Event, Effect>,
    request: RecoveryRequest<Configuration>,
    ports: RunnerPorts<State, Effect>,
    recovered: Awaited<ReturnType<typeof recover<Configuration, State, Event, Effect>>>,
  ) {
    this.#live = live;
    this.#request = request;
    this.#ports = ports;
    this.state = recovered.state;
    this.replayed = recovered.events;
    this.#writer = recovered.writer;
    this.#journal = recovered.journal;
    this.#mail = recovered.mail;
    this.#lastMs = recovered.lastMs;
    this.#headHash = recovered.headHash;
    this.clock = ports.clock(recovered.lastMs);
    this.#timers = new Timers(this.clock, (timerId) =>
      this.take({ kind: 'TimerFired', timerId } as unknown as Omit<Event, 'timeMs'>),
    );
    for (const [timerId, atMs] of recovered.timers) this.#timers.set(timerId, atMs);
  }

  /** Replays the journal, sends again what has no outcome, and takes events from then on. */
  static async start<
    Configuration,
    State,
    Event extends ServiceEvent,
    Effect extends ServiceEffect,
  >(
    live: LiveService<Configuration, State, Event, Effect>,
    request: RecoveryRequest<Configuration>,
    ports: RunnerPorts<State, Effect>,
  ): Promise<LiveRunner<Configuration, State, Event, Effect>> {
    const recovered = await recover(live, request);
    const runner = new LiveRunner(live, request, ports, recovered);
    ports.recovered?.(recovered.events);
    for (const effect of live.awaited(runner.state)) runner.#carryOut(effect, true);
    for (const request of recovered.mail?.open(runner.state) ?? []) ports.ask?.(request);
    runner.#timers.start();
    runner.#signAgain();
    return runner;
  }

  get epoch(): number {
    return this.#writer.epoch;
  }

  /** Hash of the last record: nothing that comes after it is in it. */
  get headHash(): string {
    return this.#headHash;
  }

  /** Requests that wait for their answers. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** True until it has stopped or failed. */
  get isRunning(): boolean {
    return this.#stopped === null;
  }

  /**
   * The answer to a request, once it is durable. The same request sent again is not carried out
   * again: it gets the same answer.
   *
   * @throws CONFLICT_IDEMPOTENCY_KEY where the id stands for another request, RESOURCE_OVERLOADED
   */
  async submit(request: Request): Promise<Pick<Reply, 'refusal' | 'result'>> {
    const { commandId, command } = request;
    const requestHash = this.#request.sha256(canonicalJson(command));
    const known = this.#waiting.get(commandId);
    if (known) return requireSame(known.requestHash, requestHash) ?? known.answer;
    if (this.#stopped) throw stopping();
    if (this.#waiting.size >= WAITING_MAXIMUM) throw overloaded();
    const answer = this.#answer(request, requestHash);
    this.#waiting.set(commandId, { requestHash, answer });
    try {
      return await answer;
    } finally {
      this.#waiting.delete(commandId);
    }
  }

  /** An event that nobody waits for: an outcome, a timer, a read-back. */
  take(event: Omit<Event, 'timeMs'>): void {
    if (this.#stopped) return;
    void this.#step({ ...event, timeMs: this.#nextMs() } as unknown as Event, null);
  }

  /** Place of the last message of the peer that was taken; ask it for those after that. */
  cursorOf(peer: string): number {
    return this.#mail?.cursor(peer) ?? 0;
  }

  /** A message of another service, with its place in that one's outbox: each is taken once. */
  takeMessage(peer: string, cursor: number, body: unknown): void {
    const event = this.#mail?.eventOf(this.state, peer, cursor, body);
    if (event) this.take(event);
  }

  /** Record from which on messages wait until other services are informed; Infinity: none does. */
  get heldFrom(): number {
    return this.#mail?.heldFrom(this.state, this.clock.nowMs()) ?? Infinity;
  }

  /** True while the answer to a request that another service was sent is missing and matters. */
  isAwaited(commandId: string): boolean {
    return (
      this.#stopped === null && this.#mail !== null && this.#mail.isOpen(this.state, commandId)
    );
  }

  /** Another service's answer to a request; only the first one to one that is waited for counts. */
  takeReply(reply: Reply): void {
    if (!this.isAwaited(reply.commandId)) return;
    this.take({ kind: 'ReplyReceived', reply } as unknown as Omit<Event, 'timeMs'>);
  }

  /**
   * Resolves once all that the state holds now is durable. Whoever shows the state to somebody waits
   * for it: what is shown must not be forgotten.
   */
  async durable(): Promise<void> {
    await this.#lastAppend;
  }

  /** Calls back whenever something has become durable. @returns a function that ends it */
  watch(callback: () => void): () => void {
    this.#watchers.add(callback);
    return () => this.#watchers.delete(callback);
  }

  /** Takes no more; resolves once all that was taken is durable. What devices do goes on. */
  async stop(): Promise<void> {
    if (!this.#end(stopping())) return;
    await Promise.allSettled(this.#appends);
    await this.#writer.resign().catch(() => {});
  }

  /** Also how a process that nobody asks anything learns that another one is in charge. */
  #signAgain(): void {
    this.#signing = setTimeout(() => {
      this.#writer.sign().then(
        () => this.#stopped === null && this.#signAgain(),
        (error: unknown) => this.#fail(error),
      );
    }, SIGN_MS);
  }

  async #answer(request: Request, requestHash: string): Promise<StoredReply['reply']> {
    const { store, journal } = this.#request;
    const { commandId, command, from } = request;
    const stored = await store.reply(journal, commandId);
    if (stored) return requireSame(stored.requestHash, requestHash) ?? stored.reply;
    if (this.#stopped) throw this.#stopped.error;
    const timeMs = this.#nextMs();
    const event = { ...command, commandId, from, timeMs } as unknown as Event;
    const { promise, resolve, reject } = Promise.withResolvers<StoredReply['reply']>();
    this.#repliers.set(commandId, resolve);
    this.#step(event, requestHash)?.catch(reject);
    if (this.#stopped) reject((this.#stopped as { error: unknown }).error as Error);
    return promise.finally(() => this.#repliers.delete(commandId));
  }

  /** The calendar may stand still or go back between two processes; the journal's time does not. */
  #nextMs(): TimeMs {
    this.#lastMs = Math.max(this.#lastMs, this.clock.nowMs());
    return this.#lastMs;
  }

  /** @returns what settles when the event is durable; null where the reducer could not take it */
  #step(event: Event, requestHash: string | null): Promise<void> | null {
    let effects: readonly Effect[];
    let written: WrittenRecord<Event>;
    try {
      ({ effects } = this.#live.service.step(this.state, event));
      written = this.#journal.write(event, effects, this.state);
    } catch (error) {
      this.#ports.deadLetter(event, error);
      this.#fail(error);
      return null;
    }
    this.counts.events += 1;
    this.#headHash = written.record.hash;
    this.#mail?.note(event, effects, written.record.seq);
    const reply = requestHash === null ? null : storedReply(effects, requestHash);
    const messages = this.#messages(event, effects);
    const appended = this.#writer.append([{ ...written, reply, messages }]).then(
      () => this.#run(effects, messages.length > 0 || event.kind === 'ReplyReceived'),
      (error: unknown) => {
        this.#fail(error);
        throw error;
      },
    );
    this.#lastAppend = appended;
    this.#appends.add(appended);
    void appended.catch(() => {}).finally(() => this.#appends.delete(appended));
    return appended;
  }

  /** What the effects tell, and to whoever asked that an accepted command was carried out. */
  #messages(event: Event, effects: readonly Effect[]): OutboxMessage[] {
    return effects.flatMap((effect) => {
      const message = this.#live.message(effect);
      if (message) return [message];
      if (effect.kind !== 'Reply') return [];
      const { to, refusal, result } = effect as unknown as Reply;
      if (refusal) return [];
      return [{ to, body: { kind: 'CommandDone', command: event.kind, result } }];
    });
  }

  /**
   * The event is durable: now its effects may begin.
   *
   * @param hasNews there are messages, or such as were held back may go now
   */
  #run(effects: readonly Effect[], hasNews: boolean): void {
    this.counts.durable += 1;
    for (const effect of effects) {
      if (effect.kind === 'Reply') this.#reply(effect as unknown as Reply);
      else if (effect.kind === 'SetTimer') {
        const { timerId, atMs } = effect as unknown as SetTimer;
        this.#timers.set(timerId, atMs);
      } else if (effect.kind === 'CancelTimer') {
        this.#timers.cancel((effect as unknown as CancelTimer).timerId);
      } else if ('effectId' in effect) {
        this.#carryOut(effect as Effect & OutcomeEffect);
      }
    }
    const requests = this.#mail?.requests(effects) ?? [];
    for (const request of requests) this.#ports.ask?.(request);
    // What was held back for them goes then in any case.
    if (requests.length > 0) setTimeout(() => this.#wakeWatchers(), this.#mail!.holdMs).unref();
    if (hasNews) this.#wakeWatchers();
  }

  #wakeWatchers(): void {
    for (const callback of this.#watchers) callback();
  }

  #reply({ commandId, refusal, result }: Reply): void {
    if (refusal) this.counts.refused += 1;
    this.#repliers.get(commandId)?.({ refusal, result: result ?? null });
  }

  /**
   * @param isAgain after a crash, when nobody knows whether it had been begun before: that nothing
   *   happens this time does not mean that nothing has happened
   */
  #carryOut(effect: Effect & OutcomeEffect, isAgain = false): void {
    const { effectId } = effect;
    const confirm = () => this.#confirm();
    void this.#ports
      .carryOut(effect, this.state, confirm)
      .catch(driverFailure)
      .then((outcome) => {
        const isInDoubt = isAgain && outcome.status === 'noEffect';
        this.#outcome(effectId, isInDoubt ? { ...outcome, status: 'uncertain' } : outcome);
      });
  }

  #outcome(effectId: string, outcome: Outcome<unknown>): void {
    const event = { kind: 'EffectOutcome', effectId, outcome: plainOutcome(outcome) };
    this.take(event as unknown as Omit<Event, 'timeMs'>);
  }

  async #confirm(): Promise<void> {
    if (this.#stopped) throw this.#stopped.error;
    try {
      await this.#writer.confirm();
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  #fail(error: unknown): void {
    if (!this.#end(error)) return;
    // What was taken before is good, and is let through to the journal first.
    void Promise.allSettled(this.#appends).then(() => this.#ports.failed(error));
  }

  #end(error: unknown): boolean {
    if (this.#stopped) return false;
    this.#stopped = { error };
    this.#timers.stop();
    clearTimeout(this.#signing);
    return true;
  }
}

function storedReply(effects: readonly ServiceEffect[], requestHash: string): StoredReply | null {
  const reply = effects.find((effect) => effect.kind === 'Reply') as Reply | undefined;
  if (!reply) return null;
  const { commandId, refusal, result } = reply;
  return { commandId, requestHash, reply: { refusal, result: result ?? null } };
}

/** Null where both are the same. @throws CONFLICT_IDEMPOTENCY_KEY */
function requireSame(known: string, given: string): null {
  if (known === given) return null;
  throw new OcxError({
    code: 'CONFLICT_IDEMPOTENCY_KEY',
    message: 'this key was used for another request',
    remedy: 'give every request a key of its own, and send a request again unchanged',
  });
}

function stopping(): OcxError {
  const message = 'the service is stopping';
  return new OcxError({ code: 'RESOURCE_STOPPING', message, remedy: 'send it again later' });
}

function overloaded(): OcxError {
  const message = 'too many requests wait for their answers';
  return new OcxError({ code: 'RESOURCE_OVERLOADED', message, remedy: 'send it again later' });
}

function driverFailure(error: unknown): Outcome<unknown> {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof OcxError ? error.code : 'DEVICE_DRIVER_FAILED';
  return { status: 'uncertain', error: { code, message: message.slice(0, 500) } };
}
