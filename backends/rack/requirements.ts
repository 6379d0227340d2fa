/** What a rack needs of the machine, and how it comes by it. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { OcxError } from '../../core/kernel/errors.ts';
import { IMAGE_PACKAGES } from '../boot-image/contents.ts';
import type { Accelerator } from './plan.ts';

const PACKAGES: readonly string[] = [
  ...[
    'qemu-system-x86',
    'qemu-system-common',
    'qemu-utils',
    'ovmf',
    'openvswitch-switch',
    'iproute2',
    'ethtool',
  ],
  ...['nftables', 'procps', 'util-linux', 'dnsmasq-base', 'openipmi', 'ipmitool', 'socat'],
  ...[
    'swtpm',
    'swtpm-tools',
    'gnutls-bin',
    'tcpdump',
    'e2fsprogs',
    'tgt',
    'nbdkit',
    'wireguard-go',
  ],
];

/** Packages ask it whether their daemons may be started; 101 says no: a rack starts its own. */
const POLICY = '/usr/sbin/policy-rc.d';
const NOTHING_STARTS = '#!/bin/sh\nexit 101\n';

/** Debian packages that are needed and not installed. */
export function missingPackages(): readonly string[] {
  const wanted = [...new Set([...PACKAGES, ...IMAGE_PACKAGES])].sort();
  const format = '${Package} ${db:Status-Status}\n';
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', format, ...wanted], { encoding: 'utf8' });
  const installed = new Set(
    (stdout ?? '').split('\n').flatMap((line) => {
      const [name, status] = line.split(' ');
      return status === 'installed' ? [name!] : [];
    }),
  );
  return wanted.filter((name) => !installed.has(name));
}

/** @throws BACKEND_RACK_… */
export function requireMachine(accelerator: Accelerator): void {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw unfit('MACHINE', 'a rack needs Linux on amd64', 'use another machine');
  }
  if (process.getuid?.() !== 0) {
    throw unfit('ROOT', 'a rack makes network namespaces, which only root may', 'run it as root');
  }
  if (!existsSync('/usr/bin/apt-get')) {
    throw unfit('DEBIAN', 'a rack is made of Debian packages', 'use Debian 12');
  }
  if (accelerator === 'kvm' && !existsSync('/dev/kvm')) {
    throw unfit('KVM', 'this machine has no KVM', 'leave --accel out: QEMU emulates the processor');
  }
}

/**
 * Installs Debian packages; what is said goes to standard error.
 * @throws BACKEND_RACK_PACKAGES
 */
export function installPackages(names: readonly string[]): void {
  const isOurs = !existsSync(POLICY);
  if (isOurs) writeFileSync(POLICY, NOTHING_STARTS, { mode: 0o755 });
  try {
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    for (const step of [['update'], ['install', '-y', '--no-install-recommends', ...names]]) {
      spawnSync('apt-get', ['-qq', ...step], { env: environment, stdio: ['ignore', 2, 2] });
    }
  } finally {
    if (isOurs) rmSync(POLICY);
  }
  const missing = missingPackages();
  if (missing.length === 0) return;
  throw packagesMissing(missing, 'see what apt-get said');
}

export function packagesMissing(names: readonly string[], remedy?: string): OcxError {
  return unfit(
    'PACKAGES',
    `Debian packages are missing: ${names.join(' ')}`,
    remedy ?? 'add --yes to have them installed',
  );
}

function unfit(code: string, message: string, remedy: string): OcxError {
  return new OcxError({ code: `BACKEND_RACK_${code}`, message, remedy });
}
