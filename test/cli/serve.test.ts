/** The live commands against a service in a process of its own. */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import { newToken } from '../../backends/http/tokens.ts';
import { assertOneLine, runCli, temporaryFolder } from './run.ts';
import { configuration, Service, TOKENS } from './served-process.ts';

test('a site is run from the terminal, and a service that was killed goes on where it was', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'serve.json'), configuration());
  const first = await Service.start(t, folder);
  await first.run(t, 'admin', 'org create org-x --parent org-t');
  await first.run(t, 'admin', 'network create shared --id 700');
  await first.run(t, 'admin', 'network grant shared org-t');
  const lease = 'lease create l1 --owner org-a --lessee org-t --node a1 --hours 2';
  await first.run(t, 'a', `${lease} --key a-key`);
  await first.until(t, 'node show a1', 'airlock');
  await first.run(t, 't', 'lease join l1 a1');
  await first.until(t, 'node show a1', 'allocated');
  t.is(await first.end('SIGKILL'), null);

  const second = await Service.start(t, folder);
  t.true(second.replayed > 8);
  t.like(await second.run(t, 't', 'lease show l1'), { lessee: 'org-t', state: 'running' });
  t.deepEqual((await second.run(t, 'admin', 'org show org-x'))['parent'], 'org-t');
  t.like(await second.run(t, 'admin', 'network show shared'), {
    networkId: 700,
    access: ['org-t'],
  });
  const other = await second.cli('a', `${lease} --key a-key --start 1`);
  assertOneLine(t, other, 'CONFLICT_IDEMPOTENCY_KEY: ');
  // The emulated hardware is new: what it shows is drift, which has to be noticed.
  await second.until(t, 'node show a1', 'quarantined');
  await second.run(t, 't', 'lease return l1');
  await second.until(t, 'node show a1', 'free');
  t.is(await second.end('SIGTERM'), 0);

  const audit = (name: string) =>
    runCli(['journal', name, 'sqlite:store.db', '--json'], { workingDirectory: folder });
  t.like(JSON.parse((await audit('verify')).stdout), { ok: true, service: 'isolation' });
  const replay = JSON.parse((await audit('replay')).stdout) as { ok: boolean; events: number };
  t.true(replay.ok && replay.events > second.replayed, 'all that both processes decided');
  const database = new DatabaseSync(join(folder, 'store.db'));
  database.exec(`UPDATE record SET text = replace(text, '"org-t"', '"org-u"') WHERE seq = 5`);
  database.close();
  const changed = await audit('replay');
  t.is(changed.exitCode, 1);
  t.regex(changed.stderr, /^JOURNAL_BROKEN: .*store\.db:5/);
});

test('a standby takes over once the process in charge has ended, and not before', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'serve.json'), configuration());
  const beginMs = performance.now();
  const first = await Service.start(t, folder, '--standby');
  // On a busy machine a process takes its time to begin, this one or the next.
  const beginningMs = performance.now() - beginMs;
  await first.run(t, 'admin', 'org create org-x');
  let isReady = false;
  const standby = Service.start(t, folder, '--standby').then((service) => {
    isReady = true;
    return service;
  });
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  t.false(isReady);
  await first.run(t, 'admin', 'org show org-x');
  await first.end('SIGTERM');
  const startMs = performance.now();
  const second = await standby;
  t.true(performance.now() - startMs < 4_000 + beginningMs, 'who resigns is not waited for');
  t.like(await second.run(t, 'admin', 'org show org-x'), { organisation: 'org-x' });
  t.is(await second.end('SIGTERM'), 0);
});

test('a service answers at a Unix socket, also after it was killed, and leaves none behind', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'serve.json'), configuration({ listen: { socket: 'ocx.socket' } }));
  const first = await Service.start(t, folder);
  t.is(first.url, `unix:${join(folder, 'ocx.socket')}`);
  t.is(statSync(join(folder, 'ocx.socket')).mode & 0o777, 0o660);
  await first.run(t, 'admin', 'org create org-x');
  await first.end('SIGKILL');
  t.true(existsSync(join(folder, 'ocx.socket')), 'nobody is there to remove it');
  const second = await Service.start(t, folder);
  t.like(await second.run(t, 'admin', 'org show org-x'), { organisation: 'org-x' });
  t.is(await second.end('SIGTERM'), 0);
  t.false(existsSync(join(folder, 'ocx.socket')));
});

