/**
 * How long the walk of a node takes where nothing fails, in closed form: the instants at which the
 * services would have got it out of its owner's hands, booted, and back. Draws are those of the
 * simulated hardware, from the same streams in the same order.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { SecurityLevel } from '../../core/market/orders.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { ProvisioningMethod } from '../../core/provisioner/protocol.ts';
import { bootVariant } from './effect-times.ts';
import type { EffectTimes, StorageTimes } from './effect-times.ts';
import type { HardwareDraws } from './hardware-draws.ts';

/** Opening or shutting a port is one change, moving it to another network two. */
const MOVE_CHANGES = 2;

export interface WalkSetup {
  readonly securityLevel: SecurityLevel;
  readonly method: ProvisioningMethod;
  readonly storage: StorageTimes;
}

/** A walk from its owner to its borrower; each instant is that at which a step is over. */
export interface SetupWalk {
  /** First power-off; the next draw is made then. */
  readonly offMs: TimeMs;
  /** The port begins to be opened. */
  readonly portMs: TimeMs;
  /** In the airlock: from now on its borrower knows of it. */
  readonly airlockMs: TimeMs;
  /** Switched on; the pace of the boot is drawn then. */
  readonly onMs: TimeMs;
  /** In its borrower's network, and powered. */
  readonly inMs: TimeMs;
  readonly readyMs: TimeMs;
}

export interface ReleaseWalk {
  /** Power is off and the port shut. */
  readonly cutOffMs: TimeMs;
  /** Wiped and verified. */
  readonly freedMs: TimeMs;
}

/** What a node that is lent needs to remember of its hardware. */
export class TimedNode {
  readonly specification: { readonly nodeId: string };
  readonly times: EffectTimes;
  /** Pace of its last boot. */
  pace = 1;
  /** Draws of steps that a walk did not come to, the next one last. */
  readonly #undrawn: number[] = [];

  constructor(nodeId: string, times: EffectTimes) {
    this.specification = { nodeId };
    this.times = times;
  }

  get nodeId(): string {
    return this.specification.nodeId;
  }

  draw(draws: HardwareDraws): number {
    return this.#undrawn.pop() ?? draws.pace(this);
  }

  /** The same draw comes again next. */
  putBack(draw: number): void {
    this.#undrawn.push(draw);
  }

  carry(carrier: Carrier): void {
    this.pace = carrier.value('pace', this.pace);
    carrier.fill('undrawn', this.#undrawn);
  }
}

/** A walk that has begun, and its draws that may be put back; plain data. */
export interface SetupUnderWay {
  readonly walk: SetupWalk;
  readonly tokenDraw: number;
  readonly paceDraw: number;
}

/** A node begins to go to its borrower. */
export function beginSetup(
  node: TimedNode,
  setup: WalkSetup,
  nowMs: TimeMs,
  draws: HardwareDraws,
): SetupUnderWay {
  const { times, pace } = node;
  const offMs = nowMs + Math.round(times.powerOffMs * node.draw(draws));
  const tokenDraw = node.draw(draws);
  const paceDraw = node.draw(draws);
  const portMs = offMs + Math.round(times.tokenRotationMs * tokenDraw);
  const airlockMs = portMs + Math.round(times.networkChangeMs * pace);
  const from = { offMs, portMs, airlockMs };
  const walk =
    setup.securityLevel === 'none'
      ? unmeasured(from, setup, times, pace, paceDraw)
      : measured(from, setup, times, paceDraw);
  return { walk, tokenDraw, paceDraw };
}

/** Gives the node up, however far it is, and takes it back to its owner. */
export function releaseSetup(
  node: TimedNode,
  { walk, tokenDraw, paceDraw }: SetupUnderWay,
  nowMs: TimeMs,
  draws: HardwareDraws,
): ReleaseWalk {
  const { offMs, portMs, onMs } = walk;
  if (nowMs < onMs) node.putBack(paceDraw);
  else node.pace = paceDraw;
  if (nowMs < offMs) node.putBack(tokenDraw);
  const { times, pace } = node;
  const releasedMs = nowMs + Math.round(times.powerOffMs * node.draw(draws));
  const revokedMs = releasedMs + Math.round(times.tokenRotationMs * node.draw(draws));
  const changes = nowMs < portMs ? 0 : 1;
  const cutOffMs = revokedMs + Math.round(changes * times.networkChangeMs * pace);
  const wipedMs = cutOffMs + Math.round(times.wipeMs * node.draw(draws));
  return { cutOffMs, freedMs: wipedMs + times.readBackMs };
}

type Airlock = Pick<SetupWalk, 'offMs' | 'portMs' | 'airlockMs'>;

/** Level none: the network first, then the boot. */
function unmeasured(
  airlock: Airlock,
  setup: WalkSetup,
  times: EffectTimes,
  paceBefore: number,
  pace: number,
): SetupWalk {
  const { airlockMs } = airlock;
  const joinedMs = airlockMs + Math.round(MOVE_CHANGES * times.networkChangeMs * paceBefore);
  const onMs = joinedMs + times.bootDeviceMs;
  const inMs = onMs + times.powerOnMs;
  const firmwareMs = onMs + Math.round(times.selfTestMs * pace);
  const bootMs = Math.max(diskMs(airlockMs, inMs, setup), firmwareMs);
  return { ...airlock, onMs, inMs, readyMs: bootMs + bootTime(setup, times, pace) };
}

/** A boot that is measured and quoted before the network opens. */
function measured(airlock: Airlock, setup: WalkSetup, times: EffectTimes, pace: number): SetupWalk {
  const { airlockMs } = airlock;
  const onMs = airlockMs + times.bootDeviceMs;
  const quoteMs = Math.max(
    onMs + Math.round(times.firstQuoteMs * pace),
    onMs + times.powerOnMs + Math.round(times.attestationMs * pace),
  );
  const inMs = quoteMs + Math.round(MOVE_CHANGES * times.networkChangeMs * pace);
  const readyMs = diskMs(airlockMs, inMs, setup) + bootTime(setup, times, pace);
  return { ...airlock, onMs, inMs, readyMs };
}

/** When the disk that it boots from is there; the image is cloned while the node starts. */
function diskMs(airlockMs: TimeMs, inMs: TimeMs, { method, storage }: WalkSetup): TimeMs {
  if (method === 'diskful') return inMs;
  return Math.max(inMs, airlockMs + storage.cloneMs) + storage.exposeMs;
}

function bootTime({ method, securityLevel }: WalkSetup, times: EffectTimes, pace: number): TimeMs {
  const fromAttestedFirmware = securityLevel !== 'none';
  const variant = bootVariant({ method, securityLevel, fromAttestedFirmware });
  return Math.round(times.bootMs[variant]! * pace);
}
