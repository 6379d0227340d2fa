/**
 * The link to one other service, over nothing but its public API. Commands are sent until they are
 * answered, under an Idempotency-Key of their own, so that the other side carries each out once.
 * Messages are read from the other side's event stream, after the last one that is in our journal,
 * so that each is taken once, whoever of the two is killed in between.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import type { Refusal } from '../../core/kernel/errors.ts';
import type { Principal, Reply } from '../../core/kernel/service.ts';
import type { PeerRequest } from '../runner/peer-mail.ts';
import type { CallTable } from './call-of.ts';
import { EventReader } from './event-reader.ts';
import { jsonOf, send, type Server } from './server.ts';

/** What the link needs of the service that it belongs to: its runner. */
export interface LinkedService {
  cursorOf(peer: string): number;
  takeMessage(peer: string, cursor: number, body: unknown): void;
  isAwaited(commandId: string): boolean;
  takeReply(reply: Reply): void;
}

export interface PeerLinkOptions {
  readonly peer: string;
  readonly server: Server;
  /** Bearer token of ours at the peer. */
  readonly token: string;
  readonly calls: CallTable;
  /** Longest wait before another try. */
  readonly longestPauseMs?: number;
  /** Told where something is the operator's to see to: once for each change. */
  readonly note: (line: string) => void;
}

const FIRST_PAUSE_MS = 100;
/** A verdict that shuts ports must not wait long for a service that comes back. */
const LONGEST_PAUSE_MS = 1_000;
const ANSWER_TIMEOUT_MS = 10_000;
/** The other side writes a line at least each 15 s; after three missed ones it is gone. */
const SILENCE_MS = 45_000;

/** Codes that say nothing about the command: it is sent again. */
const NO_ANSWER: ReadonlySet<string> = new Set([
  'CONFLICT_EPOCH',
  'CONFLICT_HEAD',
  'INPUT_TIMEOUT',
  'INPUT_UNAUTHENTICATED',
  'INTERNAL_ERROR',
  'RESOURCE_OVERLOADED',
  'RESOURCE_PEER',
  'RESOURCE_QUOTA',
  'RESOURCE_STOPPING',
  'RESOURCE_STORE',
]);

export class PeerLink {
  readonly #options: PeerLinkOptions;
  readonly #ended = new AbortController();
  /** Command id → its way to the peer; a service may say a second time what is on its way. */
  readonly #sending = new Map<string, Promise<void>>();
  #service: LinkedService | null = null;
  #early: PeerRequest[] = [];
  #reading: Promise<void> = Promise.resolve();
  #trouble: string | null = null;
  /** Answers, and messages that were read; for a monitor and for tests. */
  readonly counts = { sent: 0, answered: 0, read: 0, connections: 0 };

  constructor(options: PeerLinkOptions) {
    this.#options = options;
  }

  get peer(): string {
    return this.#options.peer;
  }

  /** Starts reading, and sends what was to be asked before. */
  start(service: LinkedService): void {
    this.#service = service;
    this.#reading = this.#read(service);
    const early = this.#early;
    this.#early = [];
    for (const request of early) this.ask(request);
  }

  /** Sends the command until it is answered or its answer does not matter any more. */
  ask(request: PeerRequest): void {
    const service = this.#service;
    if (!service) {
      this.#early.push(request);
      return;
    }
    const { commandId } = request.command;
    if (this.#sending.has(commandId)) return;
    const sending = this.#askUntilAnswered(service, request).finally(() =>
      this.#sending.delete(commandId),
    );
    this.#sending.set(commandId, sending);
  }

