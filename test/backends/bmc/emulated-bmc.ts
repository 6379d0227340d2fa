/** A BMC driver in front of an emulated BMC. */
import { Bmc } from '../../../backends/bmc/bmc.ts';
import type { BmcTimings } from '../../../backends/bmc/bmc.ts';
import { BareNode } from '../../../backends/bmc/emulator/chassis.ts';
import { RedfishEmulator } from '../../../backends/bmc/emulator/redfish-emulator.ts';
import { RESET } from '../../../backends/bmc/emulator/resources.ts';
import { Redfish } from '../../../backends/bmc/redfish/redfish.ts';
import type { RedfishOptions } from '../../../backends/bmc/redfish/redfish.ts';
import type { Between, BmcKind, BmcPlace, ContractFault } from '../../contract/bmc-contract.ts';

export const CREDENTIALS = { userName: 'admin', password: 'secret of a BMC' };

export const QUICK: BmcTimings = {
  pollMs: 10,
  readings: 2,
  resendMs: 60,
  sends: 4,
  softOffMs: 60,
  actionMs: 30_000,
};

export interface EmulatedPlace extends BmcPlace {
  readonly emulator: RedfishEmulator;
  readonly node: BareNode;
}

export async function openEmulated(
  between: Between = (protocol) => protocol,
  options: Partial<RedfishOptions> = {},
  timings: BmcTimings = QUICK,
): Promise<EmulatedPlace> {
  const node = new BareNode();
  const emulator = new RedfishEmulator({ ...CREDENTIALS, node });
  await emulator.start();
  const redfish = new Redfish({
    url: emulator.url,
    allowedHosts: [emulator.host],
    allowsPlainText: true,
    credentials: CREDENTIALS,
    requestMs: 500,
    pauseMs: 4,
    ...options,
  });
  const bmc = new Bmc(between(redfish), timings);
  const names = { Pxe: 'network', UefiHttp: 'network', Hdd: 'disk', Cd: 'media' } as const;
  return {
    bmc,
    emulator,
    node,
    patienceMs: 1500,
    isOn: async () => node.isOn(),
    boots: async () => node.boots.map((boot) => names[boot as keyof typeof names] ?? null),
    powerRequests: async () => emulator.requests.filter((one) => one === `POST ${RESET}`).length,
    inject: async (fault, times) => emulator.faults.set(fault, times),
    close: async () => {
      emulator.faults.clear();
      await bmc.close();
      await emulator.close();
    },
  };
}

const ALL: readonly ContractFault[] = [
  'dropped',
  'late',
  'lies',
  'offEarly',
  'lostReply',
  'refuses',
  'hangs',
  'forgetsBoot',
];

export const REDFISH_KIND: BmcKind = {
  name: 'Redfish',
  faults: new Set(ALL),
  hasMedia: true,
  open: (between) => openEmulated(between),
};
