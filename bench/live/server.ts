/** The service that is measured: the isolation service over HTTP on a SQLite store, in its own process. */
import { hash } from 'node:crypto';
import { EmulatedDevices } from '../../backends/devices/emulated.ts';
import { serviceApi } from '../../backends/http/service-api.ts';
import { isolationFacade } from '../../backends/http/isolation-routes.ts';
import { serviceGateway, type IsolationRunner } from '../../backends/http/gateway.ts';
import { Tokens } from '../../backends/http/tokens.ts';
import { liveClock } from '../../backends/runner/clock.ts';
import { liveIsolation, wiredPorts } from '../../backends/runner/isolation.ts';
import { LiveRunner } from '../../backends/runner/runner.ts';
import { openSqliteStore } from '../../backends/store/sqlite.ts';
import type { Store, StoreEntry } from '../../backends/store/store.ts';
import type { IsolationDeviceEffect } from '../../core/allocator/protocol.ts';

/** What the parent sends first. */
export interface ServerStart {
  readonly path: string;
  readonly tokenSha256: string;
  readonly nodes: number;
  /** `single`: one transaction for each event, to compare with. */
  readonly commits: 'grouped' | 'single';
}

/** What the parent is told once it answers. */
export interface ServerReady {
  readonly port: number;
}

function singly(store: Store): Store {
  const single: Store = Object.create(store);
  for (const name of ['texts', 'silenceMs', 'reply', 'messages', 'close'] as const) {
    single[name] = store[name].bind(store) as never;
  }
  single.openWriter = async (journal) => {
    const writer = await store.openWriter(journal);
    let last: Promise<void> = Promise.resolve();
    const append = (entries: readonly StoreEntry[]) =>
      (last = last.then(() => writer.append(entries)));
    const { epoch, head } = writer;
    const [confirm, sign, resign] = [writer.confirm, writer.sign, writer.resign].map((method) =>
      method.bind(writer),
    );
    return { epoch, head, append, confirm: confirm!, sign: sign!, resign: resign! };
  };
  return single;
}

async function serve({ path, tokenSha256, nodes, commits }: ServerStart): Promise<void> {
  const sqlite = openSqliteStore(path);
  const store = commits === 'single' ? singly(sqlite) : sqlite;
  const devices = new EmulatedDevices();
  const site = {
    organisations: [{ name: 'owner' }, { name: 'lessee' }],
    switches: [{ switchId: 'switch' }],
    nodes: Array.from({ length: nodes }, (_, index) => ({
      ...{ nodeId: `n${index}`, owner: 'owner', nodeClass: 'standard' },
      nics: [{ nicId: 'nic0', switchId: 'switch', portId: `p${index}` }],
      securityLevel: 'none' as const,
    })),
  };
  const runner: IsolationRunner = await LiveRunner.start(
    liveIsolation,
    {
      ...{ store, journal: 'isolation', configuration: site, version: 'bench' },
      sha256: (text) => hash('sha256', text),
      nowMs: Date.now(),
    },
    {
      clock: liveClock,
      carryOut: async (effect, state) => {
        const device = effect as IsolationDeviceEffect;
        return devices.obey(device, wiredPorts(state, device.nodeId));
      },
      deadLetter: () => {},
      failed: (error) => {
        console.error(error);
        process.exit(70);
      },
    },
  );
  const app = await serviceApi({
    facade: isolationFacade,
    gateway: serviceGateway(isolationFacade, runner, store, 'isolation'),
    tokens: new Tokens([{ sha256: tokenSha256, role: 'admin', name: 'bench', access: 'write' }]),
    version: 'bench',
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0, backlog: 2_048 });
  const port = Number(new URL(url).port);
  process.send!({ port } satisfies ServerReady);
}

process.once('message', (start: ServerStart) => {
  void serve(start);
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send!(user + system);
  });
});
process.on('disconnect', () => process.exit(0));
