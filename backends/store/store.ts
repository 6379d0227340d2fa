/**
 * Where the live services keep what they must not lose: the journal of each service, the answers
 * to requests that may be sent again, and the outbox of what parties are told. All three of one
 * event are written in one transaction, and only one writer at a time may write a journal.
 *
 * Who writes is settled by an epoch, a number that only grows: whoever opens a journal for writing
 * takes the next one, and every append of an earlier epoch is refused from then on. So a writer
 * that was stopped and comes back cannot write over its successor.
 *
 * `test/contract/store-contract.ts` is what every store must pass.
 */
import { OcxError } from '../../core/kernel/errors.ts';
import type { JournalHead, JournalRecord } from '../../core/kernel/journal.ts';
import type { Principal, Reply } from '../../core/kernel/service.ts';

/** The answer to a request, kept so that the same request sent again gets the same answer. */
export interface StoredReply {
  /** The command's id, which stands for one key of one party. */
  readonly commandId: string;
  /** Hash of what was asked; the same id with another hash is a mistake of the sender's. */
  readonly requestHash: string;
  readonly reply: Pick<Reply, 'refusal' | 'result'>;
}

/** Something that one party is told; plain JSON data. */
export interface OutboxMessage {
  readonly to: Principal;
  readonly body: object;
}

/** A message with its place in the outbox of its journal: 1, 2, 3, … without gaps. */
export interface StoredMessage extends OutboxMessage {
  readonly cursor: number;
  /** Number of the record that it came with. */
  readonly seq: number;
}

/** All that one event leaves behind. */
export interface StoreEntry {
  readonly record: JournalRecord;
  /** Of the record, canonical, where it is at hand. */
  readonly text?: string;
  readonly reply: StoredReply | null;
  readonly messages: readonly OutboxMessage[];
}

/** The one writer of a journal, until somebody else takes the next epoch. */
export interface StoreWriter {
  readonly epoch: number;
  /** Where the journal ended when this writer took over. */
  readonly head: JournalHead;
  /**
   * Durable once the promise is fulfilled, all or nothing and in the order of the calls. Calls that
   * come while others wait may share their transaction (group commit).
   *
   * @throws CONFLICT_EPOCH where another writer has taken over, CONFLICT_HEAD where a record does
   *   not follow the last one, RESOURCE_STORE where the store cannot write. After any of them this
   *   writer refuses everything: what it had in memory is ahead of what is kept.
   */
  append(entries: readonly StoreEntry[]): Promise<void>;
  /** @throws CONFLICT_EPOCH where this is not the writer any more; asked before a device is touched */
  confirm(): Promise<void>;
  /**
   * Says that this writer is alive; a standby takes over from one that is silent. An append says it
   * too.
   *
   * @throws CONFLICT_EPOCH, RESOURCE_STORE
   */
  sign(): Promise<void>;
  /** Says that this writer will write no more, so that a standby need not wait. */
  resign(): Promise<void>;
}

export interface MessageQuery {
  /** Messages after this place; 0 for all. */
  readonly after: number;
  readonly limit: number;
  /** Only those to this party; null: to anybody. */
  readonly to: Principal | null;
}

export interface Store {
  /** Takes the next epoch of the journal, which is made where there is none. */
  openWriter(journal: string): Promise<StoreWriter>;
  /**
   * The texts of the records from this number on, in order, some at a time. What is appended
   * meanwhile may or may not come.
   */
  texts(journal: string, fromSeq: number): AsyncIterable<readonly string[]>;
  /**
   * How long the journal's writer has been silent, by the store's own clock; Infinity where there has
   * been none or it has resigned.
   */
  silenceMs(journal: string): Promise<number>;
  reply(journal: string, commandId: string): Promise<StoredReply | null>;
  messages(journal: string, query: MessageQuery): Promise<readonly StoredMessage[]>;
  /** Ends the use of the store, after what has been handed over is durable. */
  close(): Promise<void>;
}

export function epochLost(journal: string, epoch: number): OcxError {
  return new OcxError({
    code: 'CONFLICT_EPOCH',
    message: `epoch ${epoch} of journal ${journal} is over: another process writes it now`,
    remedy: 'stop this process; the other one is in charge',
  });
}

export function headMismatch(journal: string, seq: number): OcxError {
  return new OcxError({
    code: 'CONFLICT_HEAD',
    message: `record ${seq} does not follow the end of journal ${journal}`,
  });
}

/** @param cause what the store itself said */
export function storeFailure(journal: string, cause: unknown): OcxError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new OcxError(
    {
      code: 'RESOURCE_STORE',
      message: `journal ${journal} cannot be written: ${said}`,
      remedy: 'see to the disk or database and start again: nothing that was confirmed is lost',
    },
    { cause },
  );
}

/** The same, read. */
export async function* recordsOf(
  store: Store,
  journal: string,
  fromSeq: number,
): AsyncIterable<JournalRecord> {
  for await (const texts of store.texts(journal, fromSeq)) {
    for (const text of texts) yield JSON.parse(text) as JournalRecord;
  }
}

/** What a store keeps of a record. */
export function textOf({ record, text }: StoreEntry): string {
  return text ?? JSON.stringify(record);
}
