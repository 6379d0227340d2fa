/** A provider's site and its tenants' services, each in a process of its own, ready for leases. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { RedfishEmulator } from '../../../backends/bmc/emulator/redfish-emulator.ts';
import { ROOT } from '../../architecture/tree.ts';
import { referencesOf } from '../../backends/http/served-attester.ts';
import { profileEvents } from '../../backends/tpm/made-log.ts';
import { MadeAuthority } from '../../backends/tpm/made-authority.ts';
import { devicesToml, emulatedSwitch, PASSWORD, USER } from '../../cli/devices-process.ts';
import { becomes, Deployment, LOOKING_TOKEN, type Party } from './deployment.ts';
import { ended } from './disks.ts';
import { WalkingNode } from './walking-node.ts';

const IMAGE_BYTES = 1024 * 1024;
const FIRST_PORT = 23_000;

const ORGANISATIONS = ['org-a', 'org-p', 'org-q', 'org-x'] as const;
export type Tenant = (typeof ORGANISATIONS)[number];

/** How a test's leases differ. */
export interface LeaseWish {
  readonly leaseId: string;
  readonly lessee: Tenant;
  readonly nodeId: string;
  readonly attester: 'attester' | 'attester-x' | null;
  readonly provisioner: 'provisioner' | 'provisioner-x';
  readonly lastsMs?: number;
}

export interface AttesterWish {
  readonly reattestIntervalMs?: number;
  readonly quoteDeadlineMs?: number;
  readonly freshnessMs?: number;
}

export class WalkedSite {
  readonly deployment: Deployment;
  readonly authority = new MadeAuthority();
  readonly nodes = new Map<string, WalkingNode>();
  readonly #t: ExecutionContext;

  constructor(t: ExecutionContext) {
    this.#t = t;
    this.deployment = new Deployment(t);
  }

