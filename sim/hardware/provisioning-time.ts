/**
 * How long it takes to set a node up, phase by phase: the closed form that reports print and
 * bidders plan with. A simulated walk in deterministic mode takes exactly as long.
 */
import type { ProvisioningMethod } from '../../core/provisioner/protocol.ts';
import type { SecurityLevel } from '../../core/market/orders.ts';
import type { HardwareProfile } from './calibration/calibration.ts';

export type NodeFirmware = 'uefi' | 'linuxboot';

/** How a table of totals goes on after its last entry: as it stands, or along its last piece. */
export type Extrapolation = 'flat' | 'linear';

export interface ProvisioningQuery {
  readonly profile: HardwareProfile;
  readonly firmware: NodeFirmware;
  readonly securityLevel: SecurityLevel;
  readonly method: ProvisioningMethod;
  /** Nodes on their way from power-on to active at the same time, this one included. */
  readonly nodesAtOnce?: number;
  /** Default `flat`. */
  readonly extrapolation?: Extrapolation;
}

export interface ProvisioningPhase {
  readonly name: string;
  readonly seconds: number;
}

/** Power-on to active, in order. The phases up to `attestation` end with a quote. */
export function provisioningPhases(query: ProvisioningQuery): readonly ProvisioningPhase[] {
  const { profile, firmware, securityLevel } = query;
  const attested = securityLevel !== 'none';
  const phases = attested ? attestedPhases(profile, firmware) : [];
  if (!attested) {
    phases.push(['power-on self-test', profile.powerOnSelfTest[firmware].seconds]);
  }
  phases.push(...systemPhases(query, attested));
  if (securityLevel === 'full') {
    phases.push(['encrypted disk and path', profile.encryptedStorage.seconds]);
  }
  const crowding = crowdingSeconds(query);
  if (crowding > 0) phases.push(['shared storage', crowding]);
  return phases.map(([name, seconds]) => ({ name, seconds }));
}

/** Seconds from power-on to active. */
export function provisioningSeconds(query: ProvisioningQuery): number {
  return sum(provisioningPhases(query));
}

/** In whole milliseconds, so that the sum does not depend on the order. */
function sum(phases: readonly { readonly seconds: number }[]): number {
  let milliseconds = 0;
  for (const { seconds } of phases) milliseconds += Math.round(seconds * 1_000);
  return milliseconds / 1_000;
}

/** What setting up `nodesAtOnce` nodes instead of one adds to each of them. */
export function crowdingSeconds(query: ProvisioningQuery): number {
  const { profile, method, securityLevel, nodesAtOnce = 1, extrapolation = 'flat' } = query;
  // Nothing is published about installing to many local disks at once.
  if (profile.concurrency === 'none' || method === 'diskful') return 0;
  const { nodes, unattestedSeconds, attestedSeconds } = profile.concurrency;
  const totals = securityLevel === 'none' ? unattestedSeconds : attestedSeconds;
  const last = nodes.length - 1;
  const beyond = nodesAtOnce > nodes[last]!;
  if (beyond && extrapolation === 'flat') return totals[last]! - totals[0]!;
  let piece = 1;
  while (piece < last && nodes[piece]! < nodesAtOnce) piece += 1;
  const from = nodes[piece - 1]!;
  const slope = (totals[piece]! - totals[piece - 1]!) / (nodes[piece]! - from);
  return totals[piece - 1]! + slope * (nodesAtOnce - from) - totals[0]!;
}

type Phase = [name: string, seconds: number];

function attestedPhases(profile: HardwareProfile, firmware: NodeFirmware): Phase[] {
  const phases: Phase[] = [['power-on self-test', profile.powerOnSelfTest[firmware].seconds]];
  if (firmware === 'uefi') {
    phases.push(
      ['network boot', profile.networkBoot.seconds],
      ['download and measure firmware', profile.measuredFirmwareDownload.seconds],
      ['boot measured firmware', profile.measuredFirmwareBoot.seconds],
    );
  }
  phases.push(
    ['download attestation client', profile.attestationClientDownload.seconds],
    ['attestation', profile.attestation.seconds],
    ['move to enclave', 2 * profile.networkChange.seconds],
  );
  return phases;
}

/** From firmware that runs to the tenant's system: what `BootNode` stands for. */
function systemPhases(query: ProvisioningQuery, attested: boolean): Phase[] {
  const { profile, firmware, method } = query;
  const phases: Phase[] = [];
  if (!attested && firmware === 'uefi') phases.push(['network boot', profile.networkBoot.seconds]);
  if (method === 'diskless') {
    // Linux in flash starts the tenant's kernel by kexec, attested or not.
    phases.push(
      attested || firmware === 'linuxboot'
        ? ['kexec and boot', profile.kernelHandover.seconds]
        : ['chainboot and boot', profile.chainboot.seconds],
    );
    return phases;
  }
  if (profile.diskful.firmwareReflash.seconds > 0) {
    phases.push(['write firmware', profile.diskful.firmwareReflash.seconds]);
  }
  phases.push(
    ['install to disk', profile.diskful.installation.seconds],
    ['second power-on self-test', profile.powerOnSelfTest[firmware].seconds],
    ['boot from disk', profile.diskful.localBoot.seconds],
  );
  return phases;
}

/** Phases of `BootNode` alone, crowding left out; for the simulated hardware. */
export function bootSeconds(query: ProvisioningQuery, fromAttestedFirmware: boolean): number {
  let total = query.securityLevel === 'full' ? query.profile.encryptedStorage.seconds : 0;
  for (const [, seconds] of systemPhases(query, fromAttestedFirmware)) total += seconds;
  return total;
}

/** From power-on to a quote of measured firmware. */
export function firstQuoteSeconds(profile: HardwareProfile, firmware: NodeFirmware): number {
  let total = 0;
  for (const [name, seconds] of attestedPhases(profile, firmware)) {
    if (name !== 'move to enclave') total += seconds;
  }
  return total;
}

/** Seconds from the start of a lease until its node stands in the airlock, ready to power on. */
export function handoverSeconds({ management, networkChange }: HardwareProfile): number {
  return sum([management.powerOff, management.tokenRotation, networkChange]);
}

/** Seconds from the end of a lease until its node is verified clean and back with its owner. */
export function releaseSeconds(profile: HardwareProfile, firmware: NodeFirmware): number {
  const { management, networkChange, powerOnSelfTest } = profile;
  const { powerOff, tokenRotation, diskErase, readBack } = management;
  const wipe = [powerOnSelfTest[firmware], diskErase];
  return sum([powerOff, tokenRotation, networkChange, ...wipe, readBack]);
}
