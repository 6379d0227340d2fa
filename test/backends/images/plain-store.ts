/**
 * A folder store with its records, order and recovery as they are, on volumes that are plain copies
 * and an exporter that serves them to this process. What is served outlives the store object, as
 * servers outlive the process.
 */
import { randomUUID } from 'node:crypto';
import {
  copyFileSync,
  mkdtempSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Export, Exporter } from '../../../backends/images/exporter.ts';
import { FolderStore } from '../../../backends/images/folder-store.ts';
import type { DiskAddress } from '../../../backends/images/protocol.ts';
import type { Volumes } from '../../../backends/images/volumes.ts';
import type { DiskClient, ImagePlace } from '../../contract/image-contract.ts';

const IMAGE_BYTES = 9 * 1024 * 1024;

/** Volumes that are copies. */
export const plainVolumes: Volumes = {
  encrypts: false,
  async seal({ folder }, file) {
    renameSync(file, join(folder, 'base'));
    return String(statSync(join(folder, 'base')).mtimeMs);
  },
  async isSealed({ folder, seal }) {
    return String(statSync(join(folder, 'base')).mtimeMs) === seal;
  },
  async removeImage() {},
  async snapshot() {},
  async clone(image, _, disk) {
    copyFileSync(join(image.folder, 'base'), join(disk.folder, 'disk'));
  },
  async encrypt() {
    throw new Error('plain disks are not encrypted');
  },
  async destroy() {},
  blockDevice: ({ folder }) => [join(folder, 'disk')],
};

/** Serves to this process. */
export class PlainExporter implements Exporter {
  /** Id → address and file. */
  readonly served: Map<string, { address: DiskAddress; file: string }>;
  /** What the next call is to do instead of its work. */
  failNext: 'open' | 'openLate' | 'close' | 'hang' | null = null;

  constructor(served = new Map<string, { address: DiskAddress; file: string }>()) {
    this.served = served;
  }

  async newAddress(host: string): Promise<DiskAddress> {
    return { method: 'nbd', host, port: 1, exportName: randomUUID() };
  }

  async open({ id, address, blockDevice }: Export): Promise<void> {
    if (this.#takeFault('open')) throw new Error('it does not start');
    this.served.set(id, { address, file: blockDevice[0]! });
    if (this.#takeFault('openLate')) throw new Error('it has started and does not answer');
    if (this.#takeFault('hang')) await new Promise(() => {});
  }

  async isOpen({ id, address }: Export): Promise<boolean> {
    const served = this.served.get(id)?.address;
    return served !== undefined && JSON.stringify(served) === JSON.stringify(address);
  }

  async close(id: string): Promise<void> {
    if (this.#takeFault('close')) throw new Error('it does not end');
    this.served.delete(id);
  }

  async closeOthers(keep: ReadonlySet<string>): Promise<void> {
    for (const id of this.served.keys()) if (!keep.has(id)) this.served.delete(id);
  }

  #takeFault(fault: PlainExporter['failNext']): boolean {
    if (this.failNext !== fault) return false;
    this.failNext = null;
    return true;
  }
}

function plainClient(exporter: PlainExporter): DiskClient {
  const fileOf = (address: DiskAddress) => {
    const wanted = JSON.stringify(address);
    const all = [...exporter.served.values()];
    return all.find((served) => JSON.stringify(served.address) === wanted)?.file ?? null;
  };
  const within = async (address: DiskAddress, act: (handle: Handle) => Promise<unknown>) => {
    const handle = await open(fileOf(address)!, 'r+');
    await act(handle).finally(() => handle.close());
  };
  return {
    reaches: async (address) => fileOf(address) !== null,
    write: (address, offset, byte) =>
      within(address, (handle) => handle.write(Buffer.from([byte]), 0, 1, offset)),
    async read(address, offset) {
      const buffer = Buffer.alloc(1);
      await within(address, (handle) => handle.read(buffer, 0, 1, offset));
      return buffer[0]!;
    },
  };
}

type Handle = Awaited<ReturnType<typeof open>>;

export interface PlainPlace extends ImagePlace {
  readonly folder: string;
  readonly importFolder: string;
  readonly exporter: PlainExporter;
  readonly takeOver: () => Promise<FolderStore>;
  /** A store on the same folder that has not been recovered yet. */
  another(): FolderStore;
  readonly store: FolderStore;
}

export async function openPlain(
  exporter = new PlainExporter(),
  volumes: Volumes = plainVolumes,
  reserveBytes = 0,
): Promise<PlainPlace> {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-plain-'));
  const importFolder = join(folder, 'import');
  mkdirSync(importFolder);
  const image = Buffer.alloc(IMAGE_BYTES);
  image.set([0x53, 0xef], 1080);
  writeFileSync(join(importFolder, 'golden.raw'), image);
  const another = () => {
    const limits = { fileBytes: 1e8, diskBytes: 1e8 };
    const options = { folder: join(folder, 'store'), host: '127.0.0.1', tunnelHost: null };
    return new FolderStore({ ...options, importFolder, limits, reserveBytes }, volumes, exporter);
  };
  const takeOver = async () => {
    const store = another();
    await store.recover();
    return store;
  };
  const store = await takeOver();
  return {
    ...{ folder, importFolder, exporter, store, takeOver, another, encrypts: false },
    source: 'import/golden.raw',
    client: plainClient(exporter),
    async close() {
      rmSync(folder, { recursive: true });
    },
  };
}
