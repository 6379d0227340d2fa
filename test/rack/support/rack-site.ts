/**
 * A whole site on a virtual rack: every service a process of its own, each where it belongs, joined by
 * nothing but Unix sockets and the rack's networks.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'smol-toml';
import { readShareSecret, shareV } from '../../../backends/boot/key-shares.ts';
import { newToken } from '../../../backends/http/tokens.ts';
import { isRunning, startDaemon, waitUntil } from '../../../backends/rack/daemon.ts';
import { signalTo } from '../../../backends/processes/signal.ts';
import type { TenantPlan } from '../../../backends/rack/plan.ts';
import type { Rack } from '../../../backends/rack/rack-file.ts';
import { serverOf } from '../../../backends/peers/server.ts';
import { callService } from '../../../cli/live-client.ts';
import { runCli } from '../../cli/run.ts';
import { DEVICE_LOG, effectLogFolder } from './one-program.ts';

type Role = 'admin' | 'organisation' | 'service';

/** Who calls, as the services know them. */
export type Party =
  | 'operator'
  | 'watcher'
  | 'org-a'
  | 'gateway'
  | 'market'
  | `tenant-${number}`
  | `attester-${number}`;

interface Token {
  readonly token: string;
  readonly sha256: string;
}

/** Of each organisation. */
export const OPENING_CREDITS = 1_000;
const START_MS = 120_000;
const POLL_MS = 500;
const MAIN = join(import.meta.dirname, '..', '..', '..', 'cli', 'main.ts');

export class RackSite {
  readonly rack: Rack;
  readonly folder: string;
  readonly pids = new Map<string, number>();
  readonly #tokens = new Map<Party, Token>();

  constructor(rack: Rack) {
    this.rack = rack;
    this.folder = join(rack.folder, 'site');
    mkdirSync(this.folder, { recursive: true });
    // Kept beside the site, so that a person can look at it while a test has stopped.
    const file = join(this.folder, 'tokens.json');
    if (existsSync(file)) this.#read(file);
  }

