/**
 * Opens and closes disks, with each step in the disk's record before it is taken. Whoever calls has
 * the disk to itself.
 */
import { createHash } from 'node:crypto';
import { ok, type Outcome } from '../../core/kernel/service.ts';
import type { DiskRecord, DiskRecords, Exposure } from './disk-records.ts';
import type { Export, Exporter } from './exporter.ts';
import { Lanes } from './lanes.ts';
import { failureOf } from './outcomes.ts';
import type { ExposedDisk, StoreRecovery } from './protocol.ts';
import type { Volumes } from './volumes.ts';

/** Addresses that disks are served at. */
export interface ServingHosts {
  readonly host: string;
  /** Inside the tunnel, for encrypted disks; null: `host`. */
  readonly tunnelHost: string | null;
}

const EXPORT_ID_LENGTH = 32;
const MEND_MS = 60_000;

export class Exposures {
  readonly #disks: DiskRecords;
  readonly #volumes: Volumes;
  readonly #exporter: Exporter;
  readonly #hosts: ServingHosts;
  readonly #addresses = new Lanes();

  constructor(disks: DiskRecords, volumes: Volumes, exporter: Exporter, hosts: ServingHosts) {
    this.#disks = disks;
    this.#volumes = volumes;
    this.#exporter = exporter;
    this.#hosts = hosts;
  }

  /** Closes what was on its way, ends what serves nobody's disk. */
  async recover(signal: AbortSignal): Promise<Pick<StoreRecovery, 'closed' | 'unclosed'>> {
    const closed: string[] = [];
    const unclosed: string[] = [];
    for (const disk of this.#disks.all()) {
      if (disk.exposure === null || disk.exposure.stage === 'open') continue;
      // One that cannot be closed keeps no service from starting.
      const isClosed = await this.close(disk, signal).then(
        () => true,
        () => false,
      );
      (isClosed ? closed : unclosed).push(disk.diskId);
    }
    const kept = this.#disks.all().filter(({ exposure }) => exposure !== null);
    const keep = new Set(kept.map(({ diskId }) => exportId(diskId)));
    await this.#exporter.closeOthers(keep, signal);
    return { closed, unclosed };
  }

  /** Gives the disk a name and a secret for the node; nobody is told of it yet. */
  begin(
    disk: DiskRecord,
    { nodeId, leaseId }: Pick<Exposure, 'nodeId' | 'leaseId'>,
  ): Promise<DiskRecord> {
    const { host, tunnelHost } = this.#hosts;
    const at = disk.key === null ? host : (tunnelHost ?? host);
    // One after the other: no two get the same port.
    return this.#addresses.run(at, async () => {
      const taken = this.#disks.all().flatMap(({ exposure }) => exposure?.address.port ?? []);
      const address = await this.#exporter.newAddress(at, new Set(taken));
      const exposure: Exposure = { nodeId, leaseId, address, stage: 'opening' };
      const begun = { ...disk, isUsed: true, exposure };
      await this.#disks.put(begun);
      return begun;
    });
  }

  /** Serves the disk, or mends what serves it. */
  async open(disk: DiskRecord, signal: AbortSignal): Promise<Outcome> {
    const exposure = disk.exposure!;
    try {
      await this.#exporter.open(this.#exportOf(disk, exposure), signal);
    } catch (error) {
      if (exposure.stage === 'open') throw error;
      // It was promised to nobody: then nobody is to have it.
      await this.close(disk, AbortSignal.timeout(MEND_MS));
      const failure = failureOf(error);
      return failure.status === 'ok' ? failure : { ...failure, status: 'noEffect' };
    }
    await this.#disks.put({ ...disk, exposure: { ...exposure, stage: 'open' } });
    return ok;
  }

  async close(disk: DiskRecord, signal: AbortSignal): Promise<void> {
    const exposure = disk.exposure!;
    await this.#disks.put({ ...disk, exposure: { ...exposure, stage: 'closing' } });
    await this.#exporter.close(exportId(disk.diskId), exposure.address, signal);
    await this.#disks.put({ ...disk, exposure: null });
  }

  /** @returns whether it had to be, and is served again */
  async mend(diskId: string): Promise<boolean> {
    const disk = this.#disks.get(diskId);
    if (disk?.exposure?.stage !== 'open') return false;
    const signal = AbortSignal.timeout(MEND_MS);
    const opened = this.#exportOf(disk, disk.exposure);
    if (await this.#exporter.isOpen(opened, signal)) return false;
    return this.#exporter.open(opened, signal).then(
      () => true,
      // It is looked at again at the next round.
      () => false,
    );
  }

  /** The disk that is open to the node under the lease, or null. */
  to(nodeId: string, leaseId: string): ExposedDisk | null {
    for (const { exposure, diskId, content, key } of this.#disks.all()) {
      const isIts = exposure?.nodeId === nodeId && exposure.leaseId === leaseId;
      if (!isIts || exposure.stage !== 'open') continue;
      const keyBytes = key === null ? null : Buffer.from(key, 'hex');
      return { diskId, nodeId, leaseId, address: exposure.address, content, key: keyBytes };
    }
    return null;
  }

  #exportOf({ diskId }: DiskRecord, { address }: Exposure): Export {
    const blockDevice = this.#volumes.blockDevice(this.#disks.volume(diskId));
    return { id: exportId(diskId), blockDevice, address };
  }
}

/** Names what serves the disk. */
function exportId(diskId: string): string {
  return createHash('sha256').update(diskId).digest('hex').slice(0, EXPORT_ID_LENGTH);
}