  /** Breaks off whatever is under way; the journal knows what is still to be asked. */
  async stop(): Promise<void> {
    this.#ended.abort();
    await Promise.allSettled([this.#reading, ...this.#sending.values()]);
  }

  async #askUntilAnswered(service: LinkedService, { command }: PeerRequest): Promise<void> {
    const { commandId } = command;
    // Once in any case: some requests are worth a try and no more.
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = this.#longer(pauseMs)) {
      const reply = await this.#askOnce(command).catch((error: unknown) => {
        this.#isTroubled(error);
        return null;
      });
      if (this.#ended.signal.aborted) return;
      if (reply) {
        this.counts.answered += 1;
        service.takeReply(reply);
        return;
      }
      if (!(await this.#pause(pauseMs)) || !service.isAwaited(commandId)) return;
    }
  }

  /** @returns null where the answer says nothing about the command */
  async #askOnce(command: PeerRequest['command']): Promise<Reply | null> {
    const { server, token, calls, peer } = this.#options;
    this.counts.sent += 1;
    const response = await send(server, {
      ...calls.callOf(command),
      headers: { authorization: `Bearer ${token}`, 'idempotency-key': command.commandId },
      signal: AbortSignal.any([this.#ended.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
    });
    const value = await jsonOf(response);
    const status = response.statusCode!;
    const told = answerOf(status, value);
    if (!told) throw new Error(`it answered ${status} ${codeOf(value) ?? ''}`.trim());
    this.#isFine();
    const to: Principal = { role: 'service', name: peer };
    return { kind: 'Reply', commandId: command.commandId, to, ...told };
  }

  async #read(service: LinkedService): Promise<void> {
    const { signal } = this.#ended;
    let pauseMs = FIRST_PAUSE_MS;
    // Messages that mean nothing to the service are not in its journal; they are not read again.
    const seen = { cursor: service.cursorOf(this.peer) };
    while (!signal.aborted) {
      const before = seen.cursor;
      await this.#readStream(service, seen).catch((error: unknown) => this.#isTroubled(error));
      pauseMs = seen.cursor > before ? FIRST_PAUSE_MS : this.#longer(pauseMs);
      if (!(await this.#pause(pauseMs))) return;
    }
  }

  async #readStream(service: LinkedService, seen: { cursor: number }): Promise<void> {
    const { server, token, peer } = this.#options;
    const silent = new AbortController();
    const timer = setTimeout(() => silent.abort(new Error('it fell silent')), SILENCE_MS);
    const signal = AbortSignal.any([this.#ended.signal, silent.signal]);
    try {
      const headers = { authorization: `Bearer ${token}`, 'last-event-id': `${seen.cursor}` };
      const response = await send(server, { method: 'GET', path: '/v1/events', headers, signal });
      if (response.statusCode !== 200) {
        const problem = codeOf(await jsonOf(response)) ?? '';
        throw new Error(`its events are not to be had: ${response.statusCode} ${problem}`.trim());
      }
      this.counts.connections += 1;
      this.#isFine();
      const reader = new EventReader();
      for await (const chunk of response as AsyncIterable<Buffer>) {
        timer.refresh();
        for (const { id, data } of reader.feed(chunk)) {
          const cursor = Number(id);
          if (!Number.isSafeInteger(cursor) || cursor <= seen.cursor) continue;
          seen.cursor = cursor;
          this.counts.read += 1;
          service.takeMessage(peer, cursor, parsed(data));
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #longer(pauseMs: number): number {
    return Math.min(2 * pauseMs, this.#options.longestPauseMs ?? LONGEST_PAUSE_MS);
  }

  /** False where the link has ended. */
  async #pause(ms: number): Promise<boolean> {
    await pause(ms, undefined, { signal: this.#ended.signal }).catch(() => {});
    return !this.#ended.signal.aborted;
  }

  #isTroubled(error: unknown): void {
    if (this.#ended.signal.aborted) return;
    const said = error instanceof Error ? error.message : String(error);
    if (this.#trouble === null) this.#options.note(`peer ${this.peer} does not answer: ${said}`);
    this.#trouble = said;
  }

  #isFine(): void {
    if (this.#trouble !== null) this.#options.note(`peer ${this.peer} answers again`);
    this.#trouble = null;
  }
}

/** What an answer says about the command; null where it says nothing. */
function answerOf(status: number, value: unknown): Pick<Reply, 'refusal' | 'result'> | null {
  if (typeof value !== 'object' || value === null) return null;
  if (status >= 200 && status < 300) return { refusal: null, result: plain(value) };
  const code = codeOf(value);
  if (status < 400 || code === null || NO_ANSWER.has(code)) return null;
  const { detail } = value as { readonly detail?: unknown };
  const message = typeof detail === 'string' ? detail.toWellFormed().slice(0, 500) : code;
  const refusal: Refusal = { code, message };
  return { refusal, result: null };
}

/** As the journal can take it; null where it cannot. */
function plain(value: object): object | null {
  try {
    canonicalJson(value);
    return value;
  } catch {
    return null;
  }
}

const CODE = /^[A-Z][A-Z0-9_]{1,63}$/;

/** Of a problem document. */
function codeOf(value: unknown): string | null {
  const { code } = (value ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' && CODE.test(code) ? code : null;
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return null;
  }
}
