/**
 * The resources that the lessee of a node sees: one system with its processors, memory, network
 * interfaces and secure boot, one manager with a virtual drive, and the caller's own sessions.
 * Clients follow links; what a node does not have has none.
 */
import type { LeasedBmc } from '../../core/allocator/leased-bmc.ts';
import type { NodeHardware } from './hardware.ts';
import { SESSION_IDLE_MS } from './sessions.ts';

export const ROOT = '/redfish/v1/';
export const SYSTEMS = '/redfish/v1/Systems';
export const MANAGERS = '/redfish/v1/Managers';
export const SESSION_SERVICE = '/redfish/v1/SessionService';
export const SESSIONS = `${SESSION_SERVICE}/Sessions`;
export const TASK_MONITORS = '/redfish/v1/TaskService/TaskMonitors';

export const RESET_TYPES = [
  'On',
  'ForceOn',
  'ForceOff',
  'GracefulShutdown',
  'GracefulRestart',
  'ForceRestart',
  'PowerCycle',
] as const;
export type ResetType = (typeof RESET_TYPES)[number];

/** As Redfish calls what the next boot uses. */
export const BOOT_TARGETS = { None: 'none', Pxe: 'network', Hdd: 'disk', Cd: 'media' } as const;
export type BootTarget = keyof typeof BOOT_TARGETS;
/** Boots that go on being overridden are not offered: a node goes back to its own order. */
export const BOOT_ENABLED = ['Disabled', 'Once'] as const;
export const BOOT_MODE = 'UEFI';

export const systemPath = (nodeId: string) => `${SYSTEMS}/${encodeURIComponent(nodeId)}`;
export const managerPath = (nodeId: string) => `${MANAGERS}/${encodeURIComponent(nodeId)}`;
export const drivePath = (nodeId: string) => `${managerPath(nodeId)}/VirtualMedia/Cd`;
export const sessionPath = (sessionId: string) => `${SESSIONS}/${sessionId}`;

/** What a node shows depends on it and on what its class is; null: nothing is known of the class. */
export interface Shown {
  readonly bmc: LeasedBmc;
  readonly hardware: NodeHardware | null;
}

type Head = Readonly<Record<'@odata.id' | '@odata.type' | 'Id' | 'Name', string>>;

const link = (path: string) => ({ '@odata.id': path });

function head(path: string, type: string, name: string): Head {
  const id = decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
  return { '@odata.id': path, '@odata.type': `#${type}`, Id: id, Name: name };
}

function collection(path: string, kind: string, members: readonly string[]): object {
  const { Id: _, ...named } = head(path, `${kind}Collection.${kind}Collection`, `${kind}s`);
  return { ...named, 'Members@odata.count': members.length, Members: members.map(link) };
}

export function rootResource(): object {
  return {
    ...head(ROOT, 'ServiceRoot.v1_9_0.ServiceRoot', 'The node of a lease'),
    Id: 'RootService',
    RedfishVersion: '1.6.0',
    Systems: link(SYSTEMS),
    Managers: link(MANAGERS),
    SessionService: link(SESSION_SERVICE),
    Links: { Sessions: link(SESSIONS) },
  };
}

export const systemCollection = ({ bmc }: Shown) =>
  collection(SYSTEMS, 'ComputerSystem', [systemPath(bmc.nodeId)]);

export function systemResource({ bmc, hardware }: Shown): object {
  const path = systemPath(bmc.nodeId);
  return {
    ...head(path, 'ComputerSystem.v1_13_0.ComputerSystem', bmc.nodeId),
    SystemType: 'Physical',
    PowerState: bmc.power === 'unknown' ? null : bmc.power === 'on' ? 'On' : 'Off',
    Status: statusOf(bmc),
    Boot: bootOf(bmc),
    ...(hardware ? summariesOf(path, hardware) : {}),
    EthernetInterfaces: link(`${path}/EthernetInterfaces`),
    SecureBoot: link(`${path}/SecureBoot`),
    Actions: {
      '#ComputerSystem.Reset': {
        target: `${path}/Actions/ComputerSystem.Reset`,
        'ResetType@Redfish.AllowableValues': RESET_TYPES,
      },
    },
    Links: { ManagedBy: [link(managerPath(bmc.nodeId))] },
  };
}

function statusOf({ state, power }: LeasedBmc): object {
  const isHeld = state === 'quarantined';
  const working = power === 'on' ? 'Enabled' : 'StandbyOffline';
  return { State: isHeld ? 'Quiesced' : working, Health: isHeld ? 'Warning' : 'OK' };
}

function bootOf({ bootDevice, hasMedia }: LeasedBmc): object {
  const targets = Object.entries(BOOT_TARGETS);
  const [target] = targets.find(([, device]) => device === (bootDevice ?? 'none'))!;
  return {
    BootSourceOverrideEnabled: target === 'None' ? 'Disabled' : 'Once',
    'BootSourceOverrideEnabled@Redfish.AllowableValues': BOOT_ENABLED,
    BootSourceOverrideMode: BOOT_MODE,
    'BootSourceOverrideMode@Redfish.AllowableValues': [BOOT_MODE],
    BootSourceOverrideTarget: target,
    'BootSourceOverrideTarget@Redfish.AllowableValues': targets.flatMap(([name, device]) =>
      device === 'media' && !hasMedia ? [] : [name],
    ),
  };
}

function summariesOf(path: string, hardware: NodeHardware): object {
  const { processors, threadsPerProcessor, coresPerProcessor, memoryGib } = hardware;
  return {
    ProcessorSummary: {
      Count: processors,
      CoreCount: processors * coresPerProcessor,
      LogicalProcessorCount: processors * threadsPerProcessor,
    },
    MemorySummary: { TotalSystemMemoryGiB: memoryGib },
    Processors: link(`${path}/Processors`),
    Memory: link(`${path}/Memory`),
  };
}

