/**
 * The provisioner's desk in the tenant's network: it tells each node how to get at its disk, and
 * learns from the node's system that it runs. What it has been asked and told is on the disk before
 * it answers, so that a boot is not lost with the process. See docs/boot.md.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Outcome } from '../../core/kernel/service.ts';
import type { BootNode } from '../../core/provisioner/protocol.ts';
import { Lanes } from '../images/lanes.ts';
import { nothing } from '../images/outcomes.ts';
import type { DiskAddress, ExposedDisk, ImageStore } from '../images/protocol.ts';
import { folderName, readRecord, writeRecord } from '../images/records.ts';
import { shareV, xorKeys } from './key-shares.ts';
import type { Tunnel } from './tunnel.ts';

/** A node that may boot here. */
export interface BootableNode {
  readonly nodeId: string;
  /** Of its NICs, lower case with colons. */
  readonly macs: readonly string[];
  /** That DHCP gives it; the desk answers it there alone. Null: it is not looked at. */
  readonly address: string | null;
  /** Its own inside the tunnel; null: none. */
  readonly tunnelAddress: string | null;
}

export interface BootDeskOptions {
  readonly nodes: readonly BootableNode[];
  readonly store: Pick<ImageStore, 'exposedTo'>;
  /** For its records. */
  readonly folder: string;
  /** Shared with the attester, for level `full`; null: no node boots at that level. */
  readonly shareSecret: Buffer | null;
  readonly tunnel: Tunnel | null;
}

/** One boot of a node, as it is on the disk. */
interface BootRecord {
  readonly nodeId: string;
  readonly leaseId: string;
  readonly fencingToken: number;
  readonly securityLevel: BootNode['securityLevel'];
  /** The node has asked for its disk: what reports itself from then on is the new system. */
  readonly isAsked: boolean;
  readonly isUp: boolean;
}

interface Waiting {
  readonly fencingToken: number;
  settle(outcome: Outcome): void;
}

export class BootDesk {
  readonly #options: BootDeskOptions;
  readonly #byMac = new Map<string, BootableNode>();
  readonly #byAddress = new Map<string, BootableNode>();
  readonly #nodes = new Map<string, BootableNode>();
  readonly #records = new Map<string, BootRecord>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #lanes = new Lanes();

  constructor(options: BootDeskOptions) {
    this.#options = options;
    for (const node of options.nodes) {
      this.#nodes.set(node.nodeId, node);
      if (node.address !== null) this.#byAddress.set(node.address, node);
      for (const mac of node.macs) this.#byMac.set(mac, node);
    }
  }

  /** Reads what is known of the nodes; before anything else. */
  async load(): Promise<void> {
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    for (const nodeId of this.#nodes.keys()) {
      const record = await readRecord<BootRecord>(this.#file(nodeId));
      if (record) this.#records.set(nodeId, record);
    }
  }

  /** Waits until the node's system says that it runs. */
  async boot(effect: BootNode, signal: AbortSignal): Promise<Outcome> {
    const refusal = this.#refusal(effect);
    if (refusal) return refusal;
    const { nodeId, fencingToken } = effect;
    const begun = await this.#lanes.run(nodeId, () => this.#begin(effect));
    if (begun) return begun;
    const { promise, resolve: settle } = Promise.withResolvers<Outcome>();
    this.#waiting.get(nodeId)?.settle(overtaken());
    this.#waiting.set(nodeId, { fencingToken, settle });
    const message = 'the node’s system has not said in time that it runs';
    const error = { code: 'DEVICE_BOOT_TIMEOUT', message };
    const expire = () => settle({ status: 'uncertain', error });
    signal.addEventListener('abort', expire);
    if (signal.aborted) expire();
    // It may have said so while the boot was begun.
    if (this.#records.get(nodeId)?.isUp) settle(ok);
    const outcome = await promise;
    signal.removeEventListener('abort', expire);
    if (this.#waiting.get(nodeId)?.settle === settle) this.#waiting.delete(nodeId);
    return outcome;
  }

  /**
   * What the node needs to get at its disk, as lines `key=value`.
   *
   * @param from address that the call came from
   * @returns null while nothing is open to it
   */
  async describe(mac: string, from: string): Promise<string | null> {
    const node = this.#caller(mac, from);
    if (!node) return null;
    return this.#lanes.run(node.nodeId, async () => {
      const found = this.#current(node);
      if (!found) return null;
      const { record, disk } = found;
      const lines = { ...describeDisk(disk), ...this.#keys(node, record, disk) };
      await this.#put({ ...record, isAsked: true });
      return Object.entries(lines)
        .map(([key, value]) => `${key}=${value}\n`)
        .join('');
    });
  }

  /** The node's system runs. @returns false where nobody waits for it */
  async up(mac: string, from: string): Promise<boolean> {
    const node = this.#caller(mac, from);
    if (!node) return false;
    return this.#lanes.run(node.nodeId, async () => {
      const found = this.#current(node);
      if (!found?.record.isAsked) return false;
      const { record } = found;
      if (!record.isUp) await this.#put({ ...record, isUp: true });
      const waiting = this.#waiting.get(node.nodeId);
      if (waiting?.fencingToken === record.fencingToken) waiting.settle(ok);
      return true;
    });
  }

