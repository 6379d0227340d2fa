/**
 * A site's real devices: power, boot device and wiping by the node's BMC, ports by their switches,
 * and who may use a BMC by the record of this process, which alone holds the BMCs' credentials.
 */
import type {
  ConfigurePort,
  IsolationDeviceEffect,
  NodeObservation,
} from '../../core/allocator/protocol.ts';
import type { Outcome } from '../../core/kernel/service.ts';
import type { Bmc } from '../bmc/bmc.ts';
import { nothing } from './failure.ts';
import { wipeNode, type WipePlan } from '../bmc/wipe.ts';
import type { SwitchDriver } from '../switches/protocol.ts';
import type { Custody } from './custody.ts';
import type { Devices, WiredPort } from './devices.ts';

/** What there is of one node besides its ports. */
export interface NodeHardware {
  readonly bmc: Bmc;
  readonly wipe: WipePlan;
}

export interface HardwareOptions {
  readonly nodes: ReadonlyMap<string, NodeHardware>;
  readonly switches: ReadonlyMap<string, SwitchDriver>;
  readonly custody: Custody;
  /** Ends every console of the node that is open. */
  readonly endConsoles: (nodeId: string) => void;
}

/** What a port shows that is in no state that we leave one in: it differs from all that is meant. */
const FOREIGN = [{ networkId: 0, channel: 'vlan/foreign' }];

export class Hardware implements Devices {
  readonly #options: HardwareOptions;

  constructor(options: HardwareOptions) {
    this.#options = options;
  }

  async carryOut(
    effect: IsolationDeviceEffect,
    ports: readonly WiredPort[],
    signal: AbortSignal,
  ): Promise<Outcome<unknown>> {
    if (effect.kind === 'ConfigurePort') return this.#configurePort(effect, signal);
    const { nodeId } = effect;
    const node = this.#options.nodes.get(nodeId);
    if (!node) return nothing('DEVICE_UNKNOWN', 'the node has no BMC that is known here');
    switch (effect.kind) {
      case 'PowerOn':
        return node.bmc.powerOn(signal);
      case 'PowerOff':
        return node.bmc.powerOff(effect.force, signal);
      case 'SetBootDevice':
        return node.bmc.setBootDevice(effect.device, signal);
      case 'SetMedia':
        return node.bmc.setMedia(effect.image, signal);
      case 'SetSecureBoot':
        return node.bmc.setSecureBoot(effect.enabled, signal);
      case 'RotateBmcToken':
        this.#options.custody.grant(nodeId, effect.grantee);
        this.#options.endConsoles(nodeId);
        return { status: 'ok', value: undefined };
      case 'WipeNode':
        return wipeNode(node.bmc, node.wipe, signal);
      case 'ObserveNode':
        return this.#observe(nodeId, node, ports, signal);
    }
  }

  async #configurePort(
    { switchId, portId, attachments }: ConfigurePort,
    signal: AbortSignal,
  ): Promise<Outcome<unknown>> {
    const driver = this.#options.switches.get(switchId);
    if (!driver) return nothing('DEVICE_UNKNOWN', 'the switch is not known here');
    return driver.configurePort(portId, attachments, signal);
  }

  async #observe(
    nodeId: string,
    { bmc, wipe }: NodeHardware,
    wired: readonly WiredPort[],
    signal: AbortSignal,
  ): Promise<Outcome<NodeObservation>> {
    const power = await bmc.readPower(signal);
    if (power.status !== 'ok') return power;
    const accounts = await bmc.readAccounts(signal);
    const isShown = accounts.status === 'ok' || accounts.error.code !== 'DEVICE_UNSUPPORTED';
    if (isShown && accounts.status !== 'ok') return accounts;
    const foreign =
      accounts.status === 'ok'
        ? accounts.value.find((name) => !wipe.keptAccounts.includes(name))
        : undefined;
    const ports: Record<string, NodeObservation['ports'][string]> = {};
    for (const { switchId, portId } of wired) {
      const seen = await this.#readPort(switchId, portId, signal);
      if (seen.status !== 'ok') return seen;
      ports[portId] = seen.value;
    }
    // Whoever has an account of its own may use the BMC, whatever we have written down.
    const bmcGrantee =
      foreign === undefined ? this.#options.custody.grantee(nodeId) : `account:${foreign}`;
    return { status: 'ok', value: { power: power.value, ports, bmcGrantee } };
  }

  async #readPort(
    switchId: string,
    portId: string,
    signal: AbortSignal,
  ): Promise<Outcome<NodeObservation['ports'][string]>> {
    const driver = this.#options.switches.get(switchId);
    if (!driver) return nothing('DEVICE_UNKNOWN', 'the switch is not known here');
    const seen = await driver.readPort(portId, signal);
    const isForeign = seen.status !== 'ok' && seen.error.code === 'DEVICE_FOREIGN';
    return isForeign ? { status: 'ok', value: FOREIGN } : seen;
  }
}
