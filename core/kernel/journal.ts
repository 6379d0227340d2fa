/**
 * The journal of one service: a hash chain over every event and the effects it had.
 *
 * Record `{seq, timeMs, event, effectsHash, prev, hash}`; `stateHash` stands on every 1,000th
 * record and on the last. hash = SHA-256(prev as 64 hex digits ‖ canonical JSON of the record
 * without prev and hash). SHA-256 itself is a port, so that the core stays free of I/O and of
 * platform modules.
 */
import { canonicalJson } from './canonical-json.ts';
import type { Refusal } from './errors.ts';
import type { Service, ServiceEffect, ServiceEvent } from './service.ts';
import type { TimeMs } from './units.ts';

/** SHA-256 of a UTF-8 text, as 64 lower-case hex digits. */
export type Sha256 = (text: string) => string;

export interface JournalRecord<Event extends ServiceEvent = ServiceEvent> {
  readonly seq: number;
  readonly timeMs: TimeMs;
  readonly event: Event;
  readonly effectsHash: string;
  readonly stateHash?: string;
  readonly prev: string;
  readonly hash: string;
}

export const GENESIS_HASH = '0'.repeat(64);
export const STATE_HASH_INTERVAL = 1_000;

/** The hash that a record has after the record whose hash is `prev`. */
export function recordHash(sha256: Sha256, prev: string, body: object): string {
  return sha256(prev + canonicalJson(body));
}

/** A record and its canonical JSON, which was made for its hash anyway. */
export interface WrittenRecord<Event extends ServiceEvent = ServiceEvent> {
  readonly record: JournalRecord<Event>;
  readonly text: string;
}

export interface JournalWriter<State, Event extends ServiceEvent, Effect extends ServiceEffect> {
  /** The record of one event, chained to the one before it. `last` adds the state hash. */
  append(
    event: Event,
    effects: readonly Effect[],
    state: State,
    last?: boolean,
  ): JournalRecord<Event>;
  /** The same, with its text. */
  write(
    event: Event,
    effects: readonly Effect[],
    state: State,
    last?: boolean,
  ): WrittenRecord<Event>;
}

/** In canonical JSON `hash` and `prev` stand between `event` and `seq`, the last member so called. */
const BEFORE_SEQ = ',"seq":';
const CHAIN_LENGTH = chainText(GENESIS_HASH, GENESIS_HASH).length;

function chainText(hash: string, prev: string): string {
  return `,"hash":"${hash}","prev":"${prev}"`;
}

/**
 * True where the record's text is canonical and its hash is the right one: then the hash is that of
 * the text without two of its members, and nothing has to be put in order. False says nothing yet.
 */
export function isHashedAs(sha256: Sha256, text: string, { hash, prev }: JournalRecord): boolean {
  const end = text.lastIndexOf(BEFORE_SEQ);
  const start = end - CHAIN_LENGTH;
  if (start < 0 || text.slice(start, end) !== chainText(hash, prev)) return false;
  return sha256(prev + text.slice(0, start) + text.slice(end)) === hash;
}

/** Where a journal ends: number and hash of its last record. */
export interface JournalHead {
  readonly seq: number;
  readonly hash: string;
}

/** The head of a journal that has no record yet. */
export const EMPTY_HEAD: JournalHead = Object.freeze({ seq: 0, hash: GENESIS_HASH });

/** @param head where an earlier writer left off */
export function journalWriter<State, Event extends ServiceEvent, Effect extends ServiceEffect>(
  sha256: Sha256,
  head: JournalHead = EMPTY_HEAD,
): JournalWriter<State, Event, Effect> {
  let { seq, hash: prev } = head;
  const write = (event: Event, effects: readonly Effect[], state: State, last = false) => {
    seq += 1;
    const withState = last || seq % STATE_HASH_INTERVAL === 0;
    const body = {
      seq,
      timeMs: event.timeMs,
      event,
      effectsHash: sha256(canonicalJson(effects)),
      ...(withState ? { stateHash: sha256(canonicalJson(state)) } : {}),
    };
    const bodyText = canonicalJson(body);
    const hash = sha256(prev + bodyText);
    const at = bodyText.lastIndexOf(BEFORE_SEQ);
    const text = bodyText.slice(0, at) + chainText(hash, prev) + bodyText.slice(at);
    const record = { ...body, prev, hash };
    prev = hash;
    return { record, text };
  };
  return { write, append: (...given) => write(...given).record };
}

/** Checks the chain alone; the first record that does not fit is named. */
export function verifyChain(sha256: Sha256, records: Iterable<JournalRecord>): Refusal | null {
  let prev = GENESIS_HASH;
  let seq = 0;
  for (const record of records) {
    seq += 1;
    const { prev: claimedPrev, hash, ...body } = record;
    if (record.seq !== seq) {
      return broken(seq, `record ${record.seq} stands where ${seq} belongs`);
    }
    if (claimedPrev !== prev) return broken(seq, `record ${seq} is not chained to the one before`);
    if (recordHash(sha256, prev, body) !== hash) {
      return broken(seq, `record ${seq} was changed after it was written`);
    }
    prev = hash;
  }
  return null;
}

/**
 * Runs the events of a journal through the service again and compares effects at every event and
 * states where the journal holds their hash (at every event the caller asks for with `full`,
 * against a second run).
 */
export function replayJournal<
  Configuration,
  State,
  Event extends ServiceEvent,
  Effect extends ServiceEffect,
>(
  service: Service<Configuration, State, Event, Effect>,
  configuration: Configuration,
  records: Iterable<JournalRecord<Event>>,
  sha256: Sha256,
): { readonly state: State; readonly difference: Refusal | null; readonly events: number } {
  let state = service.initial(configuration);
  let events = 0;
  for (const record of records) {
    const step = service.step(state, record.event);
    state = step.state;
    events += 1;
    if (sha256(canonicalJson(step.effects)) !== record.effectsHash) {
      return { state, events, difference: broken(record.seq, 'replay has other effects') };
    }
    if (record.stateHash && sha256(canonicalJson(state)) !== record.stateHash) {
      return { state, events, difference: broken(record.seq, 'replay has another state') };
    }
  }
  return { state, events, difference: null };
}

function broken(seq: number, message: string): Refusal {
  return { code: 'JOURNAL_BROKEN', message, place: { line: seq } };
}
