/** The site of a scenario as the services are configured for it, and its simulated hardware. */
import type { AttesterConfiguration } from '../../core/attester/state.ts';
import { ATTESTER_DEFAULTS } from '../../core/attester/state.ts';
import type { IsolationConfiguration } from '../../core/allocator/service.ts';
import { MINUTE_MS } from '../../core/kernel/units.ts';
import type { SecurityLevel } from '../../core/market/orders.ts';
import { PROVISIONER_DEFAULTS } from '../../core/provisioner/state.ts';
import type { ProvisionerConfiguration } from '../../core/provisioner/state.ts';
import type { Calibration, HardwareProfile } from '../hardware/calibration/calibration.ts';
import { SimulatedHardware } from '../hardware/hardware.ts';
import { goldenMeasurements } from '../hardware/node.ts';
import {
  handoverSeconds,
  provisioningSeconds,
  releaseSeconds,
} from '../hardware/provisioning-time.ts';
import type { NodeClass, Scenario } from '../scenario/schema.ts';
import { failureRates } from './failures.ts';
import { exchangesOf, providersOf } from './names.ts';
import type { ProviderNames } from './names.ts';
import { classSecurity } from './setup.ts';
import type { RunSetup } from './setup.ts';

export const IMAGE = 'tenant-image';

const GOLDEN = 'golden';
const NIC = 'eth0';

export function policyName(level: SecurityLevel): string {
  return `policy-${level}`;
}

/** Node ids by organisation and class, ascending. */
export function siteNodeIds(setup: RunSetup): Map<string, Map<string, string[]>> {
  return new Map(
    Object.entries(setup.hardware).map(([organisation, nodes]) => [
      organisation,
      new Map(
        Object.entries(nodes).map(([nodeClass, count]) => [
          nodeClass,
          Array.from({ length: count }, (_, index) => nodeIdOf(organisation, nodeClass, index)),
        ]),
      ),
    ]),
  );
}

function nodeIdOf(organisation: string, nodeClass: string, index: number): string {
  return `${organisation}.${nodeClass}.${String(index).padStart(5, '0')}`;
}

export interface SiteNode {
  readonly nodeId: string;
  readonly owner: string;
  readonly nodeClass: NodeClass;
}

/** @param provider whose nodes; default all */
export function siteNodes(setup: RunSetup, provider?: string): SiteNode[] {
  const classes = new Map(setup.scenario.nodeClass.map((one) => [one.name, one]));
  const providers = new Map(setup.scenario.organisation.map((one) => [one.name, one.provider]));
  const nodes: SiteNode[] = [];
  for (const [owner, byClass] of siteNodeIds(setup)) {
    if (provider !== undefined && providers.get(owner) !== provider) continue;
    for (const [nodeClass, ids] of byClass) {
      for (const nodeId of ids) nodes.push({ nodeId, owner, nodeClass: classes.get(nodeClass)! });
    }
  }
  return nodes;
}

/** Every organisation may borrow here; the nodes are those of the provider's own. */
export function isolationConfiguration(
  setup: RunSetup,
  names: ProviderNames,
): IsolationConfiguration {
  const exchanges = exchangesOf(setup.scenario);
  return {
    // Ports carry VXLAN ids: one airlock network a node is more than VLANs there are.
    settings: { networkIdLast: 1_000_000, networkIdMaximum: 16_777_215 },
    organisations: setup.scenario.organisation.map((organisation) => ({
      name: organisation.name,
      delegations: exchanges
        .filter(({ exchange }) => organisation.exchanges.includes(exchange))
        .map(({ service }) => ({ service, rights: ['leasing'] as const })),
    })),
    switches: [{ switchId: names.rack }],
    nodes: siteNodes(setup, names.provider).map(({ nodeId, owner, nodeClass }) => ({
      nodeId,
      owner,
      nodeClass: nodeClass.name,
      securityLevel: classSecurity(nodeClass),
      nics: [{ nicId: NIC, switchId: names.rack, portId: nodeId }],
    })),
  };
}

export function attesterConfiguration(
  setup: RunSetup,
  names: ProviderNames,
): AttesterConfiguration {
  const profiles = (['uefi', 'linuxboot'] as const).map((firmware) => ({
    profile: firmware,
    pcrs: Object.entries(goldenMeasurements(firmware)).map(([index, digest]) => ({
      index,
      digests: [digest],
    })),
  }));
  return {
    ...ATTESTER_DEFAULTS,
    name: names.attester,
    isolation: names.isolation,
    nodes: siteNodes(setup, names.provider)
      .filter(({ nodeClass }) => nodeClass.tpm)
      .map(({ nodeId, nodeClass }) => ({
        nodeId,
        endorsementKeyHash: endorsementKeyOf(nodeId),
        profile: nodeClass.firmware,
      })),
    policies: (['attested', 'full'] as const).map((level) => ({
      policyId: policyName(level),
      owner: names.attester,
      version: 1,
      profiles,
      runtimeDigests: null,
      releasesKeyShare: level === 'full',
    })),
  };
}

