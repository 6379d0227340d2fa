/** A runner of the isolation service in the test's own process, with emulated hardware. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { EmulatedDevices } from '../../../backends/devices/emulated.ts';
import { liveIsolation, wiredPorts } from '../../../backends/runner/isolation.ts';
import { LiveRunner, type RunnerPorts } from '../../../backends/runner/runner.ts';
import { openSqliteStore } from '../../../backends/store/sqlite.ts';
import type { Store } from '../../../backends/store/store.ts';
import type { IsolationConfiguration } from '../../../core/allocator/enrolment.ts';
import type { IsolationDeviceEffect, IsolationEffect } from '../../../core/allocator/protocol.ts';
import type { IsolationState } from '../../../core/allocator/state.ts';
import type { Principal } from '../../../core/kernel/service.ts';
import { smallSite, terms } from '../../allocator/site.ts';
import { sha256 } from '../../contract/store-contract.ts';
import { ManualClock } from './manual-clock.ts';

export const START = 1_000_000;
type Ports = RunnerPorts<IsolationState, IsolationEffect>;
type Runner = LiveRunner<IsolationConfiguration, IsolationState, never, IsolationEffect>;

export class LiveSite {
  readonly path: string;
  readonly devices = new EmulatedDevices();
  readonly clock = new ManualClock(START);
  readonly letters: unknown[] = [];
  readonly failures: unknown[] = [];
  live = liveIsolation;
  configuration = smallSite();
  carryOut: Ports['carryOut'] = async (effect, state) =>
    this.devices.obey(
      effect as IsolationDeviceEffect,
      wiredPorts(state, (effect as IsolationDeviceEffect).nodeId),
    );
  readonly #folder: string;
  readonly #stores: Store[] = [];

  constructor(t: ExecutionContext) {
    this.#folder = mkdtempSync(join(tmpdir(), 'ocx-live-'));
    this.path = join(this.#folder, 'store.db');
    t.teardown(async () => {
      for (const store of this.#stores) await store.close().catch(() => {});
      rmSync(this.#folder, { recursive: true });
    });
  }

  store(): Store {
    const store = openSqliteStore(this.path);
    this.#stores.push(store);
    return store;
  }

  async start(store = this.store()): Promise<Runner> {
    return (await LiveRunner.start(
      this.live,
      {
        ...{ store, journal: 'isolation', configuration: this.configuration },
        ...{ version: 'test', sha256, nowMs: START },
      },
      {
        clock: () => this.clock,
        carryOut: (effect, state, confirm) => this.carryOut(effect, state, confirm),
        deadLetter: (event, error) => this.letters.push({ event, error }),
        failed: (error) => this.failures.push(error),
      },
    )) as unknown as Runner;
  }
}

/** A request with the command's id as its key. */
export function ask(commandId: string, from: Principal, command: { readonly kind: string }) {
  return { commandId, from, command };
}

/** A lease of a1 that has begun, for level none. */
export function begunLease(leaseId = 'lease-1', nodeId = 'a1') {
  return {
    kind: 'LeaseCreate',
    terms: terms({ leaseId, nodeIds: [nodeId], startMs: START - 1, securityLevel: 'none' }),
  };
}

/** Lets what is under way come to rest. */
export async function rest(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve));
}
