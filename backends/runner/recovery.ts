/**
 * Brings a service back from its journal: the events run through the reducer once more. The hash
 * chain is checked at every record; the last state whose hash stands in the journal and the effects
 * since; and of earlier states one in a hundred, so that a difference is placed roughly. One that
 * is gone by the last state has done no harm; `ocx journal replay` compares all of them. A journal
 * that does not replay is not gone on with.
 */
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { genesis, readGenesis } from '../../core/kernel/genesis.ts';
import {
  GENESIS_HASH,
  isHashedAs,
  journalWriter,
  recordHash,
  STATE_HASH_INTERVAL,
} from '../../core/kernel/journal.ts';
import type {
  JournalHead,
  JournalRecord,
  JournalWriter,
  Sha256,
} from '../../core/kernel/journal.ts';
import type {
  CancelTimer,
  ServiceEffect,
  ServiceEvent,
  SetTimer,
} from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { LiveService } from './live-service.ts';
import type { PeerMail } from './peer-mail.ts';
import type { Store, StoreWriter } from '../store/store.ts';

/** Hashing a state costs as much as a thousand events; earlier ones are checked once in so many. */
const EARLIER_STATES_INTERVAL = 100 * STATE_HASH_INTERVAL;

export interface RecoveryRequest<Configuration> {
  readonly store: Store;
  /** Name of the journal; a tenant's own instance of a service has one of its own. */
  readonly journal: string;
  /** For a journal that has no record yet; one that has must have begun with the same. */
  readonly configuration: Configuration;
  /** Of this program. */
  readonly version: string;
  readonly sha256: Sha256;
  readonly nowMs: TimeMs;
}

export interface Recovered<State, Event extends ServiceEvent, Effect extends ServiceEffect> {
  readonly state: State;
  readonly writer: StoreWriter;
  readonly journal: JournalWriter<State, Event, Effect>;
  /** Timers that were set and have not fired. */
  readonly timers: ReadonlyMap<string, TimeMs>;
  readonly mail: PeerMail<State, Event, Effect> | null;
  /** Events that were replayed, without the genesis. */
  readonly events: number;
  readonly lastMs: TimeMs;
  /** Of the last record. */
  readonly headHash: string;
}

/**
 * @throws JOURNAL_BROKEN where a record is damaged or replays to something else,
 *   CONFLICT_CONFIGURATION where the journal began with another configuration, and what stores throw
 */
export async function recover<
  Configuration,
  State,
  Event extends ServiceEvent,
  Effect extends ServiceEffect,
>(
  live: LiveService<Configuration, State, Event, Effect>,
  request: RecoveryRequest<Configuration>,
): Promise<Recovered<State, Event, Effect>> {
  const { store, journal: name, sha256 } = request;
  // First the epoch: from here on nobody else adds to what is read.
  const writer = await store.openWriter(name);
  const { service } = live;
  const checkedFrom = writer.head.seq - STATE_HASH_INTERVAL;
  const mail = live.openMail?.() ?? null;
  const replay = new Replay<State, Event, Effect>(sha256, checkedFrom, mail, (state, event) =>
    service.step(state, event),
  );
  let state: State | null = null;
  for await (const texts of store.texts(name, 1)) {
    for (const text of texts) {
      const record = replay.chain(text);
      if (state === null) state = service.initial(configurationOf(record, request, service.name));
      else state = replay.step(state, record as JournalRecord<Event>);
    }
  }
  if (replay.seq !== writer.head.seq) throw broken(replay.seq + 1, 'records are missing');
  const journal = journalWriter<State, Event, Effect>(sha256, writer.head);
  let headHash = writer.head.hash;
  if (state === null) {
    const { configuration, version, nowMs } = request;
    const first = genesis(service.name, configuration, version, nowMs);
    state = service.initial(configuration);
    // The genesis is an event of every journal, whatever the events of its service.
    const { record, text } = journal.write(first as unknown as Event, [], state);
    await writer.append([{ record, text, reply: null, messages: [] }]);
    replay.lastMs = nowMs;
    headHash = record.hash;
  }
  const { timers, lastMs, seq } = replay;
  const events = Math.max(0, seq - 1);
  return { state, writer, journal, timers, mail, lastMs, headHash, events };
}

