/** The live commands against a service in a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { newToken } from '../../backends/http/tokens.ts';
import { ROOT } from '../architecture/tree.ts';
import { smallSite } from '../allocator/site.ts';
import { assertOneLine, runCli, temporaryFolder } from './run.ts';

const TOKENS = {
  admin: { ...newToken(), role: 'admin', name: 'operator' },
  a: { ...newToken(), role: 'organisation', name: 'org-a' },
  t: { ...newToken(), role: 'organisation', name: 'org-t' },
};
type Who = keyof typeof TOKENS;

function configuration(more: object = {}): string {
  return JSON.stringify({
    tokens: Object.values(TOKENS).map(({ sha256, role, name }) => ({ sha256, role, name })),
    devices: { driver: 'emulated' },
    site: smallSite(),
    ...more,
  });
}

class Service {
  readonly #process: ChildProcess;
  readonly url: string;
  readonly replayed: number;

  private constructor(child: ChildProcess, ready: { url: string; replayed: number }) {
    this.#process = child;
    this.url = ready.url;
    this.replayed = ready.replayed;
  }

  static async start(t: ExecutionContext, folder: string): Promise<Service> {
    const options = ['--store', 'sqlite:store.db', '--config', 'serve.json', '--port', '0'];
    const child = spawn(
      process.execPath,
      [join(ROOT, 'cli/main.ts'), 'serve', '--role', 'isolation', ...options, '--json', '--quiet'],
      {
        cwd: folder,
        env: { ...process.env, INIT_CWD: folder },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    t.teardown(() => child.kill('SIGKILL'));
    let text = '';
    for await (const chunk of child.stdout!) {
      text += String(chunk);
      if (text.includes('}')) break;
    }
    return new Service(child, JSON.parse(text) as never);
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const exited = once(this.#process, 'exit');
    this.#process.kill(signal);
    return ((await exited) as [number | null])[0];
  }

  /** A command line as one of the callers; what it prints as JSON. */
  async run(t: ExecutionContext, who: Who, line: string): Promise<Record<string, unknown>> {
    const result = await this.cli(who, line);
    t.is(result.exitCode, 0, `${line}: ${result.stderr}`);
    return JSON.parse(result.stdout) as Record<string, unknown>;
  }

  cli(who: Who, line: string) {
    const environment = { OCX_SERVER: this.url, OCX_TOKEN: TOKENS[who].token };
    return runCli([...line.split(' '), '--json'], { environment });
  }

  async until(t: ExecutionContext, line: string, state: string): Promise<void> {
    for (let turn = 0; turn < 100; turn++) {
      if ((await this.run(t, 'admin', line))['state'] === state) return;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    t.fail(`${line} never shows ${state}`);
  }
}

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
    [configuration(), 'INPUT_ROLE', ['--role', 'market']],
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
  assertOneLine(t, await call({ OCX_SERVER: 'ftp://x' }), 'INPUT_SERVER: ');
  assertOneLine(t, await call({ OCX_SERVER: 'http://127.0.0.1:1' }), 'INPUT_TOKEN: ');
});

test('a new token is shown with the hash that is kept of it', async (t) => {
  const { stdout } = await runCli(['token', '--json']);
  const { token, sha256 } = JSON.parse(stdout) as { token: string; sha256: string };
  t.regex(token, /^ocx_[\w-]{43}$/);
  t.regex(sha256, /^[0-9a-f]{64}$/);
  t.false(stdout.includes(TOKENS.admin.token));
});
