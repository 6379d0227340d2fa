/**
 * What every store of images and disks must keep. A driver's test file calls this with a way to open
 * its store, and, where disks have bytes, a way to get at one as a node does.
 */
import assert from 'node:assert/strict';
import type { Outcome } from '../../core/kernel/service.ts';
import type { DiskAddress, ExposeOrder, ImageStore } from '../../backends/images/protocol.ts';

/** A node's way to a disk, from outside the store. */
export interface DiskClient {
  /** False where the server does not let it in. */
  reaches(address: DiskAddress): Promise<boolean>;
  write(address: DiskAddress, offset: number, byte: number): Promise<void>;
  read(address: DiskAddress, offset: number): Promise<number>;
}

export interface ImagePlace {
  readonly store: ImageStore;
  /** Of an image that can be imported. */
  readonly source: string;
  /** Null where disks have no bytes. */
  readonly client: DiskClient | null;
  /** Another process takes over after this one was killed; null where nothing outlives it. */
  readonly takeOver: (() => Promise<ImageStore>) | null;
  /** Whether disks can be encrypted. */
  readonly encrypts: boolean;
  close(): Promise<void>;
}

export interface ImageKind {
  readonly name: string;
  open(): Promise<ImagePlace>;
}

interface ContractCase {
  readonly title: string;
  run(place: ImagePlace): Promise<void>;
}

const PATIENCE_MS = 60_000;
/** Beyond what a file system's own marks take. */
const OFFSET = 8 * 1024 * 1024;

let lastSequence = 0;

function next(): { sequence: number } {
  lastSequence += 1;
  return { sequence: lastSequence };
}

function soon(): AbortSignal {
  return AbortSignal.timeout(PATIENCE_MS);
}

/** It is so now. */
export function isOk(outcome: Outcome): void {
  assert.equal<string>(outcome.status, 'ok', JSON.stringify(outcome));
}

/** Nothing has happened, for this reason. */
export function refused(outcome: Outcome, code: string): void {
  assert.equal<string>(outcome.status, 'noEffect', JSON.stringify(outcome));
  if (outcome.status !== 'ok') assert.equal(outcome.error.code, code);
}

/** Imports the image and protects a snapshot `s` of it. */
export async function prepare(store: ImageStore, source: string, imageId = 'i'): Promise<void> {
  const image = { imageId, source: null, snapshotId: 's' };
  isOk(
    await store.change(
      { ...next(), ...image, operation: 'ImportImage', source, snapshotId: null },
      soon(),
    ),
  );
  isOk(await store.change({ ...next(), ...image, operation: 'TakeSnapshot' }, soon()));
  isOk(await store.change({ ...next(), ...image, operation: 'ProtectSnapshot' }, soon()));
}

export async function cloneDisk(store: ImageStore, diskId: string, imageId = 'i'): Promise<void> {
  isOk(await store.clone({ ...next(), diskId, imageId, snapshotId: 's' }, soon()));
}

export function exposeOrder(diskId: string, nodeId: string, leaseId: string): ExposeOrder {
  return { ...next(), diskId, nodeId, leaseId, encrypted: false, owner: 'organisation:a' };
}

/** Opens the disk; answers how to get at it. */
export async function expose(
  store: ImageStore,
  diskId: string,
  nodeId: string,
  leaseId: string,
): Promise<DiskAddress> {
  isOk(await store.expose(exposeOrder(diskId, nodeId, leaseId), soon()));
  return store.exposedTo(nodeId, leaseId)!.address;
}

function secretsOf(address: DiskAddress): string[] {
  if (address.method === 'nbd') return [address.exportName];
  return [address.target, address.initiator, address.user, address.secret];
}

async function hide(store: ImageStore, diskId: string): Promise<void> {
  isOk(await store.hide({ ...next(), diskId }, soon()));
}

