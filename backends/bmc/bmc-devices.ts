/**
 * The part of the isolation service's effects that a node's BMC carries out; switches, disks and
 * credentials are left to others. Where a node has no BMC nothing happens to it.
 */
import type { IsolationDeviceEffect, NodeObservation } from '../../core/allocator/protocol.ts';
import type { Outcome } from '../../core/kernel/service.ts';
import type { Devices, WiredPort } from '../devices/devices.ts';
import type { Bmc } from './bmc.ts';
import { nothing } from '../devices/failure.ts';

export class BmcDevices implements Devices {
  readonly #bmcs: ReadonlyMap<string, Bmc>;
  readonly #others: Devices;

  /**
   * @param bmcs by node
   * @param others carry out all else; of what they observe, the power is replaced
   */
  constructor(bmcs: ReadonlyMap<string, Bmc>, others: Devices) {
    this.#bmcs = bmcs;
    this.#others = others;
  }

  async carryOut(
    effect: IsolationDeviceEffect,
    ports: readonly WiredPort[],
    signal: AbortSignal,
  ): Promise<Outcome<unknown>> {
    switch (effect.kind) {
      case 'PowerOn':
        return this.#with(effect.nodeId, (bmc) => bmc.powerOn(signal));
      case 'PowerOff':
        return this.#with(effect.nodeId, (bmc) => bmc.powerOff(effect.force, signal));
      case 'SetBootDevice':
        return this.#with(effect.nodeId, (bmc) => bmc.setBootDevice(effect.device, signal));
      case 'SetMedia':
        return this.#with(effect.nodeId, (bmc) => bmc.setMedia(effect.image, signal));
      case 'ObserveNode':
        return this.#with(effect.nodeId, async (bmc) => {
          const power = await bmc.readPower(signal);
          if (power.status !== 'ok') return power;
          const seen = await this.#others.carryOut(effect, ports, signal);
          if (seen.status !== 'ok') return seen;
          const value = { ...(seen.value as NodeObservation), power: power.value };
          return { status: 'ok', value };
        });
      default:
        return this.#others.carryOut(effect, ports, signal);
    }
  }

  async #with(
    nodeId: string,
    act: (bmc: Bmc) => Promise<Outcome<unknown>>,
  ): Promise<Outcome<unknown>> {
    const bmc = this.#bmcs.get(nodeId);
    return bmc ? act(bmc) : nothing('DEVICE_UNKNOWN', 'the node has no BMC that is known here');
  }
}
