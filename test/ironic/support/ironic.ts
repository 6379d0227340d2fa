/**
 * An unmodified Ironic of Debian's, standalone: API and conductor as processes of the test, a fresh
 * SQLite database, JSON-RPC between them, no Keystone and no Neutron; everything on the loopback
 * address and below one folder.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { freePort } from '../../live/support/free-port.ts';

export interface IronicOptions {
  readonly folder: string;
  /** Where what is below `images` is served. */
  readonly imagesUrl: string;
  readonly imagesFolder: string;
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

const START_MS = 60_000;
const POLL_MS = 250;
const END_MS = 15_000;
/** Of the release that Debian 12 has. */
const API_VERSION = '1.82';

/** Debian's Python and nothing of the caller's: certificates and proxies of its own mislead it. */
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };

export class Ironic {
  readonly #url: string;
  readonly #folder: string;

  private constructor(url: string, folder: string) {
    this.#url = url;
    this.#folder = folder;
  }

  static async start(t: ExecutionContext, options: IronicOptions): Promise<Ironic> {
    const { folder } = options;
    const [port, rpcPort] = [await freePort(), await freePort()];
    for (const name of ['state', 'scratch', 'tftp/master_images', 'master', 'log']) {
      mkdirSync(join(folder, name), { recursive: true });
    }
    const file = join(folder, 'ironic.conf');
    writeFileSync(file, configuration(options, port, rpcPort));
    const parameters = ['--config-file', file];
    execFileSync('/usr/bin/ironic-dbsync', [...parameters, 'create_schema'], {
      env: ENVIRONMENT,
      stdio: 'ignore',
    });
    const ironic = new Ironic(`http://127.0.0.1:${port}/v1`, folder);
    for (const name of ['conductor', 'api']) {
      const child = spawn(`/usr/bin/ironic-${name}`, parameters, {
        env: ENVIRONMENT,
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      const log = createWriteStream(join(folder, 'log', `${name}.log`));
      child.stdout.pipe(log);
      child.stderr.pipe(log);
      t.teardown(() => end(child));
    }
    // Before the processes end and the folder goes.
    t.teardown(() => t.passed || t.log(ironic.log('conductor')));
    await ironic.#ready();
    return ironic;
  }

  async #ready(): Promise<void> {
    const untilMs = performance.now() + START_MS;
    while (performance.now() < untilMs) {
      const answer = await this.ask('GET', '/drivers').catch(() => null);
      if (JSON.stringify(answer?.body ?? {}).includes('"redfish"')) return;
      await pause();
    }
    throw new Error(`Ironic did not start:\n${this.log('conductor')}\n${this.log('api')}`);
  }

  /** The end of what a process has logged. */
  log(name: 'api' | 'conductor'): string {
    return readFileSync(join(this.#folder, 'log', `${name}.log`), 'utf8').slice(-4_000);
  }

  async ask(method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        'x-openstack-ironic-api-version': API_VERSION,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(START_MS),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as never) };
  }

  /** Asks for it, until the node is not locked by what was asked for before. */
  async give(method: string, path: string, body?: object): Promise<Answer> {
    const untilMs = performance.now() + START_MS;
    for (;;) {
      const answer = await this.ask(method, path, body);
      const isLocked = answer.status === 409 || answer.status === 503;
      if (!isLocked || performance.now() > untilMs) return answer;
      await pause();
    }
  }

  node(name: string): Promise<Answer> {
    return this.ask('GET', `/nodes/${name}`);
  }

  /** Waits until a field of the node has one of these values, and nobody works on the node. */
  async until(name: string, field: string, values: readonly unknown[]): Promise<unknown> {
    const untilMs = performance.now() + 2 * START_MS;
    for (;;) {
      const { body } = await this.node(name);
      const isIdle = body['reservation'] === null && body['target_power_state'] === null;
      if (isIdle && values.includes(body[field])) return body[field];
      if (performance.now() > untilMs) {
        const { last_error: lastError } = body;
        throw new Error(`${name}: ${field} is ${JSON.stringify(body[field])}: ${lastError}`);
      }
      await pause();
    }
  }

  /** Moves the node to a state; what it came to, and what Ironic says of it. */
  async provision(name: string, target: string, ends: readonly string[]): Promise<string> {
    const answer = await this.give('PUT', `/nodes/${name}/states/provision`, { target });
    if (answer.status !== 202) throw new Error(JSON.stringify(answer.body));
    return (await this.until(name, 'provision_state', ends)) as string;
  }

  /** @returns the power in the end */
  async power(name: string, target: string, ends: readonly unknown[]): Promise<unknown> {
    const answer = await this.give('PUT', `/nodes/${name}/states/power`, { target });
    if (answer.status !== 202) throw new Error(JSON.stringify(answer.body));
    await pause();
    return this.until(name, 'power_state', ends);
  }

  async patch(name: string, changes: Readonly<Record<string, unknown>>): Promise<void> {
    const body = Object.entries(changes).map(([path, value]) => ({
      ...{ op: 'add', path: `/${path}`, value },
    }));
    const answer = await this.give('PATCH', `/nodes/${name}`, body);
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

/** A conductor that is at work takes its time; its children go with it. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  process.kill(-child.pid!, 'SIGTERM');
  const hard = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), END_MS);
  await exited;
  clearTimeout(hard);
}

function configuration(
  { folder, imagesUrl, imagesFolder }: IronicOptions,
  port: number,
  rpcPort: number,
): string {
  return `[DEFAULT]
auth_strategy = noauth
rpc_transport = json-rpc
host = 127.0.0.1
my_ip = 127.0.0.1
state_path = ${folder}/state
tempdir = ${folder}/scratch
enabled_hardware_types = redfish
enabled_power_interfaces = redfish
enabled_management_interfaces = redfish
enabled_boot_interfaces = ipxe,redfish-virtual-media
enabled_deploy_interfaces = ramdisk
enabled_network_interfaces = noop
enabled_inspect_interfaces = redfish
enabled_bios_interfaces = no-bios
enabled_raid_interfaces = no-raid
enabled_console_interfaces = no-console
enabled_rescue_interfaces = no-rescue
enabled_storage_interfaces = noop
enabled_vendor_interfaces = no-vendor
default_network_interface = noop
[database]
connection = sqlite:///${folder}/ironic.sqlite
[api]
host_ip = 127.0.0.1
port = ${port}
public_endpoint = http://127.0.0.1:${port}
api_workers = 1
[json_rpc]
auth_strategy = noauth
host_ip = 127.0.0.1
port = ${rpcPort}
client_use_ssl = false
[conductor]
automated_clean = false
bootloader =
deploy_kernel = ${imagesUrl}/kernel
deploy_ramdisk = ${imagesUrl}/ramdisk
sync_power_state_interval = 10
power_state_sync_max_retries = 1
power_state_change_timeout = 60
workers_pool_size = 8
[deploy]
http_url = ${imagesUrl}
http_root = ${imagesFolder}
fast_track = false
[dhcp]
dhcp_provider = none
[inspector]
require_managed_boot = false
[pxe]
tftp_server = 127.0.0.1
tftp_root = ${folder}/tftp
tftp_master_path = ${folder}/tftp/master_images
instance_master_path = ${folder}/master
images_path = ${folder}/master
[redfish]
use_swift = false
[service_catalog]
auth_type = none
endpoint_override = http://127.0.0.1:${port}
[oslo_concurrency]
lock_path = ${folder}/state
`;
}
