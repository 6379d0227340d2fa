/**
 * Runs the tests of the live world: test/live/. The first word may name one group of them, as
 * ava.live.config.js has them; without it all are run. Those of the PostgreSQL store need a server's
 * programs, those of attestation a TPM of software and its tools. In continuous integration the
 * Debian packages are installed where they are missing (as root), and a machine that cannot have
 * them fails; elsewhere these tests are left out, and it is said.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { inCi, installMissing } from './debian.ts';

const GROUPS: readonly string[] = ['services', 'drivers', 'slurm'];

const root = join(import.meta.dirname, '..');
const hasServer = () => existsSync('/usr/lib/postgresql');
installMissing([
  ['postgresql', '/usr/lib/postgresql'],
  ['ipmitool', '/usr/bin/ipmitool'],
  ['openipmi', '/usr/bin/ipmi_sim'],
  ['redfishtool', '/usr/bin/redfishtool'],
  ['python3-sushy', '/usr/lib/python3/dist-packages/sushy'],
  ['swtpm', '/usr/bin/swtpm'],
  ['swtpm-tools', '/usr/bin/swtpm_setup'],
  ['gnutls-bin', '/usr/bin/certtool'],
  ['openvswitch-switch', '/usr/sbin/ovs-vswitchd'],
  ['nftables', '/usr/sbin/nft'],
  ['iproute2', '/usr/sbin/ip'],
  ['openssh-server', '/usr/sbin/sshd'],
  ['openssh-client', '/usr/bin/ssh'],
  ['procps', '/usr/sbin/sysctl'],
  ['tpm2-tools', '/usr/bin/tpm2_quote'],
  ['slurm-wlm', '/usr/bin/sbatch'],
  ['munge', '/usr/sbin/munged'],
  ['qemu-utils', '/usr/bin/qemu-img'],
  ['qemu-system-common', '/usr/bin/qemu-storage-daemon'],
  ['qemu-block-extra', '/usr/lib/x86_64-linux-gnu/qemu/block-iscsi.so'],
  ['nbdkit', '/usr/bin/nbdkit'],
  ['tgt', '/usr/sbin/tgtd'],
  ['fuse3', '/usr/bin/fusermount3'],
  ['wireguard-go', '/usr/bin/wireguard-go'],
  ['wireguard-tools', '/usr/bin/wg'],
  ['curl', '/usr/bin/curl'],
  ['dnsmasq-base', '/usr/sbin/dnsmasq'],
  ['busybox-static', '/bin/busybox'],
]);
const leftOut: string[] = [];
if (!hasServer() && !inCi) {
  process.stderr.write('Left out: PostgreSQL is not installed (apt-get install postgresql).\n');
  leftOut.push('!test/live/{postgres,takeover}.live.ts', 'test/live/**/*.live.ts');
}
const given = process.argv.slice(2);
const group = GROUPS.includes(given[0] ?? '') ? given.shift() : undefined;
const ava = join(root, 'node_modules', 'ava', 'entrypoints', 'cli.js');
const { status } = spawnSync(
  process.execPath,
  [ava, '--config', 'ava.live.config.js', ...leftOut, ...given],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...(group === undefined ? {} : { OCX_LIVE_GROUP: group }) },
  },
);
process.exitCode = status ?? 1;
