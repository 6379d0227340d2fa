/**
 * Disks over NBD. For each disk qemu-storage-daemon serves the image on a Unix socket, and nbdkit
 * stands before it at the port: qemu's own server tells everybody the names of its exports, so that
 * a name would be no secret; nbdkit answers only to whoever knows the name, and lists nothing.
 *
 * Both outlive this process. They are known by the paths in their command lines.
 */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OcxError } from '../../core/kernel/errors.ts';
import type { Export, Exporter } from './exporter.ts';
import { probeNbd } from './nbd-probe.ts';
import type { DiskAddress } from './protocol.ts';
import { commandLines, endProcesses, processesWith, runTool } from './tools.ts';

export interface NbdOptions {
  /** For sockets and process ids. */
  readonly runFolder: string;
  readonly firstPort: number;
  readonly lastPort: number;
  /** Folder with `ca-cert.pem`, `server-cert.pem` and `server-key.pem`; null: in the clear. */
  readonly tlsFolder: string | null;
}

type NbdAddress = DiskAddress & { readonly method: 'nbd' };

const NAME_BYTES = 24;
/** What holds no data, or does not answer, is killed after that. */
const HUNG_MS = 2_000;
const PROBE_MS = 3_000;
const PROBE_PAUSE_MS = 200;
const PROBES_MAXIMUM = 2;
const ADDRESS_TRIES = 100;

export class NbdExporter implements Exporter {
  readonly #options: NbdOptions;

  constructor(options: NbdOptions) {
    this.#options = options;
  }

  async newAddress(host: string, taken: ReadonlySet<number>): Promise<DiskAddress> {
    const { firstPort, lastPort } = this.#options;
    const exportName = randomBytes(NAME_BYTES).toString('hex');
    for (let tries = 0; tries < ADDRESS_TRIES; tries++) {
      const port = firstPort + (randomBytes(4).readUInt32BE() % (lastPort - firstPort + 1));
      if (!taken.has(port) && (await isFree(host, port))) {
        return { method: 'nbd', host, port, exportName };
      }
    }
    const message = `no port from ${firstPort} to ${lastPort} is free at ${host}`;
    throw new OcxError({ code: 'DEVICE_NO_PORT', message });
  }

  async open(opened: Export, signal: AbortSignal): Promise<void> {
    if (opened.address.method !== 'nbd') throw wrongAddress();
    await this.#start(opened, opened.address, signal);
    if (await this.#answers(opened, signal)) return;
    // What runs and does not answer is hung.
    await this.#end(opened.id, HUNG_MS);
    await this.#start(opened, opened.address, signal);
    if (await this.#answers(opened, signal)) return;
    throw new OcxError({ code: 'DEVICE_NOT_SERVED', message: 'the disk’s server does not answer' });
  }

  async isOpen({ address, id }: Export, signal: AbortSignal): Promise<boolean> {
    if (address.method !== 'nbd') return false;
    const probe = AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]);
    if (this.#options.tlsFolder !== null) {
      // The handshake would need a client's certificate, which the store has not.
      const both = [this.#storagePid(id), this.#gatePid(id)].map(processesWith);
      return (await Promise.all(both)).every((pids) => pids.length > 0);
    }
    const { host, port, exportName } = address;
    const sizeBytes = await probeNbd(host, port, exportName, probe).catch(() => null);
    return sizeBytes !== null;
  }

  async close(id: string): Promise<void> {
    await this.#end(id);
  }

  async closeOthers(keep: ReadonlySet<string>): Promise<void> {
    const prefix = join(this.#options.runFolder, '/');
    const found = new Set<string>();
    for (const { words } of await commandLines()) {
      for (const word of words) {
        const id = word.startsWith(prefix)
          ? /^([0-9a-f]{32})\./.exec(word.slice(prefix.length))
          : null;
        if (id) found.add(id[1]!);
      }
    }
    for (const id of found) if (!keep.has(id)) await this.close(id);
  }

  #gate(pidFile: string, socket: string, address: NbdAddress): string[] {
    const { host, port, exportName } = address;
    const { tlsFolder } = this.#options;
    const tls =
      tlsFolder === null
        ? []
        : ['--tls=require', `--tls-certificates=${tlsFolder}`, '--tls-verify-peer'];
    return [
      ...['nbdkit', '-P', pidFile, '-i', host, '-p', String(port), ...tls],
      ...['--filter=exportname', 'nbd', `socket=${socket}`, 'export=disk'],
      ...['exportname-list=empty', 'exportname-strict=true', `exportname=${exportName}`],
    ];
  }

  /** @param graceMs in which the server may write what it holds */
  async #end(id: string, graceMs?: number): Promise<void> {
    // The gate first: nobody gets in any more while the rest goes down.
    const gone =
      (await endProcesses(this.#gatePid(id), HUNG_MS)) &&
      (await endProcesses(this.#storagePid(id), graceMs));
    if (!gone) {
      throw new OcxError({ code: 'DEVICE_STILL_SERVED', message: 'a server of the disk stays' });
    }
    for (const file of [this.#socket(id), this.#gatePid(id), this.#storagePid(id)]) {
      await rm(file, { force: true });
    }
  }

  /** Starts what does not run. */
  async #start(
    { id, blockDevice }: Export,
    address: NbdAddress,
    signal: AbortSignal,
  ): Promise<void> {
    const socket = this.#socket(id);
    const storagePid = this.#storagePid(id);
    if ((await processesWith(storagePid)).length === 0) {
      await rm(socket, { force: true });
      await runTool(
        [
          ...['qemu-storage-daemon', '--daemonize', '--pidfile', storagePid, ...blockDevice],
          ...['--nbd-server', `addr.type=unix,addr.path=${socket},max-connections=0`],
          ...['--export', 'type=nbd,id=disk,node-name=disk,name=disk,writable=on'],
        ],
        signal,
      );
    }
    const gatePid = this.#gatePid(id);
    if ((await processesWith(gatePid)).length > 0) return;
    await runTool(this.#gate(gatePid, socket, address), signal);
  }

  async #answers(opened: Export, signal: AbortSignal): Promise<boolean> {
    for (let probes = 0; probes < PROBES_MAXIMUM; probes++) {
      if (await this.isOpen(opened, signal)) return true;
      await sleep(PROBE_PAUSE_MS, undefined, { signal });
    }
    return false;
  }

  #socket(id: string): string {
    return join(this.#options.runFolder, `${id}.nbd`);
  }

  #storagePid(id: string): string {
    return join(this.#options.runFolder, `${id}.storage.pid`);
  }

  #gatePid(id: string): string {
    return join(this.#options.runFolder, `${id}.gate.pid`);
  }
}

export function wrongAddress(): OcxError {
  const message = 'the disk was opened by another driver';
  return new OcxError({ code: 'DEVICE_DRIVER_CHANGED', message });
}

function isFree(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once('error', () => resolve(false));
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  return promise;
}
