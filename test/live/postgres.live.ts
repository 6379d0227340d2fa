/** The store in PostgreSQL, against a server of its own. */
import test from 'ava';
import { openPostgresStore } from '../../backends/store/postgres.ts';
import { EMPTY_HEAD } from '../../core/kernel/journal.ts';
import { entriesAfter, readAll, storeContract } from '../contract/store-contract.ts';
import { PostgresServer } from './support/postgres-server.ts';

const server = await PostgresServer.start();
test.after.always(() => server.remove());

storeContract('postgres', test, async () => {
  const url = server.newDatabase();
  return { open: () => openPostgresStore(url), remove: async () => {} };
});

test('two processes that start at once on an empty database make one store', async (t) => {
  const url = server.newDatabase();
  const stores = await Promise.all(Array.from({ length: 4 }, () => openPostgresStore(url)));
  const writers = [];
  for (const store of stores) writers.push((await store.openWriter('isolation')).epoch);
  t.deepEqual(writers, [1, 2, 3, 4]);
  for (const store of stores) await store.close();
});

test('a database that is not there is told as such', async (t) => {
  const url = server.newDatabase().replace(/ocx\d+/, 'nothing');
  await t.throwsAsync(openPostgresStore(url), { code: 'RESOURCE_STORE' });
});

test.serial(
  'what was confirmed survives a crash of the server, and its writer stops',
  async (t) => {
    const url = server.newDatabase();
    const store = await openPostgresStore(url);
    const writer = await store.openWriter('isolation');
    const entries = entriesAfter(EMPTY_HEAD, 20);
    await writer.append(entries.slice(0, 10));
    await server.stop('SIGQUIT');
    await t.throwsAsync(writer.append(entries.slice(10)), { code: 'RESOURCE_STORE' });
    await t.throwsAsync(writer.confirm(), { code: 'RESOURCE_STORE' });
    await server.resume();
    await t.throwsAsync(writer.append(entries.slice(10)), { code: 'RESOURCE_STORE' });
    const other = await openPostgresStore(url);
    t.is((await readAll(other)).length, 10);
    await (await other.openWriter('isolation')).append(entries.slice(10));
    t.is((await readAll(other)).length, 20);
    await store.close();
    await other.close();
  },
);
