/**
 * An unmodified Ironic drives two leased nodes at once, each by its lease's own Redfish service, one
 * over iPXE and one over virtual media, and loses a node with its lease: cleanly, and only that one.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { LeasedPlace, macAddress, type Credential } from '../live/support/leased-place.ts';
import { temporaryFolder } from '../cli/run.ts';
import { serveImages } from './support/image-server.ts';
import { Ironic } from './support/ironic.ts';

/** As Ironic words what our 401 makes of its requests. */
const DENIED = /\b401\b|authenticat/i;

interface Place {
  readonly ironic: Ironic;
  readonly leased: LeasedPlace;
  readonly imagesUrl: string;
}

async function open(t: ExecutionContext): Promise<Place> {
  const folder = temporaryFolder(t);
  const imagesFolder = join(folder, 'images');
  mkdirSync(imagesFolder);
  for (const name of ['kernel', 'ramdisk', 'boot.iso']) {
    writeFileSync(join(imagesFolder, name), `${name} of a test`);
  }
  const imagesUrl = await serveImages(t, imagesFolder);
  const leased = await LeasedPlace.open(t, imagesUrl);
  const ironic = await Ironic.start(t, { folder, imagesUrl, imagesFolder });
  return { ironic, leased, imagesUrl };
}

/** Enrols a node by a credential; the state that Ironic gives it in the end. */
async function enrol(
  { ironic, leased, imagesUrl }: Place,
  name: string,
  { system, userName, password }: Credential,
  bootInterface: string,
): Promise<string> {
  const made = await ironic.ask('POST', '/nodes', {
    name,
    driver: 'redfish',
    ...{ network_interface: 'noop', deploy_interface: 'ramdisk', inspect_interface: 'redfish' },
    ...{ boot_interface: bootInterface, bios_interface: 'no-bios' },
    driver_info: {
      ...{ redfish_address: leased.service.url, redfish_system_id: system },
      ...{ redfish_username: userName, redfish_password: password, redfish_verify_ca: false },
      ...{ deploy_kernel: `${imagesUrl}/kernel`, deploy_ramdisk: `${imagesUrl}/ramdisk` },
    },
  });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  return ironic.provision(name, 'manage', ['manageable', 'enroll']);
}

/** All that an operator of Ironic does with a node, from its inspection to its undeployment. */
async function life(
  t: ExecutionContext,
  place: Place,
  { name, nodeId, image, boots }: Life,
): Promise<void> {
  const { ironic, leased } = place;
  const power = (target: string, end: string) => ironic.power(name, target, [end]);
  const device = async (boot: string, persistent: boolean) => {
    const body = { boot_device: boot, persistent };
    t.is((await ironic.give('PUT', `/nodes/${name}/management/boot_device`, body)).status, 204);
    return (await ironic.give('GET', `/nodes/${name}/management/boot_device`)).body['boot_device'];
  };
  t.is(await device('pxe', false), 'pxe');
  t.is(await device('disk', true), 'disk', 'what cannot be persistent is set each time');
  t.is(await power('power on', 'power on'), 'power on');
  await power('rebooting', 'power on');
  await power('soft power off', 'power off');
  await power('power on', 'power on');
  await power('power off', 'power off');
  await secure(t, place, name, nodeId);
  t.is(await ironic.provision(name, 'inspect', ['manageable', 'inspect failed']), 'manageable');
  const { body } = await ironic.node(name);
  t.like(body['properties'], { cpus: 16, memory_mb: '65536', cpu_arch: 'x86_64' });
  const found = await ironic.give('GET', `/ports?node=${name}`);
  t.like(found.body, { ports: [{ address: macAddress(nodeId) }] }, JSON.stringify(found.body));
  t.is(await ironic.provision(name, 'provide', ['available', 'clean failed']), 'available');
  await ironic.patch(name, { instance_info: image });
  const before = leased.boots(nodeId).length;
  t.is(await ironic.provision(name, 'active', ['active', 'deploy failed']), 'active');
  t.deepEqual(leased.boots(nodeId).slice(before), [boots]);
  const { chassis } = leased.bmcs.get(nodeId)!;
  t.is(chassis.image !== null, boots === 'Cd');
  t.is(await ironic.provision(name, 'deleted', ['available', 'error']), 'available');
  t.is(chassis.image, null);
  t.is(await chassis.node.isOn(), false);
}

