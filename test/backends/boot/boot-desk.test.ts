import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { BootDesk } from '../../../backends/boot/boot-desk.ts';
import { bootApi } from '../../../backends/boot/boot-api.ts';
import { shareV, xorKeys } from '../../../backends/boot/key-shares.ts';
import type { Tunnel } from '../../../backends/boot/tunnel.ts';
import { EmulatedImageStore } from '../../../backends/images/emulated.ts';
import type { BootNode } from '../../../core/provisioner/protocol.ts';

const MAC = '52:54:00:00:00:01';
const ADDRESS = '10.65.0.11';
const SECRET = Buffer.alloc(32, 7);
const NODES = [
  { nodeId: 'n1', macs: [MAC], address: ADDRESS, tunnelAddress: '10.254.0.11' },
  { nodeId: 'n2', macs: ['52:54:00:00:00:02'], address: '10.65.0.12', tunnelAddress: null },
];
/** What a node is told of the tunnel, without one. */
const TUNNEL = {
  parameters: (address: string) => ({ wgAddress: `${address}/32` }),
} as unknown as Tunnel;

interface Place {
  readonly desk: BootDesk;
  readonly store: EmulatedImageStore;
  /** Another process on the same records. */
  again(): Promise<BootDesk>;
}

async function place(t: ExecutionContext): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-desk-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const store = new EmulatedImageStore();
  store.images.set('i', new Map([['s', true]]));
  const again = async () => {
    const desk = new BootDesk({ nodes: NODES, store, folder, shareSecret: SECRET, tunnel: TUNNEL });
    await desk.load();
    return desk;
  };
  return { desk: await again(), store, again };
}

async function expose(
  store: EmulatedImageStore,
  nodeId: string,
  leaseId: string,
  encrypted = false,
) {
  const diskId = `${nodeId} ${leaseId}`;
  await store.clone({ diskId, imageId: 'i', snapshotId: 's', sequence: 1 });
  const order = { diskId, nodeId, leaseId, encrypted, owner: 'organisation:a', sequence: 2 };
  return store.expose(order);
}

function bootOf(change: Partial<BootNode> = {}): BootNode {
  return {
    ...{ kind: 'BootNode', effectId: 'p/1', sequence: 1, deadlineMs: 0, fencingToken: 1 },
    ...{ nodeId: 'n1', leaseId: 'l1', method: 'diskless', securityLevel: 'none' },
    fromAttestedFirmware: false,
    ...change,
  };
}

function soon(ms = 5_000): AbortSignal {
  // What is waited for to the end has to keep the process alive; a signal's own timer does not.
  if (ms > 1_000) return AbortSignal.timeout(ms);
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException('it is late', 'TimeoutError')), ms);
  return controller.signal;
}

