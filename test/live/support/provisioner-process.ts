/** `ocx serve --role provisioning` in a process of its own that can be killed, and what it is asked. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import { newToken } from '../../../backends/http/tokens.ts';
import { commandLines } from '../../../backends/images/tools.ts';
import { bodyOf, send, serverOf } from '../../../backends/peers/server.ts';
import { ROOT } from '../../architecture/tree.ts';
import { ended } from './disks.ts';

const run = promisify(execFile);
const TOKEN = newToken();
const CALL_MS = 60_000;
const WAIT_MS = 60_000;
const PAUSE_MS = 50;
const IMAGE_BYTES = 32 * 1024 * 1024;

/** Waits until it holds. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + WAIT_MS;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly text: string;
}

export class ProvisionerPlace {
  readonly folder: string;
  readonly runFolder: string;
  readonly #wrapper: readonly string[];
  #child: ChildProcess | null = null;

  /**
   * @param table of the configuration, without what is the same everywhere
   * @param wrapper command that starts the service, as `ip netns exec NAME`
   */
  constructor(
    t: ExecutionContext,
    table: { images: object; boot?: object; keyShareFile?: string },
    wrapper: readonly string[] = [],
  ) {
    this.#wrapper = wrapper;
    this.folder = mkdtempSync(join(tmpdir(), 'ocx-pr-'));
    this.runFolder = join(this.folder, 'disks', 'run');
    mkdirSync(join(this.folder, 'import'));
    const { sha256 } = TOKEN;
    writeFileSync(
      join(this.folder, 'serve.json'),
      JSON.stringify({
        listen: { socket: 'api.sock' },
        tokens: [{ sha256, role: 'organisation', name: 'a' }],
        provisioning: {
          ...table,
          images: { folder: 'disks', importFolder: 'import', mendSeconds: 1, ...table.images },
        },
      }),
    );
    t.teardown(() => this.#remove());
  }

  /** An image with a file system on it, that is ready to be cloned. */
  async addImage(imageId: string): Promise<void> {
    const file = join(this.folder, 'import', 'golden.raw');
    writeFileSync(file, '');
    truncateSync(file, IMAGE_BYTES);
    await run('mkfs.ext4', ['-q', '-F', file]);
    const source = 'import/golden.raw';
    await this.done('POST', '/v1/images', { imageId, source, shared: false });
    await this.done('POST', `/v1/images/${imageId}/snapshots`, { snapshotId: 's' });
    await this.done('PUT', `/v1/images/${imageId}/snapshots/s/protection`);
  }

  async start(): Promise<void> {
    const command = [
      ...this.#wrapper,
      ...[process.execPath, join(ROOT, 'cli/main.ts'), 'serve', '--role', 'provisioning'],
      ...['--store', 'sqlite:store.db', '--config', 'serve.json', '--json', '--quiet'],
    ];
    this.#child = spawn(command[0]!, command.slice(1), {
      cwd: this.folder,
      env: { ...process.env, INIT_CWD: this.folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const chunk of this.#child.stdout!) if (String(chunk).includes('}')) return;
    throw new Error('the service does not start');
  }

  async kill(): Promise<void> {
    const child = this.#child!;
    this.#child = null;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async call(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<Answer> {
    const headers = { authorization: `Bearer ${TOKEN.token}`, 'idempotency-key': randomUUID() };
    const signal = AbortSignal.timeout(CALL_MS);
    const server = serverOf(`unix:${join(this.folder, 'api.sock')}`);
    const sending = { method, path, headers, signal, ...(body ? { body } : {}) };
    const response = await send(server, sending);
    const text = (await bodyOf(response)).toString();
    return { status: response.statusCode!, body: JSON.parse(text || '{}'), text };
  }

  async done(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<Answer> {
    const answer = await this.call(method, path, body);
    if (answer.status < 300) return answer;
    throw new Error(`${method} ${path}: ${answer.text}`);
  }

  provision(nodeId: string, leaseId: string, fencingToken: number, more: object = {}) {
    return this.call('POST', `/v1/leases/${leaseId}/nodes/${nodeId}/provision`, {
      ...{ fencingToken, imageId: 'i', method: 'diskless', securityLevel: 'none' },
      ...{ fromAttestedFirmware: false, ...more },
    });
  }

  deprovision(nodeId: string, leaseId: string, fencingToken: number, park: boolean) {
    const path = `/v1/leases/${leaseId}/nodes/${nodeId}/deprovision`;
    return this.call('POST', path, { fencingToken, park });
  }

  /** Stage of the session; null: there is none. */
  async stage(nodeId: string, leaseId: string): Promise<unknown> {
    const { status, body } = await this.call('GET', `/v1/leases/${leaseId}/nodes/${nodeId}`);
    return status === 404 ? null : body['stage'];
  }

  async disks(): Promise<Record<string, unknown>[]> {
    return (await this.done('GET', '/v1/disks')).body['disks'] as Record<string, unknown>[];
  }

  /** Folders of disks, also of those that nobody knows. */
  diskFolders(): string[] {
    return readdirSync(join(this.folder, 'disks', 'disks'));
  }

  /** Command lines of what serves disks of this place. */
  async servers(): Promise<string[]> {
    const all = await commandLines();
    return all
      .filter(({ words }) => words.some((word) => word.startsWith(`${this.runFolder}/`)))
      .map(({ words }) => words.join(' '));
  }

  /** Kills what has this word in its command line and serves a disk of this place. */
  async killServer(program: string): Promise<number> {
    const all = await commandLines();
    const hit = all.filter(
      ({ words }) =>
        words[0]!.endsWith(program) && words.some((word) => word.startsWith(`${this.runFolder}/`)),
    );
    for (const { pid } of hit) process.kill(pid, 'SIGKILL');
    return hit.length;
  }

  async #remove(): Promise<void> {
    if (this.#child) await this.kill();
    await ended(this.runFolder);
    rmSync(this.folder, { recursive: true });
  }
}
