/**
 * The store in one SQLite file: write-ahead log, `synchronous=FULL` (every commit is on the disk
 * before it counts), one transaction for a group of events.
 *
 * The calls are synchronous inside; the promises are the port's. While a commit waits for the disk,
 * nothing else runs in the process, and what arrives meanwhile makes up the next group: one commit
 * for many events is what makes it fast, not a second thread.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { OcxError } from '../../core/kernel/errors.ts';
import { EMPTY_HEAD, type JournalHead } from '../../core/kernel/journal.ts';
import type { Principal } from '../../core/kernel/service.ts';
import { CommitQueue } from './commit-queue.ts';
import { epochLost, headMismatch, storeFailure, textOf } from './store.ts';
import type {
  MessageQuery,
  OutboxMessage,
  Store,
  StoreEntry,
  StoreWriter,
  StoredMessage,
  StoredReply,
} from './store.ts';

/** "ocx1" in ASCII, so that another program's file is not taken for ours. */
const APPLICATION_ID = 0x6f637831;
const SCHEMA_VERSION = 1;
/** How long a transaction waits for another process's. */
const BUSY_TIMEOUT_MS = 5_000;
const PAGE_RECORDS = 500;
/** Whoever's commit copies the log back waits for it: rarely, so that it is not one in a hundred. */
const CHECKPOINT_PAGES = 8_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS journal (
    name TEXT PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL,
    cursor INTEGER NOT NULL, signed INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS record (
    journal TEXT NOT NULL, seq INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (journal, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS reply (
    journal TEXT NOT NULL, command TEXT NOT NULL, request TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (journal, command)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS message (
    journal TEXT NOT NULL, cursor INTEGER NOT NULL, seq INTEGER NOT NULL,
    role TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (journal, cursor)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS message_to ON message (journal, role, name, cursor);
`;

/** @throws INPUT_STORE where the file is no store of this program, RESOURCE_STORE */
export function openSqliteStore(path: string): Store {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    prepare(database, path);
  } catch (error) {
    database?.close();
    throw error instanceof OcxError ? error : notAStore(path, error);
  }
  return new SqliteStore(database);
}

function prepare(database: DatabaseSync, path: string): void {
  const applicationId = pragma(database, 'application_id');
  const version = pragma(database, 'user_version');
  const tables = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()!['n'];
  const isNew = applicationId === 0 && version === 0 && tables === 0;
  if (!isNew && applicationId !== APPLICATION_ID) throw notAStore(path, null);
  if (!isNew && version !== SCHEMA_VERSION) {
    throw new OcxError({
      code: 'INPUT_STORE',
      message: `the store has version ${version}, this program writes ${SCHEMA_VERSION}`,
      place: { file: path },
    });
  }
  const checkpoint = `PRAGMA wal_autocheckpoint=${CHECKPOINT_PAGES};`;
  database.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; ${checkpoint}`);
  if (!isNew) return;
  database.exec(
    `BEGIN IMMEDIATE; ${SCHEMA}
     PRAGMA application_id=${APPLICATION_ID}; PRAGMA user_version=${SCHEMA_VERSION}; COMMIT;`,
  );
}

function pragma(database: DatabaseSync, name: string): unknown {
  return database.prepare(`PRAGMA ${name}`).get()![name];
}

function notAStore(path: string, cause: unknown): OcxError {
  const said = cause instanceof Error ? ` (${cause.message})` : '';
  const message = `this cannot be used as a store${said}`;
  return new OcxError(
    { code: 'INPUT_STORE', message, place: { file: path }, remedy: 'name another file' },
    { cause },
  );
}

/** A journal in the file of a store, as an auditor reads it: nothing is written. */
export interface StoredJournal {
  /** Bytes of text. */
  readonly textBytes: number;
  /** The text of each record, in order. */
  texts(): Iterable<string>;
  /** Answers to commands, by their ids. */
  replies(): ReadonlyMap<string, StoredReply['reply']>;
  /** The whole outbox, in order. */
  messages(): readonly OutboxMessage[];
}

/** Names of the journals in the file of a store. @throws INPUT_STORE where it is none */
export function sqliteJournals(path: string): string[] {
  const database = openReadOnly(path);
  try {
    const rows = database.prepare('SELECT name FROM journal ORDER BY name').all();
    return rows.map(({ name }) => name as string);
  } finally {
    database.close();
  }
}

/** @throws INPUT_STORE where the file is no store, or has no such journal */
export function readSqliteJournal(path: string, journal: string): StoredJournal {
  const read = <Value>(body: (database: DatabaseSync) => Value): Value => {
    const database = openReadOnly(path);
    try {
      return body(database);
    } finally {
      database.close();
    }
  };
  const sum = 'SELECT sum(length(text)) AS bytes FROM record WHERE journal = ?';
  const textBytes = read((database) => database.prepare(sum).get(journal)!['bytes']);
  if (typeof textBytes !== 'number') throw notAStore(path, new Error(`no journal ${journal}`));
  const page = 'SELECT text FROM record WHERE journal = ? AND seq > ? ORDER BY seq LIMIT ?';
  function* texts(): Generator<string> {
    for (let seen = 0; ;) {
      const rows = read((database) => database.prepare(page).all(journal, seen, PAGE_RECORDS));
      for (const { text } of rows) yield text as string;
      if (rows.length < PAGE_RECORDS) return;
      seen += rows.length;
    }
  }
  const replies = () =>
    read((database) => {
      const rows = database.prepare('SELECT command, text FROM reply WHERE journal = ?');
      const kept = rows.all(journal).map(({ command, text }) => {
        return [command as string, JSON.parse(text as string) as StoredReply['reply']] as const;
      });
      return new Map(kept);
    });
  const messages = () =>
    read((database) => {
      const query = 'SELECT role, name, text FROM message WHERE journal = ? ORDER BY cursor';
      const rows = database.prepare(query).all(journal);
      return rows.map(({ role, name, text }) => ({
        to: { role, name } as Principal,
        body: JSON.parse(text as string) as object,
      }));
    });
  return { textBytes, texts, replies, messages };
}

function openReadOnly(path: string): DatabaseSync {
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    if (pragma(database, 'application_id') === APPLICATION_ID) return database;
    database.close();
  } catch (error) {
    throw notAStore(path, error);
  }
  throw notAStore(path, null);
}

interface Head extends JournalHead {
  readonly epoch: number;
  readonly cursor: number;
}

class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #writers: SqliteWriter[] = [];

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async openWriter(journal: string): Promise<StoreWriter> {
    const before = this.transaction(journal, () => {
      const head = this.head(journal);
      this.run(
        `INSERT INTO journal VALUES (?, 1, ?, ?, 0, ?)
         ON CONFLICT (name) DO UPDATE SET epoch = epoch + 1, signed = excluded.signed`,
        [journal, EMPTY_HEAD.seq, EMPTY_HEAD.hash, Date.now()],
      );
      return head;
    });
    const { seq, hash } = before;
    const writer = new SqliteWriter(this, journal, before.epoch + 1, { seq, hash });
    this.#writers.push(writer);
    return writer;
  }

  async *texts(journal: string, fromSeq: number): AsyncIterable<string[]> {
    const query = 'SELECT text FROM record WHERE journal = ? AND seq >= ? ORDER BY seq LIMIT ?';
    for (let next = fromSeq; ;) {
      const page = this.prepare(query).all(journal, next, PAGE_RECORDS);
      yield page.map(({ text }) => text as string);
      if (page.length < PAGE_RECORDS) return;
      next += page.length;
    }
  }

  async silenceMs(journal: string): Promise<number> {
    const found = this.prepare('SELECT signed FROM journal WHERE name = ?').get(journal);
    const signed = found?.['signed'];
    return typeof signed === 'number' ? Date.now() - signed : Infinity;
  }

  async reply(journal: string, commandId: string): Promise<StoredReply | null> {
    const query = 'SELECT request, text FROM reply WHERE journal = ? AND command = ?';
    const found = this.prepare(query).get(journal, commandId);
    if (!found) return null;
    const reply = JSON.parse(found['text'] as string) as StoredReply['reply'];
    return { commandId, requestHash: found['request'] as string, reply };
  }

  async messages(journal: string, query: MessageQuery): Promise<readonly StoredMessage[]> {
    const { after, limit, to } = query;
    const start = 'SELECT cursor, seq, role, name, text FROM message WHERE journal = ?';
    const end = 'AND cursor > ? ORDER BY cursor LIMIT ?';
    const rows = to
      ? this.prepare(`${start} AND role = ? AND name = ? ${end}`).all(
          ...[journal, to.role, to.name, after, limit],
        )
      : this.prepare(`${start} ${end}`).all(journal, after, limit);
    return rows.map(({ cursor, seq, role, name, text }) => ({
      cursor: cursor as number,
      seq: seq as number,
      to: { role, name } as Principal,
      body: JSON.parse(text as string) as object,
    }));
  }

  async close(): Promise<void> {
    for (const writer of this.#writers) await writer.drained();
    this.#database.close();
  }

  /** What the journal is at; a journal that is not there yet is at its beginning. */
  head(journal: string): Head {
    const found = this.prepare('SELECT * FROM journal WHERE name = ?').get(journal);
    if (!found) return { ...EMPTY_HEAD, epoch: 0, cursor: 0 };
    return found as unknown as Head;
  }

  /** @throws RESOURCE_STORE for what the database itself says */
  transaction<Value>(journal: string, body: () => Value): Value {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      const value = body();
      this.#database.exec('COMMIT');
      return value;
    } catch (error) {
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error instanceof OcxError ? error : storeFailure(journal, error);
    }
  }

  run(text: string, values: readonly (string | number | null)[]): void {
    this.prepare(text).run(...values);
  }

  prepare(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (!statement) {
      statement = this.#database.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }
}

class SqliteWriter implements StoreWriter {
  readonly epoch: number;
  readonly head: JournalHead;
  readonly #store: SqliteStore;
  readonly #journal: string;
  readonly #queue: CommitQueue;

  constructor(store: SqliteStore, journal: string, epoch: number, head: JournalHead) {
    this.#store = store;
    this.#journal = journal;
    this.epoch = epoch;
    this.head = head;
    this.#queue = new CommitQueue((entries) => this.#commit(entries));
  }

  append(entries: readonly StoreEntry[]): Promise<void> {
    return this.#queue.add(entries);
  }

  async confirm(): Promise<void> {
    this.#requireEpoch(this.#store.head(this.#journal));
  }

  async sign(): Promise<void> {
    this.#setSigned(Date.now());
  }

  async resign(): Promise<void> {
    await this.drained();
    this.#setSigned(null);
  }

  drained(): Promise<void> {
    return this.#queue.drained();
  }

  #setSigned(signed: number | null): void {
    const journal = this.#journal;
    this.#store.transaction(journal, () => {
      this.#requireEpoch(this.#store.head(journal));
      this.#store.run('UPDATE journal SET signed = ? WHERE name = ?', [signed, journal]);
    });
  }

  #commit(entries: readonly StoreEntry[]): void {
    const journal = this.#journal;
    this.#store.transaction(journal, () => {
      let { seq, hash, cursor } = this.#requireEpoch(this.#store.head(journal));
      for (const entry of entries) {
        const { record, reply, messages } = entry;
        if (record.seq !== seq + 1 || record.prev !== hash) throw headMismatch(journal, record.seq);
        ({ seq, hash } = record);
        this.#store.run('INSERT INTO record VALUES (?, ?, ?)', [...[journal, seq, textOf(entry)]]);
        if (reply) this.#insertReply(reply);
        for (const { to, body } of messages) {
          cursor += 1;
          this.#store.run('INSERT INTO message VALUES (?, ?, ?, ?, ?, ?)', [
            ...[journal, cursor, seq, to.role, to.name, JSON.stringify(body)],
          ]);
        }
      }
      const query = 'UPDATE journal SET seq = ?, hash = ?, cursor = ?, signed = ? WHERE name = ?';
      this.#store.run(query, [seq, hash, cursor, Date.now(), journal]);
    });
  }

  #insertReply({ commandId, requestHash, reply }: StoredReply): void {
    const values = [this.#journal, commandId, requestHash, JSON.stringify(reply)];
    this.#store.run('INSERT INTO reply VALUES (?, ?, ?, ?)', values);
  }

  #requireEpoch(head: Head): Head {
    if (head.epoch !== this.epoch) throw epochLost(this.#journal, this.epoch);
    return head;
  }
}
