/**
 * Volumes in files: golden images as raw files that nobody may write, disks as qcow2 files that
 * stand on them. An encrypted disk stands on a LUKS copy of the image, of which its owner has one,
 * and has a key of its own in its own copy of the header.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { changeKey, createOverlay, encryptRaw } from './qemu-img.ts';
import { syncFolder, unfinishedName } from './records.ts';
import type { DiskEncryption, GoldenImage, Volumes, VolumeName } from './volumes.ts';

const BASE = 'base.raw';
const DISK = 'disk.qcow2';
const ENCRYPTED_BASE = 'base.luks';
const READ_ONLY = 0o444;

export const qcow2Volumes: Volumes = {
  encrypts: true,

  async seal({ folder }, file, signal) {
    const base = join(folder, BASE);
    await rename(file, base);
    await chmod(base, READ_ONLY);
    await sync(base);
    await syncFolder(folder);
    return `${await contentHash(base, signal)} ${await mark(base)}`;
  },

  async isSealed({ folder, seal }, thoroughly, signal) {
    const base = join(folder, BASE);
    const [hash, ...rest] = seal.split(' ');
    const isUntouched = (await mark(base)) === rest.join(' ');
    // Restored from a backup it is another file with the same content.
    if (isUntouched && !thoroughly) return true;
    return (await contentHash(base, signal)) === hash;
  },

  async removeImage() {
    // The file goes with the folder.
  },

  async snapshot() {
    // An image never changes, so that a snapshot of it is the image itself.
  },

  async clone({ folder }, _, disk, signal) {
    await makeOverlay(join(disk.folder, DISK), join(folder, BASE), signal);
  },

  async encrypt(image, disk, keys, signal) {
    const base = await encryptedBase(image, keys, signal);
    const file = join(disk.folder, DISK);
    const unfinished = join(disk.folder, unfinishedName());
    try {
      await createOverlay(unfinished, base, signal);
      await changeKey(unfinished, keys.baseKey, keys.diskKey, signal);
      await sync(unfinished);
      await rename(unfinished, file);
    } finally {
      await rm(unfinished, { force: true });
    }
    await syncFolder(disk.folder);
  },

  async destroy() {
    // The file goes with the folder.
  },

  blockDevice({ folder }: VolumeName) {
    const file = `driver=file,node-name=file,filename=${join(folder, DISK)},locking=on`;
    const disk = 'driver=qcow2,node-name=disk,file=file,discard=unmap';
    return ['--blockdev', file, '--blockdev', disk];
  },
};

async function makeOverlay(file: string, base: string, signal: AbortSignal): Promise<void> {
  const unfinished = join(dirname(file), unfinishedName());
  try {
    await createOverlay(unfinished, base, signal);
    await sync(unfinished);
    await rename(unfinished, file);
  } finally {
    await rm(unfinished, { force: true });
  }
  await syncFolder(dirname(file));
}

async function encryptedBase(
  image: GoldenImage,
  { baseFolder, baseKey }: DiskEncryption,
  signal: AbortSignal,
): Promise<string> {
  const base = join(baseFolder, ENCRYPTED_BASE);
  if (await exists(base)) return base;
  await mkdir(baseFolder, { recursive: true, mode: 0o700 });
  const unfinished = join(baseFolder, unfinishedName());
  try {
    await encryptRaw(join(image.folder, BASE), unfinished, baseKey, signal);
    await chmod(unfinished, READ_ONLY);
    await sync(unfinished);
    await rename(unfinished, base);
  } finally {
    await rm(unfinished, { force: true });
  }
  await syncFolder(baseFolder);
  return base;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Changes with every write, change of permissions and exchange of the file. */
async function mark(file: string): Promise<string> {
  const { ino, size, ctimeNs, mode } = await stat(file, { bigint: true });
  return [ino, size, ctimeNs, mode & 0o7777n].join(' ');
}

async function contentHash(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { signal, highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
