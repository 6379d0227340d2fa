/**
 * Level `full` without a guest: the provisioner in one network namespace, the node in another. The
 * node does by hand what its agent does: it joins the two key shares, brings up WireGuard with the key
 * that follows from them, and opens the disk.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { diskPassphrase, nodeTunnelKeys, shareV, xorKeys } from '../../backends/boot/key-shares.ts';
import { endProcesses } from '../../backends/images/tools.ts';
import { missingServers } from './support/disks.ts';
import { NamespacePair } from './support/namespaces.ts';
import { ProvisionerPlace, until } from './support/provisioner-process.ts';

const SERVER = '10.77.0.1';
const NODE = '10.77.0.2';
const MAC = '52:54:00:00:00:01';
const SERVER_IN_TUNNEL = '10.254.77.1';
const NODE_IN_TUNNEL = '10.254.77.2';
const INTERFACE = `ocxs${process.pid}`.slice(0, 15);
const NODE_INTERFACE = `ocxn${process.pid}`.slice(0, 15);

const hasTunnels = ['wireguard-go', 'wg', 'ip'].every(
  (name) => spawnSync(name, ['--version']).error === undefined,
);
const canRun = missingServers() === null && (hasTunnels || Boolean(process.env['CI']));
const live = canRun ? test.serial : test.serial.skip;

interface Full {
  readonly pair: NamespacePair;
  readonly place: ProvisionerPlace;
  readonly secret: Buffer;
}

async function open(t: ExecutionContext): Promise<Full> {
  const pair = await NamespacePair.open(t, `${SERVER}/24`, `${NODE}/24`);
  const secret = randomBytes(32);
  const tunnel = { interface: INTERFACE, address: SERVER_IN_TUNNEL, port: 51_820, host: SERVER };
  const node = { nodeId: 'n1', macs: [MAC], address: NODE, tunnelAddress: NODE_IN_TUNNEL };
  const place = new ProvisionerPlace(
    t,
    {
      images: { driver: 'qcow2-nbd', host: SERVER },
      boot: { host: SERVER, nodes: [node], tunnel },
      keyShareFile: 'shares.hex',
    },
    ['ip', 'netns', 'exec', pair.server],
  );
  writeFileSync(join(place.folder, 'shares.hex'), secret.toString('hex'), { mode: 0o600 });
  t.teardown(async () => {
    for (const name of [INTERFACE, NODE_INTERFACE]) {
      await endProcesses(name, 0);
      rmSync(`/var/run/wireguard/${name}.sock`, { force: true });
    }
  });
  await place.start();
  await place.addImage('i');
  return { pair, place, secret };
}

/** What the boot desk tells the node. */
async function described({ pair }: Full): Promise<Record<string, string>> {
  const url = `http://${SERVER}:8080/v1/boot/${MAC}`;
  let text = '';
  await until('the node is told its disk', async () => {
    text = await pair.onNode('curl', '-sf', url).catch(() => '');
    return text !== '';
  });
  const lines = text.trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
}

/** The node's end of the tunnel. */
async function connectTunnel(
  { pair, place }: Full,
  fields: Record<string, string>,
  privateKey: Buffer,
): Promise<void> {
  const file = join(place.folder, 'node.key');
  writeFileSync(file, privateKey.toString('base64'), { mode: 0o600 });
  await pair.works('ip', 'link', 'delete', NODE_INTERFACE);
  await pair.onNode('wireguard-go', NODE_INTERFACE);
  const peer = ['peer', fields['wgPeerKey']!, 'endpoint', fields['wgEndpoint']!];
  const allowed = ['allowed-ips', fields['wgAllowed']!];
  await pair.onNode('wg', 'set', NODE_INTERFACE, 'private-key', file, ...peer, ...allowed);
  await pair.onNode('ip', 'address', 'add', fields['wgAddress']!, 'dev', NODE_INTERFACE);
  await pair.onNode('ip', 'link', 'set', NODE_INTERFACE, 'up');
  await pair.onNode('ip', 'route', 'add', fields['wgAllowed']!, 'dev', NODE_INTERFACE);
}

/** Reads the disk inside LUKS; false where it cannot be reached in time or not be opened. */
function opens(
  { pair, place }: Full,
  fields: Record<string, string>,
  passphrase: string,
  seconds = 10,
): Promise<boolean> {
  const file = join(place.folder, 'disk.key');
  writeFileSync(file, passphrase, { mode: 0o600 });
  const server = `file.driver=nbd,file.server.type=inet,file.server.host=${fields['host']}`;
  const at = `file.server.port=${fields['port']},file.export=${fields['export']}`;
  const secret = ['--object', `secret,id=k,file=${file}`, '--image-opts'];
  const disk = `driver=luks,key-secret=k,${server},${at}`;
  return pair.works('timeout', String(seconds), 'qemu-io', ...secret, disk, '-c', 'read 1M 4k');
}

live(
  'the disk is reached through the tunnel alone, and opened with both shares alone',
  async (t) => {
    const full = await open(t);
    const { place, pair, secret } = full;
    const wish = { securityLevel: 'full', fromAttestedFirmware: false };
    t.is((await place.provision('n1', 'l1', 1, wish)).status, 202);
    const fields = await described(full);
    t.like(fields, { method: 'nbd', host: SERVER_IN_TUNNEL, encryption: 'luks', fstype: 'ext4' });
    const shareU = Buffer.from(fields['keyShare']!, 'base64');
    const key = xorKeys(shareU, shareV(secret, 'l1', 'n1'));

    t.false(
      await opens(full, fields, diskPassphrase(key), 2),
      'there is no way without the tunnel',
    );
    const outside = { ...fields, host: SERVER };
    t.false(await opens(full, outside, diskPassphrase(key), 2), 'nor is it served outside');

    await connectTunnel(full, fields, randomBytes(32));
    t.false(await opens(full, fields, diskPassphrase(key), 3), 'another key opens no tunnel');
    await connectTunnel(full, fields, nodeTunnelKeys(key).privateKey);
    t.false(await opens(full, fields, diskPassphrase(shareU)), 'share U alone opens no disk');
    t.true(await opens(full, fields, diskPassphrase(key)));

    t.true(
      await pair.works('curl', '-sf', '-X', 'POST', `http://${SERVER}:8080/v1/boot/${MAC}/up`),
    );
    await until('it is provisioned', async () => (await place.stage('n1', 'l1')) === 'provisioned');
    await place.kill();
    t.true(await opens(full, fields, diskPassphrase(key)), 'the node runs on without the service');
    await endProcesses(INTERFACE, 0);
    await place.start();
    let isBack = false;
    await until(
      'the tunnel is back',
      async () => (isBack = await opens(full, fields, diskPassphrase(key))),
    );
    t.true(isBack, 'also after its own end was killed');

    t.is((await place.deprovision('n1', 'l1', 1, false)).status, 202);
    await until('it is gone', async () => (await place.stage('n1', 'l1')) === null);
    t.is((await pair.onNode('wg', 'show', INTERFACE, 'peers')).trim(), '', 'nobody may come in');
  },
);
