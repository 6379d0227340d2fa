/**
 * The store in PostgreSQL (15 or later), for a service with standby replicas. The rules are those of
 * the port; the epoch row is locked by every commit, so that a successor's epoch and a late commit
 * of its predecessor cannot pass each other.
 */
import pg from 'pg';
import { OcxError } from '../../core/kernel/errors.ts';
import { EMPTY_HEAD, type JournalHead } from '../../core/kernel/journal.ts';
import type { Principal } from '../../core/kernel/service.ts';
import { CommitQueue } from './commit-queue.ts';
import { epochLost, headMismatch, storeFailure, textOf } from './store.ts';
import type {
  MessageQuery,
  Store,
  StoreEntry,
  StoreWriter,
  StoredMessage,
  StoredReply,
} from './store.ts';

const SCHEMA_VERSION = 1;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;
const PAGE_RECORDS = 500;
/** "ocx1" in ASCII: two processes that start at once make the tables one after the other. */
const SCHEMA_LOCK = 0x6f637831;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS ocx_schema (version integer PRIMARY KEY);
  CREATE TABLE IF NOT EXISTS ocx_journal (
    name text PRIMARY KEY, epoch bigint NOT NULL, seq bigint NOT NULL, hash text NOT NULL,
    cursor bigint NOT NULL, signed timestamptz
  );
  CREATE TABLE IF NOT EXISTS ocx_record (
    journal text NOT NULL, seq bigint NOT NULL, text text NOT NULL, PRIMARY KEY (journal, seq)
  );
  CREATE TABLE IF NOT EXISTS ocx_reply (
    journal text NOT NULL, command text NOT NULL, request text NOT NULL, text text NOT NULL,
    PRIMARY KEY (journal, command)
  );
  CREATE TABLE IF NOT EXISTS ocx_message (
    journal text NOT NULL, cursor bigint NOT NULL, seq bigint NOT NULL,
    role text NOT NULL, name text NOT NULL, text text NOT NULL, PRIMARY KEY (journal, cursor)
  );
  CREATE INDEX IF NOT EXISTS ocx_message_to ON ocx_message (journal, role, name, cursor);
`;

/** Whatever the server's setting is: a commit is on the disk before it counts. */
const BEGIN = 'BEGIN; SET LOCAL synchronous_commit TO on';

/**
 * @param url `postgres://…`
 * @throws INPUT_STORE where it holds another version's tables, RESOURCE_STORE
 */
export async function openPostgresStore(url: string): Promise<Store> {
  const pool = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'ocx',
  });
  // A connection that breaks is replaced; whoever uses it is told by its next query.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  try {
    await prepare(pool);
  } catch (error) {
    await pool.end();
    throw error instanceof OcxError ? error : storeFailure('of any name', error);
  }
  return new PostgresStore(pool);
}

