/**
 * Kinds of switches, by what the service has to know of them: how ports are named, and whether the
 * native network has to be the first on a port and the last off it.
 *
 * Port names as the drivers of CCI-MOC/hil check them, and, for the kinds that there is a driver for
 * here (backends/switches/), as that driver does.
 */
export interface SwitchType {
  readonly portName: RegExp;
  readonly nativeFirst: boolean;
}

export const MOCK_SWITCH = 'mock';

export const SWITCH_TYPES: ReadonlyMap<string, SwitchType> = new Map([
  [MOCK_SWITCH, { portName: /^[\x21-\x7e]{1,128}$/, nativeFirst: false }],
  ['openvswitch', { portName: /^[A-Za-z][\w.-]{0,14}$/, nativeFirst: false }],
  ['linux-bridge', { portName: /^[A-Za-z][\w.-]{0,14}$/, nativeFirst: false }],
  ['cisco-nxos', { portName: /^Ethernet\d{1,3}(?:\/\d{1,3}){1,2}$/, nativeFirst: false }],
  [
    'dell-os9',
    { portName: /^(?:(?:TenG|G)igabitEthernet|fortyGigE)\d+(?:\/\d+){1,2}$/, nativeFirst: false },
  ],
  ['dell-os10', { portName: /^ethernet\d+\/\d+\/\d+(?::\d)?$/, nativeFirst: false }],
  ['juniper-junos', { portName: /^(?:ge|xe|et|mge)-\d+\/\d+\/\d+(?::\d)?$/, nativeFirst: false }],
  ['dell-powerconnect', { portName: /^gi\d+\/\d+\/\d+$/, nativeFirst: true }],
  ['dell-n3000', { portName: /^gi\d+\/\d+\/\d+$/, nativeFirst: true }],
  ['dell-nos9', { portName: /^GigabitEthernet\d+\/\d+$/, nativeFirst: false }],
  ['cisco-nexus', { portName: /^(?:ethernet|Ethernet)\d+\/\d+$/, nativeFirst: true }],
  ['brocade-vdx', { portName: /^\d+\/\d+\/\d+$/, nativeFirst: true }],
]);