interface Life {
  readonly name: string;
  readonly nodeId: string;
  readonly image: object;
  /** What the deployed node boots from, as its BMC calls it. */
  readonly boots: 'Pxe' | 'Cd';
}

async function secure(
  t: ExecutionContext,
  { ironic, leased }: Place,
  name: string,
  nodeId: string,
): Promise<void> {
  for (const [path, target, field] of [
    ['secure_boot', true, 'secure_boot'],
    ['boot_mode', 'uefi', 'boot_mode'],
  ] as const) {
    const answer = await ironic.give('PUT', `/nodes/${name}/states/${path}`, { target });
    t.is(answer.status, 202, JSON.stringify(answer.body));
    t.is(await ironic.until(name, field, [target]), target);
  }
  t.true(leased.bmcs.get(nodeId)!.belongings.secureBoot);
}

test('Ironic drives two leased nodes through their whole lives, and loses one with its lease', async (t) => {
  const place = await open(t);
  const { ironic, leased, imagesUrl } = place;
  const first = await leased.credential(t, 'l1', 'a1');
  const second = await leased.credential(t, 'l2', 'a2');
  t.is(await enrol(place, 'first', first, 'ipxe'), 'manageable');
  t.is(await enrol(place, 'second', second, 'redfish-virtual-media'), 'manageable');

  const crossed = { ...second, system: first.system };
  t.is(await enrol(place, 'crossed', crossed, 'ipxe'), 'enroll', 'no lease reaches another’s node');
  t.regex(String((await ironic.node('crossed')).body['last_error']), /not found|404|exist/i);

  const kernel = { kernel: `${imagesUrl}/kernel`, ramdisk: `${imagesUrl}/ramdisk` };
  await Promise.all([
    life(t, place, { name: 'first', nodeId: 'a1', image: kernel, boots: 'Pxe' }),
    life(t, place, {
      ...{ name: 'second', nodeId: 'a2', boots: 'Cd' },
      image: { boot_iso: `${imagesUrl}/boot.iso` },
    }),
  ]);

  await ironic.power('first', 'power on', ['power on']);
  await leased.service.run(t, 't', 'lease return l1');
  await leased.service.until(t, 'node show a1', 'free');
  const { chassis } = leased.bmcs.get('a1')!;
  const boots = leased.boots('a1').length;
  t.is(await chassis.node.isOn(), false, 'the owner has it back');

  await ironic.until('first', 'maintenance', [true]);
  const lost = (await ironic.node('first')).body;
  t.like(lost, { power_state: null, fault: 'power failure' });
  t.regex(String(lost['last_error']), DENIED);
  for (const target of ['power on', 'rebooting', 'power off']) {
    await ironic.power('first', target, ['error', null]);
    t.regex(String((await ironic.node('first')).body['last_error']), DENIED, target);
  }
  t.is(await enrol(place, 'again', first, 'ipxe'), 'enroll', 'it cannot be enrolled anew');
  t.regex(String((await ironic.node('again')).body['last_error']), DENIED);
  t.is(leased.boots('a1').length, boots, 'none of it has moved the node');
  t.is(await chassis.node.isOn(), false);

  t.is(await ironic.power('second', 'power on', ['power on']), 'power on');
  t.is(await leased.bmcs.get('a2')!.chassis.node.isOn(), true, 'the other lease is as it was');
  t.is(await ironic.power('second', 'power off', ['power off']), 'power off');
});
