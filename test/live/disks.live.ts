/** Disks as they are served to nodes: QEMU's storage daemon, nbdkit and tgt, and QEMU as the node. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { checkImage, HEAD_BYTES } from '../../backends/images/image-check.ts';
import { commandLines } from '../../backends/images/tools.ts';
import { diskPassphrase } from '../../backends/boot/key-shares.ts';
import {
  cloneDisk,
  expose,
  exposeOrder,
  imageContract,
  isOk,
  prepare,
} from '../contract/image-contract.ts';
import { missingServers, openReal, realKind } from './support/disks.ts';

const run = promisify(execFile);
const missing = missingServers();
const KINDS = [realKind('nbd', 21_000), realKind('iscsi', 21_100)];

if (missing === null) {
  for (const kind of KINDS) {
    imageContract(kind, (title, run_) =>
      test.serial(title, async (t) => {
        await t.notThrowsAsync(run_);
      }),
    );
  }
} else {
  test.skip(missing, () => undefined);
}

const live = missing === null ? test.serial : test.serial.skip;

live('a server that hangs is started again, and nothing is lost', async (t) => {
  const place = await openReal('nbd', 21_200);
  t.teardown(() => place.close());
  await prepare(place.store, place.source);
  await cloneDisk(place.store, 'd');
  const address = await expose(place.store, 'd', 'n', 'l');
  await place.client!.write(address, 0x80_0000, 0x77);
  t.deepEqual(await place.store.mend(), [], 'all is well');
  for (const { pid, words } of await commandLines()) {
    const isIts = words.some((word) => word.startsWith(place.runFolder));
    if (isIts && words[0]!.endsWith('qemu-storage-daemon')) process.kill(pid, 'SIGSTOP');
  }
  t.deepEqual(await place.store.mend(), ['d']);
  t.is(await place.client!.read(address, 0x80_0000), 0x77);
});

live('an encrypted disk is LUKS under its own key, with the image inside', async (t) => {
  const place = await openReal('nbd', 21_200);
  t.teardown(() => place.close());
  await prepare(place.store, place.source);
  const keys: string[] = [];
  for (const [index, diskId] of ['d', 'e'].entries()) {
    await cloneDisk(place.store, diskId);
    const order = { ...exposeOrder(diskId, `n${index}`, 'l'), encrypted: true };
    isOk(await place.store.expose(order, AbortSignal.timeout(60_000)));
    keys.push(diskPassphrase(place.store.exposedTo(`n${index}`, 'l')!.key!));
  }
  const { address } = place.store.exposedTo('n0', 'l')!;
  if (address.method !== 'nbd') return t.fail();
  const server = `file.driver=nbd,file.server.type=inet,file.server.host=${address.host}`;
  const opened = async (key: string) => {
    const file = join(place.folder, 'key');
    writeFileSync(file, key);
    const disk = `driver=luks,key-secret=k,${server},file.server.port=${address.port}`;
    const words = ['convert', '--object', `secret,id=k,file=${file}`, '--image-opts', '-O', 'raw'];
    const target = join(place.folder, 'opened.raw');
    await run('qemu-img', [...words, `${disk},file.export=${address.exportName}`, target]);
    return readFileSync(target);
  };
  const golden = readFileSync(join(place.importFolder, 'golden.raw'));
  t.true((await opened(keys[0]!)).equals(golden));
  await t.throwsAsync(opened(keys[1]!), { message: /Invalid password/ }, 'not another disk’s');
});

live(
  'what qemu-img makes is accepted where it stands alone, and refused where it does not',
  async (t) => {
    const place = await openReal('nbd', 21_200);
    t.teardown(() => place.close());
    const folder = join(place.folder, 'made');
    mkdirSync(folder);
    const base = join(folder, 'base.qcow2');
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', base, '64M']);
    const check = async (name: string, ...options: string[]) => {
      const file = join(folder, name);
      await run('qemu-img', ['create', '-q', '-f', 'qcow2', ...options, file, '64M']);
      const bytes = readFileSync(file);
      const limits = { fileBytes: 1e9, diskBytes: 1e9 };
      const checked = checkImage(bytes.subarray(0, HEAD_BYTES), bytes.length, limits);
      return 'code' in checked ? checked.code : checked.sizeBytes;
    };
    const size = 64 * 1024 * 1024;
    t.is(await check('plain'), size);
    t.is(await check('old', '-o', 'compat=0.10'), size);
    t.is(await check('small-clusters', '-o', 'cluster_size=512'), size);
    t.is(await check('large-clusters', '-o', 'cluster_size=2M'), size);
    t.is(await check('zstd', '-o', 'compression_type=zstd'), size);
    t.is(await check('lazy', '-o', 'lazy_refcounts=on'), size);
    t.is(await check('overlay', '-b', base, '-F', 'qcow2'), 'INPUT_IMAGE_BACKING');
    const data = `data_file=${join(folder, 'data.raw')}`;
    t.is(await check('data', '-o', data), 'INPUT_IMAGE_FEATURES');
    t.is(await check('subclusters', '-o', 'extended_l2=on'), 'INPUT_IMAGE_FEATURES');
  },
);

live('a compressed qcow2 image is imported as what it shows', async (t) => {
  const place = await openReal('nbd', 21_200);
  t.teardown(() => place.close());
  const golden = join(place.importFolder, 'golden.raw');
  await run('qemu-io', ['-f', 'raw', '-c', 'write -P 0x5c 20M 64k', golden]);
  const packed = join(place.importFolder, 'packed.qcow2');
  await run('qemu-img', ['convert', '-c', '-f', 'raw', '-O', 'qcow2', golden, packed]);
  await prepare(place.store, 'import/packed.qcow2');
  await cloneDisk(place.store, 'd');
  const address = await expose(place.store, 'd', 'n', 'l');
  t.is(await place.client!.read(address, 20 * 1024 * 1024), 0x5c);
});

live('an import of an image that reads a file of the host is refused', async (t) => {
  const place = await openReal('nbd', 21_200);
  t.teardown(() => place.close());
  const secret = join(place.folder, 'secret.raw');
  copyFileSync(join(place.importFolder, 'golden.raw'), secret);
  const overlay = join(place.importFolder, 'overlay.qcow2');
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', secret, overlay]);
  const order = { operation: 'ImportImage', imageId: 'x', snapshotId: null, sequence: 1 } as const;
  const source = 'import/overlay.qcow2';
  const outcome = await place.store.change({ ...order, source }, AbortSignal.timeout(30_000));
  t.is(outcome.status === 'noEffect' && outcome.error.code, 'INPUT_IMAGE_BACKING');
});

live('a clone of an image of a gibibyte is there in a second', async (t) => {
  const place = await openReal('nbd', 21_200);
  t.teardown(() => place.close());
  const large = join(place.importFolder, 'large.raw');
  await run('truncate', ['-s', '1G', large]);
  await run('mkfs.ext4', ['-q', '-F', large]);
  await prepare(place.store, 'import/large.raw', 'large');
  const beginMs = performance.now();
  await cloneDisk(place.store, 'd', 'large');
  const tookMs = performance.now() - beginMs;
  t.log(`cloned in ${Math.round(tookMs)} ms`);
  t.true(tookMs < 1_000, `${tookMs} ms`);
});

/** An authority, and a certificate of it for a server and for a client, as nbdkit and QEMU name them. */
async function authority(folder: string): Promise<string> {
  mkdirSync(folder);
  const make = async (name: string, template: string, ...more: string[]) => {
    const file = (kind: string) => join(folder, `${name}-${kind}.pem`);
    writeFileSync(join(folder, 'template'), template);
    await run('certtool', ['--generate-privkey', '--key-type=ecdsa', '--outfile', file('key')]);
    const words = ['--template', join(folder, 'template'), '--load-privkey', file('key')];
    await run('certtool', [...more, ...words, '--outfile', file('cert')]);
  };
  await make('ca', 'cn = test\nca\ncert_signing_key\n', '--generate-self-signed');
  const signer = ['--load-ca-certificate', join(folder, 'ca-cert.pem')];
  const sign = [
    '--generate-certificate',
    ...signer,
    '--load-ca-privkey',
    join(folder, 'ca-key.pem'),
  ];
  const server = 'cn = 127.0.0.1\nip_address = 127.0.0.1\ntls_www_server\nsigning_key\n';
  await make('server', server, ...sign);
  await make('client', 'cn = node\ntls_www_client\nsigning_key\n', ...sign);
  return folder;
}

