/** What a rack consists of, worked out from its folder and its size alone. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';

export type Accelerator = 'tcg' | 'kvm';
export type BmcProtocolName = 'redfish' | 'ipmi';

export interface RackSize {
  /** Virtual machines. */
  readonly machines: number;
  /** Nodes that are a namespace and a process. */
  readonly lightNodes: number;
  readonly tenants: number;
}

export interface NodePlan {
  readonly nodeId: string;
  readonly kind: 'machine' | 'light';
  /** From 1; it is in the node's addresses. */
  readonly number: number;
  readonly macAddress: string;
  /** Of the switch; also the name of the link in the switch's namespace. */
  readonly portId: string;
  readonly bmcProtocol: BmcProtocolName;
  /** Only this machine can reach it; the port is what the protocol has. */
  readonly bmcAddress: string;
  readonly bmcPort: number;
  readonly airlock: AirlockPlan;
}

/** The node's own network while nobody trusts it yet. */
export interface AirlockPlan {
  /** VLAN. */
  readonly networkId: number;
  /** Port of the switch that its gateway is at, and the link's name in the gateway's namespace. */
  readonly portId: string;
  /** The gateway's address there, by which it knows the node. */
  readonly gateway: string;
}

/** Where a tenant's own services stand. */
export interface TenantPlan {
  readonly name: string;
  readonly namespace: string;
  /** VLAN of its enclave, in which the port of its services stands. */
  readonly networkId: number;
  readonly portId: string;
  readonly address: string;
}

export interface RackPlan {
  readonly id: string;
  readonly folder: string;
  readonly nodes: readonly NodePlan[];
  readonly tenants: readonly TenantPlan[];
  readonly switchNamespace: string;
  readonly gatewayNamespace: string;
}

/** Numbers are the third part of addresses. */
export const MOST_NODES = 200;
export const MOST_TENANTS = 20;
/** Networks that the isolation service gives out itself end here; those behind are set aside. */
export const LAST_POOL_NETWORK = 2999;
const FIRST_AIRLOCK_NETWORK = 3000;
const FIRST_ENCLAVE_NETWORK = 4000;
const REDFISH_PORT = 8000;
const IPMI_PORT = 623;
/** Every third machine's BMC speaks IPMI. */
const IPMI_EVERY = 3;
export const NETWORK_BITS = 24;

/** Short enough for names of links; the same folder always has the same. */
export function rackId(folder: string): string {
  return `ox${createHash('sha256').update(folder).digest('hex').slice(0, 5)}`;
}

export function planRack(folder: string, { machines, lightNodes, tenants }: RackSize): RackPlan {
  const id = rackId(folder);
  const kinds = [
    ...Array.from({ length: machines }, () => 'machine' as const),
    ...Array.from({ length: lightNodes }, () => 'light' as const),
  ];
  return {
    id,
    folder,
    nodes: kinds.map((kind, index) => planNode(id, kind, index + 1, machines)),
    tenants: Array.from({ length: tenants }, (_, index) => planTenant(id, index + 1)),
    switchNamespace: `${id}-switch`,
    gatewayNamespace: `${id}-gateway`,
  };
}

function planNode(id: string, kind: NodePlan['kind'], number: number, machines: number): NodePlan {
  const nodeId = kind === 'machine' ? `n${number}` : `l${number - machines}`;
  const isIpmi = kind === 'machine' && number % IPMI_EVERY === 0;
  return {
    ...{ nodeId, kind, number, portId: nodeId },
    macAddress: `52:54:00:0c:${hexByte(number >> 8)}:${hexByte(number & 0xff)}`,
    bmcProtocol: isIpmi ? 'ipmi' : 'redfish',
    // All of 127.0.0.0/8 is this machine: a BMC has an address of its own, as real ones have.
    bmcAddress: `127.${blockOf(id)}.${number}`,
    bmcPort: isIpmi ? IPMI_PORT : REDFISH_PORT,
    airlock: {
      networkId: FIRST_AIRLOCK_NETWORK + number,
      portId: `air-${nodeId}`,
      gateway: `10.101.${number}.1`,
    },
  };
}

function planTenant(id: string, number: number): TenantPlan {
  return {
    name: `tenant-${number}`,
    namespace: `${id}-tenant${number}`,
    networkId: FIRST_ENCLAVE_NETWORK + number,
    portId: `tenant${number}`,
    address: `10.102.${number}.1`,
  };
}

/** Two racks on one machine have other addresses. */
function blockOf(id: string): string {
  const digest = createHash('sha256').update(`${id}/bmc`).digest();
  return `${64 + (digest[0]! % 64)}.${digest[1]!}`;
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, '0');
}

/** Folder of what one node keeps. */
export function nodeFolder({ folder }: { readonly folder: string }, nodeId: string): string {
  return join(folder, 'nodes', nodeId);
}