const ENABLED = { State: 'Enabled', Health: 'OK' } as const;

export function processorCollection({ bmc, hardware }: Shown): object | null {
  const path = `${systemPath(bmc.nodeId)}/Processors`;
  if (!hardware) return null;
  const ids = Array.from({ length: hardware.processors }, (_, index) => `${path}/${index}`);
  return collection(path, 'Processor', ids);
}

export function processorResource({ bmc, hardware }: Shown, id: string): object | null {
  if (!hardware || !isIndex(id, hardware.processors)) return null;
  const path = `${systemPath(bmc.nodeId)}/Processors/${id}`;
  return {
    ...head(path, 'Processor.v1_9_0.Processor', `Processor ${id}`),
    ProcessorType: 'CPU',
    ProcessorArchitecture: hardware.architecture,
    InstructionSet: hardware.architecture === 'x86' ? 'x86-64' : 'ARM-A64',
    TotalCores: hardware.coresPerProcessor,
    TotalThreads: hardware.threadsPerProcessor,
    Status: ENABLED,
  };
}

export function memoryCollection({ bmc, hardware }: Shown): object | null {
  const path = `${systemPath(bmc.nodeId)}/Memory`;
  return hardware && collection(path, 'Memory', [`${path}/0`]);
}

/** How it is spread over modules nobody has said: it is shown as one. */
export function memoryResource({ bmc, hardware }: Shown, id: string): object | null {
  if (!hardware || !isIndex(id, 1)) return null;
  const path = `${systemPath(bmc.nodeId)}/Memory/0`;
  return {
    ...head(path, 'Memory.v1_10_0.Memory', 'Memory of the node'),
    MemoryType: 'DRAM',
    CapacityMiB: Math.round(hardware.memoryGib * 1_024),
    Status: ENABLED,
  };
}

/** One spelling of a number below `count`. */
function isIndex(id: string, count: number): boolean {
  return String(Number(id)) === id && Number(id) >= 0 && Number(id) < count;
}

export function interfaceCollection({ bmc }: Shown): object {
  const path = `${systemPath(bmc.nodeId)}/EthernetInterfaces`;
  const members = bmc.nics.map(({ nicId }) => `${path}/${encodeURIComponent(nicId)}`);
  return collection(path, 'EthernetInterface', members);
}

export function interfaceResource({ bmc }: Shown, id: string): object | null {
  const nic = bmc.nics.find(({ nicId }) => nicId === id);
  if (!nic) return null;
  const path = `${systemPath(bmc.nodeId)}/EthernetInterfaces/${encodeURIComponent(id)}`;
  return {
    ...head(path, 'EthernetInterface.v1_6_0.EthernetInterface', `NIC ${id}`),
    MACAddress: nic.macAddress,
    PermanentMACAddress: nic.macAddress,
    Status: ENABLED,
  };
}

/** Null until the lessee has set it: what a wiped firmware does nobody has said. */
export function secureBootResource({ bmc }: Shown): object {
  const path = `${systemPath(bmc.nodeId)}/SecureBoot`;
  return {
    ...head(path, 'SecureBoot.v1_1_0.SecureBoot', 'UEFI secure boot'),
    SecureBootEnable: bmc.secureBoot,
  };
}

export const managerCollection = ({ bmc }: Shown) =>
  collection(MANAGERS, 'Manager', [managerPath(bmc.nodeId)]);

export function managerResource({ bmc }: Shown): object {
  const path = managerPath(bmc.nodeId);
  return {
    ...head(path, 'Manager.v1_10_0.Manager', `BMC of ${bmc.nodeId}`),
    ManagerType: 'BMC',
    PowerState: 'On',
    Status: ENABLED,
    ...(bmc.hasMedia ? { VirtualMedia: link(`${path}/VirtualMedia`) } : {}),
    Links: { ManagerForServers: [link(systemPath(bmc.nodeId))] },
  };
}

export function driveCollection({ bmc }: Shown): object | null {
  const path = `${managerPath(bmc.nodeId)}/VirtualMedia`;
  return bmc.hasMedia ? collection(path, 'VirtualMedia', [drivePath(bmc.nodeId)]) : null;
}

export function driveResource({ bmc }: Shown): object | null {
  if (!bmc.hasMedia) return null;
  const path = drivePath(bmc.nodeId);
  const isInserted = bmc.mediaImage !== null;
  return {
    ...head(path, 'VirtualMedia.v1_3_0.VirtualMedia', 'Virtual drive'),
    MediaTypes: ['CD', 'DVD'],
    Image: bmc.mediaImage,
    Inserted: isInserted,
    WriteProtected: true,
    ConnectedVia: isInserted ? 'URI' : 'NotConnected',
    Actions: {
      '#VirtualMedia.InsertMedia': { target: `${path}/Actions/VirtualMedia.InsertMedia` },
      '#VirtualMedia.EjectMedia': { target: `${path}/Actions/VirtualMedia.EjectMedia` },
    },
  };
}

export function sessionService(): object {
  return {
    ...head(SESSION_SERVICE, 'SessionService.v1_1_6.SessionService', 'Sessions'),
    ServiceEnabled: true,
    SessionTimeout: SESSION_IDLE_MS / 1_000,
    Sessions: link(SESSIONS),
  };
}

export const sessionCollection = (sessionIds: readonly string[]) =>
  collection(SESSIONS, 'Session', sessionIds.map(sessionPath));

export function sessionResource(sessionId: string, userName: string): object {
  return {
    ...head(sessionPath(sessionId), 'Session.v1_2_1.Session', 'A session'),
    UserName: userName,
  };
}