  #read(file: string): void {
    const tokens = JSON.parse(readFileSync(file, 'utf8')) as [Party, Token][];
    for (const [party, token] of tokens) this.#tokens.set(party, token);
  }

  token(party: Party): string {
    return this.#known(party).token;
  }

  socket(service: string): string {
    return `unix:${join(this.folder, `${service}.socket`)}`;
  }

  node(nodeId: string) {
    return this.rack.nodes.find((node) => node.nodeId === nodeId)!;
  }

  tenant(number: number): TenantPlan {
    return this.rack.tenants[number - 1]!;
  }

  /** Devices, isolation, airlocks, and each tenant's own attester and provisioner. */
  async start(): Promise<void> {
    await this.startDevices();
    await this.startIsolation();
    for (const [index, tenant] of this.rack.tenants.entries()) {
      await this.startAttester(index + 1);
      await this.startProvisioner(index + 1, tenant);
    }
    await this.startAirlock();
  }

  startDevices(): Promise<void> {
    const socket = join(this.folder, 'devices.socket');
    const config = join(this.rack.folder, 'devices.toml');
    const state = join(this.folder, 'devices.state');
    const log = join(this.folder, DEVICE_LOG);
    const parameters = ['--config', config, '--socket', socket, '--state', state, '--effects', log];
    return this.#run('devices', ['devices', ...parameters], socket);
  }

  startIsolation(): Promise<void> {
    const parties: Party[] = ['operator', 'watcher', 'org-a', 'gateway', 'market'];
    for (const [index] of this.rack.tenants.entries()) {
      parties.push(`tenant-${index + 1}`, `attester-${index + 1}`);
    }
    return this.#serve('isolation', 'isolation', {
      devices: { driver: 'process', socket: 'devices.socket', readBackSeconds: 5 },
      ...this.#tables('isolation.toml'),
      tokens: this.#entries(parties),
    });
  }

  startAttester(number: number): Promise<void> {
    const name = `attester-${number}`;
    const { attestation } = this.#tables('attestation.toml') as { attestation: object };
    return this.#serve(name, 'attestation', {
      attestation: { ...attestation, name, gateways: ['gateway'] },
      tokens: this.#entries(['operator', 'gateway', `tenant-${number}`]),
      peers: [this.#peer('isolation', 'isolation', name as Party)],
    });
  }

  startProvisioner(number: number, { name, address, namespace }: TenantPlan): Promise<void> {
    const { provisioning } = this.#tables(`${name}.toml`) as { provisioning: object };
    const imports = join(this.folder, 'import');
    mkdirSync(imports, { recursive: true });
    return this.#serve(
      `provisioner-${number}`,
      'provisioning',
      {
        provisioning: {
          ...provisioning,
          name: `provisioner-${number}`,
          operators: [name],
          keyShareFile: this.#keyShareSecret(number),
          images: {
            ...{ driver: 'qcow2-nbd', folder: `images-${number}`, host: address },
            importFolder: imports,
          },
        },
        tokens: this.#entries(['operator', `tenant-${number}`]),
        peers: [this.#peer('isolation', 'isolation', `tenant-${number}`)],
      },
      namespace,
    );
  }

  /** The tenant's own: what its attester gives a node of level `full`, as docs/boot.md has it. */
  async depositKeyShare(number: number, leaseId: string, nodeId: string): Promise<void> {
    const secret = readShareSecret(this.#keyShareSecret(number));
    const share = shareV(secret, leaseId, nodeId).toString('base64');
    const path = `/leases/${leaseId}/nodes/${nodeId}/key-share`;
    await this.call(`tenant-${number}`, `attester-${number}`, 'PUT', path, { share });
  }

  #keyShareSecret(number: number): string {
    const file = join(this.folder, `tenant-${number}.secret`);
    if (!existsSync(file)) {
      writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
    }
    return file;
  }

  /** @param table of `[market]`, beside what every market on this rack has */
  startMarket(table: object): Promise<void> {
    const names = ['org-a', ...this.rack.tenants.map(({ name }) => name)];
    return this.#serve('market', 'market', {
      market: {
        ...{ seed: 'rack', mechanism: 'k-double-auction', attester: 'attester-1' },
        organisations: names.map((name) => ({ name, openingCredits: OPENING_CREDITS })),
        nodeClasses: [{ name: 'machine', securityLevel: 'full' }],
        ...table,
      },
      tokens: this.#entries(['operator', 'org-a', ...this.#tenantParties()]),
      peers: [this.#peer('isolation', 'isolation', 'market')],
    });
  }

  /**
   * The agent of an organisation; the attester and provisioner are tenant 1's.
   * @param jobs rows of a job file
   * @param more of its configuration
   */
  startAgent(party: 'org-a' | 'tenant-1', jobs: string, more: object): Promise<void> {
    const file = join(this.folder, `${party}.toml`);
    const source = join(this.folder, `${party}.csv`);
    writeFileSync(source, jobs);
    const peers = [this.#peer('isolation', 'isolation', party)];
    if (party === 'tenant-1') {
      for (const name of ['attester-1', 'provisioner-1']) peers.push(this.#peer(name, name, party));
    }
    const configuration = {
      market: { url: this.socket('market'), token: this.token(party) },
      ...{ peers, leases: { imageId: 'golden', provisioner: 'provisioner-1' } },
      ...{ effectLogs: effectLogFolder(party), ...more },
    };
    writeFileSync(file, stringify(configuration), { mode: 0o600 });
    const words = ['agent', '--org', party, '--strategy', 'truthful', '--source', source];
    return this.#run(`agent-${party}`, [...words, '--config', file], null);
  }

  /** kill -9. */
  async kill(name: string): Promise<void> {
    const pid = this.pids.get(name)!;
    signalTo(pid, 'SIGKILL');
    if (!(await waitUntil(() => !isRunning(pid), START_MS))) throw new Error(`${name} stays`);
    // Whoever starts it again waits for its new words.
    rmSync(join(this.folder, `${name}.log`));
  }

  #tenantParties(): Party[] {
    return this.rack.tenants.map((_, index) => `tenant-${index + 1}` as const);
  }

  async startAirlock(): Promise<void> {
    const file = join(this.folder, 'airlock.toml');
    const address = (service: string) => ({
      url: this.socket(service),
      token: this.token('gateway'),
    });
    const configuration = {
      ...this.#tables('airlock.toml'),
      isolation: { url: this.socket('isolation'), token: this.token('watcher') },
      attesters: this.rack.tenants.map((_, index) => {
        const name = `attester-${index + 1}`;
        return { name, ...address(name) };
      }),
    };
    writeFileSync(file, stringify(configuration), { mode: 0o600 });
    const { gatewayNamespace } = this.rack;
    await this.#run('airlock', ['airlock', '--config', file], null, gatewayNamespace);
  }

  /** What a command answers. @throws what it says on failure */
  async ask<Value = Record<string, unknown>>(
    party: Party,
    service: string,
    ...words: string[]
  ): Promise<Value> {
    const environment = { OCX_SERVER: this.socket(service), OCX_TOKEN: this.token(party) };
    const { exitCode, stdout, stderr } = await runCli([...words, '--json'], { environment });
    if (exitCode !== 0) throw new Error(`${words.join(' ')}: ${stderr}`);
    return JSON.parse(stdout) as Value;
  }

  /** A call for which there is no command. @throws what the service says on failure */
  call(
    party: Party,
    service: string,
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<object> {
    const server = serverOf(this.socket(service));
    return callService(server, this.token(party), { method, path, ...(body ? { body } : {}) });
  }

  /** Waits until `isSo` of what is asked for. @throws with the last answer */
  async until<Value>(
    question: () => Promise<Value>,
    isSo: (value: Value) => boolean,
    timeoutMs: number,
  ): Promise<Value> {
    const endMs = Date.now() + timeoutMs;
    for (;;) {
      const value = await question();
      if (isSo(value)) return value;
      if (Date.now() > endMs) throw new Error(`after ${timeoutMs} ms: ${JSON.stringify(value)}`);
      await sleep(POLL_MS);
    }
  }

  /** What it has said; nothing where it was killed. */
  log(name: string): string {
    const file = join(this.folder, `${name}.log`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  #serve(name: string, role: string, document: object, namespace?: string): Promise<void> {
    const file = join(this.folder, `${name}.toml`);
    const logs = { effectLogs: effectLogFolder(name) };
    const whole = { listen: { socket: `${name}.socket` }, ...logs, ...document };
    writeFileSync(file, stringify(whole), { mode: 0o600 });
    const store = `sqlite:${join(this.folder, `${name}.db`)}`;
    const words = ['serve', '--role', role, '--store', store, '--config', file];
    return this.#run(name, words, join(this.folder, `${name}.socket`), namespace);
  }

  async #run(
    name: string,
    words: readonly string[],
    socket: string | null,
    namespace?: string,
  ): Promise<void> {
    const pid = startDaemon([process.execPath, MAIN, ...words], {
      rackId: this.rack.id,
      log: join(this.folder, `${name}.log`),
      ...(namespace === undefined ? {} : { namespace }),
    });
    this.pids.set(name, pid);
    // Each says that it is ready in one line.
    const isReady = () =>
      /answers? at|are served at|bids/.test(this.log(name)) &&
      (socket === null || existsSync(socket));
    const endMs = Date.now() + START_MS;
    while (!isReady()) {
      if (Date.now() > endMs || !existsSync(`/proc/${pid}`)) {
        throw new Error(`${name} does not start: ${this.log(name)}`);
      }
      await sleep(POLL_MS);
    }
  }

  #tables(file: string): Record<string, unknown> {
    return parse(readFileSync(join(this.rack.folder, file), 'utf8'));
  }

  #peer(name: string, service: string, party: Party): object {
    return { name, url: this.socket(service), token: this.token(party) };
  }

  #entries(parties: readonly Party[]): object[] {
    return parties.map((party) => ({
      sha256: this.#known(party).sha256,
      role: roleOf(party),
      name: party,
      access: party === 'watcher' ? 'read' : 'write',
    }));
  }

  #known(party: Party): Token {
    const known = this.#tokens.get(party);
    if (known) return known;
    const fresh = newToken();
    this.#tokens.set(party, fresh);
    writeFileSync(join(this.folder, 'tokens.json'), JSON.stringify([...this.#tokens]), {
      mode: 0o600,
    });
    return fresh;
  }
}

function roleOf(party: Party): Role {
  if (party === 'operator' || party === 'watcher') return 'admin';
  return /^(gateway|attester|market)/.test(party) ? 'service' : 'organisation';
}