test('two parties with one name are refused before anything is served', async (t) => {
  const folder = temporaryFolder(t);
  const party = (role: string) => ({ sha256: newToken().sha256, role, name: 'org-a' });
  const tokens = [party('organisation'), party('organisation'), party('service')];
  writeFileSync(join(folder, 'serve.json'), configuration({ tokens }));
  const options = ['--role', 'isolation', '--store', 'sqlite:x.db', '--config', 'serve.json'];
  const result = await runCli(['serve', ...options], { workingDirectory: folder });
  assertOneLine(t, result, 'INPUT_SERVE_PARTY: ');
  t.is(result.exitCode, 2);
  t.false(existsSync(join(folder, 'x.db')));
});

test('a journal in a store has to be one', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'text.db'), 'not a database');
  for (const name of ['sqlite:text.db', 'sqlite:nothing.db']) {
    const result = await runCli(['journal', 'verify', name], { workingDirectory: folder });
    assertOneLine(t, result, 'INPUT_STORE: ');
    t.is(result.exitCode, 2);
  }
});

test('a refusal of the service is one line with its code and the exit code of its family', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'serve.json'), configuration());
  const service = await Service.start(t, folder);
  for (const [who, line, code, exitCode] of [
    ['t', 'lease show nothing', 'NOT_FOUND', 2],
    ['t', 'org create mine', 'DENIED_AUTHORIZATION', 2],
    ['admin', 'org create org-a', 'CONFLICT_DUPLICATE', 2],
    ['admin', 'node withdraw a1 somewhere', 'INPUT_BAD_ARGUMENT', 2],
    ['admin', 'node withdraw a1', 'INPUT_USAGE', 2],
  ] as const) {
    const result = await service.cli(who, line);
    assertOneLine(t, result, `${code}: `);
    t.is(result.exitCode, exitCode);
  }
  const { url } = service;
  t.is(await service.end('SIGTERM'), 0);
  const environment = { OCX_SERVER: url, OCX_TOKEN: TOKENS.a.token };
  const gone = await runCli(['node', 'list'], { environment });
  assertOneLine(t, gone, 'BACKEND_UNREACHABLE: ');
  t.is(gone.exitCode, 3);
});

test('what is wrong in what serve is given is told in one line', async (t) => {
  const folder = temporaryFolder(t);
  const serve = async (text: string, ...more: string[]) => {
    writeFileSync(join(folder, 'serve.json'), text);
    const options = ['--store', 'sqlite:store.db', '--config', 'serve.json', ...more];
    return runCli(['serve', '--role', 'isolation', ...options], { workingDirectory: folder });
  };
  const listen = { host: '0.0.0.0', port: 0 };
  for (const [text, code, more = []] of [
    ['', 'INPUT_SERVE_EMPTY'],
    ['{"', 'INPUT_SERVE_SYNTAX'],
    [configuration({ token: [] }), 'INPUT_SERVE_UNKNOWN_KEY'],
    [configuration({ devices: {} }), 'INPUT_SERVE_MISSING_KEY'],
    [configuration({ devices: { driver: 'redfish' } }), 'INPUT_SERVE_VALUE'],
    [configuration({ listen }), 'INPUT_INSECURE_LISTEN'],
    [configuration({ site: { nodes: [{ nodeId: 'n' }] } }), 'INPUT_BAD_CONFIGURATION'],
    [configuration(), 'INPUT_ROLE', ['--role', 'isolation,nothing']],
    [configuration(), 'INPUT_STORE', ['--store', 'mysql://db']],
  ] as const) {
    const result = await serve(text, ...more);
    assertOneLine(t, result, `${code}: `);
    t.is(result.exitCode, 2, code);
  }
});

test('a call needs a server and a token, and says so', async (t) => {
  const call = (environment: Record<string, string>) => runCli(['org', 'list'], { environment });
  assertOneLine(t, await call({}), 'INPUT_SERVER: ');
  for (const server of ['ftp://x', 'unix:relative', 'nothing']) {
    assertOneLine(t, await call({ OCX_SERVER: server, OCX_TOKEN: 'x' }), 'INPUT_SERVER: ');
  }
  assertOneLine(t, await call({ OCX_SERVER: 'http://127.0.0.1:1' }), 'INPUT_TOKEN: ');
});

test('a new token is shown with the hash that is kept of it', async (t) => {
  const { stdout } = await runCli(['token', '--json']);
  const { token, sha256 } = JSON.parse(stdout) as { token: string; sha256: string };
  t.regex(token, /^ocx_[\w-]{43}$/);
  t.regex(sha256, /^[0-9a-f]{64}$/);
  t.false(stdout.includes(TOKENS.admin.token));
});
