/**
 * Services in processes of their own that reach each other by Unix sockets, with emulated BMCs and
 * nodes whose TPMs are made in the test's process: the hardware outlives every service.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { newToken } from '../../../backends/http/tokens.ts';
import { jsonOf, send, serverOf, type Sending } from '../../../backends/peers/server.ts';
import { ROOT } from '../../architecture/tree.ts';

const NAMES = {
  operator: 'admin',
  airlock: 'service',
  attester: 'service',
  'attester-x': 'service',
  'org-a': 'organisation',
  'org-p': 'organisation',
  'org-q': 'organisation',
  'org-x': 'organisation',
} as const;
export type Party = keyof typeof NAMES;

export interface Token {
  readonly token: string;
  readonly sha256: string;
  readonly role: string;
  readonly name: string;
}

/** One token for each party, at every service; and one of the gateway's that may only look. */
export const TOKENS = Object.fromEntries(
  Object.entries(NAMES).map(([name, role]) => [name, { ...newToken(), role, name }]),
) as Record<Party, Token>;
const LOOKING = { ...newToken(), role: 'admin', name: 'airlock-looks' };

export const ALL_TOKENS = [
  ...Object.values(TOKENS).map(({ sha256, role, name }) => ({ sha256, role, name })),
  { sha256: LOOKING.sha256, role: LOOKING.role, name: LOOKING.name, access: 'read' },
];
export const LOOKING_TOKEN = LOOKING.token;

interface Started {
  readonly child: ChildProcess;
  readonly ready: Readonly<Record<string, unknown>>;
}

/** A command line of `ocx`, or another program, that says in JSON when it is ready. */
interface Program {
  readonly script: string;
  readonly parameters: readonly string[];
}

const READY_MS = 60_000;

export class Deployment {
  readonly folder: string;
  readonly #t: ExecutionContext;
  readonly #programs = new Map<string, Program>();
  readonly #running = new Map<string, Started>();
  #keys = 0;

  constructor(t: ExecutionContext) {
    this.#t = t;
    this.folder = mkdtempSync(join(tmpdir(), 'ocx-walk-'));
    t.teardown(async () => {
      await Promise.all([...this.#running.keys()].map((name) => this.kill(name)));
      rmSync(this.folder, { recursive: true });
    });
  }

  /** `ocx serve` of one role; its store, socket and configuration are called by `name`. */
  async serve(name: string, role: string, configuration: object): Promise<void> {
    this.write(`${name}.json`, {
      ...{ listen: { socket: `${name}.socket` }, tokens: ALL_TOKENS },
      ...configuration,
    });
    const files = ['--config', `${name}.json`, '--store', `sqlite:${name}.db`];
    await this.start(name, join(ROOT, 'cli/main.ts'), ['serve', '--role', role, ...files]);
  }

  /** @returns what it says when it is ready */
  start(name: string, script: string, parameters: readonly string[]) {
    this.#programs.set(name, { script, parameters });
    return this.restart(name);
  }

  async restart(name: string): Promise<Readonly<Record<string, unknown>>> {
    const { script, parameters } = this.#programs.get(name)!;
    const child = spawn(process.execPath, [script, ...parameters, '--json', '--quiet'], {
      cwd: this.folder,
      env: { ...process.env, INIT_CWD: this.folder },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let complaints = '';
    child.stderr.on('data', (chunk) => (complaints += String(chunk)));
    child.on('exit', (code) => {
      if (code) this.#t.log(`${name} ended with ${code}: ${complaints.slice(-2_000)}`);
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS);
    let said = '';
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      said += String(chunk);
      if (said.includes('}')) break;
    }
    clearTimeout(timer);
    if (!said.includes('}')) throw new Error(`${name} did not start: ${complaints}`);
    const ready = JSON.parse(said) as Record<string, unknown>;
    this.#running.set(name, { child, ready });
    return ready;
  }

  /** As by a power failure of its machine. */
  async kill(name: string): Promise<void> {
    const started = this.#running.get(name);
    this.#running.delete(name);
    if (!started || started.child.exitCode !== null || started.child.signalCode !== null) return;
    const exited = once(started.child, 'exit');
    started.child.kill('SIGKILL');
    await exited;
  }

  isRunning(name: string): boolean {
    const child = this.#running.get(name)?.child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** A line on the program's standard input. */
  tell(name: string, line: object): void {
    this.#running.get(name)!.child.stdin!.write(`${JSON.stringify(line)}\n`);
  }

  write(file: string, value: object | string, mode = 0o600): void {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    writeFileSync(join(this.folder, file), text, { mode });
  }

  url(name: string): string {
    return `unix:${join(this.folder, `${name}.socket`)}`;
  }

  /** For `[[peers]]`. @param service whose process it is, where it is called otherwise */
  peer(party: Party, name: string, service = name): object {
    return { name, url: this.url(service), token: TOKENS[party].token };
  }

  /** A call below /v1; what it answers, and its status. */
  async call(party: Party, service: string, line: string, body?: object) {
    const [method, path] = line.split(' ') as [Sending['method'], string];
    this.#keys += 1;
    const response = await send(serverOf(this.url(service)), {
      ...{ method, path: `/v1${path}`, ...(body ? { body } : {}) },
      headers: {
        authorization: `Bearer ${TOKENS[party].token}`,
        'idempotency-key': `test-${process.pid}-${this.#keys}`,
      },
      signal: AbortSignal.timeout(10_000),
    });
    const value = (await jsonOf(response)) as Record<string, unknown>;
    return { status: response.statusCode!, value };
  }

  /** The same, where it must be done. */
  async done(party: Party, service: string, line: string, body?: object) {
    const { status, value } = await this.call(party, service, line, body);
    if (status >= 300) throw new Error(`${line}: ${status} ${JSON.stringify(value)}`);
    return value;
  }
}

/** Waits until it is so; false where it never is. */
export async function becomes(
  condition: () => boolean | Promise<boolean>,
  withinMs = 30_000,
): Promise<boolean> {
  const startMs = performance.now();
  while (performance.now() - startMs < withinMs) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
