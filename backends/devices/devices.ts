/** What the isolation service's effects need of hardware, whatever the drivers are made of. */
import type { IsolationDeviceEffect } from '../../core/allocator/protocol.ts';
import type { Outcome } from '../../core/kernel/service.ts';

/** A port that a NIC of the node is wired to. */
export interface WiredPort {
  readonly switchId: string;
  readonly portId: string;
}

export interface Devices {
  /**
   * Carries out one effect and answers what became of it: `ok` only for what was seen to have
   * happened, `noEffect` only where nothing can have happened or still happen, `uncertain` for all
   * else. Doing it twice is harmless.
   *
   * Calls for one device come one after another; the promise must not settle before the device is
   * done with the call or can do nothing about it any more, also where `signal` is aborted.
   *
   * @param ports all ports of the node; what `ObserveNode` has to read
   */
  carryOut(
    effect: IsolationDeviceEffect,
    ports: readonly WiredPort[],
    signal: AbortSignal,
  ): Promise<Outcome<unknown>>;
}
