/**
 * Redfish (DMTF DSP0266) as a BMC protocol. Links are followed, not guessed. Where vendors want the
 * same thing said in other words, the ways are tried in turn, each only after the one before it was
 * turned down; which one a BMC takes is remembered.
 */
import type { Outcome } from '../../../core/kernel/service.ts';
import { nothing } from '../../devices/failure.ts';
import type { BmcProtocol, BootDevice, BootReading, ConsoleLink } from '../protocol.ts';
import type { Inventory, PowerReading, PowerRequest } from '../protocol.ts';
import { at, linksAt, numberAt, objectAt, textAt } from './bounded-json.ts';
import { RedfishBelongings } from './belongings.ts';
import type { JsonObject } from './bounded-json.ts';
import { Exchange } from './exchange.ts';
import type { BmcAddress } from './exchange.ts';
import { RedfishSession } from './session.ts';
import type { RedfishCredentials, Resource } from './session.ts';

export interface RedfishOptions extends BmcAddress {
  readonly credentials: RedfishCredentials;
  /** Id of the system where the BMC has several. */
  readonly systemId?: string;
  /** What network boot is called. */
  readonly networkTarget?: 'Pxe' | 'UefiHttp';
  readonly requestMs?: number;
  readonly pauseMs?: number;
}

const REQUEST_MS = 30_000;
const PAUSE_MS = 1000;
const CLOSE_MS = 2000;
const MOST_MEMBERS = 64;
const POWER: ReadonlyMap<string | null, PowerReading> = new Map([
  ['On', 'on'],
  ['Off', 'off'],
  ['PoweringOn', 'changing'],
  ['PoweringOff', 'changing'],
]);
const RESET = { on: 'On', off: 'ForceOff', softOff: 'GracefulShutdown' } as const;
const CONSOLES = [
  ['SSH', 'ssh', 22],
  ['IPMI', 'ipmi-sol', 623],
  ['Telnet', 'telnet', 23],
] as const;

/** One way of saying what is to be booted. */
type BootForm = (wanted: JsonObject, current: JsonObject) => JsonObject;

const SAID_PLAINLY: BootForm = (wanted) => wanted;
/** Some boards want the mode along, unchanged. */
const WITH_MODE: BootForm = (wanted, current) => ({
  ...wanted,
  BootSourceOverrideMode: textAt(current, 'BootSourceOverrideMode') ?? 'UEFI',
});
/** Some take no target where there is to be none. */
const ENABLED_ONLY: BootForm = ({ BootSourceOverrideEnabled }) => ({ BootSourceOverrideEnabled });

export class Redfish implements BmcProtocol {
  readonly #session: RedfishSession;
  readonly #belongings: RedfishBelongings;
  readonly #systemId: string | null;
  readonly #networkTarget: string;
  #systemPath: string | null = null;
  /** Number of the way of setting the boot device that was taken last. */
  #bootForm = 0;

  /** @throws INPUT_BMC_ADDRESS */
  constructor(options: RedfishOptions) {
    const exchange = new Exchange(options, options.requestMs ?? REQUEST_MS);
    this.#session = new RedfishSession(exchange, options.credentials, options.pauseMs ?? PAUSE_MS);
    this.#belongings = new RedfishBelongings(this.#session, options.credentials.userName);
    this.#systemId = options.systemId ?? null;
    this.#networkTarget = options.networkTarget ?? 'Pxe';
  }

  async readPower(signal: AbortSignal): Promise<Outcome<PowerReading>> {
    const system = await this.#system(signal);
    if (system.status !== 'ok') return system;
    const power = POWER.get(textAt(system.value.body, 'PowerState'));
    if (!power) return nothing('DEVICE_BAD_ANSWER', 'the BMC gave no power state');
    return { status: 'ok', value: power };
  }

  async sendPower(request: PowerRequest, signal: AbortSignal): Promise<Outcome> {
    const system = await this.#system(signal);
    if (system.status !== 'ok') return system;
    const action = objectAt(system.value.body, 'Actions', '#ComputerSystem.Reset');
    const target = textAt(action, 'target');
    const allowed = at(action, 'ResetType@Redfish.AllowableValues');
    const ResetType = RESET[request];
    if (target === null || (Array.isArray(allowed) && !allowed.includes(ResetType))) {
      return nothing('DEVICE_UNSUPPORTED', `the BMC does not offer ${ResetType}`);
    }
    return this.#session.post(target, { ResetType }, signal);
  }

