/** Real stores of disks for the tests, and a node's way to the disks by QEMU's own clients. */
import { execFile, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Exporter } from '../../../backends/images/exporter.ts';
import { FolderStore } from '../../../backends/images/folder-store.ts';
import { IscsiExporter } from '../../../backends/images/iscsi-exporter.ts';
import { NbdExporter } from '../../../backends/images/nbd-exporter.ts';
import type { DiskAddress, ImageStore } from '../../../backends/images/protocol.ts';
import { qcow2Volumes } from '../../../backends/images/qcow2-volumes.ts';
import type { DiskClient, ImageKind, ImagePlace } from '../../contract/image-contract.ts';

const run = promisify(execFile);
const TOOL_MS = 30_000;
const IMAGE_BYTES = 32 * 1024 * 1024;

/** Options of QEMU that open the address. */
function blockOptions(address: DiskAddress, secretFile: string): string[] {
  const { host, port } = address;
  if (address.method === 'nbd') {
    const server = `server.type=inet,server.host=${host},server.port=${port}`;
    return ['--image-opts', `driver=nbd,${server},export=${address.exportName}`];
  }
  const { target, initiator, user, secret } = address;
  writeFileSync(secretFile, secret, { mode: 0o600 });
  const login = `user=${user},password-secret=chap,initiator-name=${initiator}`;
  return [
    ...['--object', `secret,id=chap,file=${secretFile}`, '--image-opts'],
    `driver=iscsi,transport=tcp,portal=${host}:${port},target=${target},lun=1,${login}`,
  ];
}

/** QEMU's programs as the node. */
export function qemuClient(folder: string): DiskClient {
  const io = async (address: DiskAddress, ...commands: string[]) => {
    const secretFile = join(folder, `chap-${randomUUID()}`);
    const options = blockOptions(address, secretFile);
    const words = commands.flatMap((command) => ['-c', command]);
    const ran = await run('qemu-io', [...options, ...words], { timeout: TOOL_MS }).catch(
      (cause: Error) => {
        // With a trace that leads to the test.
        throw new Error(`qemu-io failed: ${cause.message.trim().split('\n').at(-1)}`);
      },
    );
    return ran.stdout;
  };
  return {
    reaches: (address) =>
      io(address, 'length').then(
        () => true,
        () => false,
      ),
    async write(address, offset, byte) {
      await io(address, `write -P ${byte} ${offset} 512`, 'flush');
    },
    async read(address, offset) {
      const text = await io(address, `read -v ${offset} 512`);
      return Number.parseInt(/^[0-9a-f]{8}: {2}([0-9a-f]{2})/m.exec(text)![1]!, 16);
    },
  };
}

export interface RealPlace extends ImagePlace {
  readonly folder: string;
  readonly store: FolderStore;
  readonly runFolder: string;
  readonly importFolder: string;
  /** Another store object on the same folder. */
  another(): FolderStore;
}

/** A store whose folder and processes `close` removes. */
export async function openReal(
  driver: 'nbd' | 'iscsi',
  port: number,
  tlsFolder: string | null = null,
): Promise<RealPlace> {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-disks-'));
  const importFolder = join(folder, 'import');
  const runFolder = join(folder, 'store', 'run');
  mkdirSync(importFolder);
  const golden = join(importFolder, 'golden.raw');
  writeFileSync(golden, '');
  truncateSync(golden, IMAGE_BYTES);
  await run('mkfs.ext4', ['-q', '-F', golden], { timeout: TOOL_MS });
  const another = () => {
    const exporter: Exporter =
      driver === 'nbd'
        ? new NbdExporter({ runFolder, firstPort: port, lastPort: port + 40, tlsFolder })
        : new IscsiExporter({ runFolder, port });
    const limits = { fileBytes: 2e9, diskBytes: 2e9 };
    const options = { folder: join(folder, 'store'), host: '127.0.0.1', tunnelHost: null };
    return new FolderStore(
      { ...options, importFolder, limits, reserveBytes: 0 },
      qcow2Volumes,
      exporter,
    );
  };
  let store = another();
  await store.recover();
  return {
    ...{ folder, runFolder, importFolder, store, another },
    source: 'import/golden.raw',
    client: qemuClient(folder),
    encrypts: true,
    async takeOver(): Promise<ImageStore> {
      await store.close();
      store = another();
      await store.recover();
      return store;
    },
    async close() {
      await store.close();
      await ended(runFolder);
      rmSync(folder, { recursive: true });
    },
  };
}

/** Ends all that serves disks of the store with this folder. */
export async function ended(runFolder: string): Promise<void> {
  const signal = AbortSignal.timeout(TOOL_MS);
  await new IscsiExporter({ runFolder, port: 1 }).closeOthers(new Set(), signal);
  const options = { runFolder, firstPort: 1, lastPort: 1, tlsFolder: null };
  await new NbdExporter(options).closeOthers(new Set());
}

/** Why these tests cannot be run here, or null. */
export function missingServers(): string | null {
  const missing = ['qemu-img', 'qemu-storage-daemon', 'nbdkit', 'tgtd', 'mkfs.ext4'].filter(
    (name) => spawnSync(name, ['--version']).error !== undefined,
  );
  return missing.length > 0 && !process.env['CI'] ? `${missing.join(', ')} not installed` : null;
}

/** For the contract. */
export function realKind(driver: 'nbd' | 'iscsi', port: number): ImageKind {
  return { name: `qcow2-${driver}`, open: () => openReal(driver, port) };
}
