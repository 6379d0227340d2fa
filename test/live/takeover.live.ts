/** A standby on PostgreSQL takes over from a process that was killed, within ten seconds. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../cli/run.ts';
import { configuration, Service } from '../cli/served-process.ts';
import { PostgresServer } from './support/postgres-server.ts';

const LONGEST_MS = 10_000;

test('a standby takes over in ten seconds and knows all that was confirmed', async (t) => {
  const server = await PostgresServer.start();
  t.teardown(() => server.remove());
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'serve.json'), configuration());
  const store = ['--store', server.newDatabase()];
  const first = await Service.start(t, folder, ...store);
  const standby = Service.start(t, folder, ...store, '--standby');
  await first.run(t, 'admin', 'org create org-x');
  await first.run(t, 'a', 'lease create l1 --owner org-a --lessee org-t --node a1 --hours 2');
  const startMs = performance.now();
  await first.end('SIGKILL');
  const second = await standby;
  const tookMs = performance.now() - startMs;
  t.log(`${Math.round(tookMs)} ms from the kill to the first answer`);
  t.true(tookMs <= LONGEST_MS);
  t.like(await second.run(t, 't', 'lease show l1'), { lessee: 'org-t' });
  t.like(await second.run(t, 'admin', 'org show org-x'), { organisation: 'org-x' });
  t.is(await second.end('SIGTERM'), 0);
});
