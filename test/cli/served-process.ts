/** A live service in a process of its own, and command lines that are sent to it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { newToken } from '../../backends/http/tokens.ts';
import { ROOT } from '../architecture/tree.ts';
import { smallSite } from '../allocator/site.ts';
import { runCli } from './run.ts';

export const TOKENS = {
  admin: { ...newToken(), role: 'admin', name: 'operator' },
  a: { ...newToken(), role: 'organisation', name: 'org-a' },
  t: { ...newToken(), role: 'organisation', name: 'org-t' },
};
export type Who = keyof typeof TOKENS;

/** What `serve --config` takes, for a small site. */
export function configuration(more: object = {}): string {
  return JSON.stringify({
    tokens: Object.values(TOKENS).map(({ sha256, role, name }) => ({ sha256, role, name })),
    devices: { driver: 'emulated' },
    site: smallSite(),
    ...more,
  });
}

/** A process that serves; started where `serve.json` is. */
export class Service {
  readonly #process: ChildProcess;
  readonly url: string;
  readonly replayed: number;

  private constructor(child: ChildProcess, ready: { url: string; replayed: number }) {
    this.#process = child;
    this.url = ready.url;
    this.replayed = ready.replayed;
  }

  static async start(t: ExecutionContext, folder: string, ...more: string[]): Promise<Service> {
    const store = more.includes('--store') ? [] : ['--store', 'sqlite:store.db'];
    const text = readFileSync(join(folder, 'serve.json'), 'utf8');
    const anywhere = 'listen' in (JSON.parse(text) as object) ? [] : ['--port', '0'];
    const options = [...store, '--config', 'serve.json', ...anywhere];
    const child = spawn(
      process.execPath,
      [
        join(ROOT, 'cli/main.ts'),
        'serve',
        '--role',
        'isolation',
        ...options,
        ...more,
        '--json',
        '--quiet',
      ],
      {
        cwd: folder,
        env: { ...process.env, INIT_CWD: folder },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    t.teardown(() => child.kill('SIGKILL'));
    let said = '';
    for await (const chunk of child.stdout!) {
      said += String(chunk);
      if (said.includes('}')) break;
    }
    return new Service(child, JSON.parse(said) as never);
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
