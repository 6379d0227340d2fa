/**
 * The numbers that calibrate the simulated hardware, each with the place it was taken from.
 */
import { Type } from 'typebox';
import type { Static, TSchema } from 'typebox';
import { DEFAULT_CALIBRATION } from './default-calibration.ts';

function table<T extends Record<string, TSchema>>(properties: T) {
  return Type.Object(properties, { additionalProperties: false });
}

/** Where a number comes from; a remembered one says `default, editable`. */
const source = Type.String({ minLength: 3, maxLength: 400 });
const seconds = Type.Number({ minimum: 0, maximum: 604_800 });

const DurationSchema = table({ seconds, source });
/** Spread of a sampled duration around its mean. */
const VariationSchema = table({
  coefficient: Type.Number({ minimum: 0, maximum: 1 }),
  source,
});

/** Mean seconds from power-on to active when several nodes are set up at once. */
const ConcurrencySchema = table({
  nodes: Type.Array(Type.Integer({ minimum: 1, maximum: 1_000_000 }), { minItems: 2 }),
  unattestedSeconds: Type.Array(seconds, { minItems: 2 }),
  attestedSeconds: Type.Array(seconds, { minItems: 2 }),
  source,
});

export const HardwareProfileSchema = table({
  /** Power-on self-test, by the firmware in flash. */
  powerOnSelfTest: table({ uefi: DurationSchema, linuxboot: DurationSchema }),
  networkBoot: DurationSchema,
  /** Chainboot into the network disk and boot of the tenant's system, not attested. */
  chainboot: DurationSchema,
  measuredFirmwareDownload: DurationSchema,
  measuredFirmwareBoot: DurationSchema,
  attestationClientDownload: DurationSchema,
  attestation: DurationSchema,
  /** A later quote in the same boot: no firmware, no client, only the TPM. */
  repeatedQuote: DurationSchema,
  /** One change of a port's networks; a move between networks is two of them. */
  networkChange: DurationSchema,
  /** kexec into the tenant's kernel and boot. */
  kernelHandover: DurationSchema,
  /** What an encrypted root disk and an encrypted path to it add to a boot. */
  encryptedStorage: DurationSchema,
  diskful: table({
    installation: DurationSchema,
    localBoot: DurationSchema,
    /** Firmware written anew between tenants, in place of attestation; 0: not done. */
    firmwareReflash: DurationSchema,
  }),
  management: table({
    powerOn: DurationSchema,
    powerOff: DurationSchema,
    bootDevice: DurationSchema,
    tokenRotation: DurationSchema,
    readBack: DurationSchema,
    /** Erasing local disks; the memory scrub is a power-on self-test on top of it. */
    diskErase: DurationSchema,
  }),
  storage: table({
    clone: DurationSchema,
    expose: DurationSchema,
    hide: DurationSchema,
    destroy: DurationSchema,
  }),
  keyRevocation: DurationSchema,
  variation: VariationSchema,
  /** `none` where the number of nodes set up at once makes no difference. */
  concurrency: Type.Union([ConcurrencySchema, Type.Literal('none')]),
});

export type ConcurrencyTable = Static<typeof ConcurrencySchema>;
export type HardwareProfile = Static<typeof HardwareProfileSchema>;

export interface Calibration {
  readonly schema: 'ocx-calibration/1';
  readonly profiles: ReadonlyMap<string, HardwareProfile>;
}

/** The calibration that the project ships: profiles `r630` and `m620`. */
export function defaultCalibration(): Calibration {
  return { schema: 'ocx-calibration/1', profiles: new Map(Object.entries(DEFAULT_CALIBRATION)) };
}

/** One node, UEFI, level `none`. */
export function unattestedPhasesSeconds(profile: HardwareProfile): number {
  return (
    profile.powerOnSelfTest.uefi.seconds + profile.networkBoot.seconds + profile.chainboot.seconds
  );
}

/** One node, UEFI, level `attested`. */
export function attestedPhasesSeconds(profile: HardwareProfile): number {
  return (
    profile.powerOnSelfTest.uefi.seconds +
    profile.networkBoot.seconds +
    profile.measuredFirmwareDownload.seconds +
    profile.measuredFirmwareBoot.seconds +
    profile.attestationClientDownload.seconds +
    profile.attestation.seconds +
    2 * profile.networkChange.seconds +
    profile.kernelHandover.seconds
  );
}
