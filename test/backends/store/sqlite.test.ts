import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import { openSqliteStore } from '../../../backends/store/sqlite.ts';
import { EMPTY_HEAD } from '../../../core/kernel/journal.ts';
import { entriesAfter, readAll, storeContract } from '../../contract/store-contract.ts';

function folder(): string {
  return mkdtempSync(join(tmpdir(), 'ocx-store-'));
}

storeContract('sqlite', test, async () => {
  const place = folder();
  return {
    open: async () => openSqliteStore(join(place, 'store.db')),
    remove: async () => rmSync(place, { recursive: true }),
  };
});

test('a commit is on the disk before it counts, in one file with a log', (t) => {
  const place = folder();
  t.teardown(() => rmSync(place, { recursive: true }));
  const path = join(place, 'store.db');
  openSqliteStore(path);
  const database = new DatabaseSync(path);
  t.is(database.prepare('PRAGMA journal_mode').get()!['journal_mode'], 'wal');
  database.close();
});

test('entries that arrive together share a transaction', async (t) => {
  const place = folder();
  t.teardown(() => rmSync(place, { recursive: true }));
  const store = openSqliteStore(join(place, 'store.db'));
  const writer = await store.openWriter('isolation');
  const watcher = new DatabaseSync(join(place, 'store.db'));
  const version = () => watcher.prepare('PRAGMA data_version').get()!['data_version'] as number;
  const before = version();
  await Promise.all(entriesAfter(EMPTY_HEAD, 50).map((entry) => writer.append([entry])));
  t.is(version(), before + 1);
  watcher.close();
  await store.close();
});

test('a file that is no store of ours is left alone', (t) => {
  const place = folder();
  t.teardown(() => rmSync(place, { recursive: true }));
  writeFileSync(join(place, 'text.db'), 'this is not a database, but it is long enough to be one');
  const foreign = new DatabaseSync(join(place, 'foreign.db'));
  foreign.exec('CREATE TABLE somebody (elses)');
  foreign.close();
  const newer = new DatabaseSync(join(place, 'newer.db'));
  newer.exec('PRAGMA application_id=0x6f637831; PRAGMA user_version=99');
  newer.close();
  for (const name of ['text.db', 'foreign.db', 'newer.db', 'no/such/folder.db']) {
    t.throws(() => openSqliteStore(join(place, name)), { code: 'INPUT_STORE' }, name);
  }
});

test('a store that cannot write says so, and keeps what it had', async (t) => {
  const place = folder();
  t.teardown(() => rmSync(place, { recursive: true }));
  const path = join(place, 'store.db');
  const store = openSqliteStore(path);
  const writer = await store.openWriter('isolation');
  const [first, ...rest] = entriesAfter(EMPTY_HEAD, 200);
  await writer.append([first!]);
  const limit = new DatabaseSync(path);
  limit.exec('CREATE TRIGGER full BEFORE INSERT ON record BEGIN SELECT raise(ABORT, "full"); END');
  limit.close();
  await t.throwsAsync(writer.append(rest), { code: 'RESOURCE_STORE' });
  t.is((await readAll(store)).length, 1);
  await store.close();
});
