/** What is in the node's first file system: programs of Debian, kernel modules, our scripts. */
import { readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import { runProgram } from '../processes/program.ts';
import type { ArchiveEntry } from './archive.ts';
import type { Kernel } from './kernel-package.ts';
import { modulesNeeded, parseDependencies, writeDependencies } from './kernel-modules.ts';

/** Debian package → its programs that a node runs. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  'tpm2-tools': ['/usr/bin/tpm2'],
  'nbd-client': ['/usr/sbin/nbd-client'],
  'open-iscsi': ['/usr/sbin/iscsistart'],
  'cryptsetup-bin': ['/usr/sbin/cryptsetup'],
  'wireguard-tools': ['/usr/bin/wg'],
  openssl: ['/usr/bin/openssl'],
};

/** Loaded by name while a node runs; tpm2-tools find their way to the TPM through it. */
const LIBRARIES = ['/usr/lib/x86_64-linux-gnu/libtss2-tcti-device.so.0'];
const BUSYBOX = '/bin/busybox';

/** Debian packages that the image is made from. */
export const IMAGE_PACKAGES: readonly string[] = [
  ...['busybox-static', 'kmod', 'zstd', 'systemd-boot-efi', 'libtss2-tcti-device0'],
  ...Object.keys(PROGRAMS),
];

/** Cards and disks of virtual machines, network disks, encryption of disks and of networks. */
const MODULES = [
  ...['virtio_pci', 'virtio_net', 'virtio_blk', 'virtio_rng', 'efivarfs'],
  ...[
    'nbd',
    'iscsi_tcp',
    'sd_mod',
    'dm_crypt',
    'xts',
    'ecb',
    'aesni_intel',
    'algif_skcipher',
    'wireguard',
    'overlay',
  ],
];

/** Ours: name in `node/` → path in the image. */
const SCRIPTS: Readonly<Record<string, string>> = {
  'init.sh': 'init',
  'attest.sh': 'lib/ocx/attest.sh',
  'boot.sh': 'lib/ocx/boot.sh',
  'network.sh': 'lib/ocx/network.sh',
  'lease.sh': 'lib/ocx/lease.sh',
};

export async function imageContents(kernel: Kernel): Promise<Map<string, ArchiveEntry>> {
  const entries = new Map<string, ArchiveEntry>();
  const addFile = (path: string, from: string, isProgram = true) =>
    entries.set(path, { kind: 'file', data: readFileSync(from), isProgram });
  for (const folder of ['bin', 'sbin', 'lib', 'lib64']) {
    entries.set(folder, { kind: 'link', target: `usr/${folder}` });
  }
  for (const folder of ['dev', 'proc', 'sys', 'run', 'tmp', 'root', 'etc', 'newroot']) {
    entries.set(`${folder}/.keep`, { kind: 'file', data: new Uint8Array(), isProgram: false });
  }
  addFile('usr/bin/busybox', BUSYBOX);
  const applets = (await runProgram(BUSYBOX, ['--list'])).split('\n').filter(Boolean);
  for (const applet of applets) {
    if (applet !== 'busybox') entries.set(`usr/bin/${applet}`, { kind: 'link', target: 'busybox' });
  }
  const programs = Object.values(PROGRAMS).flat();
  for (const program of programs) addFile(program.slice(1), program);
  for (const library of LIBRARIES) addFile(library.slice(1), realpathSync(library));
  for (const library of await librariesOf([...programs, ...LIBRARIES])) {
    addFile(merged(library).slice(1), realpathSync(library));
  }
  await addModules(entries, kernel);
  for (const [name, path] of Object.entries(SCRIPTS)) {
    addFile(path.replace(/^lib\//, 'usr/lib/'), join(import.meta.dirname, 'node', name));
  }
  return entries;
}

/** Debian keeps the old folders as links into /usr. */
function merged(path: string): string {
  return path.startsWith('/usr/') ? path : `/usr${path}`;
}

/** What the loader would load. */
async function librariesOf(files: readonly string[]): Promise<readonly string[]> {
  const printed = await runProgram('ldd', files);
  const missing = /^\s*(\S+) => not found/m.exec(printed);
  if (missing) throw missingLibrary(missing[1]!);
  const found = [...printed.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map((match) => match[1]!);
  return [...new Set(found)].sort();
}

async function addModules(entries: Map<string, ArchiveEntry>, kernel: Kernel): Promise<void> {
  const folder = join('lib', 'modules', kernel.release);
  const from = join(kernel.root, folder);
  const dependencies = parseDependencies(readFileSync(join(from, 'modules.dep'), 'utf8'));
  const { paths, unknown } = modulesNeeded(MODULES, dependencies);
  if (unknown.length > 0) {
    throw new OcxError({
      code: 'BACKEND_KERNEL',
      message: `${kernel.package} has no module ${unknown.join(', ')}`,
      remedy: 'use a kernel of Debian 12',
    });
  }
  for (const path of paths) {
    const data = readFileSync(join(from, path));
    entries.set(join('usr', folder, path), { kind: 'file', data, isProgram: false });
  }
  const text = writeDependencies(paths, dependencies);
  const data = Buffer.from(text);
  entries.set(join('usr', folder, 'modules.dep'), { kind: 'file', data, isProgram: false });
}

function missingLibrary(name: string): OcxError {
  return new OcxError({
    code: 'BACKEND_PROGRAM_MISSING',
    message: `the library ${basename(name)} is not installed`,
    remedy: 'install the Debian packages that the rack asks for',
  });
}