async function prepare(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${SCHEMA_LOCK})`);
    await client.query(SCHEMA);
    await client.query(
      `INSERT INTO ocx_schema SELECT ${SCHEMA_VERSION} WHERE NOT EXISTS (SELECT FROM ocx_schema)`,
    );
    const { rows } = await client.query<{ version: number }>('SELECT version FROM ocx_schema');
    await client.query('COMMIT');
    const version = rows[0]?.version;
    if (rows.length === 1 && version === SCHEMA_VERSION) return;
    throw new OcxError({
      code: 'INPUT_STORE',
      message: `the store has version ${version}, this program writes ${SCHEMA_VERSION}`,
    });
  } finally {
    client.release(true);
  }
}

interface Head extends JournalHead {
  readonly epoch: number;
  readonly cursor: number;
}

/** 64-bit integers come as text; none of ours is beyond a double. */
interface HeadRow {
  readonly epoch: string;
  readonly seq: string;
  readonly hash: string;
  readonly cursor: string;
}

function toHead({ epoch, seq, hash, cursor }: HeadRow): Head {
  return { epoch: Number(epoch), seq: Number(seq), hash, cursor: Number(cursor) };
}

class PostgresStore implements Store {
  readonly #pool: pg.Pool;
  readonly #writers: PostgresWriter[] = [];

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async openWriter(journal: string): Promise<StoreWriter> {
    const text = `INSERT INTO ocx_journal VALUES ($1, 1, $2, $3, 0, clock_timestamp())
      ON CONFLICT (name) DO UPDATE SET epoch = ocx_journal.epoch + 1, signed = clock_timestamp()
      RETURNING epoch, seq, hash, cursor`;
    const row = await this.transaction(journal, async (client) => {
      const { seq, hash } = EMPTY_HEAD;
      return (await client.query<HeadRow>(text, [journal, seq, hash])).rows[0]!;
    });
    const { epoch, seq, hash } = toHead(row);
    const writer = new PostgresWriter(this, journal, epoch, { seq, hash });
    this.#writers.push(writer);
    return writer;
  }

  async *texts(journal: string, fromSeq: number): AsyncIterable<string[]> {
    const query =
      'SELECT text FROM ocx_record WHERE journal = $1 AND seq >= $2 ORDER BY seq LIMIT $3';
    for (let next = fromSeq; ;) {
      const page = await this.read<{ text: string }>(journal, query, [journal, next, PAGE_RECORDS]);
      yield page.map(({ text }) => text);
      if (page.length < PAGE_RECORDS) return;
      next += page.length;
    }
  }

  async silenceMs(journal: string): Promise<number> {
    const query = `SELECT 1000 * extract(epoch FROM clock_timestamp() - signed)::float8 AS ms
      FROM ocx_journal WHERE name = $1`;
    const [found] = await this.read<{ ms: number | null }>(journal, query, [journal]);
    return found?.ms ?? Infinity;
  }

  async reply(journal: string, commandId: string): Promise<StoredReply | null> {
    const query = 'SELECT request, text FROM ocx_reply WHERE journal = $1 AND command = $2';
    const [found] = await this.read<{ request: string; text: string }>(journal, query, [
      ...[journal, commandId],
    ]);
    if (!found) return null;
    const reply = JSON.parse(found.text) as StoredReply['reply'];
    return { commandId, requestHash: found.request, reply };
  }

  async messages(journal: string, query: MessageQuery): Promise<readonly StoredMessage[]> {
    const { after, limit, to } = query;
    const text = `SELECT cursor, seq, role, name, text FROM ocx_message
      WHERE journal = $1 AND cursor > $2 ${to ? 'AND role = $4 AND name = $5' : ''}
      ORDER BY cursor LIMIT $3`;
    const values = [journal, after, limit, ...(to ? [to.role, to.name] : [])];
    const rows = await this.read<Record<'cursor' | 'seq' | 'role' | 'name' | 'text', string>>(
      ...([journal, text, values] as const),
    );
    return rows.map((row) => ({
      cursor: Number(row.cursor),
      seq: Number(row.seq),
      to: { role: row.role, name: row.name } as Principal,
      body: JSON.parse(row.text) as object,
    }));
  }

  async close(): Promise<void> {
    for (const writer of this.#writers) await writer.drained();
    await this.#pool.end();
  }

  /** @throws RESOURCE_STORE */
  async read<Row extends pg.QueryResultRow>(
    journal: string,
    text: string,
    values: readonly (string | number)[],
  ): Promise<Row[]> {
    try {
      return (await this.#pool.query<Row>(text, [...values])).rows;
    } catch (error) {
      throw storeFailure(journal, error);
    }
  }

  /** @throws RESOURCE_STORE for what the database itself says */
  async transaction<Value>(
    journal: string,
    body: (client: pg.PoolClient) => Promise<Value>,
  ): Promise<Value> {
    let client: pg.PoolClient | undefined;
    try {
      client = await this.#pool.connect();
      await client.query(BEGIN);
      const value = await body(client);
      await client.query('COMMIT');
      client.release();
      return value;
    } catch (error) {
      // Closing the connection rolls back.
      client?.release(true);
      throw error instanceof OcxError ? error : storeFailure(journal, error);
    }
  }
}

class PostgresWriter implements StoreWriter {
  readonly epoch: number;
  readonly head: JournalHead;
  readonly #store: PostgresStore;
  readonly #journal: string;
  readonly #queue: CommitQueue;

  constructor(store: PostgresStore, journal: string, epoch: number, head: JournalHead) {
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
    const query = 'SELECT epoch, seq, hash, cursor FROM ocx_journal WHERE name = $1';
    const [row] = await this.#store.read<HeadRow>(this.#journal, query, [this.#journal]);
    this.#requireEpoch(row);
  }

  sign(): Promise<void> {
    return this.#setSigned('clock_timestamp()');
  }

  async resign(): Promise<void> {
    await this.drained();
    await this.#setSigned('NULL');
  }

  drained(): Promise<void> {
    return this.#queue.drained();
  }

  async #setSigned(value: 'clock_timestamp()' | 'NULL'): Promise<void> {
    const query = `UPDATE ocx_journal SET signed = ${value} WHERE name = $1 AND epoch = $2
      RETURNING epoch, seq, hash, cursor`;
    const values = [this.#journal, this.epoch];
    const [row] = await this.#store.read<HeadRow>(this.#journal, query, values);
    this.#requireEpoch(row);
  }

  async #commit(entries: readonly StoreEntry[]): Promise<void> {
    const journal = this.#journal;
    await this.#store.transaction(journal, async (client) => {
      const query = 'SELECT epoch, seq, hash, cursor FROM ocx_journal WHERE name = $1 FOR UPDATE';
      const { rows } = await client.query<HeadRow>(query, [journal]);
      let { seq, hash, cursor } = this.#requireEpoch(rows[0]);
      for (const { record } of entries) {
        if (record.seq !== seq + 1 || record.prev !== hash) throw headMismatch(journal, record.seq);
        ({ seq, hash } = record);
      }
      await insertAll(client, 'ocx_record', '$2::bigint[], $3::text[]', journal, [
        entries.map(({ record }) => record.seq),
        entries.map(textOf),
      ]);
      const replies = entries.flatMap(({ reply }) => reply ?? []);
      await insertAll(client, 'ocx_reply', '$2::text[], $3::text[], $4::text[]', journal, [
        replies.map(({ commandId }) => commandId),
        replies.map(({ requestHash }) => requestHash),
        replies.map(({ reply }) => JSON.stringify(reply)),
      ]);
      cursor = await insertMessages(client, journal, entries, cursor);
      await client.query(
        'UPDATE ocx_journal SET seq = $2, hash = $3, cursor = $4 WHERE name = $1',
        [...[journal, seq, hash, cursor]],
      );
    });
  }

  #requireEpoch(row: HeadRow | undefined): Head {
    if (!row || Number(row.epoch) !== this.epoch) throw epochLost(this.#journal, this.epoch);
    return toHead(row);
  }
}

async function insertMessages(
  client: pg.PoolClient,
  journal: string,
  entries: readonly StoreEntry[],
  cursor: number,
): Promise<number> {
  const messages = entries.flatMap(({ record, messages: list }) =>
    list.map(({ to, body }) => ({ seq: record.seq, to, text: JSON.stringify(body) })),
  );
  const types = '$2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[]';
  await insertAll(client, 'ocx_message', types, journal, [
    messages.map((_, index) => cursor + 1 + index),
    messages.map(({ seq }) => seq),
    messages.map(({ to }) => to.role),
    messages.map(({ to }) => to.name),
    messages.map(({ text }) => text),
  ]);
  return cursor + messages.length;
}

/** One statement for any number of rows: columns as arrays. */
async function insertAll(
  client: pg.PoolClient,
  table: string,
  types: string,
  journal: string,
  columns: readonly (readonly (string | number)[])[],
): Promise<void> {
  if (columns[0]!.length === 0) return;
  await client.query(`INSERT INTO ${table} SELECT $1, * FROM unnest(${types})`, [
    ...[journal, ...columns],
  ]);
}
