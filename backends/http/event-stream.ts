/**
 * `/v1/events`: what a party is told, as server-sent events. The cursor is the message's place in
 * the outbox, which is durable: whoever was cut off asks for what comes after the last one it saw,
 * also of another process after a restart.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { OcxError } from '../../core/kernel/errors.ts';
import type { Principal } from '../../core/kernel/service.ts';
import type { StoredMessage } from '../store/store.ts';
import { withOwnKey } from './calls.ts';
import type { ServiceGateway } from './gateway.ts';

/** A line that keeps the connection alive, where nothing happens. */
const HEARTBEAT_MS = 15_000;
const PAGE_MESSAGES = 100;
/** Streams that one party may have open. */
const STREAMS_MAXIMUM = 16;

export class EventStreams {
  readonly #gateway: ServiceGateway;
  readonly #open = new Set<AbortController>();
  readonly #perParty = new Map<string, number>();

  constructor(gateway: ServiceGateway) {
    this.#gateway = gateway;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Ends all streams, after the messages that they are writing. */
  close(): void {
    for (const controller of this.#open) controller.abort();
  }

  /** @throws RESOURCE_TOO_MANY_STREAMS; the caller hands the response over */
  open(principal: Principal): AbortController {
    const party = `${principal.role} ${principal.name}`;
    const count = this.#perParty.get(party) ?? 0;
    if (count >= STREAMS_MAXIMUM) {
      throw new OcxError({
        code: 'RESOURCE_TOO_MANY_STREAMS',
        message: `${STREAMS_MAXIMUM} streams are open already`,
        remedy: 'close one',
      });
    }
    const controller = new AbortController();
    this.#open.add(controller);
    this.#perParty.set(party, count + 1);
    controller.signal.addEventListener('abort', () => {
      this.#open.delete(controller);
      const left = this.#perParty.get(party)! - 1;
      if (left > 0) this.#perParty.set(party, left);
      else this.#perParty.delete(party);
    });
    return controller;
  }

  /** Writes until the reader goes away or the service ends. Administrators are told everything. */
  async write(
    response: ServerResponse,
    principal: Principal,
    after: number,
    controller: AbortController,
  ): Promise<void> {
    const { signal } = controller;
    response.on('close', () => controller.abort());
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      // A connection that stayed open after its stream would hold up the end of the service.
      connection: 'close',
    });
    response.write(': open\n\n');
    const to = principal.role === 'admin' ? null : principal;
    const news = new Signal();
    const unwatch = this.#gateway.watch(() => news.raise());
    signal.addEventListener('abort', () => news.raise());
    try {
      for (let cursor = after; !signal.aborted;) {
        const page = await this.#gateway.messages({ after: cursor, limit: PAGE_MESSAGES, to });
        for (const message of page) {
          cursor = message.cursor;
          if (response.write(textOf(message))) continue;
          await once(response, 'drain', { signal });
        }
        if (page.length > 0) continue;
        if (!(await news.within(HEARTBEAT_MS))) response.write(': nothing new\n\n');
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      unwatch();
      controller.abort();
      response.end();
    }
  }
}

function textOf({ cursor, seq, to, body }: StoredMessage): string {
  const { kind } = body as { kind?: string };
  const data = JSON.stringify({ seq, to, ...withOwnKey(to, body) });
  return `id: ${cursor}\nevent: ${kind}\ndata: ${data}\n\n`;
}

/** Raised before or while somebody waits for it; waiting takes it down. */
class Signal {
  #isRaised = false;
  #wake: (() => void) | null = null;

  raise(): void {
    this.#isRaised = true;
    this.#wake?.();
  }

  async within(ms: number): Promise<boolean> {
    if (!this.#isRaised) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
    const wasRaised = this.#isRaised;
    this.#isRaised = false;
    return wasRaised;
  }
}
