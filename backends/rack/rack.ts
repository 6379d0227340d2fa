/** A rack as a whole, built piece by piece. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import { buildBootImage, COMMAND_LINE } from '../boot-image/boot-image.ts';
import { addAirlock, filterAirlocks } from './airlock-network.ts';
import { startAirlockDhcp, startEnclaveDhcp } from './boot-network.ts';
import { startDaemon, waitUntil } from './daemon.ts';
import { claimFolder } from './folder.ts';
import { Machine } from './machine.ts';
import { addNamespace, addTap, addWire } from './namespace.ts';
import { BRIDGE, OpenVswitchProcess } from './open-vswitch.ts';
import { NETWORK_BITS, planRack } from './plan.ts';
import type { Accelerator, NodePlan, RackPlan, RackSize } from './plan.ts';
import { RACK_FORMAT, writeRack } from './rack-file.ts';
import type { Rack, RackNode } from './rack-file.ts';
import { NODE_PCR, PROFILE_PCRS } from '../tpm/references.ts';
import { LIGHT_HARDWARE, lightValues } from './light-firmware.ts';
import { builtNode } from './rack-node.ts';
import { nodeValues, obtainReferenceBoot, profileValues } from './reference-boot.ts';
import type { BootToMeasure } from './reference-boot.ts';
import { writeConfigurations } from './configurations.ts';
import { rackDown } from './teardown.ts';
import { TpmAuthority } from './tpm-authority.ts';

export interface RackOptions extends RackSize {
  /** Absolute. */
  readonly folder: string;
  /** Kept when the rack is gone: Debian's kernel, unpacked. */
  readonly cache: string;
  readonly accelerator: Accelerator;
  /** Every node sends a frame each 10 ms, so that a leak between networks shows. */
  readonly beacons?: boolean;
  /** Told what is being done. */
  readonly tell: (step: string) => void;
}

/** What is known of a node before one has booted. */
type MadeNode = Omit<RackNode, 'pcrs'>;

const PASSWORD_BYTES = 8;
const BMC_START_MS = 60_000;

/**
 * Builds it; where something fails, what was built is taken down again.
 * @throws INPUT_RACK_FOLDER, CONFLICT_RACK, BACKEND_…
 */
export async function rackUp(options: RackOptions): Promise<Rack> {
  const plan = planRack(options.folder, options);
  claimFolder(plan.folder, plan.id);
  try {
    return await build(plan, options);
  } catch (error) {
    // The first failure is the one to tell.
    await rackDown(plan.folder).catch(() => undefined);
    throw error;
  }
}

async function build(plan: RackPlan, options: RackOptions): Promise<Rack> {
  const { accelerator, cache, tell } = options;
  tell('boot image');
  const folder = join(plan.folder, 'image');
  const commandLine = options.beacons ? `${COMMAND_LINE} ocx.beacon` : COMMAND_LINE;
  await buildBootImage(folder, cache, commandLine);
  const image = join(folder, 'boot.efi');
  tell('switch and networks');
  const openVswitch = new OpenVswitchProcess(plan);
  await buildNetworks(plan, openVswitch);
  tell('TPMs and disks');
  const authority = new TpmAuthority(plan.folder);
  authority.prepare();
  const made: MadeNode[] = [];
  for (const node of plan.nodes) made.push(await makeNode(plan, node, accelerator, authority));
  const [tpmIssuer, tpmRoot] = [authority.issuer, authority.root];
  tell('reference values (a boot, where this profile is new)');
  const known = { plan, accelerator, openVswitch, image, tpmRoot, tpmIssuer };
  const { references, nodes } = await measured(made, known, cache);
  const rack: Rack = {
    ...plan,
    format: RACK_FORMAT,
    ...{ accelerator, tpmIssuer, tpmRoot },
    switchDatabase: openVswitch.database,
    bridge: BRIDGE,
    bootImage: image,
    references,
    nodes,
  };
  writeRack(rack);
  writeConfigurations(rack);
  tell('BMCs');
  await startBmcs(rack);
  return rack;
}

/** The nodes with their reference values, and those of their profiles. */
async function measured(
  made: readonly MadeNode[],
  known: Omit<BootToMeasure, 'node'>,
  cache: string,
): Promise<Pick<Rack, 'references' | 'nodes'>> {
  const machine = made.find(({ kind }) => kind === 'machine');
  const light = made.find(({ kind }) => kind === 'light');
  const reference = machine && (await obtainReferenceBoot({ ...known, node: machine }, cache));
  const image = readFileSync(known.image);
  const valuesOf = ({ kind, macAddress }: MadeNode) =>
    reference && kind === 'machine'
      ? nodeValues(reference, macAddress)
      : lightValues(image, macAddress, [NODE_PCR]);
  return {
    references: [
      ...(reference ? [{ hardware: machine.hardware, pcrs: profileValues(reference) }] : []),
      ...(light ? [{ hardware: LIGHT_HARDWARE, pcrs: lightValues(image, '', PROFILE_PCRS) }] : []),
    ],
    nodes: made.map((node) => ({ ...node, pcrs: valuesOf(node) })),
  };
}

async function buildNetworks(plan: RackPlan, openVswitch: OpenVswitchProcess): Promise<void> {
  const { switchNamespace, gatewayNamespace, nodes, tenants } = plan;
  for (const name of [switchNamespace, gatewayNamespace]) await addNamespace(name);
  await openVswitch.start();
  for (const node of nodes) {
    if (node.kind === 'machine') await addTap(switchNamespace, node.portId);
    await addAirlock(plan, node);
    await openVswitch.addServicePort(node.airlock.portId, node.airlock.networkId);
  }
  for (const { namespace, portId, address, networkId } of tenants) {
    await addNamespace(namespace);
    await addWire(
      { namespace, link: 'eth0', address: `${address}/${NETWORK_BITS}` },
      { namespace: switchNamespace, link: portId },
    );
    await openVswitch.addServicePort(portId, networkId);
  }
  await filterAirlocks(plan);
  for (const node of nodes) startAirlockDhcp(plan, node);
  for (const tenant of tenants) startEnclaveDhcp(plan, tenant);
}

async function makeNode(
  plan: RackPlan,
  node: NodePlan,
  accelerator: Accelerator,
  authority: TpmAuthority,
): Promise<MadeNode> {
  const built = builtNode(plan, node, accelerator);
  await built.make();
  const endorsementKeyHash = await authority.makeTpm(built.tpmState, node.nodeId);
  return {
    ...node,
    bmcUser: 'ocx',
    bmcPassword: randomBytes(PASSWORD_BYTES).toString('hex'),
    console: built instanceof Machine ? built.console : null,
    endorsementKeyHash,
    hardware: built instanceof Machine ? built.hardware : LIGHT_HARDWARE,
  };
}

async function startBmcs({ id, folder }: Rack): Promise<void> {
  const program = join(import.meta.dirname, `bmc-process${extname(import.meta.filename)}`);
  const log = join(folder, 'bmcs.log');
  startDaemon([process.execPath, program, folder], { rackId: id, log });
  const isReady = () => existsSync(log) && /^ready$/m.test(readFileSync(log, 'utf8'));
  if (await waitUntil(isReady, BMC_START_MS)) return;
  throw new OcxError({
    code: 'BACKEND_RACK_BMC',
    message: `the BMCs do not start: ${readFileSync(log, 'utf8').trim().split('\n').at(-1) ?? ''}`,
  });
}
