import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { ImageStore } from '../../../backends/images/protocol.ts';
import type { Volumes } from '../../../backends/images/volumes.ts';
import {
  cloneDisk,
  expose,
  exposeOrder,
  failsContract,
  imageContract,
  prepare,
} from '../../contract/image-contract.ts';
import { openPlain, PlainExporter, plainVolumes, type PlainPlace } from './plain-store.ts';

imageContract({ name: 'folder', open: () => openPlain() }, (title, run) =>
  test(title, async (t) => {
    await t.notThrowsAsync(run);
  }),
);

async function place(t: ExecutionContext): Promise<PlainPlace> {
  const opened = await openPlain();
  t.teardown(() => opened.close());
  await prepare(opened.store, opened.source);
  return opened;
}

function soon(): AbortSignal {
  return AbortSignal.timeout(10_000);
}

function importing(store: ImageStore, imageId: string, source: string) {
  const order = { operation: 'ImportImage', imageId, source, snapshotId: null } as const;
  return store.change({ ...order, sequence: 1 }, soon());
}

class LeavesOpen extends PlainExporter {
  override async close(): Promise<void> {}
}

class KeepsNames extends PlainExporter {
  override async newAddress(host: string) {
    return { method: 'nbd', host, port: 1, exportName: 'disk' } as const;
  }
}

test('a planted exporter that leaves disks open is noticed', async (t) => {
  const kind = { name: 'left open', open: () => openPlain(new LeavesOpen()) };
  t.true(await failsContract(kind, 'out of reach'));
});

test('a planted exporter that gives the same names again is noticed', async (t) => {
  const kind = { name: 'same names', open: () => openPlain(new KeepsNames()) };
  t.true(await failsContract(kind, 'by a name made for it'));
});

test('planted volumes that let disks share their bytes are noticed', async (t) => {
  const volumes: Volumes = {
    ...plainVolumes,
    async clone(image, _, disk) {
      symlinkSync(join(image.folder, 'base'), join(disk.folder, 'disk'));
    },
  };
  const kind = { name: 'shared', open: () => openPlain(new PlainExporter(), volumes) };
  t.true(await failsContract(kind, 'neither the image nor'));
});

test('what does not start is closed again, and nothing was done', async (t) => {
  const { store, exporter } = await place(t);
  await cloneDisk(store, 'd');
  for (const fault of ['open', 'openLate'] as const) {
    exporter.failNext = fault;
    const outcome = await store.expose(exposeOrder('d', 'n1', 'l1'), soon());
    t.is(outcome.status, 'noEffect');
    t.is(exporter.served.size, 0);
    t.is(store.exposedTo('n1', 'l1'), null);
  }
  await t.notThrowsAsync(expose(store, 'd', 'n1', 'l1'));
});

test('what does not end is uncertain, stays on the books, and is not destroyed', async (t) => {
  const { store, exporter } = await place(t);
  await cloneDisk(store, 'd');
  await expose(store, 'd', 'n1', 'l1');
  exporter.failNext = 'close';
  t.is((await store.hide({ diskId: 'd', sequence: 1e9 }, soon())).status, 'uncertain');
  t.is(store.exposedTo('n1', 'l1'), null, 'nobody is told of it any more');
  t.is((await store.destroy({ diskId: 'd', sequence: 1e9 }, soon())).status, 'noEffect');
  t.is((await store.hide({ diskId: 'd', sequence: 1e9 }, soon())).status, 'ok');
  t.is(exporter.served.size, 0);
});

