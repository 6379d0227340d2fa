/**
 * A site of four processes, one a service, that talk over Unix sockets; emulated hardware, nodes
 * whose TPMs are made here, and two organisations with an orchestrator each.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { newToken } from '../../../backends/http/tokens.ts';
import { openEffectLog } from '../../../backends/runner/effect-log.ts';
import { openSqliteStore } from '../../../backends/store/sqlite.ts';
import { jsonOf, send, serverOf } from '../../../backends/peers/server.ts';
import { startOrchestrator, type RunningOrchestrator } from '../../../cli/live-orchestrator.ts';
import { smallSite } from '../../allocator/site.ts';
import { ROOT } from '../../architecture/tree.ts';
import { MadeAuthority } from '../../backends/tpm/made-authority.ts';

export const ROLES = ['isolation', 'provisioning', 'attestation', 'market'] as const;
export type Role = (typeof ROLES)[number];
export const ORGANISATIONS = ['org-a', 'org-b'] as const;
export const SLOT_SECONDS = 8;
export const NODES = ['a1', 'a2', 'b1', 'b2'];

const TOKENS = {
  admin: { ...newToken(), role: 'admin', name: 'operator' },
  'org-a': { ...newToken(), role: 'organisation', name: 'org-a' },
  'org-b': { ...newToken(), role: 'organisation', name: 'org-b' },
  attester: { ...newToken(), role: 'service', name: 'attester' },
  market: { ...newToken(), role: 'service', name: 'market' },
  airlock: { ...newToken(), role: 'service', name: 'airlock' },
};
export type Who = keyof typeof TOKENS;

const ANSWER_MS = 5_000;

export class TradingProcesses {
  readonly authority = new MadeAuthority();
  readonly orchestrators: RunningOrchestrator[] = [];
  readonly #folder: string;
  readonly #processes = new Map<Role, ChildProcess>();
  readonly #stores: { close(): Promise<void> }[] = [];
  #keys = 0;

  /** @param folder empty; all files go there */
  constructor(t: ExecutionContext, folder: string) {
    this.#folder = folder;
    writeFileSync(join(folder, 'maker.pem'), this.authority.root);
    for (const role of ROLES) {
      writeFileSync(join(folder, `${role}.json`), JSON.stringify(this.#configuration(role)));
    }
    t.teardown(() => {
      for (const child of this.#processes.values()) child.kill('SIGKILL');
    });
  }

  async start(role: Role): Promise<void> {
    const child = spawn(
      process.execPath,
      [
        ...[join(ROOT, 'cli/main.ts'), 'serve', '--role', role, '--config', `${role}.json`],
        ...['--store', `sqlite:${role}.db`, '--json', '--quiet'],
      ],
      {
        cwd: this.#folder,
        env: { ...process.env, INIT_CWD: this.#folder },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    this.#processes.set(role, child);
    for await (const chunk of child.stdout!) if (String(chunk).includes('}')) return;
    throw new Error(`${role} does not start`);
  }

  /** kill -9, and a note of it where the effects are logged. */
  async kill(role: Role): Promise<void> {
    const child = this.#processes.get(role)!;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    const line = JSON.stringify({ kind: 'stopped', timeMs: Date.now() });
    appendFileSync(join(this.#folder, 'effects', `${role}.effects.jsonl`), `${line}\n`);
  }

  async startOrchestrators(): Promise<void> {
    for (const name of ORGANISATIONS) {
      const store = openSqliteStore(join(this.#folder, `${name}.db`));
      this.#stores.push(store);
      const peer = (address: string, role: Role) => ({
        ...{ name: address, url: `unix:${role}.sock`, token: TOKENS[name].token },
      });
      const orchestrator = await startOrchestrator(
        {
          ...{ store, version: 'test', deadLetters: join(this.#folder, 'dead-letters.jsonl') },
          ...{ file: join(this.#folder, 'agent.json'), log: () => {} },
          effectLog: openEffectLog(join(this.#folder, 'effects', `${name}.effects.jsonl`)),
          peers: [
            ...[peer('isolation', 'isolation'), peer('attester', 'attestation')],
            peer('provisioner', 'provisioning'),
          ],
        },
        { name: `tenant-${name}`, requestTimeoutMs: 15_000 },
      );
      this.orchestrators.push(orchestrator);
    }
  }

  async stop(): Promise<void> {
    for (const orchestrator of this.orchestrators) await orchestrator.stop();
    for (const store of this.#stores) await store.close();
    for (const role of ROLES.toReversed()) {
      const child = this.#processes.get(role)!;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    }
  }

  /** Null where nobody answers. */
  async call(
    role: Role,
    who: Who,
    call: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly body: object } | null> {
    const [method, path] = call.split(' ') as ['POST', string];
    this.#keys += 1;
    const headers = {
      authorization: `Bearer ${TOKENS[who].token}`,
      'idempotency-key': `${who}-key-${this.#keys}`,
    };
    const signal = AbortSignal.timeout(ANSWER_MS);
    const server = serverOf(`unix:${join(this.#folder, `${role}.sock`)}`);
    const sending = { method, path: `/v1${path}`, headers, signal, ...(body ? { body } : {}) };
    try {
      const response = await send(server, sending);
      return { status: response.statusCode!, body: (await jsonOf(response)) as object };
    } catch {
      return null;
    }
  }

  #configuration(role: Role): object {
    const tokens = Object.values(TOKENS).map(({ sha256, name, role: as }) => {
      return { sha256, role: as, name };
    });
    const peer = (name: 'isolation', who: Who) => [
      { name, url: `unix:${name}.sock`, token: TOKENS[who].token },
    ];
    const common = { listen: { socket: `${role}.sock` }, tokens, effectLogs: 'effects' };
    switch (role) {
      case 'isolation':
        return { ...common, devices: { driver: 'emulated', readBackSeconds: 3 }, site: site() };
      case 'provisioning':
        return { ...common, provisioning: { images: { driver: 'emulated' } } };
      case 'attestation':
        return {
          ...common,
          attestation: {
            ...{ gateways: ['airlock'], makers: ['maker.pem'], reportRetryMs: 1_000 },
            ...{ nonceTtlMs: 30_000, quoteDeadlineMs: 6_000, retryDelayMs: 300 },
            peers: peer('isolation', 'attester'),
          },
        };
      case 'market':
        return { ...common, market: { ...market(), peers: peer('isolation', 'market') } };
    }
  }
}

function site(): object {
  const delegations = [{ service: 'market', rights: ['leasing'] }];
  return {
    ...smallSite({ retryBaseMs: 50, retryMaximumMs: 500 }, 2),
    organisations: ORGANISATIONS.map((name) => ({ name, delegations })),
  };
}

function market(): object {
  return {
    ...{ seed: 'one-program', mechanism: 'k-double-auction', everySeconds: 4 },
    ...{ slotSeconds: SLOT_SECONDS, horizonSlots: 4, releaseSeconds: 1, solveSeconds: 10 },
    attester: 'attester',
    setupSeconds: { none: 0, attested: 0, full: 0 },
    organisations: ORGANISATIONS.map((name) => ({ name, openingCredits: 100_000 })),
    nodeClasses: [{ name: 'standard', securityLevel: 'full' }],
  };
}