  /** A script for iPXE, which starts the disk itself; null but for iSCSI disks of level `none`. */
  async ipxeScript(from: string): Promise<string | null> {
    const node = this.#byAddress.get(from);
    if (!node) return null;
    return this.#lanes.run(node.nodeId, async () => {
      const found = this.#current(node);
      if (!found || found.record.securityLevel !== 'none') return null;
      const { address } = found.disk;
      if (address.method !== 'iscsi') return null;
      await this.#put({ ...found.record, isAsked: true });
      const { initiator, user, secret, host, port, target } = address;
      return [
        '#!ipxe',
        `set initiator-iqn ${initiator}`,
        `set username ${user}`,
        `set password ${secret}`,
        `sanboot --keep iscsi:${host}:tcp:${port}:1:${target}`,
        '',
      ].join('\n');
    });
  }

  /** Ends all waiting; what becomes of the boots is found out by the next process. */
  close(): void {
    const error = { code: 'RESOURCE_STOPPING', message: 'the service is stopping' };
    for (const { settle } of this.#waiting.values()) settle({ status: 'uncertain', error });
  }

  #refusal({ nodeId, method, securityLevel }: BootNode): Outcome | null {
    const { shareSecret, tunnel } = this.#options;
    const node = this.#nodes.get(nodeId);
    if (method !== 'diskless') {
      return nothing('DEVICE_METHOD', 'nodes boot from disks in the network here');
    }
    if (!node)
      return nothing('DEVICE_NODE_UNKNOWN', `node ${nodeId} is not among those that boot here`);
    if (securityLevel !== 'full') return null;
    if (shareSecret && tunnel && node.tunnelAddress !== null) return null;
    return nothing('DEVICE_LEVEL', 'there are no key shares or no tunnel for level full');
  }

  async #begin(effect: BootNode): Promise<Outcome | null> {
    const { nodeId, leaseId, fencingToken, securityLevel } = effect;
    const known = this.#records.get(nodeId);
    if (known && known.fencingToken > fencingToken) return overtaken();
    if (known?.fencingToken === fencingToken && known.leaseId === leaseId) {
      return known.isUp ? ok : null;
    }
    const fresh = { nodeId, leaseId, fencingToken, securityLevel, isAsked: false, isUp: false };
    await this.#put(fresh);
    return null;
  }

  #caller(mac: string, from: string): BootableNode | null {
    const node = this.#byMac.get(mac.toLowerCase());
    return node && (node.address === null || node.address === from) ? node : null;
  }

  #current(node: BootableNode): { record: BootRecord; disk: ExposedDisk } | null {
    const record = this.#records.get(node.nodeId);
    const disk = record && this.#options.store.exposedTo(node.nodeId, record.leaseId);
    return disk ? { record, disk } : null;
  }

  #keys(node: BootableNode, { leaseId }: BootRecord, { key }: ExposedDisk): Record<string, string> {
    const { shareSecret, tunnel } = this.#options;
    if (key === null || !shareSecret || !tunnel) return {};
    const keyShare = xorKeys(key, shareV(shareSecret, leaseId, node.nodeId)).toString('base64');
    return { keyShare, ...tunnel.parameters(node.tunnelAddress!) };
  }

  async #put(record: BootRecord): Promise<void> {
    if (JSON.stringify(record) === JSON.stringify(this.#records.get(record.nodeId))) return;
    await writeRecord(this.#file(record.nodeId), record);
    this.#records.set(record.nodeId, record);
  }

  #file(nodeId: string): string {
    return join(this.#options.folder, `${folderName(nodeId)}.json`);
  }
}

function describeDisk({ address, content, key }: ExposedDisk): Record<string, string> {
  return { ...describeAddress(address), fstype: content, encryption: key ? 'luks' : 'none' };
}

function describeAddress(address: DiskAddress): Record<string, string> {
  const { method, host, port } = address;
  const server = { method, host, port: String(port) };
  if (address.method === 'nbd') return { ...server, export: address.exportName };
  const { target, initiator, user, secret } = address;
  return { ...server, target, initiator, user, secret };
}

function overtaken(): Outcome {
  return nothing('DEVICE_FENCED', 'the node was handed over anew since');
}
