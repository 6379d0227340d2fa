/**
 * Disks over iSCSI. For each disk qemu-storage-daemon shows the image as a raw file by FUSE; one tgtd
 * for each address serves these files as targets, each with a user, secret and initiator name of its
 * own. All of them outlive this process, and tgtd must see the mounts that come after its start: they
 * are made in its mount namespace, which `ip netns exec` makes a new one of every time.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import type { Export, Exporter } from './exporter.ts';
import { Lanes } from './lanes.ts';
import { wrongAddress } from './nbd-exporter.ts';
import type { DiskAddress } from './protocol.ts';
import { TargetDaemon } from './target-daemon.ts';
import { commandLines, endProcesses, processesWith, runTool } from './tools.ts';

export interface IscsiOptions {
  /** For sockets, mount points and process ids. */
  readonly runFolder: string;
  readonly port: number;
}

type IscsiAddress = DiskAddress & { readonly method: 'iscsi' };

const LANE = 'daemons';
const NAME_BYTES = 16;
/** 16 characters: what all initiators take (RFC 7143 asks for 12 bytes or more). */
const SECRET_BYTES = 12;
/** Naming authority as RFC 7143, 4.2.7.4 wants it: a month in which the domain was ours. */
const QUALIFIED_NAME = 'iqn.2026-01.org.open-cloud-exchange';

export class IscsiExporter implements Exporter {
  readonly #options: IscsiOptions;
  /** What is told to a daemon is told one after the other: it numbers its targets. */
  readonly #lanes = new Lanes();

  constructor(options: IscsiOptions) {
    this.#options = options;
  }

  async newAddress(host: string): Promise<DiskAddress> {
    const name = () => randomBytes(NAME_BYTES).toString('hex');
    return {
      ...{ method: 'iscsi', host, port: this.#options.port },
      target: `${QUALIFIED_NAME}:disk-${name()}`,
      initiator: `${QUALIFIED_NAME}:node-${name()}`,
      user: name(),
      secret: randomBytes(SECRET_BYTES).toString('base64url'),
    };
  }

  open(opened: Export, signal: AbortSignal): Promise<void> {
    return this.#lanes.run(LANE, () => this.#open(opened, signal));
  }

  close(id: string, address: DiskAddress | null, signal: AbortSignal): Promise<void> {
    return this.#lanes.run(LANE, () => this.#close(id, address, signal));
  }

  async #open({ id, blockDevice, address }: Export, signal: AbortSignal): Promise<void> {
    if (address.method !== 'iscsi') throw wrongAddress();
    const daemon = this.#daemon(address.host);
    await daemon.start(signal);
    if (!(await this.#isShown(id))) {
      // What tgtd still has of a file that is gone answers errors only.
      await daemon.remove(address.target, address.user, signal);
      await this.#show(id, blockDevice, daemon, signal);
    }
    if (!(await daemon.serves(address.target, signal))) await this.#serve(id, address, signal);
    if (await daemon.serves(address.target, signal)) return;
    const message = 'the target of the disk is not there';
    throw new OcxError({ code: 'DEVICE_NOT_SERVED', message });
  }

  async isOpen({ id, address }: Export, signal: AbortSignal): Promise<boolean> {
    if (address.method !== 'iscsi') return false;
    const daemon = this.#daemon(address.host);
    return (await this.#isShown(id)) && (await daemon.serves(address.target, signal));
  }

  async #close(id: string, address: DiskAddress | null, signal: AbortSignal): Promise<void> {
    if (address?.method === 'iscsi') {
      await this.#daemon(address.host).remove(address.target, address.user, signal);
    } else {
      // Whoever has opened it: targets are known by the file that they serve.
      for (const daemon of await this.#daemons()) await daemon.removeFile(this.#file(id), signal);
    }
    await this.#unmount(id, signal);
    if (!(await endProcesses(this.#pidFile(id)))) {
      throw new OcxError({ code: 'DEVICE_STILL_SERVED', message: 'a server of the disk stays' });
    }
    for (const file of [this.#file(id), this.#pidFile(id)]) await rm(file, { force: true });
    for (const daemon of await this.#daemons()) await daemon.stopIfIdle(signal);
  }

  async closeOthers(keep: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const prefix = join(this.#options.runFolder, '/');
    const idOf = (path: string) =>
      path.startsWith(prefix)
        ? /^([0-9a-f]{32})\./.exec(path.slice(prefix.length))?.[1]
        : undefined;
    const paths = (await commandLines()).flatMap(({ words }) => words);
    for (const daemon of await this.#daemons()) paths.push(...(await daemon.files(signal)));
    for (const id of new Set(paths.map(idOf))) {
      if (id !== undefined && !keep.has(id)) await this.close(id, null, signal);
    }
  }

  /** Makes the image visible as a raw file. */
  async #show(
    id: string,
    blockDevice: readonly string[],
    daemon: TargetDaemon,
    signal: AbortSignal,
  ): Promise<void> {
    await endProcesses(this.#pidFile(id));
    await this.#unmount(id, signal);
    const file = this.#file(id);
    await mkdir(this.#options.runFolder, { recursive: true, mode: 0o700 });
    await writeFile(file, '', { mode: 0o600 });
    const mount = `type=fuse,id=disk,node-name=disk,mountpoint=${file},writable=on,growable=off`;
    await runTool(
      [
        ...(await daemon.inItsMounts()),
        ...['qemu-storage-daemon', '--daemonize', '--pidfile', this.#pidFile(id)],
        ...[...blockDevice, '--export', mount],
      ],
      signal,
    );
  }

  /** In this order nobody gets in before the secret is asked for. */
  async #serve(id: string, address: IscsiAddress, signal: AbortSignal): Promise<void> {
    await this.#daemon(address.host).add(this.#file(id), address, signal);
  }

  async #isShown(id: string): Promise<boolean> {
    return (await processesWith(this.#pidFile(id))).length > 0;
  }

  /** What a killed server has left mounted, wherever it was mounted. */
  async #unmount(id: string, signal: AbortSignal): Promise<void> {
    const places: string[][] = [[]];
    for (const daemon of await this.#daemons()) places.push(await daemon.inItsMounts());
    for (const place of places) {
      await runTool([...place, 'umount', '-l', this.#file(id)], signal).catch(() => {});
    }
  }

  #daemon(host: string): TargetDaemon {
    return new TargetDaemon(this.#options.runFolder, host, this.#options.port);
  }

  async #daemons(): Promise<TargetDaemon[]> {
    const { runFolder, port } = this.#options;
    return (await TargetDaemon.hosts(runFolder)).map(
      (host) => new TargetDaemon(runFolder, host, port),
    );
  }

  #file(id: string): string {
    return join(this.#options.runFolder, `${id}.raw`);
  }

  #pidFile(id: string): string {
    return join(this.#options.runFolder, `${id}.storage.pid`);
  }
}
