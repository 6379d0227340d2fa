/**
 * The BMCs of a rack, as one process beside it: `node bmc-process.ts FOLDER`. It writes `ready` on
 * its standard output once all of them answer.
 */
import { join } from 'node:path';
import { RedfishEmulator } from '../bmc/emulator/redfish-emulator.ts';
import { ChassisControl } from './chassis-control.ts';
import { startIpmiSim } from './ipmi-sim.ts';
import { nodeFolder } from './plan.ts';
import { builtNode } from './rack-node.ts';
import { readRack } from './rack-file.ts';
import type { Rack, RackNode } from './rack-file.ts';

const MIB_A_GIB = 1024;

async function startBmc(rack: Rack, node: RackNode): Promise<void> {
  const folder = nodeFolder(rack, node.nodeId);
  const emulator = new RedfishEmulator({
    userName: node.bmcUser,
    password: node.bmcPassword,
    node: builtNode(rack, node, rack.accelerator),
    description: {
      manufacturer: 'Open Cloud eXchange',
      model: `rack ${node.kind}`,
      serialNumber: `${rack.id}-${node.nodeId}`,
      processorThreads: 1,
      memoryGib: node.hardware.memoryMib / MIB_A_GIB,
      macAddresses: [node.macAddress],
      consolePort: 0,
    },
  });
  if (node.bmcProtocol === 'redfish') return emulator.start(node.bmcPort, node.bmcAddress);
  await new ChassisControl(emulator.chassis).listen(join(folder, 'chassis.sock'));
  startIpmiSim(rack.id, folder, node);
}

const rack = readRack(process.argv[2] ?? '');
if (rack === null) throw new Error('there is no rack in this folder');
await Promise.all(rack.nodes.map((node) => startBmc(rack, node)));
process.stdout.write('ready\n');
