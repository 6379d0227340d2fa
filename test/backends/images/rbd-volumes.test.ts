/** The Ceph driver against a scripted `rbd`; no cluster has seen it. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { RbdVolumes } from '../../../backends/images/rbd-volumes.ts';
import { cloneDisk, imageContract, prepare } from '../../contract/image-contract.ts';
import { openPlain, PlainExporter } from './plain-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'ocx-rbd-'));
const FAKE = join(import.meta.dirname, 'fake-rbd.sh');
copyFileSync(FAKE, join(folder, 'rbd'));
process.env['PATH'] = `${folder}:${process.env['PATH']}`;

const volumes = new RbdVolumes({ pool: 'ocx', user: 'tenant', configurationFile: '/etc/c.conf' });

test.after.always(() => rmSync(folder, { recursive: true }));

function clear(): void {
  rmSync(join(folder, 'images'), { recursive: true, force: true });
  mkdirSync(join(folder, 'images'));
}

function images(): string[] {
  return readdirSync(join(folder, 'images'));
}

async function place(t: ExecutionContext) {
  clear();
  const opened = await openPlain(new PlainExporter(), volumes);
  t.teardown(() => opened.close());
  return opened;
}

const kind = {
  name: 'ceph-rbd',
  async open() {
    clear();
    return { ...(await openPlain(new PlainExporter(), volumes)), client: null };
  },
};

imageContract(kind, (title, run) =>
  test.serial(title, async (t) => {
    await t.notThrowsAsync(run);
  }),
);

function soon(): AbortSignal {
  return AbortSignal.timeout(10_000);
}

test.serial('nothing is left in the pool in the end', async (t) => {
  const { store, source } = await place(t);
  await prepare(store, source);
  await cloneDisk(store, 'd');
  t.is(images().length, 2);
  const image = { imageId: 'i', snapshotId: 's', source: null, sequence: 1e9 };
  t.is((await store.destroy({ diskId: 'd', sequence: 1e9 }, soon())).status, 'ok');
  for (const operation of ['UnprotectSnapshot', 'RemoveSnapshot', 'RemoveImage'] as const) {
    t.is((await store.change({ ...image, operation }, soon())).status, 'ok');
  }
  t.deepEqual(images(), []);
});

test.serial('a command that failed may have worked: the next try finds out', async (t) => {
  const { store, source } = await place(t);
  await prepare(store, source);
  const order = { diskId: 'd', imageId: 'i', snapshotId: 's', sequence: 1e9 };
  for (const [fault, left] of [
    ['info 5', 1],
    ['clone 5', 1],
    ['clone 110late', 2],
  ] as const) {
    writeFileSync(join(folder, 'fail'), fault);
    t.is((await store.clone(order, soon())).status, 'uncertain', fault);
    t.false(existsSync(join(folder, 'fail')));
    t.is(images().length, left, fault);
  }
  t.is((await store.destroy({ diskId: 'd', sequence: 1e9 }, soon())).status, 'ok');
  t.is(images().length, 1, 'what may have been left is destroyed all the same');
  t.is((await store.clone(order, soon())).status, 'ok');
  t.is(images().length, 2);
});

test.serial('an import that broke off is begun anew', async (t) => {
  const { store, source } = await place(t);
  const order = { operation: 'ImportImage', imageId: 'i', snapshotId: null, source } as const;
  for (const fault of ['import 110late', 'snap 5']) {
    writeFileSync(join(folder, 'fail'), fault);
    t.is((await store.change({ ...order, sequence: 1 }, soon())).status, 'uncertain', fault);
    t.is(images().length, 1);
  }
  t.is((await store.change({ ...order, sequence: 2 }, soon())).status, 'ok');
  t.is(images().length, 1);
});

test.serial('another image under the same name is not cloned', async (t) => {
  const { store, source } = await place(t);
  await prepare(store, source);
  const [name] = images();
  writeFileSync(join(folder, 'images', name!, 'id'), 'another');
  const order = { diskId: 'd', imageId: 'i', snapshotId: 's', sequence: 1e9 };
  const outcome = await store.clone(order, soon());
  t.is(outcome.status === 'noEffect' && outcome.error.code, 'DEVICE_IMAGE_CHANGED');
});

test('disks are opened in the pool, by the user', (t) => {
  const [, options] = volumes.blockDevice({ folder: '/x', name: 'd.0' });
  t.regex(
    options!,
    /^driver=rbd,node-name=disk,pool=ocx,user=tenant,conf=\/etc\/c.conf,image=ocx-disk-d.0,/,
  );
});
