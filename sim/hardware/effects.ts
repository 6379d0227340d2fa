/** The effects of the services that need hardware, and what answers them. */
import type {
  IsolationDeviceEffect,
  NodeObservation,
  WipeEvidence,
} from '../../core/allocator/protocol.ts';
import type {
  MakeNonce,
  Quote,
  ReleaseKeyShare,
  RequestQuote,
  RevokeKeys,
} from '../../core/attester/protocol.ts';
import type { Outcome } from '../../core/kernel/service.ts';
import type {
  BootNode,
  ChangeImage,
  CloneImage,
  DestroyDisk,
  ExposeDisk,
  HideDisk,
} from '../../core/provisioner/protocol.ts';
import type { DeviceKind } from './failures.ts';

export type StorageDeviceEffect = CloneImage | ExposeDisk | HideDisk | DestroyDisk | ChangeImage;

export type HardwareEffect =
  | IsolationDeviceEffect
  | RequestQuote
  | MakeNonce
  | ReleaseKeyShare
  | RevokeKeys
  | StorageDeviceEffect
  | BootNode;

export type HardwareValue = NodeObservation | WipeEvidence | Quote | string | undefined;
export type HardwareOutcome = Outcome<HardwareValue>;

const DEVICES: Readonly<Record<HardwareEffect['kind'], DeviceKind>> = {
  PowerOn: 'bmc',
  PowerOff: 'bmc',
  SetBootDevice: 'bmc',
  SetMedia: 'bmc',
  SetSecureBoot: 'bmc',
  RotateBmcToken: 'bmc',
  WipeNode: 'bmc',
  ObserveNode: 'bmc',
  ConfigurePort: 'switch',
  CloneImage: 'storage',
  ExposeDisk: 'storage',
  HideDisk: 'storage',
  DestroyDisk: 'storage',
  ChangeImage: 'storage',
  BootNode: 'storage',
  RequestQuote: 'attestation',
  MakeNonce: 'attestation',
  ReleaseKeyShare: 'attestation',
  RevokeKeys: 'attestation',
};

export function isHardwareEffect(effect: { readonly kind: string }): effect is HardwareEffect {
  return Object.hasOwn(DEVICES, effect.kind);
}

/** Kind of device that an effect goes to. */
export function deviceKind(effect: HardwareEffect): DeviceKind {
  return DEVICES[effect.kind];
}