test('an exposure that was under way when the process died is closed by the next', async (t) => {
  const { store, exporter, takeOver } = await place(t);
  await cloneDisk(store, 'd');
  exporter.failNext = 'hang';
  void store.expose(exposeOrder('d', 'n1', 'l1'), soon());
  while (exporter.served.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const successor = await takeOver();
  t.is(exporter.served.size, 0);
  t.is(successor.exposedTo('n1', 'l1'), null);
  await t.notThrowsAsync(expose(successor, 'd', 'n1', 'l1'));
});

test('what cannot be closed at the start is told, and closed when it is hidden', async (t) => {
  const { store, exporter, another } = await place(t);
  await cloneDisk(store, 'd');
  await expose(store, 'd', 'n1', 'l1');
  exporter.failNext = 'close';
  await store.hide({ diskId: 'd', sequence: 1e9 }, soon());
  exporter.failNext = 'close';
  const successor = another();
  t.like(await successor.recover(), { closed: [], unclosed: ['d'] });
  t.is((await successor.hide({ diskId: 'd', sequence: 1e9 }, soon())).status, 'ok');
  t.is(exporter.served.size, 0);
});

test('servers of nobody’s disks are ended at the start, those that died come back', async (t) => {
  const { store, exporter, takeOver } = await place(t);
  await cloneDisk(store, 'd');
  const address = await expose(store, 'd', 'n1', 'l1');
  const [id, served] = [...exporter.served][0]!;
  exporter.served.set('f'.repeat(32), served);
  exporter.served.delete(id);
  t.deepEqual(await store.mend(), ['d']);
  exporter.served.delete(id);
  const successor = await takeOver();
  t.deepEqual([...exporter.served.keys()], [id]);
  t.deepEqual(successor.exposedTo('n1', 'l1')?.address, address);
});

test('what an import or a clone has left unfinished is removed at the start', async (t) => {
  const { folder, takeOver, store } = await place(t);
  await cloneDisk(store, 'd');
  for (const kind of ['images', 'disks']) {
    mkdirSync(join(folder, 'store', kind, '.unfinished-x'));
    writeFileSync(join(folder, 'store', kind, '.unfinished-x', 'source'), 'x');
  }
  const disks = join(folder, 'store', 'disks');
  renameSync(
    join(
      disks,
      readdirSync(disks).find((name) => name.startsWith('d.'))!,
    ),
    join(disks, 'y'),
  );
  await takeOver();
  t.deepEqual(
    readdirSync(disks).filter((name) => name !== 'y'),
    [],
  );
  t.is(readdirSync(join(folder, 'store', 'images')).length, 1);
});

test('an image that was changed is not cloned any more', async (t) => {
  const { folder, store } = await place(t);
  const images = join(folder, 'store', 'images');
  utimesSync(join(images, readdirSync(images)[0]!, 'base'), 1, 1);
  const outcome = await store.clone(
    { diskId: 'd', imageId: 'i', snapshotId: 's', sequence: 1 },
    soon(),
  );
  t.is(outcome.status === 'noEffect' && outcome.error.code, 'DEVICE_IMAGE_CHANGED');
});

test('links that lead out of the import folder, folders and text are no images', async (t) => {
  const { importFolder, folder, store } = await place(t);
  writeFileSync(join(folder, 'outside.raw'), Buffer.alloc(4_096, 0x55));
  symlinkSync(join(folder, 'outside.raw'), join(importFolder, 'link.raw'));
  symlinkSync(folder, join(importFolder, 'up'));
  mkdirSync(join(importFolder, 'sub'));
  writeFileSync(join(importFolder, 'text.raw'), 'not an image\n'.repeat(1_000));
  const codes: string[] = [];
  for (const name of ['link.raw', 'up/outside.raw', 'sub', 'missing.raw', 'text.raw']) {
    const outcome = await importing(store, name, `import/${name}`);
    codes.push(outcome.status === 'noEffect' ? outcome.error.code : outcome.status);
  }
  t.deepEqual(codes, [...Array<string>(4).fill('INPUT_IMAGE_SOURCE'), 'INPUT_IMAGE_FORMAT']);
  t.is(readdirSync(join(folder, 'store', 'images')).length, 1, 'nothing is left of them');
});

test('an import leaves disks the room that they need', async (t) => {
  const full = await openPlain(new PlainExporter(), plainVolumes, 1e18);
  t.teardown(() => full.close());
  const outcome = await importing(full.store, 'i', full.source);
  t.is(outcome.status === 'noEffect' && outcome.error.code, 'RESOURCE_STORE_FULL');
  t.deepEqual(readdirSync(join(full.folder, 'store', 'images')), []);
});

test('two processes do not work on one folder', async (t) => {
  const { folder, takeOver } = await place(t);
  // Process 1 lives, and has not started at the time that its lock says only if it is another one.
  const lock = join(folder, 'store', 'lock');
  const started = readFileSync('/proc/1/stat', 'utf8').split(') ')[1]!.split(' ')[19];
  writeFileSync(lock, `1 ${started}`);
  await t.throwsAsync(takeOver(), { code: 'RESOURCE_STORE_BUSY' });
  writeFileSync(lock, `1 ${Number(started) + 1}`);
  await t.notThrowsAsync(takeOver());
});