/** What the node is told, once its boot has begun. */
async function described(desk: BootDesk): Promise<string> {
  for (;;) {
    const text = await desk.describe(MAC, ADDRESS);
    if (text !== null) return text;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function fieldsOf(text: string | null): Record<string, string> {
  const lines = (text ?? '').trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
}

test('a boot is done when the node has got its disk and says that it runs', async (t) => {
  const { desk, store } = await place(t);
  t.is(await desk.describe(MAC, ADDRESS), null, 'nothing is open to it');
  await expose(store, 'n1', 'l1');
  const booted = desk.boot(bootOf(), soon());
  t.false(await desk.up(MAC, ADDRESS), 'a system that has not fetched its disk is an old one');
  const fields = fieldsOf(await described(desk));
  t.like(fields, { method: 'nbd', host: '127.0.0.1', fstype: 'ext4', encryption: 'none' });
  t.regex(fields['export']!, /^[0-9a-f]{48}$/);
  t.true(await desk.up(MAC.toUpperCase(), ADDRESS));
  t.deepEqual(await booted, { status: 'ok', value: undefined });
  t.true(await desk.up(MAC, ADDRESS), 'said twice');
});

test('a node is told of its own disk alone, and only at its own address', async (t) => {
  const { desk, store } = await place(t);
  await expose(store, 'n1', 'l1');
  void desk.boot(bootOf(), soon(500));
  await described(desk);
  t.is(await desk.describe(MAC, '10.65.0.12'), null);
  t.is(await desk.describe('52:54:00:00:00:02', '10.65.0.12'), null);
  t.is(await desk.describe('../../etc', ADDRESS), null);
  t.not(await desk.describe(MAC, ADDRESS), null);
});

test('a newer hand-over ends the boot before it, whose system can say nothing any more', async (t) => {
  const { desk, store } = await place(t);
  await expose(store, 'n1', 'l1');
  const first = desk.boot(bootOf(), soon());
  await described(desk);
  const second = desk.boot(bootOf({ fencingToken: 2 }), soon());
  t.is((await first).status, 'noEffect');
  t.false(await desk.up(MAC, ADDRESS));
  const late = await desk.boot(bootOf(), soon());
  t.is(late.status === 'noEffect' && late.error.code, 'DEVICE_FENCED');
  await desk.describe(MAC, ADDRESS);
  t.true(await desk.up(MAC, ADDRESS));
  t.is((await second).status, 'ok');
});

test('silence is no boot', async (t) => {
  const { desk, store } = await place(t);
  await expose(store, 'n1', 'l1');
  const outcome = await desk.boot(bootOf(), soon(50));
  t.is(outcome.status === 'uncertain' && outcome.error.code, 'DEVICE_BOOT_TIMEOUT');
});

test('what a node has said is not forgotten with the process', async (t) => {
  const { desk, store, again } = await place(t);
  await expose(store, 'n1', 'l1');
  void desk.boot(bootOf(), soon(500));
  await described(desk);
  const second = await again();
  t.true(await second.up(MAC, ADDRESS), 'it had fetched its disk from the process before');
  const third = await again();
  t.is((await third.boot(bootOf(), soon())).status, 'ok');
});

test('level full gives share U, and nothing to nodes without a tunnel', async (t) => {
  const { desk, store } = await place(t);
  await expose(store, 'n1', 'l1', true);
  void desk.boot(bootOf({ securityLevel: 'full' }), soon(500));
  const fields = fieldsOf(await described(desk));
  t.like(fields, { encryption: 'luks', wgAddress: '10.254.0.11/32' });
  const key = xorKeys(Buffer.from(fields['keyShare']!, 'base64'), shareV(SECRET, 'l1', 'n1'));
  t.deepEqual(key, store.exposedTo('n1', 'l1')!.key);
  const codes = [
    await desk.boot(bootOf({ nodeId: 'n2', securityLevel: 'full' }), soon()),
    await desk.boot(bootOf({ nodeId: 'n3' }), soon()),
    await desk.boot(bootOf({ method: 'diskful' }), soon()),
  ].map((outcome) => outcome.status === 'noEffect' && outcome.error.code);
  t.deepEqual(codes, ['DEVICE_LEVEL', 'DEVICE_NODE_UNKNOWN', 'DEVICE_METHOD']);
});

test('over HTTP it is as docs/boot.md says', async (t) => {
  const { desk, store } = await place(t);
  await expose(store, 'n1', 'l1');
  const app = bootApi({ desk, imageFile: import.meta.filename });
  t.teardown(() => app.close());
  const booted = desk.boot(bootOf(), soon());
  const call = (
    method: 'GET' | 'POST' | 'HEAD',
    url: string,
    remoteAddress = `::ffff:${ADDRESS}`,
  ) => app.inject({ method, url, remoteAddress });
  t.is((await call('GET', '/v1/whereami')).body, 'enclave');
  t.is((await call('GET', `/v1/boot/${MAC}`, '10.65.0.12')).statusCode, 404);
  t.is((await call('POST', `/v1/boot/${MAC}/up`)).statusCode, 404);
  await described(desk);
  const told = await call('GET', `/v1/boot/${MAC}`);
  t.regex(told.headers['content-type'] as string, /^text\/plain/);
  t.regex(told.body, /^([a-zA-Z]+=[^\s"']+\n)+$/);
  const posted = await app.inject({
    ...{ method: 'POST', url: `/v1/boot/${MAC}/up`, remoteAddress: ADDRESS },
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'anything',
  });
  t.is(posted.statusCode, 204);
  t.is((await booted).status, 'ok');
  const head = await call('HEAD', '/uki.efi');
  const image = await call('GET', '/uki.efi');
  t.is(head.headers['content-length'], image.headers['content-length']);
  t.is(image.rawPayload.length, Number(image.headers['content-length']));
  t.is((await call('GET', '/boot.ipxe')).statusCode, 404, 'NBD disks are not for iPXE');
  t.is((await call('GET', '/etc/passwd')).statusCode, 404);
});
