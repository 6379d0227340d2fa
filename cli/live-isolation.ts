/** Where the live isolation service is wired together: store, runner, devices, API. */
import { EmulatedDevices } from '../backends/devices/emulated.ts';
import { DeviceLanes } from '../backends/devices/lanes.ts';
import { isolationApi } from '../backends/http/isolation-api.ts';
import { isolationGateway, type IsolationRunner } from '../backends/http/gateway.ts';
import { Tokens } from '../backends/http/tokens.ts';
import { liveClock, type Clock } from '../backends/runner/clock.ts';
import { writeDeadLetter } from '../backends/runner/dead-letters.ts';
import { liveIsolation, wiredPorts } from '../backends/runner/isolation.ts';
import { readBack } from '../backends/runner/reconciler.ts';
import { LiveRunner } from '../backends/runner/runner.ts';
import { openSqliteStore } from '../backends/store/sqlite.ts';
import type { Store } from '../backends/store/store.ts';
import type { IsolationDeviceEffect, ObserveNode } from '../core/allocator/protocol.ts';
import { OcxError } from '../core/kernel/errors.ts';
import { sha256 } from './journal-file.ts';
import { readTlsFiles, type ServeConfiguration } from './serve-configuration.ts';

/** Name of the isolation service's journal. */
export const JOURNAL = 'isolation';
/** What is left of connections after that is cut. */
const SHUTDOWN_MS = 5_000;

/** A service that answers. */
export interface Served {
  readonly url: string;
  readonly epoch: number;
  /** Events that were replayed. */
  readonly replayed: number;
  /** Settles when it has failed, and never if it does not. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

/** `sqlite:PATH` or `postgres://…`. @throws INPUT_STORE, RESOURCE_STORE */
export async function openStore(name: string, path: (given: string) => string): Promise<Store> {
  const file = /^sqlite:(.+)$/.exec(name)?.[1];
  if (file !== undefined) return openSqliteStore(path(file));
  if (/^postgres(ql)?:\/\//.test(name)) {
    // Its client is a large package that nobody else needs.
    const { openPostgresStore } = await import('../backends/store/postgres.ts');
    return openPostgresStore(name);
  }
  throw new OcxError({
    code: 'INPUT_STORE',
    message: `no store is called ${JSON.stringify(name)}`,
    remedy: 'give sqlite: and the path of a file, or postgres:// and a database',
  });
}

export interface ServeRequest {
  readonly configuration: ServeConfiguration;
  /** Of the configuration. */
  readonly file: string;
  readonly store: Store;
  /** Events that stop the process go there. */
  readonly deadLetters: string;
  readonly version: string;
  log(line: string): void;
}

export async function serveIsolation(request: ServeRequest): Promise<Served> {
  const { configuration, file, store, version, log } = request;
  const tokens = new Tokens(configuration.tokens as never);
  const tls = readTlsFiles(configuration, file);
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {});
  let clock: Clock | undefined;
  const lanes = new DeviceLanes(new EmulatedDevices(), () => clock!.nowMs());
  const runner: IsolationRunner = await LiveRunner.start(
    liveIsolation,
    {
      ...{ store, journal: JOURNAL, configuration: configuration.site, version, sha256 },
      nowMs: Date.now(),
    },
    {
      clock: (notBeforeMs) => (clock = liveClock(notBeforeMs)),
      carryOut: (effect, state, confirm) => {
        // Only device effects have outcomes.
        const device = effect as IsolationDeviceEffect;
        return lanes.carryOut(device, wiredPorts(state, device.nodeId), confirm);
      },
      deadLetter: (event, error) => writeDeadLetter(request.deadLetters, event, error),
      failed: reject,
    },
  );
  const reconciler = reconcile(runner, lanes, configuration.devices.readBackSeconds * 1_000);
  const gateway = isolationGateway(runner, store, JOURNAL);
  const app = await isolationApi({ gateway, tokens, version, log: { write: log }, tls });
  const { host, port } = configuration.listen;
  const url = await app.listen({ host, port });
  return {
    ...{ url, epoch: runner.epoch, replayed: runner.replayed, failed },
    async stop() {
      reconciler.stop();
      const cut = setTimeout(() => app.server.closeAllConnections(), SHUTDOWN_MS);
      await app.close();
      clearTimeout(cut);
      await runner.stop();
      await store.close();
    },
  };
}

/** Reads the hardware back again and again, each round after the last one has ended. */
function reconcile(runner: IsolationRunner, lanes: DeviceLanes, everyMs: number) {
  let isStopped = false;
  let timer: NodeJS.Timeout;
  const round = async () => {
    await readBack({
      state: runner.state,
      nowMs: () => runner.clock.nowMs(),
      observe: (effect: ObserveNode) =>
        lanes.carryOut(effect, wiredPorts(runner.state, effect.nodeId), async () => {}),
      report: (event) => runner.take(event),
    });
    if (!isStopped) timer = setTimeout(round, everyMs);
  };
  // At once after a start: nobody watched while no process was there.
  timer = setTimeout(round, 0);
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
