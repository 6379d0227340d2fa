/**
 * Server-sent events out of a stream of bytes. An event counts once its empty line is there: what
 * breaks off before is as if it had never been sent, and comes again after a reconnection.
 */
import { StringDecoder } from 'node:string_decoder';

export interface ServerSentEvent {
  readonly id: string;
  readonly data: string;
}

/** Longest event that is taken in; no message of ours is near it. */
const EVENT_LENGTH_MAXIMUM = 1024 * 1024;

export class EventReader {
  readonly #decoder = new StringDecoder('utf8');
  #text = '';

  /** @returns the events that are complete now; comments are none. @throws where one has no end */
  feed(chunk: Buffer): ServerSentEvent[] {
    this.#text += this.#decoder.write(chunk);
    const blocks = this.#text.split('\n\n');
    this.#text = blocks.pop()!;
    if (this.#text.length > EVENT_LENGTH_MAXIMUM) throw new Error('an event has no end');
    return blocks.flatMap((block) => eventOf(block) ?? []);
  }
}

function eventOf(block: string): ServerSentEvent | null {
  let id: string | null = null;
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const [, field, value] = /^(id|data): ?(.*)$/.exec(line) ?? [];
    if (field === 'id') id = value!;
    else if (field === 'data') data.push(value!);
  }
  return id === null || data.length === 0 ? null : { id, data: data.join('\n') };
}
