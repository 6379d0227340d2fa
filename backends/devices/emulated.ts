/**
 * Emulated hardware in memory: BMCs, switch ports and disks that obey, for tests and for trying the
 * services out on a machine without any. It keeps fencing tokens, which real devices mostly do not.
 */
import type {
  BootDevice,
  IsolationDeviceEffect,
  NodeObservation,
} from '../../core/allocator/protocol.ts';
import { ok, type Outcome } from '../../core/kernel/service.ts';
import type { Devices, WiredPort } from './devices.ts';

type Attachments = NodeObservation['ports'][string];

/** One emulated node; a port belongs to its switch but is kept here. */
export interface EmulatedNode {
  power: 'on' | 'off';
  bmcGrantee: string | null;
  bootDevice: BootDevice;
  /** URL of the image in the virtual drive. */
  image: string | null;
  secureBoot: boolean;
  readonly ports: Map<string, Attachments>;
  /** It was on since it was last wiped. */
  isUsed: boolean;
  fencingToken: number;
}

export class EmulatedDevices implements Devices {
  readonly nodes = new Map<string, EmulatedNode>();

  node(nodeId: string): EmulatedNode {
    let node = this.nodes.get(nodeId);
    if (!node) {
      const off = { power: 'off', bmcGrantee: null, image: null, secureBoot: false } as const;
      const boot = { bootDevice: 'none', isUsed: false } as const;
      node = { ...off, ...boot, ports: new Map(), fencingToken: 0 };
      this.nodes.set(nodeId, node);
    }
    return node;
  }

  async carryOut(
    effect: IsolationDeviceEffect,
    ports: readonly WiredPort[],
  ): Promise<Outcome<unknown>> {
    return this.obey(effect, ports);
  }

  /** The same at once. */
  obey(effect: IsolationDeviceEffect, ports: readonly WiredPort[]): Outcome<unknown> {
    const node = this.node(effect.nodeId);
    if (effect.fencingToken < node.fencingToken) {
      const message = 'a later holder of the node has been here';
      return { status: 'noEffect', error: { code: 'DEVICE_FENCED', message } };
    }
    node.fencingToken = effect.fencingToken;
    switch (effect.kind) {
      case 'PowerOff':
        node.power = 'off';
        return ok;
      case 'PowerOn':
        node.power = 'on';
        node.isUsed = true;
        node.bootDevice = 'none';
        return ok;
      case 'SetBootDevice':
        node.bootDevice = effect.device;
        return ok;
      case 'SetMedia':
        node.image = effect.image;
        return ok;
      case 'SetSecureBoot':
        node.secureBoot = effect.enabled;
        return ok;
      case 'RotateBmcToken':
        node.bmcGrantee = effect.grantee;
        return ok;
      case 'ConfigurePort':
        node.ports.set(portKey(effect), effect.attachments);
        return ok;
      case 'WipeNode':
        Object.assign(node, { isUsed: false, bootDevice: 'none', image: null, secureBoot: false });
        return {
          status: 'ok',
          value: { memoryScrubbed: true, disksErased: true, bmcReset: true },
        };
      case 'ObserveNode':
        return { status: 'ok', value: this.#observe(node, ports) };
    }
  }

  #observe(node: EmulatedNode, ports: readonly WiredPort[]): NodeObservation {
    const seen = ports.map((port) => [port.portId, node.ports.get(portKey(port)) ?? []] as const);
    return { power: node.power, bmcGrantee: node.bmcGrantee, ports: Object.fromEntries(seen) };
  }
}

function portKey({ switchId, portId }: WiredPort): string {
  return `${switchId} ${portId}`;
}
