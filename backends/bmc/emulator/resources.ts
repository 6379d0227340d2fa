/** The resources that the emulated BMC shows: what the clients of others were seen to need. */
import type { BootOverride } from './chassis.ts';

export const SYSTEM = '/redfish/v1/Systems/1';
export const MANAGER = '/redfish/v1/Managers/1';
export const DRIVE = `${MANAGER}/VirtualMedia/Cd`;
export const SESSIONS = '/redfish/v1/SessionService/Sessions';
export const SETTINGS = `${SYSTEM}/SD`;
export const RESET = `${SYSTEM}/Actions/ComputerSystem.Reset`;
export const ACCOUNT_SERVICE = '/redfish/v1/AccountService';
export const TASK_MONITOR = '/redfish/v1/TaskService/TaskMonitors/';

/** What the BMC says the node is. */
export interface NodeDescription {
  readonly manufacturer: string;
  readonly model: string;
  readonly serialNumber: string;
  readonly processorThreads: number;
  readonly memoryGib: number;
  readonly macAddresses: readonly string[];
  readonly consolePort: number;
}

export const SOME_NODE: NodeDescription = {
  manufacturer: 'Open Cloud eXchange',
  model: 'emulated node',
  serialNumber: 'N-1',
  processorThreads: 2,
  memoryGib: 0.5,
  macAddresses: ['52:54:00:00:00:01'],
  consolePort: 2200,
};

export const link = (path: string) => ({ '@odata.id': path });
/** Every resource has an id and a name: clients refuse those without. */
export const head = (path: string) => {
  const id = path.slice(path.lastIndexOf('/') + 1);
  return { ...link(path), Id: id, Name: id };
};
export const members = (paths: readonly string[]) => ({
  Members: paths.map(link),
  'Members@odata.count': paths.length,
});

export const rootResource = () => ({
  ...link('/redfish/v1/'),
  Id: 'RootService',
  Name: 'Root Service',
  RedfishVersion: '1.6.0',
  Systems: link('/redfish/v1/Systems'),
  Managers: link('/redfish/v1/Managers'),
  SessionService: link('/redfish/v1/SessionService'),
  AccountService: link(ACCOUNT_SERVICE),
  Links: { Sessions: link(SESSIONS) },
});

export interface SystemView {
  readonly node: NodeDescription;
  readonly power: string;
  readonly boot: BootOverride;
  readonly resetTypes: readonly string[];
  readonly hasSettings: boolean;
  readonly hasFirmware: boolean;
}

export function systemResource(view: SystemView): object {
  const { node, power, boot, resetTypes, hasSettings, hasFirmware } = view;
  return {
    ...link(SYSTEM),
    Id: '1',
    Name: node.serialNumber,
    Manufacturer: node.manufacturer,
    Model: node.model,
    SerialNumber: node.serialNumber,
    PowerState: power,
    ProcessorSummary: { Count: 1, LogicalProcessorCount: node.processorThreads },
    MemorySummary: { TotalSystemMemoryGiB: node.memoryGib },
    Processors: link(`${SYSTEM}/Processors`),
    EthernetInterfaces: link(`${SYSTEM}/EthernetInterfaces`),
    Storage: link(`${SYSTEM}/Storage`),
    ...(hasFirmware
      ? { Bios: link(`${SYSTEM}/Bios`), SecureBoot: link(`${SYSTEM}/SecureBoot`) }
      : {}),
    SerialConsole: { SSH: { ServiceEnabled: true, Port: node.consolePort } },
    Boot: {
      BootSourceOverrideEnabled: boot.enabled,
      BootSourceOverrideTarget: boot.target,
      BootSourceOverrideMode: boot.mode,
      'BootSourceOverrideTarget@Redfish.AllowableValues': ['None', 'Pxe', 'UefiHttp', 'Hdd', 'Cd'],
    },
    Actions: {
      '#ComputerSystem.Reset': {
        target: RESET,
        'ResetType@Redfish.AllowableValues': resetTypes,
      },
    },
    Links: { ManagedBy: [link(MANAGER)] },
    ...(hasSettings ? { '@Redfish.Settings': { SettingsObject: link(SETTINGS) } } : {}),
  };
}

const DRIVE_ACTIONS = {
  '#VirtualMedia.InsertMedia': { target: `${DRIVE}/Actions/VirtualMedia.InsertMedia` },
  '#VirtualMedia.EjectMedia': { target: `${DRIVE}/Actions/VirtualMedia.EjectMedia` },
};

/** All that does not change but by `image`; null for an unknown path. */
export function stillResource(
  path: string,
  node: NodeDescription,
  image: string | null,
): object | null {
  const nics = node.macAddresses.map((_, index) => `${SYSTEM}/EthernetInterfaces/${index}`);
  const nic = nics.indexOf(path);
  if (nic >= 0) {
    const status = { State: 'Enabled', Health: 'OK' };
    return { ...head(path), MACAddress: node.macAddresses[nic], Status: status };
  }
  const still: Readonly<Record<string, object>> = {
    '/redfish/v1/Systems': members([SYSTEM]),
    '/redfish/v1/Managers': members([MANAGER]),
    '/redfish/v1/SessionService': { ServiceEnabled: true, Sessions: link(SESSIONS) },
    [MANAGER]: { Name: 'BMC', VirtualMedia: link(`${MANAGER}/VirtualMedia`) },
    [`${MANAGER}/VirtualMedia`]: members([DRIVE]),
    [DRIVE]: {
      Image: image,
      Inserted: image !== null,
      MediaTypes: ['CD', 'DVD'],
      Actions: DRIVE_ACTIONS,
    },
    [`${SYSTEM}/EthernetInterfaces`]: members(nics),
    [`${SYSTEM}/Processors`]: members([`${SYSTEM}/Processors/0`]),
    [`${SYSTEM}/Processors/0`]: {
      ProcessorType: 'CPU',
      ProcessorArchitecture: 'x86',
      TotalThreads: node.processorThreads,
    },
  };
  return Object.hasOwn(still, path) ? { ...head(path), ...still[path]! } : null;
}
