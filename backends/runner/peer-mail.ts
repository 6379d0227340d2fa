/**
 * What a service has heard from others and what it has asked them, as its journal has it: the place
 * in each peer's outbox up to which messages were taken, and the requests without an answer. Both
 * follow from the events and their effects, so that a replay knows them again.
 */
import type { Reply, ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';

/** A command for another service, as an effect had it. */
export interface PeerRequest {
  /** Name of the service, as the configuration of the peers has it. */
  readonly peer: string;
  readonly command: { readonly kind: string; readonly commandId: string };
}

/** How one service talks with others. */
export interface PeerTalk<State, Event extends ServiceEvent, Effect extends ServiceEffect> {
  /** The command that the effect sends to another service, or null. */
  request(effect: Effect): PeerRequest | null;
  /** Whether an answer to it still matters; one that does not is not asked for again. */
  isAwaited(state: State, commandId: string): boolean;
  /**
   * What a message of a peer means to the service; null: nothing. The peer is not trusted beyond its
   * own part: what it has no say in, and what has not the form of a message, means nothing.
   */
  notice(state: State, peer: string, body: unknown): Omit<Event, 'timeMs'> | null;
  /**
   * True: what an event tells parties waits for the answers to what it asks other services, because
   * whoever acts on the message must find them informed. Not longer than `HOLD_MS`.
   */
  readonly informsPeersFirst?: boolean;
}

/** A service that does not answer for so long delays nobody further. */
export const HOLD_MS = 2_000;

/** A request without an answer. */
interface OpenRequest {
  readonly request: PeerRequest;
  /** Record and time of the event that it came with. */
  readonly seq: number;
  readonly timeMs: TimeMs;
}

/** An event that came from a peer says which message it was. */
export interface Via {
  readonly via: { readonly peer: string; readonly cursor: number };
}

export class PeerMail<State, Event extends ServiceEvent, Effect extends ServiceEffect> {
  /** Longest wait of a message for what other services are told with it. */
  readonly holdMs = HOLD_MS;
  readonly #talk: PeerTalk<State, Event, Effect>;
  readonly #cursors = new Map<string, number>();
  readonly #open = new Map<string, OpenRequest>();

  constructor(talk: PeerTalk<State, Event, Effect>) {
    this.#talk = talk;
  }

  /**
   * Keeps what an event and its effects change.
   *
   * @param seq of the event's record
   */
  note(event: Event, effects: readonly Effect[], seq: number): void {
    const { via } = event as Partial<Via>;
    if (via) this.#cursors.set(via.peer, via.cursor);
    if (event.kind === 'ReplyReceived') {
      this.#open.delete((event as unknown as { readonly reply: Reply }).reply.commandId);
    }
    for (const effect of effects) {
      const request = this.#talk.request(effect);
      if (!request) continue;
      this.#open.set(request.command.commandId, { request, seq, timeMs: event.timeMs });
    }
  }

  requests(effects: readonly Effect[]): PeerRequest[] {
    return effects.flatMap((effect) => this.#talk.request(effect) ?? []);
  }

  /** Requests whose answers still matter. */
  open(state: State): PeerRequest[] {
    return [...this.#open.values()].flatMap(({ request }) =>
      this.isOpen(state, request.command.commandId) ? [request] : [],
    );
  }

  /** Record from which on messages have to wait; Infinity: none has to. */
  heldFrom(state: State, nowMs: TimeMs): number {
    if (!this.#talk.informsPeersFirst) return Infinity;
    let held = Infinity;
    for (const [commandId, { seq, timeMs }] of this.#open) {
      if (nowMs - timeMs < HOLD_MS && this.isOpen(state, commandId)) held = Math.min(held, seq);
    }
    return held;
  }

  isOpen(state: State, commandId: string): boolean {
    if (!this.#open.has(commandId)) return false;
    if (this.#talk.isAwaited(state, commandId)) return true;
    this.#open.delete(commandId);
    return false;
  }

  /** Place of the last message of the peer that was taken; 0: none yet. */
  cursor(peer: string): number {
    return this.#cursors.get(peer) ?? 0;
  }

  /** The event that a message is; null for one that was taken before, and one that means nothing. */
  eventOf(
    state: State,
    peer: string,
    cursor: number,
    body: unknown,
  ): (Omit<Event, 'timeMs'> & Via) | null {
    if (cursor <= this.cursor(peer)) return null;
    const notice = this.#talk.notice(state, peer, body);
    return notice ? { ...notice, via: { peer, cursor } } : null;
  }
}
