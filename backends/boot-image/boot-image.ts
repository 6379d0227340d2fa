/**
 * The image that a node boots in the airlock and in an enclave: Debian's kernel and a first file
 * system with the node's agent, as one program for UEFI (a unified kernel image), so that firmware
 * measures all of it. The same packages give the same bytes.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../processes/program.ts';
import { archive } from './archive.ts';
import { IMAGE_PACKAGES, imageContents } from './contents.ts';
import { obtainKernel } from './kernel-package.ts';
import { expectedPcrs } from './measurements.ts';
import { withSections } from './portable-executable.ts';

const STUB = '/usr/lib/systemd/boot/efi/linuxx64.efi.stub';
/** Firmware's network is slow, and so is the strongest compression. */
const COMPRESSION = ['-15', '--single-thread', '--quiet', '--force'];
const COMPRESSION_MS = 300_000;
const OS_RELEASE = 'ID=ocx\nNAME="Open Cloud eXchange node agent"\nVERSION_ID=1\n';

/** The first serial port is the console; a kernel that fails starts again. `ocx.beacon` may be added. */
export const COMMAND_LINE = 'console=ttyS0 quiet panic=10 rdinit=/init';

/** The parts of an image, before they are put together. */
export interface ImageParts {
  readonly kernel: Buffer;
  readonly initrd: Buffer;
  readonly commandLine: string;
}

/** What lies beside the image, so that anyone can build it again and compare. */
export interface ImageManifest {
  readonly sha256: string;
  readonly bytes: number;
  readonly commandLine: string;
  readonly kernel: { readonly package: string; readonly sha256: string; readonly release: string };
  /** Debian package → version. */
  readonly packages: Readonly<Record<string, string>>;
  /** SHA-256 values that the image alone decides. */
  readonly pcrs: Readonly<Record<string, string>>;
}

/**
 * Builds `boot.efi` and `boot.json` in `folder`; `cache` keeps Debian's kernel, and what was compressed.
 * @throws BACKEND_KERNEL, BACKEND_PROGRAM, BACKEND_PROGRAM_MISSING
 */
export async function buildBootImage(
  folder: string,
  cache: string,
  commandLine = COMMAND_LINE,
): Promise<ImageManifest> {
  mkdirSync(folder, { recursive: true });
  const kernel = await obtainKernel(cache);
  const initrd = await compressed(archive(await imageContents(kernel)), cache);
  const parts = { kernel: readFileSync(kernel.image), initrd, commandLine };
  const image = assemble(parts);
  const { package: name, sha256, release } = kernel;
  const manifest = {
    ...{ sha256: createHash('sha256').update(image).digest('hex'), bytes: image.length },
    commandLine,
    kernel: { package: name, sha256, release },
    packages: await versionsOf(IMAGE_PACKAGES),
    pcrs: expectedPcrs(image),
  };
  replace(join(folder, 'boot.efi'), image);
  replace(join(folder, 'boot.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** One program out of the parts, behind systemd's stub. */
export function assemble({ kernel, initrd, commandLine }: ImageParts): Buffer {
  return withSections(readFileSync(STUB), [
    { name: '.osrel', data: Buffer.from(OS_RELEASE) },
    { name: '.cmdline', data: Buffer.from(`${commandLine}\0`) },
    { name: '.linux', data: kernel },
    { name: '.initrd', data: initrd },
  ]);
}

/** Compressing takes most of the time; what was compressed before is in the cache. */
async function compressed(data: Buffer, cache: string): Promise<Buffer> {
  const version = await runProgram('zstd', ['--version']);
  const key = createHash('sha256').update(data).update(version).update(COMPRESSION.join(' '));
  const packed = join(cache, `initrd-${key.digest('hex').slice(0, 32)}.zst`);
  if (!existsSync(packed)) {
    const plain = `${packed}.${process.pid}`;
    try {
      writeFileSync(plain, data);
      const parameters = [...COMPRESSION, plain, '-o', `${plain}.zst`];
      await runProgram('zstd', parameters, { timeoutMs: COMPRESSION_MS });
      renameSync(`${plain}.zst`, packed);
    } finally {
      for (const file of [plain, `${plain}.zst`]) rmSync(file, { force: true });
    }
  }
  return readFileSync(packed);
}

async function versionsOf(packages: readonly string[]): Promise<Record<string, string>> {
  const format = '${Package} ${Version}\n';
  const printed = await runProgram('dpkg-query', ['-W', '-f', format, ...packages]);
  const lines = printed.split('\n').filter(Boolean);
  return Object.fromEntries(lines.sort().map((line) => line.split(' ') as [string, string]));
}

function replace(path: string, contents: string | Buffer): void {
  writeFileSync(`${path}.part`, contents);
  renameSync(`${path}.part`, path);
}
