/** Open vSwitch on an emulated database, as the contract wants it. */
import { readingOfPort } from '../../../../backends/switches/openvswitch/rows.ts';
import { OpenVswitch } from '../../../../backends/switches/openvswitch/openvswitch.ts';
import { SHUT } from '../../../../backends/switches/port-vlans.ts';
import type { SwitchKind, SwitchPlace } from '../../../contract/switch-contract.ts';
import { OvsdbEmulator } from './ovsdb-emulator.ts';

export const HASTY = { pollMs: 5, readings: 2, resendMs: 25, sends: 4, callMs: 20_000 };

export interface EmulatedPlace extends SwitchPlace {
  readonly emulator: OvsdbEmulator;
  readonly dialect: OpenVswitch;
}

export async function openEmulated(): Promise<EmulatedPlace> {
  const emulator = new OvsdbEmulator();
  const options = { address: await emulator.listen(), bridge: 'br0' };
  return {
    emulator,
    dialect: new OpenVswitch(options),
    ports: ['eth-1', 'eth-2'],
    async actual(portId) {
      const row = emulator.tables['Port']!.find(({ name }) => name === portId);
      return row ? readingOfPort(row) : SHUT;
    },
    async plantForeign(portId) {
      const row = { trunks: ['set', []], tag: ['set', []], vlan_mode: 'trunk' };
      emulator.transact({ op: 'update', table: 'Port', where: [['name', '==', portId]], row });
    },
    async restart() {
      emulator.dropAll();
    },
    openSecond: () => new OpenVswitch(options),
    close: () => emulator.close(),
  };
}

export const EMULATED: SwitchKind = {
  name: 'Open vSwitch, emulated',
  isFenced: true,
  afterRestart: 'same',
  isMixing: true,
  sequences: 20,
  timings: HASTY,
  open: openEmulated,
};
