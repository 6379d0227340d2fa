/**
 * What can go wrong in a fault simulation, and how often it does in one seed. Every seed picks a
 * mix of its own (swarm testing: Groce et al., ISSTA 2012), so that rare combinations come up and
 * common faults do not drown the others.
 */
import type { RandomStream } from '../../core/kernel/random.ts';

/** Faults of effects on devices; at most one befalls one effect. */
export const EFFECT_FAULTS = [
  /** The device turns the effect down; the service is told. */
  'effect-refused',
  /** It never reaches the device; the service is told that nobody knows. */
  'effect-lost',
  /** It never reaches the device, and nobody ever says so. */
  'effect-vanished',
  /** It happens, but the service is told that nobody knows. */
  'answer-uncertain',
  /** It happens, and nobody ever says so. */
  'answer-vanished',
  /** It happens in time, and the answer comes up to hours later. */
  'answer-late',
  /** The answer comes twice. */
  'answer-twice',
  /** The answer is no answer to what was asked. */
  'answer-garbled',
  /** It reaches the device up to hours later, after the service was told that nobody knows. */
  'lands-late',
  /** It reaches the device at once and again up to hours later. */
  'lands-twice',
  /** The device claims to have done it and has not. */
  'device-lies',
  /** A read-back shows the node as it was a short while ago. */
  'read-back-stale',
] as const;

export const MESSAGE_FAULTS = ['message-lost', 'message-late', 'message-twice'] as const;

export const CRASH_FAULTS = [
  /** Before the event was written down: it is lost. */
  'crash-before-journal',
  /** After that, before any of its effects was begun. */
  'crash-before-effects',
  /** After its effects were begun. */
  'crash-after-effects',
] as const;

/** Faults of a node or of a whole party. */
export const WORLD_FAULTS = [
  'power-cycle',
  'node-breaks',
  'firmware-tampered',
  'quote-replayed',
  'quote-forged',
  'orchestrator-dead',
  'orchestrator-hostile',
  'attester-dead',
  'provisioner-dead',
] as const;

export type EffectFault = (typeof EFFECT_FAULTS)[number];
export type MessageFault = (typeof MESSAGE_FAULTS)[number];
export type CrashFault = (typeof CRASH_FAULTS)[number];
export type WorldFault = (typeof WORLD_FAULTS)[number];
export type Fault = EffectFault | MessageFault | CrashFault | WorldFault;

export const FAULTS: readonly Fault[] = [
  ...EFFECT_FAULTS,
  ...MESSAGE_FAULTS,
  ...CRASH_FAULTS,
  ...WORLD_FAULTS,
];

/** Probability by fault; per effect, per message, per event or per node and lease. */
export type FaultMix = Readonly<Record<Fault, number>>;

/** Largest probabilities that a seed may pick. */
const HIGHEST: FaultMix = {
  'effect-refused': 0.1,
  'effect-lost': 0.1,
  'effect-vanished': 0.05,
  'answer-uncertain': 0.1,
  'answer-vanished': 0.05,
  'answer-late': 0.1,
  'answer-twice': 0.2,
  'answer-garbled': 0.05,
  'lands-late': 0.1,
  'lands-twice': 0.1,
  'device-lies': 0.06,
  'read-back-stale': 0.2,
  'message-lost': 0.15,
  'message-late': 0.2,
  'message-twice': 0.3,
  'crash-before-journal': 0.006,
  'crash-before-effects': 0.008,
  'crash-after-effects': 0.008,
  'power-cycle': 0.3,
  'node-breaks': 0.1,
  'firmware-tampered': 0.3,
  'quote-replayed': 0.3,
  'quote-forged': 0.2,
  'orchestrator-dead': 0.3,
  'orchestrator-hostile': 0.4,
  'attester-dead': 0.3,
  'provisioner-dead': 0.3,
};

/** About half of the faults, each at a rate up to its highest. */
export function drawFaultMix(stream: RandomStream): FaultMix {
  const mix = {} as Record<Fault, number>;
  for (const fault of FAULTS) {
    const chosen = stream.uniform() < 0.5;
    mix[fault] = chosen ? stream.uniform() * HIGHEST[fault] : 0;
  }
  return mix;
}

/** The fault that befalls something, or null; one draw. */
export function drawFault<F extends Fault>(
  mix: FaultMix,
  faults: readonly F[],
  stream: RandomStream,
): F | null {
  let draw = stream.uniform();
  for (const fault of faults) {
    draw -= mix[fault];
    if (draw < 0) return fault;
  }
  return null;
}

/** Seconds to hours, log-uniform in [1 s, 6 h]: most are short, some are very long. */
export function drawLongDelayMs(stream: RandomStream): number {
  return Math.round(1_000 * Math.exp(stream.uniform() * Math.log(21_600)));
}