export function provisionerConfiguration(names: ProviderNames): ProvisionerConfiguration {
  return {
    ...PROVISIONER_DEFAULTS,
    name: names.provisioner,
    images: [{ imageId: IMAGE, owner: names.provisioner, shared: true, snapshotId: GOLDEN }],
  };
}

export function simulatedHardware(setup: RunSetup): SimulatedHardware {
  const { scenario, replication } = setup;
  const profile = scenario.provisioning.calibration;
  const hardware = new SimulatedHardware({
    calibration: calibrationOf(setup),
    storageProfile: profile,
    mode: scenario.provisioning.deterministic ? 'deterministic' : 'sampled',
    seed: scenario.seed,
    replication,
    failureRates: failureRates(scenario.failures),
  });
  hardware.storage.addImage(IMAGE, GOLDEN);
  const racks = new Map(providersOf(scenario).map(({ provider, rack }) => [provider, rack]));
  const rackOf = new Map(scenario.organisation.map((o) => [o.name, racks.get(o.provider)!]));
  for (const { nodeId, owner, nodeClass } of siteNodes(setup)) {
    hardware.addNode({
      nodeId,
      profile,
      firmware: nodeClass.firmware,
      endorsementKeyHash: nodeClass.tpm ? endorsementKeyOf(nodeId) : null,
      ports: [{ switchId: rackOf.get(owner)!, portId: nodeId }],
    });
  }
  return hardware;
}

/** The calibration with the scenario's own firmware re-flash in it. */
function calibrationOf({ scenario, ports }: RunSetup): Calibration {
  const { calibration, reflashMinutes } = scenario.provisioning;
  if (reflashMinutes === 0) return ports.calibration;
  const profile = ports.calibration.profiles.get(calibration)!;
  const firmwareReflash = { seconds: reflashMinutes * 60, source: 'scenario (an assumption)' };
  const profiles = new Map(ports.calibration.profiles);
  profiles.set(calibration, {
    ...profile,
    diskful: { ...profile.diskful, firmwareReflash },
  });
  return { ...ports.calibration, profiles };
}

export function profileOf(setup: RunSetup): HardwareProfile {
  return calibrationOf(setup).profiles.get(setup.scenario.provisioning.calibration)!;
}

/** Stands for the hash of a public key; what matters is that no two nodes share one. */
function endorsementKeyOf(nodeId: string): string {
  return `ek:${nodeId}`;
}

/** Times that a lease loses at its ends: what bidders plan with. */
export interface LeaseOverhead {
  readonly setupMs: Readonly<Record<SecurityLevel, number>>;
  readonly releaseMs: number;
}

/** Part of the mean that is planned on top, because walks are not all of mean length. */
const OVERHEAD_MARGIN = 1.1;

export function leaseOverhead(setup: RunSetup): LeaseOverhead {
  const { scenario } = setup;
  const profile = profileOf(setup);
  const firmwares = [...new Set(scenario.nodeClass.map(({ firmware }) => firmware))];
  const worst = (seconds: (firmware: 'uefi' | 'linuxboot') => number) =>
    Math.ceil((Math.max(...firmwares.map(seconds)) * 1000 * OVERHEAD_MARGIN) / MINUTE_MS) *
    MINUTE_MS;
  const setupFor = (securityLevel: SecurityLevel) =>
    worst(
      (firmware) =>
        leaseStartSeconds(profile, securityLevel) +
        provisioningSeconds({ profile, firmware, securityLevel, method: methodOf(scenario) }),
    );
  return {
    setupMs: { none: setupFor('none'), attested: setupFor('attested'), full: setupFor('full') },
    releaseMs: worst((firmware) => releaseSeconds(profile, firmware)),
  };
}

export function methodOf(scenario: Scenario): 'diskless' | 'diskful' {
  return scenario.provisioning.method === 'bmi' ? 'diskless' : 'diskful';
}

/** From the start of a lease to power-on; without attestation the enclave is joined before it. */
export function leaseStartSeconds(profile: HardwareProfile, level: SecurityLevel): number {
  const join = level === 'none' ? 2 * profile.networkChange.seconds : 0;
  return handoverSeconds(profile) + join + profile.management.bootDevice.seconds;
}