  async readBoot(signal: AbortSignal): Promise<Outcome<BootReading>> {
    const system = await this.#system(signal);
    if (system.status !== 'ok') return system;
    const boot = objectAt(system.value.body, 'Boot');
    if (!boot) return nothing('DEVICE_UNSUPPORTED', 'the BMC has no boot override');
    const enabled = textAt(boot, 'BootSourceOverrideEnabled');
    const target = textAt(boot, 'BootSourceOverrideTarget');
    if (enabled === 'Disabled' || target === 'None' || target === null) {
      return { status: 'ok', value: 'none' };
    }
    const device = DEVICES.find((candidate) => this.#target(candidate) === target);
    const isOnce = enabled === 'Once';
    return { status: 'ok', value: isOnce && device ? device : 'other' };
  }

  async sendBoot(device: BootDevice, attempt: number, signal: AbortSignal): Promise<Outcome> {
    const system = await this.#system(signal);
    if (system.status !== 'ok') return system;
    const current = objectAt(system.value.body, 'Boot') ?? {};
    const wanted = {
      BootSourceOverrideTarget: this.#target(device),
      BootSourceOverrideEnabled: device === 'none' ? 'Disabled' : 'Once',
    };
    const ways = bootWays(system.value, device);
    // Some take what they then forget: the next way is tried first.
    const first = this.#bootForm + (attempt > 0 ? 1 : 0);
    let last: Outcome = nothing('DEVICE_REFUSED', 'the BMC takes no boot device');
    for (let offset = 0; offset < ways.length; offset++) {
      const index = (first + offset) % ways.length;
      const { path, form } = ways[index]!;
      last = await this.#session.patch(path, { Boot: form(wanted, current) }, signal);
      if (last.status === 'ok') this.#bootForm = index;
      const isTurnedDown = last.status === 'noEffect' && last.error.code === 'DEVICE_REFUSED';
      if (!isTurnedDown) return last;
    }
    return last;
  }

  async readMedia(signal: AbortSignal): Promise<Outcome<string | null>> {
    const drive = await this.#drive(signal);
    if (drive.status !== 'ok') return drive;
    const image = textAt(drive.value.body, 'Image');
    const isInserted = at(drive.value.body, 'Inserted') !== false;
    return { status: 'ok', value: isInserted && image ? image : null };
  }

  async sendMedia(image: string | null, signal: AbortSignal): Promise<Outcome> {
    const drive = await this.#drive(signal);
    if (drive.status !== 'ok') return drive;
    const name = image === null ? '#VirtualMedia.EjectMedia' : '#VirtualMedia.InsertMedia';
    const target = textAt(drive.value.body, 'Actions', name, 'target');
    if (target === null) return nothing('DEVICE_UNSUPPORTED', 'the BMC has no virtual drive');
    return this.#session.post(target, image === null ? {} : { Image: image }, signal);
  }

  async readSecureBoot(signal: AbortSignal): Promise<Outcome<boolean>> {
    const system = await this.#system(signal);
    if (system.status !== 'ok') return system;
    return this.#belongings.readSecureBoot(system.value.body, signal);
  }

  async sendSecureBoot(enabled: boolean, signal: AbortSignal): Promise<Outcome> {
    const system = await this.#system(signal);
    if (system.status !== 'ok') return system;
    return this.#belongings.sendSecureBoot(system.value.body, enabled, signal);
  }

  async readConsole(signal: AbortSignal): Promise<Outcome<ConsoleLink>> {
    const system = await this.#system(signal);
    if (system.status !== 'ok') return system;
    for (const [name, kind, usual] of CONSOLES) {
      const service = objectAt(system.value.body, 'SerialConsole', name);
      if (!service || at(service, 'ServiceEnabled') !== true) continue;
      const port = numberAt(service, 'Port') ?? usual;
      if (!Number.isInteger(port) || port < 1 || port > 65_535) continue;
      return { status: 'ok', value: { kind, host: this.#session.host, port } };
    }
    return nothing('DEVICE_UNSUPPORTED', 'the BMC offers no serial console');
  }

  async readInventory(signal: AbortSignal): Promise<Outcome<Inventory>> {
    const system = await this.#system(signal);
    if (system.status !== 'ok') return system;
    const { body } = system.value;
    const gibibytes = numberAt(body, 'MemorySummary', 'TotalSystemMemoryGiB');
    const macAddresses = await this.#macAddresses(body, signal);
    if (macAddresses.status !== 'ok') return macAddresses;
    const value = {
      manufacturer: textAt(body, 'Manufacturer'),
      model: textAt(body, 'Model'),
      serialNumber: textAt(body, 'SerialNumber'),
      processorThreads: numberAt(body, 'ProcessorSummary', 'LogicalProcessorCount'),
      memoryMib: gibibytes === null ? null : Math.round(gibibytes * 1024),
      macAddresses: macAddresses.value,
    };
    return { status: 'ok', value };
  }

  readAccounts(signal: AbortSignal): Promise<Outcome<readonly string[]>> {
    return this.#belongings.readAccounts(signal);
  }

  removeAccount(userName: string, signal: AbortSignal): Promise<Outcome> {
    return this.#belongings.removeAccount(userName, signal);
  }

  async readDrives(signal: AbortSignal): Promise<Outcome<readonly string[]>> {
    const system = await this.#system(signal);
    return system.status === 'ok' ? this.#belongings.readDrives(system.value.body, signal) : system;
  }

  eraseDrive(id: string, signal: AbortSignal): Promise<Outcome> {
    return this.#belongings.eraseDrive(id, signal);
  }

  async resetFirmware(signal: AbortSignal): Promise<Outcome> {
    const system = await this.#system(signal);
    if (system.status !== 'ok') return system;
    return this.#belongings.resetFirmware(system.value.body, signal);
  }

  close(): Promise<void> {
    return this.#session.close(AbortSignal.timeout(CLOSE_MS));
  }

  async #macAddresses(body: JsonObject, signal: AbortSignal): Promise<Outcome<string[]>> {
    const link = textAt(body, 'EthernetInterfaces', '@odata.id');
    if (link === null) return { status: 'ok', value: [] };
    const collection = await this.#session.read(link, signal);
    if (collection.status !== 'ok') return collection;
    const found: string[] = [];
    for (const member of linksAt(collection.value.body, MOST_MEMBERS, 'Members')) {
      const nic = await this.#session.read(member, signal);
      if (nic.status !== 'ok') return nic;
      const address = textAt(nic.value.body, 'MACAddress')?.toLowerCase();
      if (address && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(address)) found.push(address);
    }
    return { status: 'ok', value: found.sort() };
  }

  /** The first virtual drive that takes a CD, by the manager's link. */
  async #drive(signal: AbortSignal): Promise<Outcome<Resource>> {
    const system = await this.#system(signal);
    if (system.status !== 'ok') return system;
    const own = textAt(system.value.body, 'VirtualMedia', '@odata.id');
    const [manager] = linksAt(at(system.value.body, 'Links'), 1, 'ManagedBy');
    let link = own;
    if (link === null && manager !== undefined) {
      const read = await this.#session.read(manager, signal);
      if (read.status !== 'ok') return read;
      link = textAt(read.value.body, 'VirtualMedia', '@odata.id');
    }
    if (link === null) return nothing('DEVICE_UNSUPPORTED', 'the BMC has no virtual drive');
    const drives = await this.#session.read(link, signal);
    if (drives.status !== 'ok') return drives;
    for (const member of linksAt(drives.value.body, MOST_MEMBERS, 'Members')) {
      const drive = await this.#session.read(member, signal);
      if (drive.status !== 'ok') return drive;
      const types = at(drive.value.body, 'MediaTypes');
      if (Array.isArray(types) && (types.includes('CD') || types.includes('DVD'))) return drive;
    }
    return nothing('DEVICE_UNSUPPORTED', 'the BMC has no virtual drive for a CD');
  }

  async #system(signal: AbortSignal): Promise<Outcome<Resource>> {
    if (this.#systemPath === null) {
      const path = await this.#findSystem(signal);
      if (path.status !== 'ok') return path;
      this.#systemPath = path.value;
    }
    return this.#session.read(this.#systemPath, signal);
  }

