/** How a rack is at the moment. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findDaemons, namespacesOf } from './daemon.ts';
import { nodeFolder, rackId } from './plan.ts';
import { builtNode } from './rack-node.ts';
import { readRack } from './rack-file.ts';
import type { Rack, RackNode } from './rack-file.ts';
import { readTail } from './console-log.ts';

export interface NodeStatus {
  readonly nodeId: string;
  readonly kind: string;
  readonly power: 'on' | 'off';
  readonly bmc: string;
  readonly macAddress: string;
  readonly airlockNetworkId: number;
  readonly console: string | null;
  /** The last thing that its agent has said. */
  readonly lastWord: string | null;
}

export interface RackStatus {
  /** `broken`: something is there, but not all of it. */
  readonly state: 'up' | 'down' | 'broken';
  readonly id: string;
  readonly folder: string;
  readonly processes: number;
  readonly namespaces: readonly string[];
  readonly nodes: readonly NodeStatus[];
}

const NEEDED = ['ovsdb-server', 'ovs-vswitchd', 'dnsmasq', 'bmc-process'];

export function rackStatus(folder: string): RackStatus {
  const id = rackId(folder);
  const processes = findDaemons(id);
  const namespaces = namespacesOf(id);
  const rack = readRack(folder);
  const isWhole =
    rack !== null &&
    namespaces.length === namespacesWanted(rack) &&
    NEEDED.every((name) => processes.some(({ command }) => command.includes(name)));
  const isNothing = rack === null && processes.length === 0 && namespaces.length === 0;
  return {
    state: isWhole ? 'up' : isNothing ? 'down' : 'broken',
    ...{ id, folder, processes: processes.length, namespaces },
    nodes: rack?.nodes.map((node) => nodeStatus(rack, node)) ?? [],
  };
}

/** The switch's, the gateway's, the tenants' and those of light nodes. */
function namespacesWanted({ tenants, nodes }: Rack): number {
  return 2 + tenants.length + nodes.filter(({ kind }) => kind === 'light').length;
}

function nodeStatus(rack: Rack, node: RackNode): NodeStatus {
  const { nodeId, kind, bmcProtocol, bmcAddress, bmcPort, macAddress, airlock } = node;
  const isOn = builtNode(rack, node, rack.accelerator).isOn();
  const log = join(nodeFolder(rack, nodeId), 'console.log');
  return {
    ...{ nodeId, kind, power: isOn ? 'on' : 'off', macAddress, console: node.console },
    bmc: `${bmcProtocol} ${bmcAddress}:${bmcPort}`,
    airlockNetworkId: airlock.networkId,
    lastWord: isOn && existsSync(log) ? lastWord(readTail(log)) : null,
  };
}

/** The agent's lines begin with `ocx:`. */
function lastWord(text: string): string | null {
  return [...text.matchAll(/^ocx: (.*?)\r?$/gm)].at(-1)?.[1] ?? null;
}
