/**
 * Failures of devices in a market simulation: how often an effect has none, or nobody knows, and
 * how often nodes break. All rates are 0 unless a scenario sets them; none is published.
 */
import type { Outcome } from '../../core/kernel/service.ts';
import { HOUR_MS } from '../../core/kernel/units.ts';
import type { RandomStream } from '../../core/kernel/random.ts';

/** Probabilities, for every single effect; their sum is at most 1. */
export interface EffectFailureRates {
  readonly noEffect: number;
  /** It happened, but the answer got lost. */
  readonly uncertainApplied: number;
  /** It did not happen, and nobody knows. */
  readonly uncertainNotApplied: number;
}

export interface FailureRates {
  /** Power, boot device, credentials, wipe and read-back. */
  readonly bmc: EffectFailureRates;
  readonly switch: EffectFailureRates;
  /** Clones, exposing, booting from the network disk. */
  readonly storage: EffectFailureRates;
  /** Quotes and keys. */
  readonly attestation: EffectFailureRates;
  /** Mean time between failures of one node, hours; 0: nodes do not break. */
  readonly nodeMeanTimeBetweenFailuresHours: number;
}

export type DeviceKind = 'bmc' | 'switch' | 'storage' | 'attestation';

export type EffectFate = 'done' | 'noEffect' | 'uncertainApplied' | 'uncertainNotApplied';

const NEVER: EffectFailureRates = Object.freeze({
  noEffect: 0,
  uncertainApplied: 0,
  uncertainNotApplied: 0,
});

export const NO_FAILURES: FailureRates = Object.freeze({
  bmc: NEVER,
  switch: NEVER,
  storage: NEVER,
  attestation: NEVER,
  nodeMeanTimeBetweenFailuresHours: 0,
});

/** What becomes of one effect; one draw. */
export function drawFate(rates: EffectFailureRates, stream: RandomStream): EffectFate {
  const draw = stream.uniform();
  if (draw < rates.noEffect) return 'noEffect';
  if (draw < rates.noEffect + rates.uncertainApplied) return 'uncertainApplied';
  if (draw < rates.noEffect + rates.uncertainApplied + rates.uncertainNotApplied) {
    return 'uncertainNotApplied';
  }
  return 'done';
}

/** Time of a node's next failure after `afterMs`; Infinity where nodes do not break. */
export function drawNodeFailureMs(
  rates: FailureRates,
  stream: RandomStream,
  afterMs: number,
): number {
  const hours = rates.nodeMeanTimeBetweenFailuresHours;
  if (hours <= 0) return Infinity;
  return afterMs + Math.ceil(stream.exponential(hours * HOUR_MS));
}

export function noEffect(code: string, message: string): Outcome<never> {
  return Object.freeze({ status: 'noEffect', error: Object.freeze({ code, message }) });
}

export function uncertain(code: string, message: string): Outcome<never> {
  return Object.freeze({ status: 'uncertain', error: Object.freeze({ code, message }) });
}

export const DEVICE_ERROR = noEffect('DEVICE_ERROR', 'the device reports an error');
export const DEVICE_TIMEOUT = uncertain('DEVICE_TIMEOUT', 'the device did not answer in time');
export const DEVICE_FENCED = noEffect('DEVICE_FENCED', 'a newer lease has reached the device');
export const DEVICE_UNKNOWN = noEffect('NOT_FOUND_DEVICE', 'there is no such device');
export const NODE_FAILED = noEffect('DEVICE_NODE_FAILED', 'the node is broken');
export const NODE_OFF = noEffect('DEVICE_NODE_OFF', 'the node is off');
export const NODE_OUT_OF_REACH = noEffect('DEVICE_NO_ANSWER', 'the node is in another network');
export const NO_TPM = noEffect('DEVICE_NO_TPM', 'the node has no TPM');
export const NO_BOOT_DISK = noEffect('NOT_FOUND_BOOT_DISK', 'no disk is exposed to the node');
