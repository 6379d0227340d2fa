/**
 * A site that trades, in processes of its own: isolation and provisioning in one, the market in
 * another, and agents of two organisations. Hardware and images are emulated; everything that one
 * says to another goes over HTTP.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { serverOf } from '../../../backends/peers/server.ts';
import { newToken } from '../../../backends/http/tokens.ts';
import { callService } from '../../../cli/live-client.ts';
import { ROOT } from '../../architecture/tree.ts';
import { temporaryFolder } from '../../cli/run.ts';

const PARTIES = {
  admin: { ...newToken(), role: 'admin', name: 'operator' },
  a: { ...newToken(), role: 'organisation', name: 'org-a' },
  t: { ...newToken(), role: 'organisation', name: 'org-t' },
  market: { ...newToken(), role: 'service', name: 'market' },
} as const;
export type Party = keyof typeof PARTIES;

export const OPENING_CREDITS = 1_000;

export interface TradeSiteOptions {
  readonly nodeIds: readonly string[];
  /** Of `[market]`, beside what every site has. */
  readonly market: object;
}

/** A process of `ocx` that is started and killed by the test. */
export class OcxProcess {
  readonly #child: ChildProcess;
  said = '';
  told = '';

  constructor(t: ExecutionContext, folder: string, words: readonly string[], environment = {}) {
    this.#child = spawn(process.execPath, [join(ROOT, 'cli/main.ts'), ...words], {
      cwd: folder,
      env: { ...process.env, INIT_CWD: folder, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout!.on('data', (chunk) => (this.said += String(chunk)));
    this.#child.stderr!.on('data', (chunk) => (this.told += String(chunk)));
    t.teardown(() => this.#child.kill('SIGKILL'));
  }

  async ready(): Promise<this> {
    for (let turn = 0; turn < 600; turn++) {
      if (this.said.includes('}')) return this;
      if (this.#child.exitCode !== null) break;
      await sleep(50);
    }
    throw new Error(`it did not come up: ${this.told.slice(-2_000)}`);
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
  }
}

export class TradeSite {
  readonly folder: string;
  readonly #t: ExecutionContext;
  #keys = 0;

  constructor(t: ExecutionContext, { nodeIds, market }: TradeSiteOptions) {
    this.#t = t;
    this.folder = temporaryFolder(t);
    const tokens = Object.values(PARTIES).map(({ sha256, role, name }) => ({ sha256, role, name }));
    const organisations = ['org-a', 'org-t'].map((name) => ({
      name,
      delegations: [{ service: 'market', rights: ['leasing'] }],
    }));
    const nodes = nodeIds.map((nodeId) => ({
      ...{ nodeId, owner: 'org-a', nodeClass: 'standard', securityLevel: 'full' },
      nics: [{ nicId: 'nic0', switchId: 'switch-0', portId: nodeId }],
    }));
    const isolation = { name: 'isolation', url: 'unix:isolation.socket' };
    this.#write('serve.json', {
      tokens,
      devices: { driver: 'emulated' },
      site: { organisations, switches: [{ switchId: 'switch-0' }], nodes },
      isolation: { listen: { socket: 'isolation.socket' } },
      provisioning: {
        listen: { socket: 'provisioning.socket' },
        images: { driver: 'emulated' },
        peers: [],
      },
      market: {
        listen: { socket: 'market.socket' },
        peers: [{ ...isolation, token: PARTIES.market.token }],
        ...{ seed: 'trade', mechanism: 'k-double-auction', horizonSlots: 40 },
        organisations: ['org-a', 'org-t'].map((name) => ({
          name,
          openingCredits: OPENING_CREDITS,
        })),
        nodeClasses: [{ name: 'standard', securityLevel: 'full' }],
        ...market,
      },
    });
  }

  #write(name: string, value: object): void {
    writeFileSync(join(this.folder, name), JSON.stringify(value));
  }

  /** Isolation and provisioning, with an image that everybody may boot. */
  async startSite(): Promise<OcxProcess> {
    const site = await this.serve('isolation,provisioning', 'site.db');
    const image = { imageId: 'tenant', source: 'import/tenant.qcow2', shared: true };
    await this.call('admin', 'provisioning', 'POST', '/images', image);
    await this.call('admin', 'provisioning', 'POST', '/images/tenant/snapshots', {
      snapshotId: 'golden',
    });
    const protection = '/images/tenant/snapshots/golden/protection';
    await this.call('admin', 'provisioning', 'PUT', protection);
    return site;
  }

  startMarket(): Promise<OcxProcess> {
    return this.serve('market', 'market.db');
  }

  serve(roles: string, store: string): Promise<OcxProcess> {
    const words = ['serve', '--role', roles, '--store', `sqlite:${store}`];
    return new OcxProcess(this.#t, this.folder, [
      ...words,
      ...['--config', 'serve.json', '--json', '--quiet'],
    ]).ready();
  }

  /** The agent of an organisation. @param more of its configuration */
  startAgent(party: 'a' | 't', source: string, more: object): Promise<OcxProcess> {
    const { name, token } = PARTIES[party];
    this.#write(`${name}.json`, {
      market: { url: 'unix:market.socket', token },
      peers: [
        { name: 'isolation', url: 'unix:isolation.socket', token },
        { name: 'provisioner', url: 'unix:provisioning.socket', token },
      ],
      leases: { imageId: 'tenant' },
      ...more,
    });
    const words = ['agent', '--org', name, '--strategy', 'truthful', '--source', source];
    const configured = [...words, '--config', `${name}.json`, '--json'];
    return new OcxProcess(this.#t, this.folder, configured).ready();
  }

  call(
    party: Party,
    service: 'isolation' | 'provisioning' | 'market',
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: object,
  ): Promise<Record<string, unknown>> {
    const server = serverOf(`unix:${join(this.folder, `${service}.socket`)}`);
    const call = { method, path, ...(body ? { body } : {}) };
    const key = `test-${++this.#keys}`;
    return callService(server, PARTIES[party].token, call, key) as never;
  }

  /** Free millicredits by organisation and account. */
  async balances(): Promise<Record<string, number>> {
    const { credits } = await this.call('admin', 'market', 'GET', '/ledger');
    return (credits as { balances: Record<string, number> }).balances;
  }
}

/** Waits until it is true. @throws after the time */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  mostMs: number,
): Promise<void> {
  const untilMs = performance.now() + mostMs;
  while (!(await isSo())) {
    if (performance.now() > untilMs) throw new Error(`it never came to that: ${what}`);
    await sleep(200);
  }
}
