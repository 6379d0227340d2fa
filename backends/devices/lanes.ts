/**
 * Fencing for devices that know no tokens. Each BMC and each switch has a lane, in which one thing
 * is done at a time; an effect whose token is behind its node's, or whose deadline has passed while
 * it waited, is never begun; and before each begin the process makes sure that it is still in
 * charge. A hung device holds up its own lane and no other.
 *
 * What is left: between the last look at the epoch and the device's own obedience a process can be
 * stopped for any time. Whatever lands then, the read-back of the successor finds.
 */
import type { IsolationDeviceEffect } from '../../core/allocator/protocol.ts';
import type { Outcome } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Devices, WiredPort } from './devices.ts';

/** The longest that a driver is given where the deadline of an effect is far away. */
const LONGEST_CALL_MS = 2_147_483_647;

export class DeviceLanes {
  readonly #devices: Devices;
  readonly #nowMs: () => TimeMs;
  /** Lane → settles when all in it is done. */
  readonly #tails = new Map<string, Promise<unknown>>();
  /** Node → largest fencing token asked for. */
  readonly #tokens = new Map<string, number>();

  constructor(devices: Devices, nowMs: () => TimeMs) {
    this.#devices = devices;
    this.#nowMs = nowMs;
  }

  /** Lanes in use. */
  get size(): number {
    return this.#tails.size;
  }

  /** @param confirm throws where this process is not in charge any more */
  carryOut(
    effect: IsolationDeviceEffect,
    ports: readonly WiredPort[],
    confirm: () => Promise<void>,
  ): Promise<Outcome<unknown>> {
    const { nodeId, fencingToken } = effect;
    this.#tokens.set(nodeId, Math.max(fencingToken, this.#tokens.get(nodeId) ?? 0));
    const lanes = lanesOf(effect, ports);
    const before = Promise.allSettled(lanes.flatMap((lane) => this.#tails.get(lane) ?? []));
    const done = before.then(() => this.#begin(effect, ports, confirm));
    for (const lane of lanes) this.#tails.set(lane, done);
    const leave = () => {
      for (const lane of lanes) if (this.#tails.get(lane) === done) this.#tails.delete(lane);
    };
    done.then(leave, leave);
    return done;
  }

  async #begin(
    effect: IsolationDeviceEffect,
    ports: readonly WiredPort[],
    confirm: () => Promise<void>,
  ): Promise<Outcome<unknown>> {
    if (effect.fencingToken < this.#tokens.get(effect.nodeId)!) {
      return nothing('DEVICE_FENCED', 'the node has moved on before this was begun');
    }
    await confirm();
    const leftMs = effect.deadlineMs - this.#nowMs();
    if (leftMs <= 0) return nothing('DEVICE_LATE', 'the deadline passed before this was begun');
    const signal = AbortSignal.timeout(Math.min(leftMs, LONGEST_CALL_MS));
    return this.#devices.carryOut(effect, ports, signal);
  }
}

/** Reading a node back waits for all that is being done to it, so that nothing lands behind it. */
function lanesOf(effect: IsolationDeviceEffect, ports: readonly WiredPort[]): string[] {
  if (effect.kind === 'ConfigurePort') return [`switch/${effect.switchId}`];
  const bmc = `node/${effect.nodeId}`;
  if (effect.kind !== 'ObserveNode') return [bmc];
  return [bmc, ...new Set(ports.map(({ switchId }) => `switch/${switchId}`))];
}

function nothing(code: string, message: string): Outcome<unknown> {
  return { status: 'noEffect', error: { code, message } };
}