  async #findSystem(signal: AbortSignal): Promise<Outcome<string>> {
    const root = await this.#session.read(this.#session.root, signal);
    if (root.status !== 'ok') return root;
    const link = textAt(root.value.body, 'Systems', '@odata.id');
    if (link === null) return nothing('DEVICE_UNSUPPORTED', 'the BMC manages no system');
    const systems = await this.#session.read(link, signal);
    if (systems.status !== 'ok') return systems;
    const members = linksAt(systems.value.body, MOST_MEMBERS, 'Members').filter(
      (member) => this.#systemId === null || member.split('/').at(-1) === this.#systemId,
    );
    // Never one of several: it might be somebody else's node.
    if (members.length === 1) return { status: 'ok', value: members[0]! };
    return nothing('DEVICE_UNSUPPORTED', `the BMC has ${members.length} systems that may be meant`);
  }

  #target(device: BootDevice): string {
    return { network: this.#networkTarget, disk: 'Hdd', media: 'Cd', none: 'None' }[device];
  }
}

const DEVICES: readonly BootDevice[] = ['network', 'disk', 'media'];

/** Where and how the boot device may be set, the usual way first. */
function bootWays(
  { path, body }: Resource,
  device: BootDevice,
): { path: string; form: BootForm }[] {
  const forms =
    device === 'none' ? [SAID_PLAINLY, ENABLED_ONLY, WITH_MODE] : [SAID_PLAINLY, WITH_MODE];
  const settings = textAt(body, '@Redfish.Settings', 'SettingsObject', '@odata.id');
  const paths = settings === null ? [path] : [path, settings];
  return paths.flatMap((to) => forms.map((form) => ({ path: to, form })));
}
