/** dnsmasq with the configuration that is written for it, and nodes that ask it. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { dnsmasqConfiguration } from '../../backends/boot/dnsmasq.ts';
import { NamespacePair } from './support/namespaces.ts';

const run = promisify(execFile);
const GATEWAY = '10.78.0.1';
const NODE = '10.78.0.11';
const MAC = '52:54:00:00:78:11';
const SCRIPT = join(import.meta.dirname, 'support/dhcp-client.sh');

const canRun =
  ['dnsmasq', 'busybox'].every((name) => spawnSync(name, ['--help']).error === undefined) ||
  Boolean(process.env['CI']);
const live = canRun ? test.serial : test.serial.skip;

async function open(t: ExecutionContext): Promise<NamespacePair> {
  const pair = await NamespacePair.open(t, `${GATEWAY}/24`, '10.78.0.250/24');
  const folder = mkdtempSync(join(tmpdir(), 'ocx-dhcp-'));
  const file = join(folder, 'dnsmasq.conf');
  writeFileSync(
    file,
    dnsmasqConfiguration({
      ...{ kind: 'airlock', interface: 'en0', address: GATEWAY, prefixLength: 24 },
      hosts: [{ mac: MAC, address: NODE, name: 'n1' }],
      ...{ httpPort: 8080, tftpFolder: folder, ipxeScript: null },
      ...{ stateFolder: folder, leaseSeconds: 600 },
    }),
  );
  const exec = ['netns', 'exec', pair.server];
  await run('ip', [...exec, 'dnsmasq', '--user=root', `--conf-file=${file}`]);
  const pid = Number(readFileSync(join(folder, 'dnsmasq.pid'), 'utf8'));
  t.teardown(() => {
    process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true });
  });
  return pair;
}

/** What a NIC with this address is told; null: nothing. */
async function ask(
  pair: NamespacePair,
  mac: string,
  ...options: string[]
): Promise<Record<string, string> | null> {
  await pair.onNode('ip', 'link', 'set', 'en0', 'address', mac);
  const tries = ['-n', '-q', '-f', '-t', '3', '-T', '1'];
  const words = ['busybox', 'udhcpc', '-i', 'en0', '-s', SCRIPT, ...tries, ...options];
  const text = await pair.onNode(...words).catch(() => null);
  if (text === null) return null;
  const lines = text
    .trim()
    .split('\n')
    .filter((line) => line.includes('='));
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
}

live(
  'the node gets its address and the boot image, by HTTP and by TFTP, and nobody else anything',
  async (t) => {
    const pair = await open(t);
    // Architectures 16 and 7: UEFI that boots by HTTP, and UEFI that boots by PXE.
    const http = await ask(pair, MAC, '-V', 'HTTPClient:Arch:00016', '-O', '60', '-x', '0x5d:0010');
    t.like(http, { ip: NODE, router: GATEWAY, siaddr: GATEWAY });
    t.is(http?.['boot_file'], `http://${GATEWAY}:8080/uki.efi`);
    const pxe = await ask(pair, MAC, '-V', 'PXEClient:Arch:00007', '-x', '0x5d:0007');
    t.like(pxe, { ip: NODE, siaddr: GATEWAY, boot_file: 'uki.efi' });
    t.is(await ask(pair, '52:54:00:00:78:99'), null);
  },
);
