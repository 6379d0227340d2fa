/** Durations of single effects in integer milliseconds, worked out once for a kind of node. */
import type { BootNode } from '../../core/provisioner/protocol.ts';
import type { HardwareProfile } from './calibration/calibration.ts';
import { bootSeconds, crowdingSeconds, firstQuoteSeconds } from './provisioning-time.ts';
import type { Extrapolation, NodeFirmware } from './provisioning-time.ts';

export interface EffectTimes {
  /** Coefficient of variation of sampled durations. */
  readonly variation: number;
  readonly selfTestMs: number;
  /** Power-on to the first quote. */
  readonly firstQuoteMs: number;
  /** Least time that a first quote takes once it is asked for. */
  readonly attestationMs: number;
  readonly repeatedQuoteMs: number;
  readonly networkChangeMs: number;
  readonly powerOnMs: number;
  readonly powerOffMs: number;
  readonly bootDeviceMs: number;
  readonly tokenRotationMs: number;
  readonly readBackMs: number;
  readonly wipeMs: number;
  readonly keyRevocationMs: number;
  /** By {@link bootVariant}. */
  readonly bootMs: readonly number[];
  readonly dependsOnNodesAtOnce: boolean;
  /** What `nodesAtOnce` nodes instead of one add to the boot of each. */
  crowdingMs(attested: boolean, nodesAtOnce: number): number;
}

export interface StorageTimes {
  readonly cloneMs: number;
  readonly exposeMs: number;
  readonly hideMs: number;
  readonly destroyMs: number;
}

const milliseconds = (duration: { readonly seconds: number }) =>
  Math.round(duration.seconds * 1_000);

export function effectTimes(
  profile: HardwareProfile,
  firmware: NodeFirmware,
  extrapolation: Extrapolation,
): EffectTimes {
  const { management } = profile;
  const selfTestMs = milliseconds(profile.powerOnSelfTest[firmware]);
  return {
    variation: profile.variation.coefficient,
    selfTestMs,
    firstQuoteMs: Math.round(firstQuoteSeconds(profile, firmware) * 1_000),
    attestationMs: milliseconds(profile.attestation),
    repeatedQuoteMs: milliseconds(profile.repeatedQuote),
    networkChangeMs: milliseconds(profile.networkChange),
    powerOnMs: milliseconds(management.powerOn),
    powerOffMs: milliseconds(management.powerOff),
    bootDeviceMs: milliseconds(management.bootDevice),
    tokenRotationMs: milliseconds(management.tokenRotation),
    readBackMs: milliseconds(management.readBack),
    wipeMs: selfTestMs + milliseconds(management.diskErase),
    keyRevocationMs: milliseconds(profile.keyRevocation),
    bootMs: bootVariants(profile, firmware),
    dependsOnNodesAtOnce: profile.concurrency !== 'none',
    crowdingMs: (attested, nodesAtOnce) =>
      Math.round(
        crowdingSeconds({
          profile,
          firmware,
          securityLevel: attested ? 'attested' : 'none',
          method: 'diskless',
          nodesAtOnce,
          extrapolation,
        }) * 1_000,
      ),
  };
}

/** Index into `bootMs`. */
export function bootVariant(
  effect: Pick<BootNode, 'method' | 'fromAttestedFirmware' | 'securityLevel'>,
): number {
  return (
    (effect.method === 'diskful' ? 4 : 0) +
    (effect.fromAttestedFirmware ? 2 : 0) +
    (effect.securityLevel === 'full' ? 1 : 0)
  );
}

function bootVariants(profile: HardwareProfile, firmware: NodeFirmware): number[] {
  const variants: number[] = [];
  for (const method of ['diskless', 'diskful'] as const) {
    for (const attested of [false, true]) {
      for (const securityLevel of ['attested', 'full'] as const) {
        const query = { profile, firmware, method, securityLevel };
        variants.push(Math.round(bootSeconds(query, attested) * 1_000));
      }
    }
  }
  return variants;
}

/** Storage is shared by all nodes; its times come from one profile. */
export function storageTimes(profile: HardwareProfile): StorageTimes {
  const { storage } = profile;
  return {
    cloneMs: milliseconds(storage.clone),
    exposeMs: milliseconds(storage.expose),
    hideMs: milliseconds(storage.hide),
    destroyMs: milliseconds(storage.destroy),
  };
}