const CASES: readonly ContractCase[] = [
  {
    title: 'every step of a disk may be taken twice',
    async run({ store, source }) {
      await prepare(store, source);
      await prepare(store, source);
      await cloneDisk(store, 'd');
      await cloneDisk(store, 'd');
      const order = exposeOrder('d', 'n1', 'l1');
      isOk(await store.expose(order, soon()));
      const first = store.exposedTo('n1', 'l1');
      isOk(await store.expose(order, soon()));
      assert.deepEqual(store.exposedTo('n1', 'l1'), first, 'its name and secret stay');
      await hide(store, 'd');
      await hide(store, 'd');
      isOk(await store.destroy({ ...next(), diskId: 'd' }, soon()));
      isOk(await store.destroy({ ...next(), diskId: 'd' }, soon()));
      isOk(await store.hide({ ...next(), diskId: 'd' }, soon()));
      assert.equal(store.exposedTo('n1', 'l1'), null);
    },
  },
  {
    title: 'a disk stands on a protected snapshot only, and keeps it',
    async run({ store, source }) {
      const image = { imageId: 'i', source: null, snapshotId: 's' } as const;
      const clone = () => store.clone({ ...next(), diskId: 'd', ...image }, soon());
      const change = (operation: Parameters<ImageStore['change']>[0]['operation']) =>
        store.change({ ...next(), ...image, operation }, soon());
      refused(await clone(), 'NOT_FOUND_SNAPSHOT');
      isOk(await store.change({ ...next(), ...image, operation: 'ImportImage', source }, soon()));
      isOk(await change('TakeSnapshot'));
      refused(await clone(), 'NOT_FOUND_SNAPSHOT');
      isOk(await change('ProtectSnapshot'));
      isOk(await clone());
      refused(await change('RemoveSnapshot'), 'CONFLICT_SNAPSHOT_HAS_CLONES');
      refused(await change('UnprotectSnapshot'), 'CONFLICT_SNAPSHOT_HAS_CLONES');
      refused(await change('RemoveImage'), 'CONFLICT_IMAGE_HAS_SNAPSHOTS');
      isOk(await store.destroy({ ...next(), diskId: 'd' }, soon()));
      refused(await change('RemoveSnapshot'), 'CONFLICT_SNAPSHOT_BUSY');
      isOk(await change('UnprotectSnapshot'));
      isOk(await change('RemoveSnapshot'));
      isOk(await change('RemoveImage'));
      isOk(await change('RemoveImage'));
      refused(await change('TakeSnapshot'), 'NOT_FOUND_SNAPSHOT');
    },
  },
  {
    title: 'sources outside of what is allowed are refused',
    async run({ store }) {
      const sources = [
        ...['', '/etc/passwd', 'import/../../etc/passwd', 'import/', 'import//etc/passwd/..'],
        ...['nbd://127.0.0.1/x', 'json:{"driver":"file"}', 'upload/../x', 'import/no\0thing'],
      ];
      for (const source of sources) {
        const order = { operation: 'ImportImage', imageId: 'x', snapshotId: null, source } as const;
        refused(await store.change({ ...next(), ...order }, soon()), 'INPUT_IMAGE_SOURCE');
      }
    },
  },
  {
    title: 'a disk is open to one node under one lease, by a name made for it',
    async run({ store, source, client }) {
      await prepare(store, source);
      await cloneDisk(store, 'd');
      await cloneDisk(store, 'e');
      const address = await expose(store, 'd', 'n1', 'l1');
      refused(await store.expose(exposeOrder('d', 'n2', 'l2'), soon()), 'DEVICE_DISK_EXPOSED');
      refused(await store.expose(exposeOrder('d', 'n1', 'l2'), soon()), 'DEVICE_DISK_EXPOSED');
      assert.equal(store.exposedTo('n2', 'l2'), null);
      assert.equal(store.exposedTo('n1', 'l2'), null);
      const other = await expose(store, 'e', 'n2', 'l2');
      const secrets = [...secretsOf(address), ...secretsOf(other)];
      assert.equal(new Set(secrets).size, secrets.length);
      if (client) {
        assert.equal(await client.reaches(address), true);
        assert.equal(await client.reaches({ ...address, ...guess(address) } as DiskAddress), false);
        const crossed = { ...address, port: other.port };
        if (other.port !== address.port) assert.equal(await client.reaches(crossed), false);
      }
    },
  },
  {
    title: 'a hidden disk is out of reach, and has other names when it is opened again',
    async run({ store, source, client }) {
      await prepare(store, source);
      await cloneDisk(store, 'd');
      const before = await expose(store, 'd', 'n1', 'l1');
      await client?.write(before, OFFSET, 0xa5);
      refused(await store.destroy({ ...next(), diskId: 'd' }, soon()), 'DEVICE_DISK_EXPOSED');
      await hide(store, 'd');
      if (client) assert.equal(await client.reaches(before), false);
      const after = await expose(store, 'd', 'n2', 'l2');
      assert.equal(store.exposedTo('n1', 'l1'), null);
      const known = new Set(secretsOf(before));
      assert.ok(secretsOf(after).every((secret) => !known.has(secret)));
      if (!client) return;
      assert.equal(await client.read(after, OFFSET), 0xa5, 'a parked disk keeps what was written');
      const mixed = { ...after, ...Object.fromEntries(Object.entries(before).filter(isSecret)) };
      assert.equal(await client.reaches(mixed as DiskAddress), false);
    },
  },
  {
    title: 'what one disk is written reaches neither the image nor another disk',
    async run({ store, source, client }) {
      await prepare(store, source);
      await cloneDisk(store, 'd');
      await cloneDisk(store, 'e');
      const d = await expose(store, 'd', 'n1', 'l1');
      const e = await expose(store, 'e', 'n2', 'l1');
      if (!client) return;
      const clean = await client.read(e, OFFSET);
      await client.write(d, OFFSET, clean ^ 0xff);
      assert.equal(await client.read(e, OFFSET), clean);
      await cloneDisk(store, 'f');
      assert.equal(await client.read(await expose(store, 'f', 'n3', 'l1'), OFFSET), clean);
    },
  },
  {
    title: 'an order that a later one has overtaken does nothing',
    async run({ store, source }) {
      await prepare(store, source);
      await cloneDisk(store, 'd');
      const late = exposeOrder('d', 'n1', 'l1');
      const lateHide = { ...next(), diskId: 'd' };
      await expose(store, 'd', 'n2', 'l2');
      refused(await store.hide(lateHide, soon()), 'DEVICE_FENCED');
      refused(await store.destroy(lateHide, soon()), 'DEVICE_FENCED');
      await hide(store, 'd');
      refused(await store.expose(late, soon()), 'DEVICE_FENCED');
      assert.equal(store.exposedTo('n1', 'l1'), null);
    },
  },
  {
    title: 'names may hold anything',
    async run({ store, source }) {
      const names = ['../../../etc/passwd', '__proto__', '-rf', 'a'.repeat(128)];
      for (const name of names) {
        await prepare(store, source, name);
        await cloneDisk(store, `disk of ${name}`, name);
        await expose(store, `disk of ${name}`, name, name);
        assert.equal(store.exposedTo(name, name)!.diskId, `disk of ${name}`);
        await hide(store, `disk of ${name}`);
        isOk(await store.destroy({ ...next(), diskId: `disk of ${name}` }, soon()));
      }
      assert.equal(store.exposedTo('constructor', 'l'), null);
    },
  },
  {
    title: 'an encrypted disk stays encrypted, and a used one in the clear stays in the clear',
    async run({ store, source, client, encrypts }) {
      await prepare(store, source);
      await cloneDisk(store, 'd');
      const encrypted = { ...exposeOrder('d', 'n1', 'l1'), encrypted: true };
      if (!encrypts)
        return refused(await store.expose(encrypted, soon()), 'DEVICE_DISK_ENCRYPTION');
      isOk(await store.expose(encrypted, soon()));
      const { key, address } = store.exposedTo('n1', 'l1')!;
      assert.equal(key?.length, 32);
      if (client) assert.equal(await client.read(address, 0), 'L'.charCodeAt(0), 'LUKS');
      await hide(store, 'd');
      refused(await store.expose(exposeOrder('d', 'n1', 'l2'), soon()), 'DEVICE_DISK_ENCRYPTION');
      isOk(await store.expose({ ...encrypted, ...next(), leaseId: 'l2' }, soon()));
      assert.deepEqual(store.exposedTo('n1', 'l2')!.key, key);
      await cloneDisk(store, 'e');
      await expose(store, 'e', 'n2', 'l2');
      await hide(store, 'e');
      const wish = { ...exposeOrder('e', 'n2', 'l3'), encrypted: true };
      refused(await store.expose(wish, soon()), 'DEVICE_DISK_ENCRYPTION');
    },
  },
  {
    title: 'another process finds everything as it was left',
    async run({ store, source, client, takeOver }) {
      if (!takeOver) return;
      await prepare(store, source);
      await cloneDisk(store, 'd');
      await cloneDisk(store, 'e');
      const address = await expose(store, 'd', 'n1', 'l1');
      await client?.write(address, OFFSET, 0x3c);
      const successor = await takeOver();
      assert.deepEqual(successor.exposedTo('n1', 'l1')?.address, address);
      if (client) assert.equal(await client.read(address, OFFSET), 0x3c);
      await cloneDisk(successor, 'e');
      await hide(successor, 'd');
      if (client) assert.equal(await client.reaches(address), false);
      isOk(await successor.destroy({ ...next(), diskId: 'd' }, soon()));
      isOk(await successor.destroy({ ...next(), diskId: 'e' }, soon()));
    },
  },
];

function isSecret([name]: readonly [string, unknown]): boolean {
  return name !== 'port' && name !== 'host' && name !== 'method';
}

/** What somebody who knows all but the secret would try. */
function guess(address: DiskAddress): Partial<DiskAddress> {
  if (address.method === 'nbd') return { exportName: 'disk' } as Partial<DiskAddress>;
  return { secret: 'A'.repeat(16) } as Partial<DiskAddress>;
}

type Declare = (title: string, run: () => Promise<void>) => void;

/** Declares the cases that every kind of store must pass. */
export function imageContract(kind: ImageKind, declare: Declare): void {
  for (const { title, run } of CASES) {
    declare(`${kind.name}: ${title}`, async () => {
      const place = await kind.open();
      try {
        await run(place);
      } finally {
        await place.close();
      }
    });
  }
}

/** For whoever checks that a fault is noticed. @returns whether the case with that title fails */
export async function failsContract(kind: ImageKind, title: string): Promise<boolean> {
  const found = CASES.find((contractCase) => contractCase.title.includes(title))!;
  const place = await kind.open();
  const failed = await found.run(place).then(
    () => false,
    (error: unknown) => error instanceof assert.AssertionError,
  );
  await place.close();
  return failed;
}