/** The configuration that the journal began with, which must be the one that is asked for. */
function configurationOf<Configuration>(
  record: JournalRecord,
  { journal, configuration }: RecoveryRequest<Configuration>,
  serviceName: string,
): Configuration {
  const first = readGenesis(record);
  if (!first || first.service !== serviceName) {
    throw broken(1, `this is no journal of a service ${serviceName}`);
  }
  if (canonicalJson(first.configuration) !== canonicalJson(configuration)) {
    throw new OcxError({
      code: 'CONFLICT_CONFIGURATION',
      message: `journal ${journal} began with another configuration of the service`,
      remedy: 'change a running site by commands, or name another store for a new site',
    });
  }
  return first.configuration as Configuration;
}

class Replay<State, Event extends ServiceEvent, Effect extends ServiceEffect> {
  readonly timers = new Map<string, TimeMs>();
  seq = 0;
  lastMs: TimeMs = 0;
  #head: JournalHead = { seq: 0, hash: GENESIS_HASH };
  readonly #sha256: Sha256;
  readonly #checkedFrom: number;
  readonly #mail: PeerMail<State, Event, Effect> | null;
  readonly #step: (state: State, event: Event) => { state: State; effects: readonly Effect[] };

  constructor(
    sha256: Sha256,
    checkedFrom: number,
    mail: PeerMail<State, Event, Effect> | null,
    step: (state: State, event: Event) => { state: State; effects: readonly Effect[] },
  ) {
    this.#sha256 = sha256;
    this.#checkedFrom = checkedFrom;
    this.#mail = mail;
    this.#step = step;
  }

  chain(text: string): JournalRecord {
    const record = JSON.parse(text) as JournalRecord;
    this.seq += 1;
    const isNext = record.seq === this.seq && record.prev === this.#head.hash;
    if (!isNext || !isHashRight(this.#sha256, text, record)) {
      throw broken(this.seq, 'the record was changed after it was written');
    }
    this.#head = record;
    this.lastMs = record.timeMs;
    return record;
  }

  step(before: State, record: JournalRecord<Event>): State {
    const { event, effectsHash, stateHash } = record;
    if (event.kind === 'TimerFired') this.timers.delete((event as unknown as SetTimer).timerId);
    const { state, effects } = this.#step(before, event);
    // Up to the last state that is in the journal, the states say whether all went the same way.
    const isLate = record.seq > this.#checkedFrom;
    if (isLate && this.#sha256(canonicalJson(effects)) !== effectsHash) {
      throw broken(record.seq, 'the event has other effects than it had');
    }
    const isStateChecked = isLate || record.seq % EARLIER_STATES_INTERVAL === 0;
    if (isStateChecked && stateHash !== undefined) {
      if (this.#sha256(canonicalJson(state)) !== stateHash) {
        throw broken(record.seq, 'the event leads to another state than it did');
      }
    }
    for (const effect of effects) this.#keepTimer(effect);
    this.#mail?.note(event, effects, record.seq);
    return state;
  }

  #keepTimer(effect: ServiceEffect): void {
    if (effect.kind === 'SetTimer') {
      const { timerId, atMs } = effect as SetTimer;
      // Set anew it stands behind those that were set meanwhile.
      this.timers.delete(timerId);
      this.timers.set(timerId, atMs);
    } else if (effect.kind === 'CancelTimer') {
      this.timers.delete((effect as CancelTimer).timerId);
    }
  }
}

/** Texts of an earlier version of this program are not canonical. */
function isHashRight(sha256: Sha256, text: string, record: JournalRecord): boolean {
  if (isHashedAs(sha256, text, record)) return true;
  const { prev, hash, ...body } = record;
  return recordHash(sha256, prev, body) === hash;
}

function broken(seq: number, message: string): OcxError {
  return new OcxError({
    code: 'JOURNAL_BROKEN',
    message,
    place: { line: seq },
    remedy: 'do not go on with this store: restore it, and keep the damaged one for the inquiry',
  });
}
