/** Debian's kernel for virtual machines, unpacked into a folder without being installed. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import { runProgram } from '../processes/program.ts';

export interface Kernel {
  /** Debian package with its version. */
  readonly package: string;
  /** SHA-256 of the package, in hex. */
  readonly sha256: string;
  /** As `uname -r` has it. */
  readonly release: string;
  readonly image: string;
  /** The folder that `lib/modules/RELEASE` is in. */
  readonly root: string;
}

/** It depends on the newest. */
const META_PACKAGE = 'linux-image-cloud-amd64';
const DOWNLOAD_MS = 300_000;

/**
 * The newest that the machine's package lists have, downloaded into `cache` unless it is there.
 * @throws BACKEND_KERNEL
 */
export async function obtainKernel(cache: string): Promise<Kernel> {
  mkdirSync(cache, { recursive: true });
  const depends = await runProgram('apt-cache', ['depends', META_PACKAGE]);
  const name = /Depends: (linux-image-[\w.+-]+)/.exec(depends)?.[1];
  if (name === undefined) throw noKernel(`${META_PACKAGE} is in no package list`);
  const policy = await runProgram('apt-cache', ['policy', name]);
  const version = /Candidate: (\S+)/.exec(policy)?.[1];
  if (version === undefined || version === '(none)') throw noKernel(`${name} has no version`);
  const file = join(cache, `${name}_${version.replaceAll(':', '%3a')}_amd64.deb`);
  if (!existsSync(file)) {
    await runProgram('apt-get', ['-qq', 'download', `${name}=${version}`], {
      folder: cache,
      timeoutMs: DOWNLOAD_MS,
    });
  }
  if (!existsSync(file)) throw noKernel(`apt-get download made no ${file}`);
  const root = join(cache, `${name}_${version.replaceAll(':', '%3a')}`);
  if (!existsSync(root)) await unpack(file, root);
  const release = readdirSync(join(root, 'lib', 'modules'))[0];
  if (release === undefined) throw noKernel(`${name} has no modules`);
  return {
    package: `${name}=${version}`,
    sha256: createHash('sha256').update(readFileSync(file)).digest('hex'),
    release,
    image: join(root, 'boot', `vmlinuz-${release}`),
    root,
  };
}

/** Under another name first: a folder of the final name is whole. */
async function unpack(file: string, root: string): Promise<void> {
  const unfinished = `${root}.part`;
  rmSync(unfinished, { recursive: true, force: true });
  await runProgram('dpkg-deb', ['-x', file, unfinished]);
  for (const release of readdirSync(join(unfinished, 'lib', 'modules'))) {
    await runProgram('depmod', ['-b', unfinished, release]);
  }
  renameSync(unfinished, root);
}

function noKernel(message: string): OcxError {
  return new OcxError({
    code: 'BACKEND_KERNEL',
    message,
    remedy: 'run apt-get update on a Debian 12 machine',
  });
}
