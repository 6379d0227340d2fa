/** The provisioning service as a process, with real servers of disks, killed at will. */
import test from 'ava';
import type { DiskAddress } from '../../backends/images/protocol.ts';
import { missingServers, qemuClient } from './support/disks.ts';
import { ProvisionerPlace, until } from './support/provisioner-process.ts';

const missing = missingServers();
const live = missing === null ? test.serial : test.serial.skip;
const OFFSET = 8 * 1024 * 1024;

/** The desk answers these at 127.0.0.1, as all of them are there. */
function nodes(count: number): object[] {
  return Array.from({ length: count }, (_, index) => ({
    nodeId: `n${index + 1}`,
    macs: [`52:54:00:00:00:0${index + 1}`],
  }));
}

class Desk {
  readonly #url: string;

  constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}/v1/boot/52:54:00:00:00:0`;
  }

  /** What the node is told; null: nothing. */
  async describe(node: number): Promise<Record<string, string> | null> {
    const response = await fetch(this.#url + node).catch(() => null);
    if (!response?.ok) return null;
    const lines = (await response.text()).trim().split('\n');
    return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
  }

  async address(node: number): Promise<DiskAddress> {
    let fields: Record<string, string> | null = null;
    await until('the node is told its disk', async () => {
      fields = await this.describe(node);
      return fields !== null;
    });
    const { port, export: exportName, ...rest } = fields!;
    return { ...rest, port: Number(port), exportName } as unknown as DiskAddress;
  }

  async up(node: number): Promise<boolean> {
    const answer = await fetch(`${this.#url}${node}/up`, { method: 'POST' }).catch(() => null);
    return answer?.status === 204;
  }
}

for (const [index, driver] of ['qcow2-nbd', 'qcow2-iscsi'].entries()) {
  const port = 22_000 + index * 100;
  live(
    `${driver}: a disk outlives the service and its own servers, is parked and resumed`,
    async (t) => {
      const images = { driver, firstPort: port, lastPort: port + 50, iscsiPort: port + 60 };
      const boot = { port: port + 70, nodes: nodes(2) };
      const place = new ProvisionerPlace(t, { images, boot });
      const client = qemuClient(place.folder);
      const desk = new Desk(port + 70);
      await place.start();
      await place.addImage('i');
      t.is((await place.provision('n1', 'l1', 1)).status, 202);
      const address = await desk.address(1);
      await client.write(address, OFFSET, 0xa5);
      await place.kill();
      t.is(await client.read(address, OFFSET), 0xa5, 'the node runs on without the service');
      await place.start();
      t.deepEqual(await desk.address(1), address);
      t.true(await desk.up(1));
      await until(
        'it is provisioned',
        async () => (await place.stage('n1', 'l1')) === 'provisioned',
      );

      const programs = driver === 'qcow2-nbd' ? ['nbdkit'] : ['tgtd'];
      for (const program of ['qemu-storage-daemon', ...programs]) {
        t.true((await place.killServer(program)) > 0, program);
        // Behind a server that died, tgtd answers errors.
        const read = () => client.read(address, OFFSET).catch(() => null);
        await until(`${program} is back`, async () => (await read()) !== null);
        t.is(await read(), 0xa5, `after the death of ${program}`);
      }

      t.is((await place.deprovision('n1', 'l1', 1, true)).status, 202);
      await until('it is parked', async () => (await place.disks())[0]!['state'] === 'parked');
      t.false(await client.reaches(address));
      t.is(await desk.describe(1), null);
      const resumeDiskId = (await place.disks())[0]!['diskId'];
      t.is((await place.provision('n2', 'l2', 1, { resumeDiskId })).status, 202);
      const resumed = await desk.address(2);
      t.is(await client.read(resumed, OFFSET), 0xa5);
      t.false(await client.reaches(address), 'the old secret opens nothing');
      t.true(await desk.up(2));
      t.is((await place.deprovision('n2', 'l2', 1, false)).status, 202);
      await until('it is gone', async () => (await place.stage('n2', 'l2')) === null);
      t.deepEqual(await place.servers(), []);
      t.deepEqual(place.diskFolders(), []);
    },
  );
}

live('killed at any moment, the service leaves no disk and no server behind', async (t) => {
  const rounds = 3;
  const images = { driver: 'qcow2-nbd', firstPort: 22_200, lastPort: 22_260 };
  const place = new ProvisionerPlace(t, { images, boot: { port: 22_270, nodes: nodes(3) } });
  await place.start();
  await place.addImage('i');
  for (let round = 1; round <= rounds; round++) {
    const asked = [1, 2, 3].map((node) => place.provision(`n${node}`, `l${round}`, round));
    // From before the clone to after the exposure.
    await new Promise((resolve) => setTimeout(resolve, (round - 1) * 90));
    await place.kill();
    await Promise.allSettled(asked);
    await place.start();
    for (const node of [1, 2, 3]) {
      // What was acknowledged and what was not: sent again it is the same wish.
      t.is((await place.provision(`n${node}`, `l${round}`, round)).status, 202);
    }
    await new Promise((resolve) => setTimeout(resolve, (rounds - round) * 60));
    const ended = [1, 2, 3].map((node) => place.deprovision(`n${node}`, `l${round}`, round, false));
    await new Promise((resolve) => setTimeout(resolve, round * 40));
    await place.kill();
    await Promise.allSettled(ended);
    await place.start();
    for (const node of [1, 2, 3]) {
      t.is((await place.deprovision(`n${node}`, `l${round}`, round, false)).status, 202);
    }
  }
  await until('all disks are settled', async () => (await place.disks()).length === 0);
  t.deepEqual(await place.servers(), []);
  t.deepEqual(place.diskFolders(), []);
});

live('in a mount namespace of its own after each start, tgtd still sees new disks', async (t) => {
  const images = { driver: 'qcow2-iscsi', iscsiPort: 22_360 };
  const boot = { port: 22_370, nodes: nodes(2) };
  // As `ip netns exec` does.
  const wrapper = ['unshare', '--mount', '--propagation', 'private'];
  const place = new ProvisionerPlace(t, { images, boot }, wrapper);
  const client = qemuClient(place.folder);
  const desk = new Desk(22_370);
  await place.start();
  await place.addImage('i');
  await place.provision('n1', 'l1', 1);
  const first = await desk.address(1);
  await place.kill();
  await place.start();
  await place.provision('n2', 'l1', 1);
  const second = await desk.address(2);
  await client.write(second, OFFSET, 0x11);
  await client.write(first, OFFSET, 0x22);
  t.is(await client.read(second, OFFSET), 0x11);
  t.is(await client.read(first, OFFSET), 0x22);
});
