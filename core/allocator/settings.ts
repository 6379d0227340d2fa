/** Times and limits of the isolation service; every default is explained in `docs/numbers.md`. */
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, isSafeAmount } from '../kernel/units.ts';
import { OcxError } from '../kernel/errors.ts';
import type { IsolationDeviceEffect } from './protocol.ts';

export interface IsolationSettings {
  /** How long the outcome of an effect is waited for before it counts as uncertain. */
  readonly deadlineMs: Readonly<Record<IsolationDeviceEffect['kind'], number>>;
  /** Attempts after the first, where the device said that nothing happened. */
  readonly retryLimit: number;
  /** Wait before the first retry or read-back after a failed one; doubles up to the maximum. */
  readonly retryBaseMs: number;
  readonly retryMaximumMs: number;
  /** Longest lease for anybody but an administrator. */
  readonly maximumLeaseMs: number;
  /** Ids that networks are given; explicit ids may lie outside, up to `networkIdMaximum`. */
  readonly networkIdFirst: number;
  readonly networkIdLast: number;
  /** 4094 for VLANs (0 and 4095 are reserved), 16777215 where ports carry VXLAN ids. */
  readonly networkIdMaximum: number;
  /** Organisation that detached nodes go to first, and the service told of it; null: none. */
  readonly maintenance: { readonly organisation: string; readonly service: string } | null;
  /** `http://host:port` of those that BMCs may be told to fetch images from; a BMC reaches more. */
  readonly mediaOrigins: readonly string[];
}

/** VLAN 0 is none, and 1 is what switches put a port in by themselves. */
export const NETWORK_ID_MINIMUM = 2;

export const DEFAULT_SETTINGS: IsolationSettings = Object.freeze({
  deadlineMs: Object.freeze({
    PowerOff: 2 * MINUTE_MS,
    PowerOn: 2 * MINUTE_MS,
    SetBootDevice: MINUTE_MS,
    SetMedia: 2 * MINUTE_MS,
    SetSecureBoot: MINUTE_MS,
    RotateBmcToken: MINUTE_MS,
    ConfigurePort: 2 * MINUTE_MS,
    WipeNode: 2 * HOUR_MS,
    ObserveNode: MINUTE_MS,
  }),
  retryLimit: 4,
  retryBaseMs: 5 * SECOND_MS,
  retryMaximumMs: 5 * MINUTE_MS,
  maximumLeaseMs: 366 * DAY_MS,
  networkIdFirst: 2,
  networkIdLast: 4_094,
  networkIdMaximum: 4_094,
  maintenance: null,
  mediaOrigins: Object.freeze([]),
});

/** @throws OcxError INPUT_BAD_CONFIGURATION where a number is not a safe integer in its range. */
export function completeSettings(given: Partial<IsolationSettings> = {}): IsolationSettings {
  const settings = {
    ...DEFAULT_SETTINGS,
    ...given,
    deadlineMs: { ...DEFAULT_SETTINGS.deadlineMs, ...given.deadlineMs },
  };
  for (const [name, value] of Object.entries({ ...settings, ...settings.deadlineMs })) {
    if (name === 'deadlineMs' || name === 'maintenance' || name === 'mediaOrigins') continue;
    const least = name === 'retryLimit' ? 0 : 1;
    requireConfiguration(isSafeAmount(value) && value >= least, `${name} is not a whole number`);
  }
  requireConfiguration(
    NETWORK_ID_MINIMUM <= settings.networkIdFirst &&
      settings.networkIdFirst <= settings.networkIdLast &&
      settings.networkIdLast <= settings.networkIdMaximum &&
      settings.networkIdMaximum <= 16_777_215,
    'network ids must be 2 ≤ first ≤ last ≤ maximum ≤ 16777215',
  );
  requireConfiguration(
    settings.mediaOrigins.every((origin) => /^https?:\/\/[^/\s@]+$/.test(origin)),
    'mediaOrigins are like http://host:port',
  );
  return settings;
}

export function requireConfiguration(condition: boolean, message: string): asserts condition {
  if (!condition) throw new OcxError({ code: 'INPUT_BAD_CONFIGURATION', message });
}
