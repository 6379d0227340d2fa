/**
 * Reference measurements. PCR 0 holds for one firmware on one CPU model with one amount of memory,
 * so references are a hardware profile's; PCR 1 holds the boot entries with the network cards'
 * addresses, so it is a node's own. Out of both come the policy and the registry entries that the
 * attestation service judges by.
 */
import type {
  AttestationPolicy,
  NodeIdentity,
  PcrReference,
} from '../../core/attester/commands.ts';
import type { Quote } from '../../core/attester/protocol.ts';
import { isName } from '../../core/kernel/command-shape.ts';
import type { Refusal } from '../../core/kernel/errors.ts';

/** Firmware, its configuration, option ROMs, boot loader, partitions, secure boot, image. */
export const PROFILE_PCRS: readonly number[] = [0, 2, 3, 4, 5, 7, 9, 11];
/** Boot entries and addresses. */
export const NODE_PCR = 1;
/** What a quote must be over, at least. */
export const NEEDED_PCRS: readonly number[] = [...PROFILE_PCRS, NODE_PCR].sort((a, b) => a - b);

/** What PCR 0 depends on. */
export interface HardwareProfile {
  /** Name and version. */
  readonly firmware: string;
  readonly cpu: string;
  readonly memoryMib: number;
}

/** PCR index → the hex digests that are accepted. */
export type ReferenceValues = Readonly<Record<string, readonly string[]>>;

/** A profile and its values. */
export interface ProfileReference {
  readonly hardware: HardwareProfile;
  readonly pcrs: ReferenceValues;
}

const DIGEST = /^([0-9a-f]{64}|[0-9a-f]{96})$/;

/** The profile's name in policies and in the registry; no two profiles have the same. */
export function profileName({ firmware, cpu, memoryMib }: HardwareProfile): string {
  const names = [firmware, cpu].map((name) => encodeURIComponent(name.toWellFormed()));
  return `${names.join('/')}/${memoryMib}MiB`;
}

/**
 * A policy over these profiles, or why it would let pass what it must not.
 * @param runtimeDigests `algorithm:hex` of the files that may run; null: it does not matter
 */
export function policyOf(
  { policyId, version }: { readonly policyId: string; readonly version: number },
  references: readonly ProfileReference[],
  releasesKeyShare: boolean,
  runtimeDigests: readonly string[] | null = null,
): AttestationPolicy | Refusal {
  const profiles = new Map<string, readonly PcrReference[]>();
  for (const { hardware, pcrs } of references) {
    const profile = profileName(hardware);
    const values = referencesOf(pcrs, PROFILE_PCRS);
    if (values === null) return badReference(`${profile} needs PCRs ${PROFILE_PCRS.join(', ')}`);
    if (!isName(profile)) return badReference(`the profile's name ${profile} is too long`);
    if (profiles.has(profile)) return badReference(`${profile} stands there twice`);
    profiles.set(profile, values);
  }
  return {
    policyId,
    version,
    profiles: [...profiles].map(([profile, pcrs]) => ({ profile, pcrs })),
    runtimeDigests,
    releasesKeyShare,
  };
}

/** A node for the registry, or why not. */
export function identityOf(
  nodeId: string,
  endorsementKeyHash: string,
  hardware: HardwareProfile,
  pcrs: ReferenceValues,
): NodeIdentity | Refusal {
  const values = referencesOf(pcrs, [NODE_PCR]);
  if (values === null) return badReference(`node ${nodeId} needs its PCR ${NODE_PCR}`);
  return { nodeId, endorsementKeyHash, profile: profileName(hardware), pcrs: values };
}

/** The values of a node that is known to be good, for `policyOf` and `identityOf`. */
export function valuesOf({ pcrs }: Quote, indexes: readonly number[]): ReferenceValues {
  return Object.fromEntries(
    indexes.filter((index) => Object.hasOwn(pcrs, index)).map((index) => [index, [pcrs[index]!]]),
  );
}

/** Exactly the PCRs of `indexes`; null where one is missing, another is there or one is no digest. */
function referencesOf(
  values: ReferenceValues,
  indexes: readonly number[],
): readonly PcrReference[] | null {
  if (Object.keys(values).length !== indexes.length) return null;
  const references: PcrReference[] = [];
  for (const index of indexes) {
    const digests = Object.hasOwn(values, index) ? values[index]! : [];
    if (digests.length === 0 || !digests.every((digest) => DIGEST.test(digest))) return null;
    references.push({ index: String(index), digests });
  }
  return references;
}

function badReference(message: string): Refusal {
  return { code: 'INPUT_BAD_REFERENCE', message: `reference values: ${message}` };
}