  /** Hardware, the process of the devices, the isolation service and the airlocks' gateway. */
  async startProvider(nodeIds: readonly string[], attesters: readonly Party[]): Promise<void> {
    const { deployment } = this;
    const bmcs = new Map<string, RedfishEmulator>();
    for (const nodeId of nodeIds) {
      const node = new WalkingNode(nodeId, this.authority);
      this.nodes.set(nodeId, node);
      const bmc = new RedfishEmulator({ userName: USER, password: PASSWORD, node });
      await bmc.start();
      this.#t.teardown(async () => {
        node.switchOff();
        await bmc.close();
      });
      bmcs.set(nodeId, bmc);
    }
    deployment.write('devices.toml', devicesToml(bmcs, [emulatedSwitch('tor')]));
    const main = join(ROOT, 'cli/main.ts');
    const files = ['--config', 'devices.toml', '--socket', 'devices.sock'];
    await deployment.start('devices', main, ['devices', ...files]);
    await deployment.serve('isolation', 'isolation', {
      devices: { driver: 'process', socket: 'devices.sock', readBackSeconds: 5 },
      site: {
        organisations: ORGANISATIONS.map((name) => ({ name })),
        switches: [{ switchId: 'tor' }],
        nodes: nodeIds.map((nodeId) => ({
          ...{ nodeId, owner: 'org-a', nodeClass: 'standard', securityLevel: 'full' },
          nics: [{ nicId: 'nic0', switchId: 'tor', portId: nodeId }],
        })),
      },
    });
    deployment.write('airlock.json', {
      port: 0,
      isolation: { url: deployment.url('isolation'), token: LOOKING_TOKEN },
      attesters: attesters.map((name) => deployment.peer('airlock', name)),
      nodes: nodeIds.map((nodeId, index) => {
        return { nodeId, address: `127.0.1.${index + 1}`, prefix: 32 };
      }),
    });
    await this.startAirlock();
  }

  async startAirlock(): Promise<void> {
    const main = join(ROOT, 'cli/main.ts');
    const said = await this.deployment.start('airlock', main, [
      'airlock',
      '--config',
      'airlock.json',
    ]);
    const legs = said['legs'] as readonly string[];
    for (const [index, node] of [...this.nodes.values()].entries()) node.gateway = legs[index]!;
  }

  /** @param owner of its one policy, called `policy` */
  async startAttester(name: 'attester' | 'attester-x', owner: Tenant, wish: AttesterWish = {}) {
    const { deployment } = this;
    deployment.write('makers.pem', this.authority.root);
    const references = [...this.nodes].map(([nodeId, { tpm }]) => {
      tpm.boot(profileEvents());
      return referencesOf(tpm, nodeId, false);
    });
    await deployment.serve(name, 'attestation', {
      peers: [deployment.peer(name, 'isolation')],
      attestation: {
        ...{ name, gateways: ['airlock'], makers: ['makers.pem'], retryDelayMs: 200 },
        keyShares: `${name}.shares`,
        nodes: references.map(({ node }) => node),
        policies: [{ ...references[0]!.policy, policyId: 'policy', owner }],
        ...wish,
      },
    });
  }

  /** With one image, `golden`, that its owner lets everybody clone. */
  async startProvisioner(
    name: 'provisioner' | 'provisioner-x',
    owner: Tenant,
    images: object = { driver: 'emulated' },
  ): Promise<void> {
    const { deployment } = this;
    await deployment.serve(name, 'provisioning', { provisioning: { name, images } });
    const image = { imageId: 'golden', source: 'import/golden.img', shared: true };
    await deployment.done(owner, name, 'POST /images', image);
    const snapshot = '/images/golden/snapshots';
    await deployment.done(owner, name, `POST ${snapshot}`, { snapshotId: 'first' });
    await deployment.done(owner, name, `PUT ${snapshot}/first/protection`);
  }

  /** @param services that this tenant uses, besides the isolation service */
  async startOrchestrator(tenant: Tenant, services: readonly string[]): Promise<void> {
    const { deployment } = this;
    const name = `orchestrator-${tenant}`;
    const peers = ['isolation', ...services].map((service) => deployment.peer(tenant, service));
    deployment.write(`${name}.json`, { name: tenant, requestTimeoutMs: 20_000, peers });
    const script = join(ROOT, 'test/live/support/orchestrator-process.ts');
    await deployment.start(name, script, [name]);
  }

  /** The owner leases the node out, and the tenant's orchestrator is told what it is for. */
  async lease(wish: LeaseWish): Promise<void> {
    const { leaseId, lessee, nodeId, attester, provisioner, lastsMs = 600_000 } = wish;
    const securityLevel = attester === null ? 'none' : 'attested';
    const startMs = Date.now();
    const endMs = startMs + lastsMs;
    await this.deployment.done('org-a', 'isolation', 'POST /leases', {
      ...{ leaseId, contractId: null, owner: 'org-a', lessee, nodeIds: [nodeId], startMs, endMs },
      ...{ securityLevel, attester, recallNoticeMs: null },
    });
    this.deployment.tell(`orchestrator-${lessee}`, {
      ...{ leaseId, securityLevel, method: 'diskless', imageId: 'golden', policyId: 'policy' },
      ...{ attester, provisioner, endMs },
    });
  }

  async node(nodeId: string): Promise<Readonly<Record<string, unknown>>> {
    return (await this.deployment.call('operator', 'isolation', `GET /nodes/${nodeId}`)).value;
  }

  /** Waits until the node is in this state, also over times at which nobody answers. */
  async until(nodeId: string, state: string, withinMs = 60_000): Promise<void> {
    let last: unknown;
    const isSo = await becomes(async () => {
      last = (await this.node(nodeId).catch(() => null))?.['state'] ?? last;
      return last === state;
    }, withinMs);
    if (!isSo) throw new Error(`${nodeId} is ${String(last)} and never ${state}`);
  }
}

/** The processes of a walk, but the one of the devices, which stands for the hardware. */
export const WALKED_SERVICES = [
  'isolation',
  'attester',
  'provisioner',
  'orchestrator-org-q',
  'airlock',
] as const;

/** A provider with these nodes, and the tenant `org-q`; disks are real, and outlive their service. */
export async function startWalkedSite(
  t: ExecutionContext,
  nodeIds: readonly string[],
): Promise<WalkedSite> {
  const site = new WalkedSite(t);
  const { deployment } = site;
  mkdirSync(join(deployment.folder, 'import'));
  const image = Buffer.alloc(IMAGE_BYTES);
  // The mark of a partition table.
  image.writeUInt16BE(0x55aa, 510);
  writeFileSync(join(deployment.folder, 'import', 'golden.img'), image);
  await site.startProvider(nodeIds, ['attester']);
  await site.startAttester('attester', 'org-q');
  const images = {
    driver: 'qcow2-nbd',
    importFolder: 'import',
    firstPort: FIRST_PORT,
    mendSeconds: 1,
  };
  await site.startProvisioner('provisioner', 'org-a', images);
  await site.startOrchestrator('org-q', ['attester', 'provisioner']);
  // Servers of disks outlive the service that started them.
  t.teardown(async () => {
    await deployment.kill('provisioner');
    await ended(join(deployment.folder, 'images', 'run'));
  });
  return site;
}