live('over TLS a disk is open to clients with a certificate of the authority alone', async (t) => {
  const scratch = mkdtempSync(join(tmpdir(), 'ocx-tls-'));
  t.teardown(() => rmSync(scratch, { recursive: true }));
  const ours = await authority(join(scratch, 'ours'));
  const theirs = await authority(join(scratch, 'theirs'));
  const place = await openReal('nbd', 21_300, ours);
  t.teardown(() => place.close());
  await prepare(place.store, place.source);
  await cloneDisk(place.store, 'd');
  isOk(await place.store.expose(exposeOrder('d', 'n', 'l'), AbortSignal.timeout(60_000)));
  const { address } = place.store.exposedTo('n', 'l')!;
  if (address.method !== 'nbd') return t.fail();
  const { host, port, exportName } = address;
  const server = `driver=nbd,server.type=inet,server.host=${host},server.port=${port}`;
  const reads = (credentials: string | null) => {
    const object = `tls-creds-x509,id=tls,endpoint=client,dir=${credentials}`;
    const tls = credentials === null ? [] : ['--object', object];
    const disk = `${server},export=${exportName}${credentials === null ? '' : ',tls-creds=tls'}`;
    return run('qemu-io', [...tls, '--image-opts', disk, '-c', 'read 1M 4k']).then(
      () => true,
      () => false,
    );
  };
  t.true(await reads(ours));
  t.false(await reads(theirs));
  t.false(await reads(null));
});
