/**
 * What a service has heard from others and what it has asked them, as its journal has it: the place
 * in each peer's outbox up to which messages were taken, and the requests without an answer. Both
 * follow from the events and their effects, so that a replay knows them again.
 */
import type { Reply, ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';

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
}

/** An event that came from a peer says which message it was. */
export interface Via {
  readonly via: { readonly peer: string; readonly cursor: number };
}

export class PeerMail<State, Event extends ServiceEvent, Effect extends ServiceEffect> {
  readonly #talk: PeerTalk<State, Event, Effect>;
  readonly #cursors = new Map<string, number>();
  readonly #open = new Map<string, PeerRequest>();

  constructor(talk: PeerTalk<State, Event, Effect>) {
    this.#talk = talk;
  }

  /** Keeps what an event and its effects change. */
  note(event: Event, effects: readonly Effect[]): void {
    const { via } = event as Partial<Via>;
    if (via) this.#cursors.set(via.peer, via.cursor);
    if (event.kind === 'ReplyReceived') {
      this.#open.delete((event as unknown as { readonly reply: Reply }).reply.commandId);
    }
    for (const effect of effects) {
      const request = this.#talk.request(effect);
      if (request) this.#open.set(request.command.commandId, request);
    }
  }

  requests(effects: readonly Effect[]): PeerRequest[] {
    return effects.flatMap((effect) => this.#talk.request(effect) ?? []);
  }

  /** Requests whose answers still matter. */
  open(state: State): PeerRequest[] {
    return [...this.#open.values()].filter(({ command }) => this.isOpen(state, command.commandId));
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
