/** The small site of a fault simulation: who is there, on what hardware, with which services. */
import type { IsolationConfiguration } from '../../core/allocator/service.ts';
import { siteService } from '../../core/offers/service.ts';
import { attesterService } from '../../core/attester/attester.ts';
import { ATTESTER_DEFAULTS } from '../../core/attester/state.ts';
import type { AttesterConfiguration } from '../../core/attester/state.ts';
import type { RandomStream } from '../../core/kernel/random.ts';
import type { Principal } from '../../core/kernel/service.ts';
import { MINUTE_MS, SECOND_MS } from '../../core/kernel/units.ts';
import { orchestratorService } from '../../core/leasing/orchestrator.ts';
import { ORCHESTRATOR_DEFAULTS } from '../../core/leasing/state.ts';
import { provisionerService } from '../../core/provisioner/provisioner.ts';
import { PROVISIONER_DEFAULTS } from '../../core/provisioner/state.ts';
import type { ProvisionerConfiguration } from '../../core/provisioner/state.ts';
import { defaultCalibration } from '../hardware/calibration/calibration.ts';
import { SimulatedHardware } from '../hardware/hardware.ts';
import { goldenMeasurements } from '../hardware/node.ts';
import type { NodeFirmware } from '../hardware/provisioning-time.ts';
import type { AnyService } from './endpoint.ts';

export const ISOLATION = 'isolation';
export const ATTESTER = 'attester';
export const PROVISIONER = 'provisioner';
export const OPERATOR: Principal = { role: 'admin', name: 'operator' };
export const MARKET: Principal = { role: 'service', name: 'market' };

export const OWNERS = ['owner-a', 'owner-b'] as const;
export const TENANTS = ['tenant-x', 'tenant-y'] as const;
export const IMAGE = 'image';
export const POLICY = 'policy';

export interface SiteNode {
  readonly nodeId: string;
  readonly owner: string;
  readonly firmware: NodeFirmware;
  readonly hasTpm: boolean;
  readonly ports: readonly { readonly switchId: string; readonly portId: string }[];
}

/** Two owners with two nodes each, one of them without a TPM; one or two NICs a node. */
export function drawNodes(stream: RandomStream): readonly SiteNode[] {
  const nodes: SiteNode[] = [];
  for (const owner of OWNERS) {
    for (let number = 1; number <= 2; number++) {
      const nodeId = `${owner.slice(-1)}${number}`;
      const nics = 1 + stream.integer(2);
      nodes.push({
        nodeId,
        owner,
        firmware: stream.uniform() < 0.5 ? 'uefi' : 'linuxboot',
        hasTpm: nodeId !== 'b2',
        ports: Array.from({ length: nics }, (_, nic) => ({
          switchId: `switch-${nic}`,
          portId: `${nodeId}-${nic}`,
        })),
      });
    }
  }
  return nodes;
}

export function siteHardware(
  nodes: readonly SiteNode[],
  seed: number,
  fencing: boolean,
  lesseeOf: (leaseId: string) => string | undefined,
): SimulatedHardware {
  const hardware = new SimulatedHardware({
    calibration: defaultCalibration(),
    storageProfile: 'r630',
    mode: 'sampled',
    seed,
    replication: 0,
    fencing,
    // A tenant's boot service answers in the tenant's own networks only.
    reaches: (effect, node) => node.bmcGrantee === lesseeOf(effect.leaseId),
  });
  for (const { nodeId, firmware, hasTpm, ports } of nodes) {
    hardware.addNode({
      nodeId,
      profile: 'r630',
      firmware,
      endorsementKeyHash: hasTpm ? endorsementKeyHash(nodeId) : null,
      ports,
    });
  }
  hardware.storage.addImage(IMAGE, 'snapshot');
  return hardware;
}

function endorsementKeyHash(nodeId: string): string {
  return `ek-of-${nodeId}`;
}

/** The services' own defaults, but for time limits short enough to be met in a simulated day. */
export function isolationConfiguration(nodes: readonly SiteNode[]): IsolationConfiguration {
  const delegations = [{ service: MARKET.name, rights: ['leasing'] as const }];
  return {
    // Few network ids, so that they come round again soon.
    settings: { networkIdFirst: 2, networkIdLast: 14, deadlineMs: WIPE_DEADLINE as never },
    organisations: [
      ...OWNERS.map((name) => ({ name, delegations })),
      ...TENANTS.map((name) => ({ name })),
    ],
    switches: [{ switchId: 'switch-0' }, { switchId: 'switch-1' }],
    nodes: nodes.map(({ nodeId, owner, hasTpm, ports }) => ({
      nodeId,
      owner,
      nodeClass: 'standard',
      securityLevel: hasTpm ? ('full' as const) : ('none' as const),
      nics: ports.map(({ switchId, portId }, nic) => ({ nicId: `nic${nic}`, switchId, portId })),
    })),
  };
}

/** The wipe's share of the bound in which everything must have come to an end. */
const WIPE_DEADLINE = { WipeNode: 15 * MINUTE_MS };

export function attesterConfiguration(nodes: readonly SiteNode[]): AttesterConfiguration {
  const firmwares: readonly NodeFirmware[] = ['uefi', 'linuxboot'];
  return {
    ...ATTESTER_DEFAULTS,
    name: ATTESTER,
    isolation: ISOLATION,
    nodes: nodes
      .filter((node) => node.hasTpm)
      .map(({ nodeId, firmware }) => ({
        nodeId,
        endorsementKeyHash: endorsementKeyHash(nodeId),
        profile: firmware,
      })),
    policies: [
      {
        policyId: POLICY,
        owner: ATTESTER,
        version: 1,
        profiles: firmwares.map((firmware) => ({
          profile: firmware,
          pcrs: Object.entries(goldenMeasurements(firmware)).map(([index, digest]) => ({
            index,
            digests: [digest],
          })),
        })),
        runtimeDigests: null,
        releasesKeyShare: true,
      },
    ],
    quoteDeadlineMs: 10 * MINUTE_MS,
    keyDeadlineMs: 30 * SECOND_MS,
    freshnessMs: 45 * MINUTE_MS,
    reattestIntervalMs: 15 * MINUTE_MS,
    reportRetryMs: 30 * SECOND_MS,
  };
}

export function provisionerConfiguration(): ProvisionerConfiguration {
  return {
    ...PROVISIONER_DEFAULTS,
    name: PROVISIONER,
    images: [{ imageId: IMAGE, owner: TENANTS[0], shared: true, snapshotId: 'snapshot' }],
    watchdog: true,
  };
}

export interface SiteServices {
  readonly isolation: AnyService;
  readonly attester: AnyService;
  readonly provisioner: AnyService;
  readonly orchestrator: AnyService;
}

export const SITE_SERVICES: SiteServices = {
  isolation: siteService as unknown as AnyService,
  attester: attesterService as unknown as AnyService,
  provisioner: provisionerService as unknown as AnyService,
  orchestrator: orchestratorService as unknown as AnyService,
};

export function orchestratorConfiguration(tenant: string) {
  return {
    ...ORCHESTRATOR_DEFAULTS,
    name: orchestratorName(tenant),
    isolation: ISOLATION,
    requestTimeoutMs: 10 * MINUTE_MS,
  };
}

export function orchestratorName(tenant: string): string {
  return `orchestrator-${tenant}`;
}

export function organisation(name: string): Principal {
  return { role: 'organisation', name };
}
