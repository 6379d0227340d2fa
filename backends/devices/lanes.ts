/**
 * Fencing for devices that know no tokens. Each BMC and each switch has a lane, in which one thing
 * is done at a time; an effect whose token is behind its node's, or whose deadline has passed while
 * it waited, is never begun; and before each begin the process makes sure that it is still in
 * charge. What has begun is told to end when its node's token moves on. A hung device holds up its
 * own lane and no other.
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
  /** What has begun and not ended: how to tell it that it should. */
  readonly #begun = new Map<AbortController, { nodeId: string; fencingToken: number }>();

  constructor(devices: Devices, nowMs: () => TimeMs) {
    this.#devices = devices;
    this.#nowMs = nowMs;
  }

  /** Lanes in use. */
  get size(): number {
    return this.#tails.size;
  }

  /**
   * @param confirm throws where this process is not in charge any more
   * @param signal nobody waits for it any more
   */
  carryOut(
    effect: IsolationDeviceEffect,
    ports: readonly WiredPort[],
    confirm: () => Promise<void>,
    signal?: AbortSignal,
  ): Promise<Outcome<unknown>> {
    this.#advance(effect);
    const lane = laneOf(effect);
    const awaited = [lane, ...lanesReadBy(effect, ports)];
    const before = Promise.allSettled(awaited.flatMap((one) => this.#tails.get(one) ?? []));
    const done = before.then(() => this.#begin(effect, ports, confirm, signal));
    this.#tails.set(lane, done);
    const leave = () => {
      if (this.#tails.get(lane) === done) this.#tails.delete(lane);
    };
    done.then(leave, leave);
    return done;
  }

  /** Whatever an earlier token has begun on the node is not wanted any more. */
  #advance({ nodeId, fencingToken }: IsolationDeviceEffect): void {
    if (fencingToken <= (this.#tokens.get(nodeId) ?? 0)) return;
    this.#tokens.set(nodeId, fencingToken);
    for (const [controller, begun] of this.#begun) {
      if (begun.nodeId === nodeId && begun.fencingToken < fencingToken) controller.abort();
    }
  }

  async #begin(
    effect: IsolationDeviceEffect,
    ports: readonly WiredPort[],
    confirm: () => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<Outcome<unknown>> {
    if (effect.fencingToken < (this.#tokens.get(effect.nodeId) ?? 0)) {
      return nothing('DEVICE_FENCED', 'the node has moved on before this was begun');
    }
    await confirm();
    const leftMs = effect.deadlineMs - this.#nowMs();
    if (leftMs <= 0) return nothing('DEVICE_LATE', 'the deadline passed before this was begun');
    if (signal?.aborted) return nothing('DEVICE_LATE', 'it was called off before it was begun');
    const controller = new AbortController();
    const late = AbortSignal.timeout(Math.min(leftMs, LONGEST_CALL_MS));
    const until = AbortSignal.any([controller.signal, late, ...(signal ? [signal] : [])]);
    this.#begun.set(controller, effect);
    try {
      return await this.#devices.carryOut(effect, ports, until);
    } finally {
      this.#begun.delete(controller);
    }
  }
}

function laneOf(effect: IsolationDeviceEffect): string {
  if (effect.kind === 'ConfigurePort') return `switch/${effect.switchId}`;
  return `node/${effect.nodeId}`;
}

/**
 * Reading a node back waits for all that is being done to it, so that nothing lands behind it. What
 * others do with its switches later does not wait for it: its BMC may hang.
 */
function lanesReadBy(effect: IsolationDeviceEffect, ports: readonly WiredPort[]): string[] {
  if (effect.kind !== 'ObserveNode') return [];
  return [...new Set(ports.map(({ switchId }) => `switch/${switchId}`))];
}

function nothing(code: string, message: string): Outcome<unknown> {
  return { status: 'noEffect', error: { code, message } };
}
