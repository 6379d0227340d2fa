/** A tenant's orchestrator on a store of its own, linked to peers; can be cut off as by `kill -9`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { isolationFacade } from '../../../backends/http/isolation-routes.ts';
import { CallTable } from '../../../backends/peers/call-of.ts';
import { PeerLink } from '../../../backends/peers/peer-link.ts';
import { serverOf } from '../../../backends/peers/server.ts';
import { liveClock } from '../../../backends/runner/clock.ts';
import { liveOrchestrator } from '../../../backends/runner/orchestrator.ts';
import { LiveRunner } from '../../../backends/runner/runner.ts';
import { openSqliteStore } from '../../../backends/store/sqlite.ts';
import { recordsOf } from '../../../backends/store/store.ts';
import type { OrchestratorEvent } from '../../../core/leasing/protocol.ts';
import { ORCHESTRATOR_DEFAULTS } from '../../../core/leasing/state.ts';
import { sha256 } from '../../contract/store-contract.ts';

export const CONFIGURATION = { ...ORCHESTRATOR_DEFAULTS, name: 'lab', requestTimeoutMs: 60_000 };

export const PLAN = {
  kind: 'EnclavePlan',
  leaseId: 'l',
  securityLevel: 'none',
  method: 'diskless',
  imageId: 'golden',
  policyId: 'none',
  attester: 'attester',
  provisioner: 'provisioner',
} as const;

/** Its journal, without the genesis, as the events came. */
export type Journalled = OrchestratorEvent & { readonly via?: { peer: string; cursor: number } };

export class LinkedTenant {
  readonly notes: string[] = [];
  readonly #path: string;
  readonly #peers: Readonly<Record<string, string>>;
  readonly #t: ExecutionContext;

  /** @param peers name → URL */
  constructor(t: ExecutionContext, peers: Readonly<Record<string, string>>) {
    const folder = mkdtempSync(join(tmpdir(), 'ocx-peers-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    this.#path = join(folder, 'store.db');
    this.#peers = peers;
    this.#t = t;
  }

  async start() {
    const store = openSqliteStore(this.#path);
    const links = Object.entries(this.#peers).map(
      ([peer, url]) =>
        new PeerLink({
          ...{ peer, server: serverOf(url), token: `ocx_${peer}` },
          longestPauseMs: 20,
          calls: new CallTable([isolationFacade]),
          note: (line) => this.notes.push(line),
        }),
    );
    const runner = await LiveRunner.start(
      liveOrchestrator,
      {
        ...{ store, journal: 'orchestrator', configuration: CONFIGURATION },
        ...{ version: 'test', sha256, nowMs: Date.now() },
      },
      {
        clock: liveClock,
        carryOut: () => Promise.reject(new Error('nothing is carried out')),
        ask: (request) => links.find(({ peer }) => peer === request.peer)?.ask(request),
        deadLetter: (_, error) => this.#t.fail(String(error)),
        failed: (error) => this.#t.log(error),
      },
    );
    for (const link of links) link.start(runner);
    const stop = async () => {
      for (const link of links) await link.stop();
      await runner.stop();
      await store.close();
    };
    return { runner, links, stop };
  }

  async events(): Promise<Journalled[]> {
    const store = openSqliteStore(this.#path);
    const events: Journalled[] = [];
    for await (const { event } of recordsOf(store, 'orchestrator', 2)) events.push(event as never);
    await store.close();
    return events;
  }
}

export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 800 && !condition(); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
