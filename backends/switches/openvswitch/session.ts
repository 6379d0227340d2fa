/** One connection to an OVSDB server (RFC 7047): requests, answers, and locks that are stolen. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { at } from '../../bmc/redfish/bounded-json.ts';
import { JsonStream } from './json-stream.ts';

/** Where a server listens. */
export type OvsdbAddress =
  { readonly path: string } | { readonly host: string; readonly port: number };

/** `unix:/path` or `tcp:host:port`; null for anything else. */
export function parseOvsdbAddress(text: string): OvsdbAddress | null {
  const [, path] = /^unix:(\/.+)$/.exec(text) ?? [];
  if (path !== undefined) return { path };
  const [, host, port] = /^tcp:\[?([\w.:-]+?)\]?:(\d{1,5})$/.exec(text) ?? [];
  return host === undefined ? null : { host, port: Number(port) };
}

/** The connection is gone, or the deadline came: what was asked may or may not have happened. */
export class OvsdbLost extends Error {}

interface Question {
  readonly answer: (value: unknown) => void;
  readonly fail: (error: Error) => void;
}

export class OvsdbSession {
  readonly #socket: Socket;
  readonly #stream = new JsonStream();
  readonly #questions = new Map<number, Question>();
  #questionsSoFar = 0;
  #end: string | null = null;
  /** Locks of ours that somebody has taken. */
  readonly stolen = new Set<string>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#take(chunk));
    socket.on('error', (error) => this.#die(error.message));
    socket.on('close', () => this.#die('the switch closed the connection'));
  }

  /** @throws OvsdbLost where it cannot be had before the signal */
  static async connect(address: OvsdbAddress, signal: AbortSignal): Promise<OvsdbSession> {
    const socket = connect({ ...address, noDelay: true });
    try {
      await once(socket, 'connect', { signal });
    } catch (error) {
      socket.destroy();
      const cause = signal.aborted ? 'no connection in time' : (error as Error).message;
      throw new OvsdbLost(cause, { cause: error });
    }
    return new OvsdbSession(socket);
  }

  get isOpen(): boolean {
    return this.#end === null;
  }

  /**
   * The `result` of the answer. A session whose question was given up is closed: what was sent on it
   * can no longer count on its lock.
   *
   * @throws OvsdbLost
   */
  async request(method: string, parameters: unknown, signal: AbortSignal): Promise<unknown> {
    if (this.#end !== null) throw new OvsdbLost(this.#end);
    const id = this.#questionsSoFar++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#questions.set(id, { answer: resolve, fail: reject });
    const giveUp = () => this.close('no answer in time');
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    else this.#socket.write(JSON.stringify({ id, method, params: parameters }));
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  close(reason = 'closed'): void {
    this.#die(reason);
    this.#socket.destroy();
  }

  #die(reason: string): void {
    this.#end ??= reason;
    for (const { fail } of this.#questions.values()) fail(new OvsdbLost(this.#end));
    this.#questions.clear();
  }

  #take(chunk: string): void {
    const messages = this.#stream.take(chunk);
    if (messages === null) this.close('the switch does not speak OVSDB');
    for (const message of messages ?? []) this.#handle(message);
  }

  #handle(message: unknown): void {
    const method = at(message, 'method');
    const parameters = at(message, 'params');
    if (method === 'echo') {
      this.#socket.write(
        JSON.stringify({ id: at(message, 'id'), result: parameters, error: null }),
      );
    } else if (method === 'stolen') this.stolen.add(String(at(parameters, 0)));
    const id = at(message, 'id');
    const question = typeof id === 'number' ? this.#questions.get(id) : undefined;
    if (method !== undefined || !question) return;
    this.#questions.delete(id as number);
    const error = at(message, 'error') ?? null;
    if (error === null) question.answer(at(message, 'result'));
    else question.fail(new OvsdbRefused(JSON.stringify(error)));
  }
}

/** The server did not take the request; nothing of it has happened. */
export class OvsdbRefused extends Error {}
